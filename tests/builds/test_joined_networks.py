"""Products, maxima, padding with a level, pools past the edge: through the whole pipeline, levels 0 to 5."""

from pathlib import Path

import torch
from brevitas.nn import QuantConv1d, QuantConv2d, QuantIdentity
from brevitas.quant import SignedBinaryActPerTensorConst
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers.quantizers import act_quantizer, weight_quantizer
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from sim.verilator import Stalls
from tests.builds.pipeline_runs import every_level, start_build


class _Joined(nn.Module):
    """Squeeze and excite, the larger of two branches, a binary convolution padded with +1, a pool in ceil mode."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.act = act_quantizer(8, signed=False, max_value=1.0), act_quantizer(3, False, max_value=4.0)
        self.scale, self.out = act_quantizer(3, False, max_value=1.0), act_quantizer(4, True, max_value=4.0)
        self.sign = QuantIdentity(SignedBinaryActPerTensorConst, scaling_const=1.0)
        self.first = QuantConv2d(1, 4, 3, padding=1, bias=False, **weight_quantizer(4))
        self.other = QuantConv2d(4, 4, 1, bias=False, **weight_quantizer(1))
        self.last = QuantConv2d(4, 3, 3, bias=False, **weight_quantizer(1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(self.pixels(x)) + 0.3)
        x = self.act(x * self.scale(torch.sigmoid(x.mean((2, 3), keepdim=True))))
        x = self.out(torch.maximum(x, self.scale(self.other(x).relu())) - 1.0)
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return self.last(F.pad(self.sign(x - 0.6), (1, 1, 1, 1), value=1.0))


def test_joined_padded_and_pooled(tmp_path: Path) -> None:
    _require_exact(_Joined, tmp_path)


def _require_exact(kind: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = kind().eval()
    qonnx = import_qonnx(export_qonnx(model, tmp_path / "net.onnx", (1, 1, 8, 8)))
    network = networks.ImportedNetwork(qonnx, model, "joined", "test", (), False)
    build = every_level(start_build(network, tmp_path, stalls=Stalls(3)))
    assert build.verdict is not None and build.verdict.levels == (0, 1, 2, 3, 4, 5)
    assert build.verdict.passed, build.verdict.first_difference


class _Gates(nn.Module):
    """Products and a difference of 8 bits: gates by channel from a convolution over channels, and a gate by pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.act = act_quantizer(8, signed=False, max_value=1.0), act_quantizer(8, False, max_value=4.0)
        self.gate, self.out = act_quantizer(7, False, max_value=1.0), act_quantizer(4, True, max_value=4.0)
        self.first = QuantConv2d(1, 4, 3, padding=1, bias=False, **weight_quantizer(4))
        self.channels = QuantConv1d(1, 1, 3, padding=1, bias=False, **weight_quantizer(4))
        self.place = QuantConv2d(4, 1, 1, bias=False, **weight_quantizer(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(self.pixels(x)) + 0.3)
        gates = self.channels(self.act(x.mean((2, 3))).unsqueeze(1)).transpose(1, 2).unsqueeze(3)
        y = self.act(x * self.gate(torch.sigmoid(gates)))
        return self.out(y - self.act(x * self.gate(torch.sigmoid(self.place(x)))))


def test_gates_of_eight_bits(tmp_path: Path) -> None:
    _require_exact(_Gates, tmp_path)
