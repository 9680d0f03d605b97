"""Small valid networks of the kinds that people bring: how many are built and exact, refused with a cure, or crash.

    python -m tests.builds.many_networks --count 200

Each is a host part, two blocks and a head, drawn by its number; Brevitas exports it as QONNX, every fourth as QCDQ.
"""

from __future__ import annotations

import benchmarks.usage  # isort: skip  # noqa: F401

import argparse
import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.nn import QuantConv2d, QuantConvTranspose2d, QuantIdentity, QuantLinear, QuantReLU, TruncAvgPool2d
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8WeightPerTensorFixedPoint,
    ShiftedUint8ActPerTensorFloat,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
    TruncTo8bit,
    Uint8ActPerTensorFixedPoint,
)
from torch import Tensor, nn
from torch.nn import functional as F

from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.frontend.integers import IntegerNetwork, to_integers
from finn_build.proof import levels
from sim.golden import IntegerModel

SIZE, C = (8, 10), 8  # of the image, and channels of every block
Function = Callable[[Any, Tensor], Any]


def _conv(inside: int, outside: int, kernel: int | tuple[int, int] = 3, **options: Any) -> nn.Module:
    weights = {"weight_quant": Int8WeightPerTensorFixedPoint, "weight_bit_width": 4, "bias": False}
    return QuantConv2d(inside, outside, kernel, **weights | options)


def _signs(inside: int, outside: int, kernel: int = 3, **options: Any) -> nn.Module:
    return _conv(
        inside, outside, kernel, weight_quant=SignedBinaryWeightPerTensorConst, weight_scaling_init=0.25, **options
    )


def _sign() -> nn.Module:
    return QuantIdentity(SignedBinaryActPerTensorConst, scaling_const=1.0)


def _act(bits: int = 4) -> nn.Module:
    return QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=bits)


def _relu(bits: int = 4) -> nn.Module:
    return QuantReLU(Uint8ActPerTensorFixedPoint, bit_width=bits)


def _shuffled(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], 2, C // 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


