"""Networks with dilated convolutions: the whole pipeline, levels 0 to 4, and the C++."""

from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantConv2d
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.network import ImportedNetwork
from finn_build.hls.steps import simulate_cpp, write_cpp
from finn_build.pipeline import gate
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import ALL_STEPS, run_steps, start_build

FRAMES = 4
IMAGE = (1, 9, 8)


def conv(channels: int, out: int, kernel: int | tuple, bits: int = 4, **options: object) -> nn.Module:
    return QuantConv2d(channels, out, kernel, bias=False, **options, **weight_quantizer(bits))


def after(channels: int, bits: int = 4, signed: bool = False) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), act_quantizer(bits, signed)]


class _Residual(nn.Module):
    """A dilated binary convolution beside a shortcut that waits for it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter, self.signs = act_quantizer(4, True), act_quantizer(1, True)
        self.conv = conv(channels, channels, 3, 1, padding=2, dilation=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return self.conv(self.signs(x)) + x


NETS = {
    "dilated, every kind of window": lambda: [
        *(conv(1, 4, 3, padding=2, dilation=2), *after(4)),
        *(conv(4, 4, 3, padding=(3, 2), dilation=(3, 2)), *after(4, 1, True)),
        *(conv(4, 4, 3, 1, padding=2, dilation=2, stride=2), *after(4, 3)),
    ],
    "dilated, beside a skip": lambda: [conv(1, 6, 3, padding=1), nn.BatchNorm2d(6), _Residual(6), *after(6)],
}


def _build(model: nn.Module, out: Path, stalls: Stalls | None = None) -> Build:
    path = export_qonnx(model, out / "net.onnx", (1, *IMAGE))
    network = ImportedNetwork(import_qonnx(path), model, "convolutions", "test", (), trained=False)
    build = run_steps(start_build(network, out, FRAMES, stalls), [s for s in ALL_STEPS if s not in ("gate", "deploy")])
    for step in (write_cpp, simulate_cpp, gate):
        step(build, lambda fraction: None)
    return build


@pytest.mark.parametrize("name", NETS)
def test_equal_at_every_level(tmp_path: Path, name: str) -> None:
    torch.manual_seed(3)
    stalls = Stalls(seed=5) if list(NETS).index(name) % 2 else None
    build = _build(randomize(nn.Sequential(pixel_quantizer(), *NETS[name]()), seed=3), tmp_path, stalls)
    assert build.verdict is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == (0, 1, 2, 3, 4, 5)
