"""One system on one split of one data set: what it is, and how it is run to a result."""

import hashlib
import platform
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from sklearn.metrics import confusion_matrix

from brevitas_models.data.images import ImageSet, read_rows, to_float
from brevitas_models.data.index import SPLITS, Row
from brevitas_models.data.patches import cut
from brevitas_models.experiments.datasets import DATASETS, find_rows
from brevitas_models.experiments.integer_outputs import BATCH, integer_outputs
from brevitas_models.experiments.presets import PRESETS
from brevitas_models.experiments.protocols import PROTOCOLS, SPLIT_COUNT
from brevitas_models.experiments.systems import HARDWARE, SYSTEMS, ClassicalSystem, NetworkSystem
from brevitas_models.layers.fused import kernels
from brevitas_models.networks.network import Network
from brevitas_models.networks.zoo import load_checkpoint
from brevitas_models.training.trainer import Trainer

VERSIONS = ("torch", "torchvision", "brevitas", "scikit-learn", "scikit-image", "numpy", "pillow")
Tick = Callable[[], None]
"""Called after each epoch."""


@dataclass(frozen=True)
class Job:
    """A run: names of a data set, a system, a protocol and a preset, and the number of the split.

    Attributes:
        seed: 0, or the number of another training on the same split.
    """

    dataset: str
    system: str
    protocol: str
    split: int
    preset: str
    seed: int = 0

    @property
    def key(self) -> str:
        """Its name, and the path of its folder below that of all runs."""
        return f"{self.dataset}/{self.system}/{self.protocol}{self.split}_{self.preset}" + (
            f"_seed{self.seed}" if self.seed else ""
        )

    @property
    def training_seed(self) -> int:
        """Of weights, order and views: the number of the split for the first training, and no other job's."""
        return self.split + SPLIT_COUNT * self.seed

    @property
    def epochs(self) -> int:
        """How often it will call for a tick."""
        system = SYSTEMS[self.system]
        if isinstance(system, ClassicalSystem):
            return 1
        config = PRESETS[self.preset].training(system, DATASETS[self.dataset], self.training_seed)
        return config.epochs1 + config.epochs2


@dataclass(frozen=True)
class Place:
    """Where a job finds and leaves files.

    Attributes:
        images: the folder of the data set's images.
        out: the folder of all runs; the job's own is below.
        accelerator: of Lightning Fabric: cpu, gpu, auto.
        device: index of the GPU to run on.
        threads: of PyTorch; results may differ in the last digits between numbers of threads.
        kernels: that networks train with, "fused", or "plain" as before there were fused ones.
    """

    images: Path
    out: Path
    accelerator: str = "auto"
    device: int = 0
    threads: int = 1
    kernels: str = "fused"


def processor() -> str:
    """Name of this machine's processor, and the instructions that PyTorch sums floats with on it."""
    try:
        name = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)[0]
    except (OSError, IndexError):
        name = platform.processor() or platform.machine()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def split_rows(job: Job, images: Path) -> list[Row]:
    """The images of a job, with its split.

    Raises:
        DataError: the folder does not have them, or they cannot be split.
    """
    return PROTOCOLS[job.protocol](images, find_rows(DATASETS[job.dataset], images, job.split), job.split)


def split_table(rows: list[Row], images: Path) -> str:
    """A split as CSV, to be kept with the results."""
    lines = [f"{row.path.relative_to(images).as_posix()},{row.split}" for row in rows]
    return "\n".join(["path,split", *lines]) + "\n"


def run(job: Job, place: Place, tick: Tick) -> dict[str, Any]:
    """Train, or go on training, and measure on val and test; the result is plain data for one line of JSON.

    Raises:
        DataError: the images cannot be read or split.
        GateError: the integer model and PyTorch differ.
    """
    torch.set_num_threads(place.threads)
    started = time.monotonic()
    rows = split_rows(job, place.images)
    data = _images(job, place.images, tuple(rows))
    system = SYSTEMS[job.system]
    if isinstance(system, ClassicalSystem):
        measured = _classical(system, data, rows)
        tick()
    else:
        with kernels(place.kernels):
            measured = _network(job, system, data, place, tick)
    earlier = measured.pop("earlier_seconds", 0)  # of runs that this one resumed
    return {
        **asdict(job),
        "path": system.path,
        "kernels": place.kernels,
        **measured,
        "classes": list(data.classes),
        "images": {name: int((data.splits == name).sum()) for name in SPLITS},
        "split_sha256": hashlib.sha256(split_table(rows, place.images).encode()).hexdigest(),
        "seconds": round(earlier + time.monotonic() - started),
        "processor": processor(),
        "versions": {name: version(name) for name in VERSIONS},
    }


