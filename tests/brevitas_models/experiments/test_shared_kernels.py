"""A training in a process of its own, as the command runs it, gives the bits it gave when the results were made."""

import os
import subprocess
import sys

import pytest

from brevitas_models.experiments import SHARED_KERNELS

TRAIN = """
from brevitas_models.experiments.jobs import processor

import hashlib, sys, tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from brevitas_models.data.images import ImageSet
from brevitas_models.experiments.datasets import DATASETS
from brevitas_models.experiments.presets import PRESETS
from brevitas_models.experiments.systems import SYSTEMS
from brevitas_models.training.trainer import Trainer
from brevitas_models.layers.fused import kernels

torch.set_num_threads(1)
images = np.random.default_rng(0).integers(0, 256, (6, 1, 64, 64), dtype=np.uint8)
labels, splits, names = np.arange(6), np.array(["train"] * 4 + ["val"] * 2), tuple("012345")
dataset = DATASETS[sys.argv[2]]
masks = (images[:, 0] > 127).astype(np.uint8) if dataset.masks else None
data = ImageSet(images, labels, names, tuple("abcdef"), splits, masks)
config = PRESETS["small"].training(SYSTEMS[sys.argv[1]], dataset, 0)
config = replace(config, epochs1=min(config.epochs1, 1), epochs2=1, batch=2)
with kernels(sys.argv[3]):
    best = Trainer(config, data, Path(tempfile.mkdtemp()), Fabric(accelerator="cpu")).run(True, lambda *epoch: None)
weights = torch.load(best.with_name("last.pt"), weights_only=True)["model"]
digest = hashlib.sha256()
for name in sorted(weights):
    digest.update(weights[name].contiguous().flatten().view(torch.uint8).numpy().tobytes())
print(processor().rpartition(", ")[2], digest.hexdigest()[:16])
"""


def trained(*arguments: str, **environment: str) -> list[str]:
    """Instruction set that PyTorch summed with, and a hash of the weights."""
    kept = {name: value for name, value in os.environ.items() if name not in SHARED_KERNELS}
    command = [sys.executable, "-W", "ignore", "-c", TRAIN, *arguments]
    run = subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.parametrize(
    ("system", "dataset", "by", "expected"),
    [
        ("bi_shufflenet", "neu", "plain", "5cab1ab79ba71727"),
        ("u_binet_w1a4", "neu_patches", "plain", "27efca5168325b0f"),
        ("mobilenet_v2", "neu", "plain", "27713d54c8239672"),
        ("bi_shufflenet", "neu", "fused", "e3d297bd812f5bd7"),
        ("u_binet_w1a4", "neu_patches", "fused", "89f2b7d9ea77be31"),
        ("mobilenet_v2", "neu", "fused", "ab7eaa5a5842c4f9"),
    ],
)
def test_training_gives_the_same_bits_on_every_processor_with_avx2(
    system: str, dataset: str, by: str, expected: str
) -> None:
    """Plain: seen the same on an Intel Xeon with AVX-512, and on Intel Haswell and AMD EPYC as QEMU emulates them.

    Fused: seen on an AMD EPYC alone; its kernels give the bits of unvectorised code (`test_fused.py`), and what is left
    to PyTorch's libraries are convolutions by kernels of AVX2. Results that name no kernels are of plain ones.
    Where this fails after a change of training, networks or versions, docs/experiments has to be run again.
    """
    kernels, weights = trained(system, dataset, by)
    if kernels not in ("AVX2", "AVX512"):
        pytest.skip(f"this processor has no AVX2: its kernels are {kernels}")
    assert (kernels, weights) == ("AVX2", expected)


def test_the_environment_may_name_other_kernels() -> None:
    kernels, _ = trained("mobilenet_v2", "neu", "plain", ATEN_CPU_CAPABILITY="default")
    assert kernels in ("DEFAULT", "NO AVX")
