"""Networks whose maps grow, shrink at the border, or end in a label per pixel: the whole pipeline, levels 0 to 4."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantConv2d, QuantConvTranspose2d
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers.activations import BatchNorm2d, RSiLU
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.network import ImportedNetwork
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import run_steps, start_build

FRAMES = 4
CHANNELS = 6


class _Net(nn.Module):
    """Convolution, what a test is about, convolution; 9x7 pixels."""

    def __init__(
        self, middle: nn.Module | Callable[[Tensor], Tensor], bits: int = 3, signed: bool = False, out: int = 2,
        middle_channels: int = CHANNELS, head: Callable[[Tensor], Tensor] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.pixels = pixel_quantizer()
        self.first = QuantConv2d(1, CHANNELS, 3, padding=1, bias=False, **weight_quantizer(1))
        self.norm, self.act, self.quant = BatchNorm2d(CHANNELS), RSiLU(CHANNELS), act_quantizer(bits, signed)
        self.middle, self.head = middle, head or nn.Identity()
        self.after = nn.Sequential(BatchNorm2d(middle_channels), act_quantizer(bits, signed))
        self.last = QuantConv2d(middle_channels, out, 3, padding=1, bias=False, **weight_quantizer(1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.quant(self.act(self.norm(self.first(self.pixels(x)))))
        return self.head(self.last(self.after(self.middle(x))))


def transposed(kernel: object, stride: object = 2, padding: object = 0, grown: object = 0, bits: int = 1) -> nn.Module:
    return QuantConvTranspose2d(
        CHANNELS, CHANNELS, kernel, stride, padding, output_padding=grown, bias=False, **weight_quantizer(bits)
    )


def shuffled(conv: nn.Module) -> nn.Module:
    return nn.Sequential(conv, nn.PixelShuffle(2))


def _conv(out: int) -> nn.Module:
    return QuantConv2d(CHANNELS, out, 1, bias=False, **weight_quantizer(1))


NETS: dict[str, Callable[[], _Net]] = {
    "nearest": lambda: _Net(nn.Upsample(scale_factor=2)),
    "bilinear": lambda: _Net(nn.Upsample(scale_factor=2, mode="bilinear")),
    "nearest, bipolar": lambda: _Net(nn.Upsample(scale_factor=(1, 3)), bits=1, signed=True),
    "transposed 2/2": lambda: _Net(transposed(2)),
    "transposed 3/3, 4-bit weights": lambda: _Net(transposed(3, 3, bits=4)),
    "transposed 2/2, bipolar": lambda: _Net(transposed(2), bits=1, signed=True),
    "transposed 4/2 padded": lambda: _Net(transposed(4, 2, 1)),
    "transposed 3/2 grown": lambda: _Net(transposed(3, 2, 1, 1), signed=True),
    "transposed 3/2": lambda: _Net(transposed(3, 2, 1)),
    "transposed 3/2, bipolar": lambda: _Net(transposed(3, 2, 1), bits=1, signed=True),
    "transposed 3/1": lambda: _Net(transposed(3, 1, 1)),
    "transposed (1, 3)/(2, 3)": lambda: _Net(transposed((1, 3), (2, 3))),
    "pixel shuffle": lambda: _Net(shuffled(_conv(4 * CHANNELS))),
    "crop": lambda: _Net(lambda x: x[:, :, 1:, :-2]),
    "crop of some channels": lambda: _Net(lambda x: x[:, 1:4, :-1, 2:], middle_channels=3),
    "crop by a negative pad": lambda: _Net(lambda x: F.pad(x, (0, -1, -2, 1))),
    "pad that no window takes in": lambda: _Net(lambda x: F.pad(x, (0, 1, 2, 0)), signed=True),
    "label of each pixel": lambda: _Net(nn.Identity(), out=5, head=lambda x: x.argmax(1)),
    "label of each pixel, kept": lambda: _Net(nn.Identity(), out=3, head=lambda x: x.argmax(1, keepdim=True)),
    "mask": lambda: _Net(nn.Identity(), out=1, head=act_quantizer(1, signed=True)),
}


def _build(model: nn.Module, out: Path, stalls: Stalls | None = None) -> Build:
    path = export_qonnx(model, out / "net.onnx", (1, 1, 9, 7))
    network = ImportedNetwork(import_qonnx(path), model, "resizing", "test", (), trained=False)
    return run_steps(start_build(network, out, FRAMES, stalls))


@pytest.mark.parametrize("name", NETS)
def test_equal_at_every_level(tmp_path: Path, name: str) -> None:
    torch.manual_seed(3)
    stalls = Stalls(seed=5) if list(NETS).index(name) % 2 else None
    build = _build(randomize(NETS[name](), seed=3), tmp_path, stalls)
    assert build.verdict is not None
    assert build.verdict.passed, build.verdict.first_difference
    assert build.verdict.levels == (0, 1, 2, 3, 4)
