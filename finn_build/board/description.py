"""What the driver has to know of a build: writes `accelerator.json` and `accelerator.npz`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from onnx import helper
from qonnx.core.datatype import DataType
from signflow_driver.description import Description, HostStep, HostTail, Skip, StreamFormat
from signflow_driver.host_ops import OPS

from brevitas_models.data.images import to_float
from finn_build.board.shell import ring_bytes
from finn_build.dataflow.latency import predict_latency
from finn_build.errors import UnsupportedModelError
from finn_build.frontend.integers import IntegerNetwork
from finn_build.proof.levels import channel_orders
from finn_build.rtl.stitch import DesignStream

if TYPE_CHECKING:
    from finn_build.pipeline import Build

_PIXELS = 256
_TIMEOUT_LATENCIES = 4  # a frame may take as many predicted latencies before the shell gives up
_TIMEOUT_MARGIN = 100_000  # cycles: memory and bus of a busy board


def write_description(build: Build, build_hash: str, path: Path) -> None:
    """Write the driver's description of a stitched build.

    Args:
        build: with `integers`, `streams` and `design`.
        build_hash: of the shell that `write_shell` returned.
        path: `accelerator.json`; the arrays go beside it as `accelerator.npz`.

    Raises:
        UnsupportedModelError: the host's part of the network has an operation that the driver lacks.
    """
    assert build.integers is not None and build.streams is not None and build.design is not None
    orders, arrays = channel_orders(build.streams), {"head": _head(build.integers, build.network.input_shape)}
    tails = tuple(_tail(build.integers, name, arrays) for name in build.integers.tails)
    slowest = max(predict_latency(build.streams), build.design.longest_cycles)
    Description(
        model=build.network.name,
        board=build.board.name,
        clk_mhz=build.board.clk_mhz,
        build_hash=build_hash,
        timeout_cycles=_TIMEOUT_LATENCIES * slowest + _TIMEOUT_MARGIN,
        image_shape=build.network.input_shape[1:],
        classes=build.network.classes,
        inputs=tuple(_format(s, orders) for s in build.design.inputs),
        outputs=tuple(_format(s, orders) for s in build.design.outputs),
        tails=tails,
        skips=tuple(
            Skip(skip.sent.tensor, skip.taken.tensor, ring_bytes(skip.sent.stream, skip.depth, build.board))
            for skip in build.design.skips
        ),
        inspection=build.network.inspection,
        arrays=arrays,
    ).save(path)


def _format(found: DesignStream, orders: dict[str, list[int]]) -> StreamFormat:
    stream = found.stream
    kind = "bipolar" if stream.dtype == DataType["BIPOLAR"] else "signed" if stream.dtype.signed() else "unsigned"
    order = tuple(orders.get(found.tensor, ()))
    return StreamFormat(found.tensor, stream.shape, stream.lanes, stream.dtype.bitwidth(), kind, order)


def _head(integers: IntegerNetwork, shape: tuple[int, ...]) -> np.ndarray:
    """The integer that enters for each value of a pixel, by channel, int64 [C, 256].

    Raises:
        UnsupportedModelError: it depends on more than the pixel and its channel.
    """
    assert integers.head is not None and integers.head_quantizer is not None
    pixels = np.repeat(np.arange(_PIXELS, dtype=np.uint8)[:, None], shape[1], axis=1)
    try:
        table = integers.head_quantizer(integers.head.by_channel(to_float(pixels))).T
    except (ValueError, RuntimeError) as error:
        raise UnsupportedModelError(
            f"host before {integers.head.output}: {error}; the driver looks pixels up"
        ) from error
    image = np.random.default_rng(0).integers(0, _PIXELS, shape, dtype=np.uint8)
    looked_up = table[np.arange(shape[1])[:, None], image.reshape(shape[1], -1)]
    entering = integers.quantize_images(to_float(image))
    if entering.size != looked_up.size or not np.array_equal(entering.ravel(), looked_up.ravel()):
        raise UnsupportedModelError(f"host before {integers.head.output}: not one function per pixel and channel")
    return table


def _tail(integers: IntegerNetwork, name: str, arrays: dict[str, np.ndarray]) -> HostTail:
    """One output of the network; its scale and constants go to `arrays`.

    Raises:
        UnsupportedModelError: an operation that the driver lacks.
    """
    tail = integers.tails[name]
    source = integers.tensors[tail.source]
    missing = sorted({node.op_type for node in tail.nodes} - set(OPS))
    if missing:
        raise UnsupportedModelError(
            f"host behind {tail.source}: the driver lacks {', '.join(missing)}; it has: {', '.join(sorted(OPS))}"
        )
    renamed = {constant: f"constant_{len(arrays) + i}" for i, constant in enumerate(tail.constants)}
    arrays |= {renamed[constant]: value for constant, value in tail.constants.items()}
    scale = f"scale_{len(arrays)}"
    arrays[scale] = np.asarray(source.scale, np.float32)
    steps = tuple(
        HostStep(
            node.op_type,
            tuple(renamed.get(i, i) for i in node.input),
            node.output[0],
            {a.name: helper.get_attribute_value(a) for a in node.attribute},
        )
        for node in tail.nodes
    )
    return HostTail(name, tail.source, scale, source.divisor, steps)
