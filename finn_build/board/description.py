"""What the driver has to know of a build: writes `accelerator.json` and `accelerator.npz`."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.datatype import DataType
from signflow_driver.description import Description, HostSource, HostStep, HostTail, Skip, StreamFormat
from signflow_driver.host_ops import OPS

from brevitas_models.data.images import to_float
from finn_build.board.shell import hash_of, ring_bytes
from finn_build.dataflow.latency import predict_latency
from finn_build.frontend.integers import IntegerNetwork
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, MOVES, FloatChain
from finn_build.frontend.meaning import classes_of
from finn_build.proof.levels import channel_orders
from finn_build.rtl.stitch import DesignStream
from finn_build.state import Build

_PIXELS = 256
_TIMEOUT_LATENCIES = 4  # a frame may take as many predicted latencies before the shell gives up
_TIMEOUT_MARGIN = 100_000  # cycles: memory and bus of a busy board


def write_description(build: Build, path: Path) -> None:
    """Write the driver's description of a build with its shell, `accelerator.json`, and the arrays as .npz beside it.

    Raises:
        UnsupportedModelError: see `describe`.
    """
    assert build.shell is not None
    replace(describe(build), build_hash=build.shell.build_hash).save(path)


def describe(build: Build) -> Description:
    """The driver's description of a stitched build, before it has a build hash.

    Args:
        build: with `integers`, `streams` and `design`.

    Raises:
        UnsupportedModelError: the host's part of the network has an operation that the driver lacks.
    """
    orders, arrays = channel_orders(build.streams), _head(build.integers, build.network.input_shape)
    tails = tuple(_tail(build, name, arrays) for name in build.integers.tails)
    slowest = max(predict_latency(build.streams), build.design.longest_cycles)
    return Description(
        model=build.network.name,
        board=build.board.name,
        clk_mhz=build.board.clk_mhz,
        build_hash="",
        design_hash=hash_of(build.design),
        timeout_cycles=_TIMEOUT_LATENCIES * slowest + _TIMEOUT_MARGIN,
        image_shape=build.network.input_shape[1:],
        classes=_class_names(build),
        inputs=tuple(_format(s, orders) for s in build.design.inputs),
        outputs=tuple(_format(s, orders) for s in build.design.outputs),
        tails=tails,
        skips=tuple(
            Skip(skip.sent.tensor, skip.taken.tensor, ring_bytes(skip.sent.stream, skip.depth, build.board))
            for skip in build.design.skips
        ),
        inspection=build.network.inspection,
        arrays=arrays,
    )


def _class_names(build: Build) -> tuple[str, ...]:
    """The network's, or those of the labelled images where there are as many as the network tells apart."""
    told = {classes_of(build.integers, name, m) for name, m in build.meanings.items() if m.of_images}
    labelled = build.images.classes if (build.images.labels >= 0).any() else ()
    return build.network.classes or (labelled if len(labelled) in told else ())


def _format(found: DesignStream, orders: dict[str, list[int]]) -> StreamFormat:
    stream = found.stream
    kind = "bipolar" if stream.dtype == DataType["BIPOLAR"] else "signed" if stream.dtype.signed() else "unsigned"
    order = tuple(orders.get(found.tensor, ()))
    return StreamFormat(found.tensor, stream.shape, stream.lanes, stream.dtype.bitwidth(), kind, order)