class _Block(nn.Module):
    """Modules a, b, c, d, and what they compute of a quantized map of `C` channels: another such map."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor], *modules: nn.Module):
        super().__init__()
        self.function, self.last = function, _act()
        for name, module in zip("abcd", modules, strict=False):
            setattr(self, name, module)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.function(self, x))


BLOCKS: dict[str, Callable[[], nn.Module]] = {
    "convolution": lambda: _Block(lambda m, x: m.a(x), _conv(C, C)),
    "padded": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, padding=1)),
    "strided": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, stride=2, padding=1)),
    "one by one": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, 1)),
    "uneven kernel": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, (1, 3), padding=(0, 1))),
    "batch norm, relu": lambda: _Block(lambda m, x: m.b(m.a(x)).relu(), _conv(C, C, padding=1), nn.BatchNorm2d(C)),
    "batch norm, prelu": lambda: _Block(
        lambda m, x: m.c(m.b(m.a(x))), _conv(C, C, padding=1), nn.BatchNorm2d(C), nn.PReLU(C)
    ),
    "silu": lambda: _Block(lambda m, x: F.silu(m.a(x)), _conv(C, C, padding=1)),
    "hardswish": lambda: _Block(lambda m, x: F.hardswish(m.a(x)), _conv(C, C, 1)),
    "depthwise": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, padding=1, groups=C)),
    "depthwise separable": lambda: _Block(
        lambda m, x: m.c(m.b(m.a(x).relu())), _conv(C, C, padding=1, groups=C), _relu(), _conv(C, C, 1)
    ),
    "grouped": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, padding=1, groups=2)),
    "dilated": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, padding=2, dilation=2)),
    "padded wider than the kernel": lambda: _Block(lambda m, x: m.a(x), _conv(C, C, padding=3)),
    "binary": lambda: _Block(lambda m, x: m.b(m.a(x)), _sign(), _signs(C, C, padding=1)),
    "binary, +1 around": lambda: _Block(
        lambda m, x: m.b(F.pad(m.a(x), (1, 1, 1, 1), value=1.0)), _sign(), _signs(C, C)
    ),
    "residual": lambda: _Block(lambda m, x: x + m.b(m.a(x)), _conv(C, C, padding=1), _act()),
    "residual of sums": lambda: _Block(lambda m, x: m.a(x) + x, _conv(C, C, padding=1)),
    "residual, relu": lambda: _Block(lambda m, x: (x + m.b(m.a(x))).relu(), _conv(C, C, padding=1), _act()),
    "two branches added": lambda: _Block(lambda m, x: m.a(x) + m.b(x), _conv(C, C, 1), _conv(C, C, 3, padding=1)),
    "squeeze and excite": lambda: _Block(
        lambda m, x: m.a(x) * m.c(torch.sigmoid(m.b(m.a(x).mean((2, 3), keepdim=True)))), _relu(), _act(), _relu(3)
    ),
    "larger of two": lambda: _Block(lambda m, x: torch.maximum(m.b(m.a(x)), x), _conv(C, C, 1), _act()),
    "product": lambda: _Block(lambda m, x: m.b(m.a(x)) * x, _conv(C, C, 1), _act()),
    "difference": lambda: _Block(lambda m, x: m.b(m.a(x)) - x, _conv(C, C, 1), _act()),
    "dense block": lambda: _Block(
        lambda m, x: m.b(torch.cat((x, m.c(m.a(x))), 1)), _conv(C, 4, padding=1), _conv(12, C, 1), _act()
    ),
    "split, activated, joined": lambda: _Block(
        lambda m, x: torch.cat((m.b(F.relu(m.a(x) + 0.2)[:, :4]), m.b(F.elu(m.a(x) + 0.2)[:, 4:])), 1),
        _conv(C, C, 1), _act(),
    ),
    "shuffle": lambda: _Block(lambda m, x: m.a(_shuffled(x)), _conv(C, C, 1)),
    "shuffle of sums": lambda: _Block(lambda m, x: _shuffled(m.a(x) + 0.1), _conv(C, C, 1)),
    "pixel shuffle": lambda: _Block(
        lambda m, x: m.c(m.b(F.pixel_shuffle(m.a(x) + 0.1, 2))), _conv(C, 4 * C, 1), _act(), _conv(C, C, 3, stride=2)
    ),
    "transposed": lambda: _Block(
        lambda m, x: m.a(x),
        QuantConvTranspose2d(C, C, 2, 2, bias=False, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=4),
    ),
    "upsampled": lambda: _Block(lambda m, x: m.a(F.interpolate(x, scale_factor=2)), _conv(C, C, 3, stride=2)),
    "max pool": lambda: _Block(lambda m, x: F.max_pool2d(m.a(x), 2), _conv(C, C, padding=1)),
    "max pool, ceil mode": lambda: _Block(lambda m, x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
    "max pool, padded": lambda: _Block(lambda m, x: m.a(F.max_pool2d(x, 3, 2, padding=1)), _conv(C, C, 1)),
    "max pool behind zeros": lambda: _Block(lambda m, x: m.a(F.max_pool2d(F.pad(x, (1, 0, 0, 1)), 2)), _conv(C, C, 1)),
    "average pool": lambda: _Block(lambda m, x: m.a(m.b(F.avg_pool2d(x, 2))), _conv(C, C, 1), _act(8)),
    "average pool, padded": lambda: _Block(lambda m, x: F.avg_pool2d(x, 4, 2, padding=1)),
    "average pool, ceil mode": lambda: _Block(lambda m, x: F.avg_pool2d(x, 2, ceil_mode=True)),
    "average pool, uneven": lambda: _Block(lambda m, x: F.avg_pool2d(x, 2, 1, padding=1, count_include_pad=False)),
    "average pool, padded, uneven": lambda: _Block(
        lambda m, x: F.avg_pool2d(m.a(x), 3, 2, padding=1, count_include_pad=False), _conv(C, C, 1)
    ),
    "average pool past the edge": lambda: _Block(lambda m, x: F.avg_pool2d(x, 3, 3, ceil_mode=True)),
    "truncating pool": lambda: _Block(
        lambda m, x: m.b(m.a(x)), QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, return_quant_tensor=True),
        TruncAvgPool2d(2, trunc_quant=TruncTo8bit, bit_width=4, return_quant_tensor=False),
    ),
    "padded with a level": lambda: _Block(
        lambda m, x: m.b(F.pad(m.a(x), (1, 1, 1, 1), value=0.5)),
        QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, scaling_impl_type="const", min_val=-2.0, max_val=1.75),
        _conv(C, C),
    ),
    "reflected": lambda: _Block(lambda m, x: m.a(F.pad(x, (1, 1, 1, 1), mode="reflect")), _conv(C, C)),
    "binary, edge repeated": lambda: _Block(
        lambda m, x: m.b(F.pad(m.a(x), (2, 0, 1, 1), mode="replicate")), _sign(), _signs(C, C)
    ),
    "sums reflected": lambda: _Block(
        lambda m, x: F.pad(F.relu(m.a(x) + 0.1), (1, 0, 0, 1), mode="reflect"), _conv(C, C)
    ),
    "relu of levels": lambda: _Block(lambda m, x: m.a(F.relu(x)), _conv(C, C, 1)),
    "clipped levels": lambda: _Block(lambda m, x: m.a(F.max_pool2d(x.clamp(-0.5, 0.5), 2)), _conv(C, C, 1)),
    "clipped between levels": lambda: _Block(
        lambda m, x: m.b(m.a(x).clamp(-0.75, 0.75)),
        QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, scaling_impl_type="const", min_val=-4.0, max_val=3.5),
        _conv(C, C, 1),
    ),
    "rounded to zero": lambda: _Block(
        lambda m, x: m.b(m.a(x)), _conv(C, C, 1),
        QuantIdentity(Int8ActPerTensorFixedPoint, bit_width=4, float_to_int_impl_type="round_to_zero"),
    ),
    "asymmetric": lambda: _Block(
        lambda m, x: m.c(m.b(m.a(x))), _conv(C, C, padding=1),
        QuantIdentity(ShiftedUint8ActPerTensorFloat, bit_width=4), _conv(C, C, padding=1),
    ),
    "cropped": lambda: _Block(lambda m, x: m.a(x[:, :, 1:, :-1]), _conv(C, C, 1)),
}  # fmt: skip
BEFORE: dict[str, Function] = {
    "centred": lambda m, x: 2 * x - 1,
    "normalised": lambda m, x: (x - m.mean) / 0.25,
    "channels turned, flipped": lambda m, x: 2 * x[:, [2, 1, 0]].flip(3) - 1,
    "bilinear": lambda m, x: F.interpolate(x, (10, 10), mode="bilinear") * 2 - 1,
    "as it is": lambda m, x: x,
}
HEADS: dict[str, Function] = {
    "mean, dense": lambda m, x: m.dense(x.mean((2, 3))),
    "pooled, flattened": lambda m, x: m.dense(m.quant(F.adaptive_avg_pool2d(x, 1)).flatten(1)),
    "label": lambda m, x: m.dense(x.amax((2, 3)) * 0 + x.mean((2, 3))).argmax(1) if m.odd else x.sum((2, 3)).argmax(1),
    "softmax": lambda m, x: m.dense(x.mean((2, 3))).softmax(1),
    "float dense": lambda m, x: m.linear(x.mean((2, 3))),
    "layer norm": lambda m, x: m.linear(m.norm(x.mean((2, 3)))),
    "top 3": lambda m, x: tuple(m.dense(x.mean((2, 3))).topk(3)),
    "unit length": lambda m, x: F.normalize(x.mean((2, 3)), dim=1),
    "map": lambda m, x: m.point(x),
    "label map": lambda m, x: m.point(x).argmax(1),
    "bilinear map": lambda m, x: F.interpolate(m.point(x), scale_factor=2, mode="bilinear"),
    "two outputs": lambda m, x: (m.point(x), m.dense(x.mean((2, 3)))),
}


class _Network(nn.Module):
    def __init__(self, number: int, before: str, blocks: list[str], head: str) -> None:
        super().__init__()
        self.before, self.head, self.odd = BEFORE[before], HEADS[head], False
        self.pixels, self.first, self.act = _act(8), _conv(3, C, padding=1), _act()
        self.blocks = nn.Sequential(*(BLOCKS[name]() for name in blocks))
        self.dense = QuantLinear(C, 5, bias=False, weight_quant=Int8WeightPerTensorFixedPoint, weight_bit_width=4)
        self.point, self.quant = _conv(C, 3, 1), _act(8)
        self.linear, self.norm = nn.Linear(C, 5), nn.LayerNorm(C)
        self.register_buffer("mean", torch.tensor([0.5, 0.25, 0.5])[:, None, None])

    def forward(self, x: Tensor) -> Any:
        return self.head(self, self.blocks(self.act(self.first(self.pixels(self.before(self, x))))))


def describe(number: int) -> tuple[str, list[str], str, bool]:
    """Host part, blocks, head, and whether as QCDQ, of a network: every block comes before one comes twice."""
    rng, names = np.random.default_rng(number), list(BLOCKS)
    blocks = [names[number % len(names)], str(rng.choice(names))]
    qcdq = number % 4 == 3 and not any("binary" in b or "truncating" in b or "zero" in b for b in blocks)
    return str(rng.choice(list(BEFORE))), blocks, str(rng.choice(list(HEADS))), qcdq


def write(number: int, path: Path) -> tuple[nn.Module, Tensor]:
    """Make network `number`, settle its scales on random images, and export it."""
    before, blocks, head, qcdq = describe(number)
    torch.manual_seed(number)
    model, images = _Network(number, before, blocks, head), torch.rand((8, 3, *SIZE))
    with torch.no_grad():
        for _ in range(3):
            model.train()(images)
        export = export_onnx_qcdq if qcdq else export_qonnx
        export(model.eval(), torch.zeros(1, 3, *SIZE), str(path), dynamo=False)
    return model, images[:2]


def outcome(number: int, folder: Path) -> str:
    """ "exact", or why not: "refused: ..." or "crashed: ..."; what is built and not exact is an AssertionError."""
    path = folder / f"net_{number}.onnx"
    model, images = write(number, path)
    try:
        qonnx = import_qonnx(path)
        network = to_integers(qonnx)
        if network.problems:
            return "refused: " + "; ".join(map(str, network.problems))
    except Exception as error:
        return f"crashed: {type(error).__name__}: {error}"
    _require_exact(qonnx, network, model, images, number)
    return "exact"


def _require_exact(qonnx: Any, network: IntegerNetwork, model: nn.Module, images: Tensor, number: int) -> None:
    """Every integer is ONNX Runtime's and QONNX's, and every output PyTorch's where its sums are exact."""
    inner = list(network.tensors)[1:]
    got = IntegerModel(network.model).run(network.quantize_images(images.numpy()), inner)
    reference = levels.qonnx_values(qonnx, network, images.numpy(), lambda fraction: None)
    for name in set(inner) & set(reference):
        assert np.array_equal(levels.channels_last(got[name]), reference[name]), (number, name)
    for name in network.tails:
        wanted = levels.network_output(reference, name)
        found = network.to_network_output(name, got[network.tails[name].source])
        assert found.shape == wanted.shape and _same(found, wanted, network.tails[name].rounded), (number, name)
    if not all(t.exact for t in network.tensors.values()) or describe(number)[0] == "bilinear":
        return
    with torch.inference_mode():
        outputs = model(images)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for (name, tail), wanted in zip(network.tails.items(), outputs, strict=True):
        found = network.to_network_output(name, got[tail.source])
        assert found.shape == wanted.shape, (number, name, found.shape, wanted.shape)
        assert _same(found, wanted.numpy(), tail.rounded), (number, name)


def _same(found: np.ndarray, wanted: np.ndarray, rounded: bool) -> bool:
    """Equal, or but for the last bits of what the host sums in its own order, as the gate has it."""
    return bool(np.isclose(found, wanted, 1e-5, 1e-6).all()) if rounded else np.array_equal(found, wanted)


def main(arguments: list[str] | None = None) -> None:
    """Count outcomes; a line for each network that is not exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="networks (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default: 0)")
    options, counts = parser.parse_args(arguments), Counter[str]()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.first, options.first + options.count):
            try:
                found = outcome(number, Path(folder))
            except AssertionError as error:
                found = f"not exact: {error}"
            counts[found.split(":")[0]] += 1
            if found != "exact":
                print(f"{number} {describe(number)}: {found}"[:400], flush=True)
    print(", ".join(f"{count} {name}" for name, count in counts.most_common()))


if __name__ == "__main__":
    main()
