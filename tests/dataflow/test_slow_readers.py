"""While its reader is busy an op takes every beat that it has a place for, so that the slowest of them sets the pace.

Behind each op stands a width converter that takes a beat in `lanes` cycles. An op that waits without need either misses
the rate, or takes its last beat later and has less of a frame inside.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN, Stream
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase
from tests.dataflow.ops.test_bitconv import bitconv
from tests.dataflow.ops.test_depthtospace import depth_to_space
from tests.dataflow.ops.test_mvau import mvau
from tests.dataflow.ops.test_pool import pool

PADDED = (1, 1, 1, 1)
CASES: dict[str, tuple[str, OpCase, int]] = {  # op, case, cycles from its last beat in to the last one out
    "a pool of tiles": ("StreamPool_rtl", pool((9, 9), (3, 3), (3, 3), dtype="INT4", pe=4), 7),
    "a pool of windows": ("StreamPool_rtl", pool((9, 9), (3, 3), (2, 2), PADDED, dtype="INT4", channels=8, pe=8), 72),
    "blocks of two": ("DepthToSpace_rtl", depth_to_space((3, 8), channels=2, pe=2), 37),
    "blocks of three": ("DepthToSpace_rtl", depth_to_space((3, 8), block=3, channels=3, pe=3), 149),
    "signs": ("BitMVAU_rtl", mvau("BIPOLAR", "BIPOLAR", 36, 8, 6, 4, (1, 6)), 14),
    "signs in one fold": ("BitMVAU_rtl", mvau("BIPOLAR", "BIPOLAR", 24, 4, 6, 4, (1, 6)), 8),
    "products": ("BitMVAU_rtl", mvau("UINT4", "INT4", 24, 4, 4, 4, (1, 6)), 10),
    "words of signs": ("BitConv_rtl", bitconv((6, 6), pe=4, lanes=4, steps=1), 240),
}


class Chain(NamedTuple):
    cycles: int  # of the slower of op and reader
    interval: float
    ahead: int  # cycles from the last beat in to the last beat out
    equal: bool


def converter(name: str, source: str, stream: Stream) -> helper.NodeProto:
    """Sends the lanes of a beat one by one."""
    return helper.make_node(
        "StreamDWC_rtl", [source], [f"{name}_y"], name=f"{name}_reader", domain=DOMAIN, backend="fpgadataflow",
        shape=list(stream.shape), inLanes=stream.lanes, outLanes=1, dataType=stream.dtype.name,
    )  # fmt: skip


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Chain]:
    return simulated(tmp_path_factory.mktemp("chains"))


def simulated(folder: Path) -> dict[str, Chain]:
    """All of them side by side in one simulation."""
    nodes, streams, values, expected = [], {}, {}, {}
    model = ModelWrapper(qonnx_make_model(helper.make_graph([], "chains", [], [])))
    for number, (op_type, case, _) in enumerate(CASES.values()):
        name, bench = f"n{number}", OpBench(op_type, [case])
        (op,), (out,) = bench.ops, bench.ops[0].streams_out()
        node = op.onnx_node
        nodes.append(type(node)())
        nodes[-1].CopyFrom(node)
        nodes[-1].name = name
        for names in (nodes[-1].input, nodes[-1].output):
            names[:] = [f"{name}_{tensor}" for tensor in names]
        nodes.append(converter(name, nodes[-1].output[0], out))
        taken = {f"{name}_{tensor}": value for tensor, value in bench.values.items()}
        streams |= dict(zip((*taken, *nodes[-2].output, *nodes[-1].output), (*op.streams_in(), out, out), strict=True))
        values |= taken
        expected[f"{name}_y"] = bench.expected(0)[0]
        for tensor, (value, dtype) in zip(nodes[-2].input[len(taken) :], case.parameters, strict=True):
            model.set_initializer(tensor, np.asarray(value, np.float32))
            model.set_tensor_datatype(tensor, dtype)
    info = {n: helper.make_tensor_value_info(n, 1, list(stream.shape)) for n, stream in streams.items()}
    model.graph.node.extend(nodes)
    model.graph.input.extend(info[name] for name in values)
    model.graph.output.extend(info[name] for name in expected)
    for tensor, stream in streams.items():
        model.set_tensor_datatype(tensor, stream.dtype)
    design = stitch(model, folder)
    results, run = simulate(design, values, FRAMES)
    found = {}
    ends = {s.tensor: run.streams[s.signal].frame_end for s in (*design.inputs, *design.outputs)}
    for name, op, reader in zip(CASES, model.graph.node[::2], model.graph.node[1::2], strict=True):
        last_in, out = ends[op.input[0]][-1], ends[reader.output[0]]
        cycles = max(getCustomOp(node).get_exp_cycles() for node in (op, reader))
        want = expected[reader.output[0]]
        equal = np.array_equal(results[reader.output[0]].reshape(want.shape), want)
        found[name] = Chain(cycles, (out[-1] - out[0]) / (FRAMES - 1), out[-1] - last_in, equal)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_slowest_sets_the_pace(chains: dict[str, Chain], name: str) -> None:
    check(chains[name], name)


def check(chain: Chain, name: str) -> None:
    """Values, rate, and what is inside."""
    assert chain.equal
    assert chain.interval == chain.cycles
    assert chain.ahead >= CASES[name][2], "it takes beats later than it could"