@lru_cache(maxsize=1)
def _pixels(dataset_name: str, preset_name: str, root: Path, rows: tuple[Row, ...]) -> ImageSet:
    """All images of a data set; read once for many jobs, whatever their split."""
    dataset, preset = DATASETS[dataset_name], PRESETS[preset_name]
    side = preset.patches.get(dataset.folder)
    rows = tuple(cut(rows, side)) if side else rows
    return read_rows(root, rows, preset.image_size[dataset.masks], preset.channels(dataset), dataset.masks)


def _images(job: Job, root: Path, rows: tuple[Row, ...]) -> ImageSet:
    data = _pixels(job.dataset, job.preset, root, tuple(replace(row, split="") for row in rows))
    return replace(data, splits=np.array([row.split for row in rows]))


def _classical(system: ClassicalSystem, data: ImageSet, rows: list[Row]) -> dict[str, Any]:
    """Fit on train; val has no part."""
    method, train, test = system.make(), data.split("train"), data.split("test")
    if train.masks is None:
        groups = np.array([row.group for row in rows])[data.splits == "train"]
        method.fit(train.images[:, 0], train.labels, groups)
    else:
        method.fit(train.images[:, 0], train.masks)
    return {"test": confusion(method.predict(test.images[:, 0]), test), "training": {}}


def _network(job: Job, system: NetworkSystem, data: ImageSet, place: Place, tick: Tick) -> dict[str, Any]:
    """Train on train, choose the epoch on val."""
    config = PRESETS[job.preset].training(system, DATASETS[job.dataset], job.training_seed)
    accelerated = place.accelerator != "cpu" and torch.cuda.is_available()
    fabric = Fabric(accelerator=place.accelerator, devices=[place.device] if accelerated else 1)
    folder = place.out / job.key
    trainer = Trainer(config, data, folder, fabric)
    best = trainer.run(True, lambda step, epoch, numbers: tick() if numbers else None)
    model, _, meta = load_checkpoint(best)
    model.to(fabric.device)
    result = {
        "val": confusion(answers_of(model, data.split("val").images), data.split("val")),
        "test": confusion(answers_of(model, data.split("test").images), data.split("test")),
        "best_epoch": meta.metrics["epoch"],
        "earlier_seconds": trainer.earlier_seconds,
        "training": asdict(config),
        "device": fabric.device.type,
    }
    if system.path == HARDWARE:
        outputs = integer_outputs(best, data.split("test"))
        result["integer_model"] = confusion(_decide(model, outputs), data.split("test"))
    (folder / "last.pt").unlink(missing_ok=True)
    return result


@torch.inference_mode()
def answers_of(model: Network, images: np.ndarray) -> np.ndarray:
    """Classes [N], or masks [N, H, W], that a network in eval mode gives for uint8 images."""
    device = next(model.parameters()).device
    outputs = torch.cat([model(x.to(device)).cpu() for x in torch.from_numpy(to_float(images)).split(BATCH)])
    return _decide(model, outputs.numpy())


def _decide(model: Network, outputs: np.ndarray) -> np.ndarray:
    return outputs[:, 0] > 0 if model.task == "mask" else outputs.argmax(1)


def confusion(answers: np.ndarray, data: ImageSet) -> list[list[int]]:
    """Counts of images, or pixels: a row per true class, a column per answer."""
    truth, count = (data.labels, len(data.classes)) if data.masks is None else (data.masks, 2)
    return confusion_matrix(truth.ravel(), answers.ravel().astype(int), labels=range(count)).tolist()
