"""What becomes of networks on their way to hardware: integers, streams, lanes, FIFOs and memories.

The networks are those of `tests.builds.random_networks` and `many_networks`, as Brevitas wrote them, in `networks.zip`:
drawn again, their weights would have other last bits on other processors.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZIP_LZMA, ZipFile, ZipInfo

import numpy as np
import onnx
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.budget import port_cycles, usage
from finn_build.dataflow.latency import predict_latency
from finn_build.dataflow.passes._skips import too_shallow
from finn_build.errors import SignflowError
from finn_build.frontend import network as networks
from finn_build.frontend.integers.tensor import IntTensor
from finn_build.state import Build
from tests.builds.pipeline_runs import run_steps, start_build
from tests.records.record import FOLDER, Said

NETWORKS = FOLDER / "networks.zip"
RANDOM = (0, 3, 11, 13, 17, 39, 57, 209, 1002, 1008, 2001, 3001, 3005, 3012, 3015, 3016, 3024, 3026, 3040)
MANY = (
    *range(14),
    17,
    19,
    25,
    29,
    31,
    32,
    35,
    39,
    70,
    118,
    119,
    145,
    203,
    244,
    303,
    346,
    418,
)  # every kind of block, host part and head
TARGETS: Mapping[str, tuple[int, Mapping[str, Any]]] = {  # for every so many networks, how a build is configured
    "fast": (1, {}),
    "slow": (3, {"target_fps": 20_000}),
    "small": (4, {"limit": {"lut": 9000, "bram": 8, "dsp": 4}, "clk_mhz": 80}),
}


def write_networks() -> None:
    """Draw those that are not there."""
    from tests.builds import many_networks
    from tests.builds.random_networks import random_network

    with tempfile.TemporaryDirectory() as folder, ZipFile(NETWORKS, "a") as file:
        path = Path(folder) / "network.onnx"
        for name in [n for n in names() if f"{n}.onnx" not in file.namelist()]:
            kind, _, number = name.partition(" ")
            if kind == "random":
                random_network(int(number)).export(path, dynamo=False)
            else:
                many_networks.write(int(number), path)
            file.writestr(ZipInfo(f"{name}.onnx"), onnx.load(path).SerializeToString(), ZIP_LZMA)


def names() -> list[str]:
    """Of every network."""
    return [*(f"random {n}" for n in RANDOM), *(f"many {n}" for n in MANY)]


@cache
def _compiled(name: str, folder: Path) -> Build:
    path = folder / f"{name}.onnx"
    with ZipFile(NETWORKS) as file:
        path.write_bytes(file.read(path.name))
    return run_steps(start_build(networks.from_qonnx(path), folder), ("integers",))


def integers_of(name: str, folder: Path) -> Said:
    """What a network is in integers, and what its host computes."""
    try:
        build = _compiled(name, folder)
    except SignflowError as error:
        return {"refused": error}
    found = build.integers
    ints = found.quantize_images(build.frames)
    rng = np.random.default_rng(1)
    ends = {n: found.tensors[tail.source] for n, tail in found.tails.items()}
    values = {n: rng.integers(t.low.min(), t.high.max() + 1, (2, *t.shape[1:])) for n, t in ends.items()}
    outputs = [np.nan_to_num(found.to_network_output(n, v)).astype(np.float64) for n, v in values.items()]
    return {
        "read": graph_parts(build.network.qonnx),
        "integers": graph_parts(found.model),
        "tensors": [tensor_parts(t) for t in found.tensors.values()],
        "image": ints,
        "outputs": [np.round(o / max(1e-9, float(np.abs(o).max())) * 1e4) for o in outputs],
        "shapes": sorted(found.shapes.items()),
        "meanings": build.meanings,
        "not run": build.not_run,
    }


def tensor_parts(t: IntTensor) -> list[object]:
    """What a tensor of integers holds, and what follows from it."""
    held = [t.name, t.shape, t.scale, t.low, t.high, t.divisor, t.bipolar]
    return [*held, t.exact, t.has_room, t.noise, t.evaluations, t.dtype.name, t.every_integer()]


def streams_of(name: str, folder: Path) -> Said:
    """What hardware a network becomes: lowered, then folded and buffered for several targets."""
    number = names().index(name)
    try:
        compiled = _compiled(name, folder)
    except SignflowError:
        return {}
    return hardware_of(compiled, folder, {t: config for t, (every, config) in TARGETS.items() if number % every == 0})


def hardware_of(compiled: Build, folder: Path, targets: Mapping[str, Mapping[str, Any]]) -> Said:
    """What a network of integers becomes, for each target."""
    said: dict[str, object] = {}
    for target, config in targets.items():
        build = start_build(compiled.network, folder, **config)
        build.integers = compiled.integers
        try:
            for step in ("lower", "fold", "buffer"):
                run_steps(build, (step,))
                said[f"{target}, {step}"] = graph_parts(build.streams)
            said[f"{target}, cycles"] = [build.target_cycles, build.next_step, predict_latency(build.streams)]
            said[f"{target}, usage"] = [usage(build.streams, build.board.part), port_cycles(build.streams, build.board)]
            said[f"{target}, too shallow"] = too_shallow(_shallow(build.streams))
        except SignflowError as error:
            said[f"{target}, refused"] = error
    return said


def _shallow(model: ModelWrapper) -> ModelWrapper:
    """With FIFOs of two beats."""
    made = ModelWrapper(model.model, make_deepcopy=True)
    for fifo in made.get_nodes_by_op_type("StreamFIFO_rtl"):
        getCustomOp(fifo).set_nodeattr("depth", 2)
    return made


def graph_parts(model: ModelWrapper) -> list[object]:
    """Every node and tensor."""
    return [f"{len(model.graph.node)} nodes", *_parts(model)]


def _parts(model: ModelWrapper) -> Iterator[object]:
    for node in model.graph.node:
        attributes = sorted((a.name, str(helper.get_attribute_value(a))) for a in node.attribute)
        yield f"{node.name} {node.op_type} {list(node.input)} {list(node.output)} {attributes}"
        for tensor in (*node.input, *node.output):
            yield f"{tensor} {model.get_tensor_shape(tensor)} {model.get_tensor_datatype(tensor)}"
            value = model.get_initializer(tensor)
            yield "" if value is None or value.dtype.kind not in "fiu" else value
