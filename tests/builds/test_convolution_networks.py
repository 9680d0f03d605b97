"""Dilated, depthwise, grouped and 1-D convolutions, borders: the whole pipeline and the C++, levels 0 to 5."""

from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantConv1d, QuantConv2d, QuantConvTranspose1d, QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.network import ImportedNetwork
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import every_level, start_build

FRAMES = 4
IMAGE = (1, 9, 8)


def conv(channels: int, out: int, kernel: int | tuple, bits: int = 4, **options: object) -> nn.Module:
    return QuantConv2d(channels, out, kernel, bias=False, **options, **weight_quantizer(bits))


def after(channels: int, bits: int = 4, signed: bool = False) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), act_quantizer(bits, signed)]


def conv1d(channels: int, out: int, kernel: int, bits: int = 4, **options: object) -> nn.Module:
    return QuantConv1d(channels, out, kernel, bias=False, **options, **weight_quantizer(bits))


def after1d(channels: int, bits: int = 4, signed: bool = False) -> list[nn.Module]:
    return [nn.BatchNorm1d(channels), act_quantizer(bits, signed)]


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
    "depthwise": lambda: [
        *(conv(1, 4, 3, padding=1), *after(4)),
        *(conv(4, 4, 3, padding=1, stride=2, groups=4), *after(4, 1, True)),
        *(conv(4, 8, (2, 3), padding=1, dilation=(1, 2), groups=4), *after(8, 3, True)),
        *(conv(8, 8, 3, 1, padding=1, groups=8), *after(8)),
    ],
    "grouped": lambda: [conv(1, 6, 1), *after(6), conv(6, 9, 3, padding=1, groups=3), *after(9, 2), conv(9, 3, 1)],
    "borders of an image's own pixels, averages of what is there": lambda: [
        *(nn.ReflectionPad2d((1, 2, 2, 0)), conv(1, 4, 3), *after(4, 3)),
        *(nn.AvgPool2d(3, 2, 1, count_include_pad=False), act_quantizer(4, True)),
        *(nn.ReplicationPad2d(1), act_quantizer(1, True), conv(4, 6, 3, 1), *after(6, 4, True)),
        *(nn.AvgPool2d(2, 2, ceil_mode=True), act_quantizer(4, False)),
    ],
    "a map of a dense layer": lambda: [
        *(conv(1, 4, 3, stride=3), *after(4), nn.Flatten(), QuantLinear(24, 24, False, **weight_quantizer(3))),
        *(nn.Unflatten(1, (6, 2, 2)), *after(6), conv(6, 3, 2, padding=1)),
    ],
    "dilated, beside a skip": lambda: [conv(1, 6, 3, padding=1), nn.BatchNorm2d(6), _Residual(6), *after(6)],
}
SIGNALS = {
    "keywords": lambda: [
        *(conv1d(2, 6, 5, padding=2, stride=2), nn.BatchNorm1d(6), nn.MaxPool1d(2), act_quantizer(4, False)),
        *(conv1d(6, 6, 3, padding=2, dilation=2, groups=6), *after1d(6, 1, True)),
        *(nn.ReflectionPad1d((0, 1)), conv1d(6, 8, 2, 1), *after1d(8)),
        *(nn.AvgPool1d(2), act_quantizer(4, False), nn.Flatten(), QuantLinear(24, 5, False, **weight_quantizer(4))),
    ],
    "grown, sums for each place": lambda: [
        *(conv1d(2, 6, 1, stride=3), *after1d(6, 2)),
        *(QuantConvTranspose1d(6, 5, 4, 2, 1, bias=False, **weight_quantizer(4)), *after1d(5, 3)),
        *(nn.Upsample(scale_factor=2, mode="linear"), conv1d(5, 3, 3, padding=1)),
    ],
}


def _build(model: nn.Module, out: Path, shape: tuple[int, ...], stalls: Stalls | None = None) -> Build:
    path = export_qonnx(model, out / "net.onnx", (1, *shape))
    network = ImportedNetwork(import_qonnx(path), model, "convolutions", "test", (), trained=False)
    return every_level(start_build(network, out, FRAMES, stalls))


@pytest.mark.parametrize("name", [*NETS, *SIGNALS])
def test_equal_at_every_level(tmp_path: Path, name: str) -> None:
    torch.manual_seed(3)
    stalls = Stalls(seed=5) if list(NETS | SIGNALS).index(name) % 2 else None
    layers, shape = (NETS[name](), IMAGE) if name in NETS else (SIGNALS[name](), (2, 24))
    model = randomize(nn.Sequential(pixel_quantizer(), *layers), seed=3)
    build = _build(model, tmp_path, shape, stalls)
    with torch.inference_mode():
        assert build.integers.shapes["logits"] == tuple(model(torch.zeros(1, *shape)).shape)
    assert build.verdict is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == (0, 1, 2, 3, 4, 5)
