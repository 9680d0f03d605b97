"""Networks that split, join and shuffle channels through the whole pipeline, levels 0 to 4."""

from pathlib import Path

import pytest
import torch
from brevitas.nn import QuantConv2d, QuantLinear
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers.activations import BatchNorm2d, RSign
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.bi_shufflenet import BasicUnit, DownUnit
from brevitas_models.networks.configs.bi_shufflenet import BiShuffleNetConfig
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.network import ImportedNetwork
from finn_build.state import Build
from sim.verilator import Stalls
from tests.builds.networks import randomize
from tests.builds.pipeline_runs import require_rate, run_steps, start_build

FRAMES = 4


class _Units(nn.Module):
    """Two stages of units with 4 to 16 channels; 20x28 pixels become 5x7."""

    size = (20, 28)

    def __init__(self, **options: object) -> None:
        super().__init__()
        config = BiShuffleNetConfig(**{"right_kernels": (3,), "left_kernels": (3,)} | options)  # type: ignore[arg-type]
        self.pixels = pixel_quantizer()
        self.stem = QuantConv2d(1, 4, 3, padding=1, bias=False, **weight_quantizer(8))
        self.norm, self.enter = BatchNorm2d(4), act_quantizer(4, signed=True, max_value=4.0)
        self.units = nn.Sequential(
            DownUnit(config, 4), BasicUnit(config, 8), BasicUnit(config, 8), DownUnit(config, 8), BasicUnit(config, 16)
        )
        self.classifier = QuantLinear(16, 5, bias=False, **weight_quantizer(8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.units(self.enter(self.norm(self.stem(self.pixels(x)))))
        return self.classifier(x.sum((2, 3)) * 0.03125)


class _Mixed(nn.Module):
    """Channels taken, joined, dropped and shuffled in ways that no known network combines."""

    size = (9, 7)

    def __init__(self) -> None:
        super().__init__()
        self.pixels = pixel_quantizer()
        self.stem = QuantConv2d(1, 12, 3, padding=1, bias=False, **weight_quantizer(8))
        self.norm, self.signs = BatchNorm2d(12), RSign(8)
        self.four, self.coarse = (act_quantizer(4, signed=True, max_value=m) for m in (4.0, 16.0))
        self.unsigned, self.one = act_quantizer(2, signed=False, max_value=4.0), act_quantizer(1, True, 1.0)
        widths = {"a": (12, 12, 3), "b": (8, 8, 1), "c": (8, 8, 3), "d": (12, 6, 1), "e": (14, 6, 3)}
        for name, (n_in, n_out, kernel) in widths.items():
            conv = QuantConv2d(n_in, n_out, kernel, padding=kernel // 2, bias=False, **weight_quantizer(1))
            setattr(self, name, conv)
        self.dense = QuantLinear(6 * 4 * 3, 5, bias=False, **weight_quantizer(8))

    def forward(self, x: Tensor) -> Tensor:
        x = _shuffle(self.four(self.norm(self.stem(self.pixels(x)))), 3)  # one stream in another order
        y = self.four(self.a(self.one(x))) + x  # columns of the convolution and rows of the steps follow
        left, right = y[:, :4], y[:, 4:]
        z = _shuffle(torch.cat((left, self.coarse(self.four(right))[:, ::2]), 1), 2)  # two scales
        z = self.b(self.signs(self.four(z))) * 0.5 + z
        z = _shuffle(self.four(z), 4)
        whole = self.c(self.unsigned(z))  # read whole, and in overlapping parts
        v = torch.cat((self.four(whole), z[:, 1:4], z[:, 2:5]), 1)
        v, skipped = self.e(self.unsigned(v)), self.d(self.one(torch.cat((z[:, ::2], x[:, 4:]), 1)))
        v = torch.cat((F.max_pool2d(self.four(v), 2), F.avg_pool2d(self.four(skipped), 2)), 1)
        v = _shuffle(self.four(0.5 * v + v), 3)
        return self.dense(v[:, [3, 10, 1, 6, 0, 8]].flatten(1))


class _Halves(nn.Module):
    """One stream splits: a half passes, a half is convolved; sums and swaps of halves need a pixel's beats at once."""

    size = (9, 7)

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.quant = pixel_quantizer(), act_quantizer(4, signed=True, max_value=8.0)
        self.stem = QuantConv2d(1, 8, 3, padding=1, bias=False, **weight_quantizer(8))
        self.signs = RSign(4)
        self.a, self.b = (QuantConv2d(4, 4, k, padding=k // 2, bias=False, **weight_quantizer(1)) for k in (5, 3))
        self.dense = QuantLinear(8, 5, bias=False, **weight_quantizer(8))

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.quant(self.stem(self.pixels(x))).split(4, 1)
        right = self.quant(self.b(self.signs(self.quant(self.a(self.signs(right))))))
        left, right = _shuffle(torch.cat((left, right), 1), 2).split(4, 1)
        x = self.quant(torch.cat((right, left), 1))
        x = self.quant(torch.cat((x[:, 4:], x[:, [3, 2, 1, 0]], x[:, :4] + x[:, 4:]), 1))[:, ::3]
        return self.dense(torch.cat((x, x), 1).sum((2, 3)))


class _Join(nn.Module):
    """A joined map is the output, and so is one of its parts."""

    size = (6, 5)

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.quant = pixel_quantizer(), act_quantizer(4, signed=True, max_value=8.0)
        self.a, self.b = (QuantConv2d(1, n, 3, padding=1, bias=False, **weight_quantizer(8)) for n in (4, 2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.pixels(x)
        joined = torch.cat((self.quant(self.a(x)), self.quant(self.b(x))), 1)
        return joined, joined[:, 1:3]


def _shuffle(x: Tensor, groups: int) -> Tensor:
    n, channels, height, width = x.shape
    return x.reshape(n, groups, channels // groups, height, width).transpose(1, 2).reshape(x.shape)


def _build(model: nn.Module, out: Path, stalls: Stalls | None = None) -> Build:
    randomize(model, seed=3)
    path = export_qonnx(model, out / "net.onnx", (1, 1, *model.size))  # type: ignore[arg-type]
    network = ImportedNetwork(import_qonnx(path), model, "channels", "test", (), trained=False)
    build = run_steps(start_build(network, out, FRAMES, stalls))
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert build.verdict.levels == (0, 1, 2, 3, 4)
    return build


UNITS = (
    {},
    {"right_kernels": (3, 3), "left_kernels": (5,), "shortcut_pool": "average"},
    {"basic_shortcuts": False, "down_shortcut": False, "activation": "hardtanh"},
)


@pytest.mark.parametrize("options", UNITS)
def test_units_at_full_rate(tmp_path: Path, options: dict) -> None:
    torch.manual_seed(0)
    require_rate(_build(_Units(**options), tmp_path))


@pytest.mark.parametrize("kind", [_Halves, _Mixed, _Join])
def test_other_networks(tmp_path: Path, kind: type[nn.Module]) -> None:
    torch.manual_seed(1)
    require_rate(_build(kind(), tmp_path))


@pytest.mark.parametrize("kind", [_Units, _Halves, _Mixed, _Join])
def test_with_random_stalls(tmp_path: Path, kind: type[nn.Module]) -> None:
    torch.manual_seed(2)
    _build(kind(), tmp_path, Stalls(5))