def _head(integers: IntegerNetwork, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """What enters for bytes; of signals and vectors, which may be floats, for these too."""
    arrays = _for_bytes(integers, shape)
    if len(shape) < 4 and "head_model" not in arrays:
        assert integers.head is not None
        arrays |= _thresholds(integers) | ({"float_model": _model(integers.head)} if integers.head.nodes else {})
    return arrays


def _for_bytes(integers: IntegerNetwork, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """What enters for the pixels of an image.

    A table by channel, "head", with "taken" and "row" where pixels move; a model and thresholds where an element
    depends on several pixels.
    """
    assert integers.head is not None
    if {node.op_type for node in integers.head.nodes} <= ELEMENTWISE_OPS | MOVES:
        arrays = _by_channel(integers, shape) or _by_element(integers, shape)
        image = np.random.default_rng(0).integers(0, _PIXELS, shape, dtype=np.uint8)
        channel = np.repeat(np.arange(shape[1]), prod(shape[2:]))
        row, taken = arrays.get("row", channel), arrays.get("taken", np.arange(prod(shape)))
        if np.array_equal(integers.quantize_images(to_float(image)).ravel(), arrays["head"][row, image.ravel()[taken]]):
            return arrays
    return {"head_model": _model(integers.head)} | _thresholds(integers)


def _model(chain: FloatChain) -> np.ndarray:
    return np.frombuffer(chain.model.SerializeToString(), np.uint8)


def _thresholds(integers: IntegerNetwork) -> dict[str, np.ndarray]:
    """Of the image's quantizer, for each channel: the least float32 of each level, found by halving all floats.

    A quantizer never falls. Floats are halved in the order of their bits.
    """
    quantizer, entering = integers.head_quantizer, next(iter(integers.tensors.values()))
    assert quantizer is not None
    levels = np.arange(int(entering.low.min()), int(entering.high.max()) + 1, 1 + entering.bipolar)
    shape = (1, entering.channels, len(levels) - 1) + (1,) * (len(entering.shape) - 3)
    below = np.full(shape, _ordered(np.float32(-np.finfo(np.float32).max)), np.int64)
    above = np.full(shape, _ordered(np.float32(np.finfo(np.float32).max)), np.int64)
    wanted = levels[1:].reshape(1, 1, *shape[2:3], *(1,) * (len(shape) - 3))
    while np.any(above - below > 1):
        middle = (above + below) // 2
        reached = quantizer(_float_at(middle)) >= wanted
        below, above = np.where(reached, below, middle), np.where(reached, middle, above)
    found = _float_at(above).reshape(entering.channels, -1)
    rows = found[:1] if np.array_equal(found, np.broadcast_to(found[:1], found.shape)) else found
    return {"head_thresholds": rows, "head_lowest": np.repeat(levels[None], len(rows), axis=0)}


def _ordered(value: np.float32) -> int:
    """Where a float32 stands among all, in the order of their values."""
    bits = int(np.float32(value).view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def _float_at(places: np.ndarray) -> np.ndarray:
    """The float32 at each place of that order."""
    magnitude = np.abs(places).astype(np.int32).view(np.float32)
    return np.where(places < 0, -magnitude, magnitude)


def _by_channel(integers: IntegerNetwork, shape: tuple[int, ...]) -> dict[str, np.ndarray] | None:
    """The integer of each value of a pixel, by channel; None where pixels move, or one channel's are not all alike."""
    assert integers.head is not None and integers.head_quantizer is not None
    pixels = np.repeat(np.arange(_PIXELS, dtype=np.uint8)[:, None], shape[1], axis=1)
    if any(node.op_type in MOVES for node in integers.head.nodes):
        return None
    try:
        return {"head": integers.head_quantizer(integers.head.by_channel(to_float(pixels))).T}
    except ValueError:
        return None


def _by_element(integers: IntegerNetwork, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """For each element that enters: the pixel that it takes, and the row of the table that it looks it up in."""
    values = np.arange(_PIXELS, dtype=np.uint8).reshape(-1, *(1,) * (len(shape) - 1))
    found = [integers.quantize_images(to_float(np.broadcast_to(v, shape))).ravel() for v in values]
    rows, row = np.unique(np.stack(found, axis=1), axis=0, return_inverse=True)
    return {"head": rows.astype(np.int64), "taken": _taken(integers.head, shape), "row": row.astype(np.int64)}


def _taken(head: FloatChain | None, shape: tuple[int, ...]) -> np.ndarray:
    """The pixel that each element takes: the chain without what changes values, on the pixels' numbers."""
    assert head is not None
    nodes = [
        n if n.op_type in MOVES else helper.make_node("Identity", [_moving(n, head)], list(n.output))
        for n in head.nodes
    ]
    numbers = replace(head, nodes=nodes)(np.arange(prod(shape), dtype=np.float32).reshape(shape))
    return np.clip(numbers.ravel(), 0, prod(shape) - 1).astype(np.int64)  # padding takes any: its row is constant


def _moving(node: NodeProto, head: FloatChain) -> str:
    """The input of an elementwise node that is no constant."""
    return next(name for name in node.input if name and name not in head.constants)


def _tail(build: Build, name: str, arrays: dict[str, np.ndarray]) -> HostTail:
    """One output of the network; its scale and constants go to `arrays`, or a model where NumPy lacks an operation."""
    integers = build.integers
    assert integers is not None
    tail = integers.tails[name]
    source = integers.tensors[tail.source]
    tensors = {*tail.sources, *(name for node in tail.nodes for name in (*node.input, *node.output))}
    named = (f"array_{i}" for i in count(len(arrays)))
    free = (array for array in named if array not in tensors)  # as a tensor may be called
    scale = next(free)
    arrays[scale] = np.asarray(source.scale, np.float32)
    if tail.beside or {node.op_type for node in tail.nodes} - set(OPS):
        model = next(free)
        arrays[model] = _model(tail)
        others = tuple(HostSource(other, next(free), integers.tensors[other].divisor) for other in tail.sources[1:])
        arrays |= {other.scale: np.asarray(integers.tensors[other.stream].scale, np.float32) for other in others}
        return HostTail(name, tail.source, scale, source.divisor, (), model, build.meanings[name], others)
    renamed = {constant: next(free) for constant in tail.constants}
    arrays |= {renamed[constant]: value for constant, value in tail.constants.items()}
    steps = tuple(
        HostStep(
            node.op_type,
            tuple(renamed.get(i, i) for i in node.input),
            node.output[0],
            {a.name: _plain(helper.get_attribute_value(a)) for a in node.attribute},
        )
        for node in tail.nodes
    )
    return HostTail(name, tail.source, scale, source.divisor, steps, meaning=build.meanings[name])


def _plain(value: Any) -> Any:
    """An attribute as JSON has it."""
    return value.decode() if isinstance(value, bytes) else value
