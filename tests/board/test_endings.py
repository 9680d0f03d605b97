"""Networks as they begin and end, on the simulated board, beside PyTorch: flattened first, labels, one logit."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from brevitas.nn import QuantConv2d, QuantLinear
from signflow_driver import Accelerator, InputError
from torch import Tensor, nn
from torch.nn import functional

from brevitas_models.data.images import to_float
from brevitas_models.layers.quantizers import act_quantizer, weight_quantizer
from finn_build.build import main
from finn_build.frontend.export import export_qonnx
from sim.board import simulated_board
from tests.board.deployments import deploy, deployed
from tests.builds.networks import SmallResidual, randomize

SIZE = (5, 7)


class _Conv(nn.Module):
    """A map of numbers of both signs."""

    def __init__(self, channels: int, end: Callable[[Tensor], Tensor]):
        super().__init__()
        torch.manual_seed(2)
        self.pixels, self.end = act_quantizer(4, signed=True, max_value=1.0), end
        self.conv = QuantConv2d(1, channels, 3, padding=1, bias=False, **weight_quantizer(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.conv(self.pixels(2 * x - 1)))


class _FlatFirst(nn.Module):
    """Brevitas' TFC in small: the image is flattened, then quantized."""

    def __init__(self, move: Callable[[Tensor], Tensor], channels: int, bits: int, signed: bool, features: int = 0):
        super().__init__()
        torch.manual_seed(2)
        self.move, self.quantize = move, act_quantizer(bits, signed, max_value=1.0)
        self.dense = QuantLinear(features or channels * 35, 3, bias=False, **weight_quantizer(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.quantize(2 * self.move(x) - 1))


def _run(model: nn.Module, folder: Path, channels: int = 1) -> tuple[np.ndarray, np.ndarray, Accelerator]:
    """The output on the simulated board, PyTorch's, and the accelerator, closed."""
    built = deploy(model.eval(), (1, channels, *SIZE), folder)
    shades = np.linspace(255, 25, 6)[:, None, None, None]  # bright ones and dark ones
    images = (np.random.default_rng(1).random((6, channels, *SIZE)) * shades).astype(np.uint8)
    with torch.inference_mode():
        wanted = model(torch.from_numpy(to_float(images))).numpy()
    with simulated_board(folder), Accelerator(built.bitfile) as accelerator:
        (found,) = accelerator.infer(images).values()
        kind = accelerator.description.tails[0].meaning
        decided = accelerator.segment(images) if kind.of_pixels else np.array(accelerator.classify(images), int)
    assert found.shape == wanted.shape and np.array_equal(found, wanted)
    return decided, wanted, accelerator


@pytest.mark.parametrize(
    ("channels", "end", "decision"),
    [
        (3, lambda x: x.argmax(1), lambda y: y),
        (3, lambda x: x.argmax(1, keepdim=True), lambda y: y[:, 0]),
        (3, lambda x: x, lambda y: y.argmax(1)),
        (1, lambda x: x, lambda y: y[:, 0] > 0),
        (3, lambda x: x.mean((2, 3)), lambda y: y.argmax(1)),
        (3, lambda x: functional.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1), lambda y: y.argmax(1)),
        (3, lambda x: x.sum((2, 3)).argmax(1), lambda y: y),
        (1, lambda x: x.mean((2, 3)), lambda y: y[:, 0] > 0),
        (1, lambda x: (x.mean((2, 3)) > 0).float(), lambda y: y[:, 0] > 0.5),
    ],
    ids=["labels", "labels kept", "score map", "mask", "mean", "pooled", "label", "logit", "compared"],
)
def test_endings(
    channels: int, end: Callable[[Tensor], Tensor], decision: Callable[[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    decided, wanted, _ = _run(_Conv(channels, end), tmp_path)
    assert np.array_equal(decided, decision(wanted)) and len(np.unique(decided)) > 1


@pytest.mark.parametrize(
    ("model", "channels"),
    [
        (_FlatFirst(lambda x: x.flatten(1), 1, 8, True), 1),
        (_FlatFirst(lambda x: x.flatten(1), 3, 2, True), 3),
        (_FlatFirst(lambda x: x.transpose(2, 3).flatten(1), 3, 1, True), 3),
        (_FlatFirst(lambda x: functional.pad(x, (1, 2, 0, 1), value=0.75).flatten(1), 1, 4, True, 60), 1),
    ],
    ids=["grey", "colour", "turned, one bit", "padded"],
)
def test_the_host_moves_pixels(model: nn.Module, channels: int, tmp_path: Path) -> None:
    _run(model, tmp_path, channels)


def test_another_output_is_named(tmp_path: Path) -> None:
    _, _, accelerator = _run(_Conv(3, lambda x: x.mean((2, 3))), tmp_path)
    name = accelerator.description.tails[0].name
    with pytest.raises(InputError, match=rf"segment: outputs of net are {name} \(scores\); wanted: score map, label "):
        accelerator.segment(np.zeros((1, 1, *SIZE), np.uint8))
    with pytest.raises(InputError, match=r"classify: outputs of net are"):
        accelerator.classify(np.zeros((1, 1, *SIZE), np.uint8), output="none")


def test_the_description_states_it(tmp_path: Path) -> None:
    deployed(randomize(SmallResidual(bits=1, signed=True), seed=1), (11, 9), tmp_path)
    (tail,) = json.loads((tmp_path / "deploy" / "accelerator.json").read_text())["tails"]
    assert tail["meaning"] == {"kind": "scores", "threshold": 0.0, "why": "a number for each of 5 classes"}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            "finn_build.board.steps.write_deployment",
            "error: deployment folder: KeyError: 'why'. All of the build is",
        ),
        (
            "finn_build.report.page.write_page",
            "report.html: KeyError: 'why'. All of the build is",
        ),
        (
            "finn_build.command.write_frames",
            "error: behind the gate, which has passed: KeyError: 'why'. All of ",
        ),
    ],
)
def test_a_fault_behind_the_gate_keeps_the_verified_design(
    tmp_path: Path, broken: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("why")

    network = export_qonnx(randomize(SmallResidual(bits=1, signed=True), seed=1), tmp_path / "net.onnx", (1, 1, 11, 9))
    monkeypatch.setattr(broken, fails)
    assert main(["--board", "pynq-z2", "--onnx", str(network), "--out", str(tmp_path / "out")]) == 1
    assert message in capsys.readouterr().err
    kept = tmp_path / "out.failed"
    assert json.loads((kept / "report.json").read_text())["gate"]["passed"] and list(kept.glob("stitched/*.v"))
