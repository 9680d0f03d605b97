"""Windows inside a network that a pixel a beat is too slow for: whole windows, at full rate, equal in every integer."""

from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantConv2d
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d, activation
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.network import from_qonnx
from finn_build.proof.gate import compare
from finn_build.proof.levels import taps
from finn_build.report.sheet import measure_cycles
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import run_steps, start_build

UP_TO_SIMULATION = ("integers", "lower", "fold", "buffer", "stitch", "execute", "rtlsim-stitched")


class Chain(nn.Module):
    """Three convolutions without padding on 12x10 pixels: 80, 48 and 24 windows of 3x3."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.pixels = pixel_quantizer()
        self.convs = nn.ModuleList(
            QuantConv2d(i, 8, 3, bias=False, **weight_quantizer(w)) for i, w in ((1, 8), (8, 1), (8, 1))
        )
        self.norms = nn.ModuleList(BatchNorm2d(8) for _ in self.convs)
        self.acts = nn.ModuleList(activation("rprelu", 8) for _ in self.convs)
        self.quants = nn.ModuleList(act_quantizer(bits, signed=True, max_value=4.0) for _ in self.convs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pixels(x)
        for conv, norm, act, quant in zip(self.convs, self.norms, self.acts, self.quants, strict=True):
            x = quant(act(norm(conv(x))))
        return x


@pytest.mark.parametrize(("bits", "cycles"), [(1, 144), (2, 192)])
def test_they_keep_their_rate_though_pixels_come_evenly(tmp_path: Path, bits: int, cycles: int) -> None:
    """144 and 192 cycles are 3 and 4 for each of the second convolution's 48 windows: it is never idle."""
    torch.manual_seed(1)
    path = export_qonnx(randomize(Chain(bits), seed=3), tmp_path / "net.onnx", (1, 1, 12, 10))
    build = start_build(from_qonnx(path), tmp_path, target_fps=125e6 / cycles)
    run_steps(build, UP_TO_SIMULATION)
    wide = [n.name for n in build.streams.graph.node if n.op_type == "WideSWG_rtl"]
    assert len(wide) >= 2
    assert compare(taps(build.streams, build.integers), build.values).passed
    measured = measure_cycles(build, "rtl")
    assert measured.predicted_ii <= cycles and measured.ii is not None and measured.ii <= 1.02 * measured.predicted_ii
