"""Small networks for the tests: random weights, random batch norm statistics with scales of both signs."""

from pathlib import Path

import torch
from brevitas.export import export_qonnx as brevitas_export
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear
from brevitas.quant import Int8WeightPerTensorFixedPoint
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d, RSign, activation
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, shortcut_quantizer, weight_quantizer


class SmallResidual(nn.Module):
    """Two convolutions under an identity shortcut, a strided one, pools, a dense layer; odd sizes welcome."""

    def __init__(
        self, bits: int, signed: bool, kind: str = "rprelu", kernel: int = 3, channels: int = 6, size: tuple = (11, 9)
    ):
        super().__init__()
        self.pixels, pad = pixel_quantizer(), kernel // 2
        self.first = QuantConv2d(1, channels, 3, padding=1, bias=False, **weight_quantizer(8))
        self.norms = nn.ModuleList(BatchNorm2d(channels) for _ in range(3))
        self.acts = nn.ModuleList(activation(kind, channels) for _ in range(3))
        self.residual = act_quantizer(4, signed=True, max_value=4.0)
        self.quants = nn.ModuleList(act_quantizer(bits, signed, max_value=4.0) for _ in range(3))
        self.second = QuantConv2d(channels, channels, kernel, padding=pad, bias=False, **weight_quantizer(1))
        self.third = QuantConv2d(channels, channels, kernel, padding=pad, stride=2, bias=False, **weight_quantizer(1))
        self.pool = nn.MaxPool2d(2)
        side = [(d + 1) // 2 // 2 for d in size]
        self.dense = QuantLinear(channels * side[0] * side[1], 5, bias=True, **weight_quantizer(8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.residual(self.acts[0](self.norms[0](self.first(self.pixels(x)))))
        x = x + self.residual(self.acts[1](self.norms[1](self.second(self.quants[0](x)))))
        x = self.pool(self.quants[2](self.acts[2](self.norms[2](self.third(self.quants[1](x))))))
        return self.dense(x.flatten(1))


class PlainBrevitas(nn.Module):
    """Written as a user of Brevitas would, with nothing of ours: torch's batch norm, average pool, bias, arg max."""

    def __init__(self, label: bool = False):
        super().__init__()
        act = {"bit_width": 4, "scaling_impl_type": "const", "min_val": -1.0, "max_val": 0.875}
        self.inp = QuantIdentity(bit_width=8, scaling_impl_type="const", min_val=-1.0, max_val=0.9921875)
        self.conv = QuantConv2d(3, 8, 3, padding=1, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=4)
        self.norm, self.act, self.relu = nn.BatchNorm2d(8), QuantIdentity(**act), nn.PReLU(8)
        self.mean = nn.AvgPool2d(4)
        self.dense = QuantLinear(8 * 4, 7, bias=False, weight_quant=Int8WeightPerTensorFixedPoint)
        self.label = label

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.relu(self.norm(self.conv(self.inp(2.0 * x - 1.0)))))
        x = self.dense(self.act(self.mean(x)).flatten(1))
        return x.argmax(1, keepdim=True) if self.label else x


def randomize(model: nn.Module, seed: int) -> nn.Module:
    """Random batch norm statistics and activation parameters, scales and slopes of both signs; eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            features = module.num_features
            module.running_mean.copy_(torch.randn(features, generator=generator) * 3)
            module.running_var.copy_(torch.rand(features, generator=generator) * 60 + 0.5)
            module.weight.data.copy_(torch.randn(features, generator=generator) * 1.5)
            module.bias.data.copy_(torch.randn(features, generator=generator))
        elif type(module).__name__ in ("RPReLU", "RSign", "RSiLU", "PReLU"):
            for parameter in module.parameters():
                parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.7)
    return model.eval()


def plain_export(model: nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
    """Brevitas' own export, as a user outside this project calls it."""
    brevitas_export(model, torch.zeros(shape), str(path))
    return path


class SmallShortcuts(nn.Module):
    """Shortcuts that join the sums of binary convolutions: the input itself, and a pooled one over a strided pair."""

    def __init__(self, channels: int = 6):
        super().__init__()
        self.pixels = pixel_quantizer()
        self.first = QuantConv2d(1, channels, 3, padding=1, bias=False, **weight_quantizer(8))
        self.signs = nn.ModuleList(RSign(channels) for _ in range(3))
        self.norms = nn.ModuleList(BatchNorm2d(channels) for _ in range(4))
        self.acts = nn.ModuleList(activation("rprelu", channels) for _ in range(4))
        self.stream = shortcut_quantizer(4)
        sizes = ((3, 1), (5, 2), (1, 1))
        self.convs = nn.ModuleList(
            QuantConv2d(channels, channels, k, s, k // 2, bias=False, **weight_quantizer(1)) for k, s in sizes
        )
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stream(self.acts[0](self.norms[0](self.first(self.pixels(x)))))
        x = self.stream(self.acts[1](self.norms[1](self.convs[0](self.signs[0](x)) + 4 * x)))
        y = self.acts[2](self.norms[2](self.convs[1](self.signs[1](x))))
        y = self.convs[2](self.signs[2](y)) + 2 * self.pool(x)
        return self.stream(self.acts[3](self.norms[3](y)))
