"""A build whose report is looked at: a small network that classifies, with labelled images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from finn_build import build
from finn_build.frontend.export import export_qonnx
from tests.builds.networks import SmallResidual, randomize

CLASSES = ("free", "crack & <b>pit", "scratch", "dent", "stain")


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verified build with an accuracy; a class has a name that HTML would take for its own."""
    home = tmp_path_factory.mktemp("classified")
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=2, signed=True), seed=4)
    onnx = export_qonnx(model, home / "small.onnx", (1, 1, 11, 9))
    random = np.random.default_rng(0)
    for name in CLASSES:
        (home / "images" / name).mkdir(parents=True)
        for number in range(2):
            picture = Image.fromarray(random.integers(0, 256, (11, 9), dtype=np.uint8))
            picture.save(home / "images" / name / f"{number}.png")
    asked = ["--board", "pynq-z2", "--onnx", str(onnx), "--images", str(home / "images")]
    assert build.main([*asked, "--out", str(home / "out")]) == 0
    return home / "out"
