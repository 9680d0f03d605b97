"""What the host computes before and behind the accelerator through ONNX Runtime: in the gate, and in the driver."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from brevitas.nn import QuantConv2d
from signflow_driver import Accelerator, DriverError, load_description
from signflow_driver.entering import entering
from signflow_driver.host_ops import Leaving
from signflow_driver.packing import unpack
from torch import Tensor, nn
from torch.nn import functional

from brevitas_models.data.images import to_float
from brevitas_models.layers.quantizers import act_quantizer, weight_quantizer
from finn_build.board.description import write_description
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.state import Build
from sim.board import simulated_board
from sim.golden import IntegerModel
from tests.board.deployments import STEPS
from tests.builds.pipeline_runs import run_steps, start_build

Move = Callable[[Any, Tensor], Any]
SIZE = (8, 6)


class _Between(nn.Module):
    """A quantized convolution between what the host does before it and behind it."""

    def __init__(self, before: Move, behind: Move, bits: int = 8) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.before, self.behind = before, behind
        self.pixels = act_quantizer(bits, signed=True, max_value=2.0)
        self.conv = QuantConv2d(3, 4, 3, bias=False, **weight_quantizer(1))
        self.act = act_quantizer(4, signed=True, max_value=8.0)
        self.dense, self.norm = nn.Linear(4, 3), nn.LayerNorm(4)
        self.head = nn.Conv2d(4, 2, 1)
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6])[:, None, None])

    def forward(self, x: Tensor) -> Any:
        return self.behind(self, self.act(self.conv(self.pixels(self.before(self, x)))))


BEFORE: dict[str, Move] = {
    "normalised": lambda m, x: (x - m.mean) / 0.225,
    "channels turned, cropped, flipped": lambda m, x: 2 * x[:, [2, 1, 0], 1:, :].flip(3) - 1,
    "bilinear": lambda m, x: functional.interpolate(x, (7, 9), mode="bilinear") * 2 - 1,
    "bicubic": lambda m, x: functional.interpolate(x, scale_factor=2, mode="bicubic", align_corners=False) - m.mean,
    "averaged": lambda m, x: functional.avg_pool2d(x, 2) * 2 - 1,
    "by the image's mean": lambda m, x: x - x.mean((2, 3), keepdim=True),
    "largest of four": lambda m, x: functional.max_pool2d(x, 2) * 2 - 1,
    # ONNX Runtime's optimizations lose such zeros: findings/onnxruntime_pad_max_pool.sh
    "zeros above negatives": lambda m, x: functional.max_pool2d(functional.pad(x - 2, [1, 0, 1, 0], value=0.0), 2) + 1,
}
BEHIND: dict[str, Move] = {
    "linear": lambda m, x: m.dense(x.mean((2, 3))),
    "layer norm": lambda m, x: m.dense(m.norm(x.mean((2, 3)))),
    "float convolution, bilinear": lambda m, x: functional.interpolate(m.head(x), SIZE, mode="bilinear"),
    "top 2": lambda m, x: tuple(x.sum((2, 3)).topk(2)),
    "largest": lambda m, x: (x.amax((2, 3)), x.amax(1)),
    "unit length": lambda m, x: functional.normalize(x.sum((2, 3)), dim=1),
    "two sizes": lambda m, x: torch.cat((x.flatten(2), functional.max_pool2d(x, 2).flatten(2)), 2).topk(2)[0],
    "linear, label": lambda m, x: m.dense(x.mean((2, 3))).argmax(1),
}


def _built(model: nn.Module, folder: Path) -> Build:
    path = export_qonnx(model.eval(), folder / "net.onnx", (1, 3, *SIZE))
    network = networks.ImportedNetwork(import_qonnx(path), model, "small", "test", (), False)
    build = run_steps(start_build(network, folder), (*STEPS, "shell", "execute", "gate"))
    assert build.verdict is not None and build.verdict.levels == (0, 1, 2)
    assert build.verdict.passed, build.verdict.first_difference
    write_description(build, folder / "accelerator.json")
    return build


def _driven(build: Build, folder: Path) -> None:
    """The driver's part in NumPy and ONNX Runtime equals the gate's, without the board."""
    description, integers = load_description(folder / "accelerator.json"), build.integers
    images = np.random.default_rng(0).integers(0, 256, (5, 3, *SIZE), dtype=np.uint8)
    stream, wanted = description.inputs[0], integers.quantize_images(to_float(images))
    out = np.zeros(len(images) * stream.frame_bytes, np.uint8)
    entering(description).pack(np.moveaxis(images, 1, -1), out)
    assert np.array_equal(np.moveaxis(unpack(out, stream), -1, 1), wanted) and len(np.unique(wanted)) > 3
    ints = IntegerModel(integers.model).run(wanted)
    found = Leaving(description)(ints)
    for name in integers.tails:
        assert np.array_equal(found[name], integers.to_network_output(name, ints)), name


@pytest.mark.parametrize("before", BEFORE)
def test_before_the_first_quantizer(before: str, tmp_path: Path) -> None:
    build = _built(_Between(BEFORE[before], lambda m, x: x, bits=4 if before == "bilinear" else 8), tmp_path)
    _driven(build, tmp_path)
    plain = before in ("normalised", "channels turned, cropped, flipped")  # looked up, with NumPy alone
    assert ("head_model" in load_description(tmp_path / "accelerator.json").arrays) != plain


@pytest.mark.parametrize("behind", BEHIND)
def test_behind_the_last_integer(behind: str, tmp_path: Path) -> None:
    build = _built(_Between(lambda m, x: 2 * x - 1, BEHIND[behind]), tmp_path)
    _driven(build, tmp_path)
    assert any("which the host runs" in line for line in build.not_run)


def test_on_the_board(tmp_path: Path) -> None:
    """Both ends at once on the simulated board, equal to PyTorch; the host's share of the time is said."""
    model = _Between(BEFORE["bilinear"], BEHIND["linear"], bits=4)
    _built(model, tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (3, 3, *SIZE), dtype=np.uint8)
    with torch.inference_mode():
        wanted = model(torch.from_numpy(to_float(images))).numpy()
    with simulated_board(tmp_path), Accelerator(tmp_path / "accelerator.bit") as accelerator:
        (found,) = accelerator.infer(images).values()
        performance = accelerator.performance()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)  # sums of floats in another order
    assert 0 < performance.host_share < 1 and f"{performance.host_share:.0%} of a frame's time" in str(performance)


def test_without_onnx_runtime_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _built(_Between(lambda m, x: x, BEHIND["linear"]), tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DriverError, match="needs ONNX Runtime: pip install onnxruntime"):
        Leaving(load_description(tmp_path / "accelerator.json"))


def test_nine_bits_enter(tmp_path: Path) -> None:
    """A zero point that makes nine bits of eight, looked up with NumPy alone."""
    from tests.frontend.qcdq_files import brevitas_file

    network = networks.from_qonnx(brevitas_file(tmp_path / "net.onnx", shifted=True))
    build = run_steps(start_build(network, tmp_path), (*STEPS, "shell"))
    write_description(build, tmp_path / "accelerator.json")
    description = load_description(tmp_path / "accelerator.json")
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    stream = description.inputs[0]
    out = np.zeros(len(images) * stream.frame_bytes, np.uint8)
    entering(description).pack(np.moveaxis(images, 1, -1), out)
    assert np.array_equal(np.moveaxis(unpack(out, stream), -1, 1), build.integers.quantize_images(to_float(images)))
