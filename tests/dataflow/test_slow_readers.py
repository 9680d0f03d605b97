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

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase
from tests.dataflow.ops.test_bitconv import bitconv
from tests.dataflow.ops.test_depthtospace import depth_to_space
from tests.dataflow.ops.test_mvau import mvau
from tests.dataflow.ops.test_pool import pool
from tests.dataflow.ops.test_swg import swg

PADDED = (1, 1, 1, 1)
CASES: dict[str, tuple[str, OpCase, int]] = {  # op, case, cycles from its last beat in to the last one out
    "a pool of tiles": ("StreamPool_rtl", pool((9, 9), (3, 3), (3, 3), dtype="INT4", pe=4), 7),
    "a pool of windows": ("StreamPool_rtl", pool((9, 9), (3, 3), (2, 2), PADDED, dtype="INT4", channels=8, pe=8), 72),
    "few windows": ("SWG_rtl", swg((9, 9), (1, 1), (2, 2), dtype="INT4", channels=2, simd=2), 4),
    "blocks of two": ("DepthToSpace_rtl", depth_to_space((3, 8), channels=2, pe=2), 37),
    "blocks of three": ("DepthToSpace_rtl", depth_to_space((3, 8), block=3, channels=3, pe=3), 149),
    "signs": ("BitMVAU_rtl", mvau("BIPOLAR", "BIPOLAR", 36, 8, 6, 4, (1, 6)), 14),
    "signs in one fold": ("BitMVAU_rtl", mvau("BIPOLAR", "BIPOLAR", 24, 4, 6, 4, (1, 6)), 8),
    "products": ("BitMVAU_rtl", mvau("UINT4", "INT4", 24, 4, 4, 4, (1, 6)), 10),
    "words of signs": ("BitConv_rtl", bitconv((6, 6), pe=4, lanes=4, steps=1), 240),
    "steps in their place": ("BitConv_rtl", bitconv((6, 6), rows=16, pe=16, lanes=16, steps=15), 485),
}


class Chain(NamedTuple):
    cycles: int  # of the slower of op and reader
    interval: float
    ahead: int  # cycles from the last beat in to the last beat out
    equal: bool


def append(model: ModelWrapper, name: str, bench: OpBench) -> dict[str, np.ndarray]:
    """Add an op with its reader, which sends the lanes of a beat one by one; the op's inputs, [FRAMES, *shape]."""
    (op,), (case,), (out,) = bench.ops, bench.cases, bench.ops[0].streams_out()
    node = type(op.onnx_node)()
    node.CopyFrom(op.onnx_node)
    node.name, result = name, f"{name}_y"
    for names in (node.input, node.output):
        names[:] = [f"{name}_{tensor}" for tensor in names]
    reader = helper.make_node(
        "StreamDWC_rtl", node.output, [result], name=f"{name}_reader", domain=DOMAIN, backend="fpgadataflow",
        shape=list(out.shape), inLanes=out.lanes, outLanes=1, dataType=out.dtype.name,
    )  # fmt: skip
    values = {f"{name}_{tensor}": value for tensor, value in bench.values.items()}
    for tensor, stream in zip((*values, *node.output, result), (*op.streams_in(), out, out), strict=True):
        model.set_tensor_shape(tensor, list(stream.shape))
        model.set_tensor_datatype(tensor, stream.dtype)
    for tensor, (value, dtype) in zip(node.input[len(values) :], case.parameters, strict=True):
        model.set_initializer(tensor, np.asarray(value, np.float32))
        model.set_tensor_datatype(tensor, dtype)
    model.graph.node.extend([node, reader])
    model.graph.input.extend(helper.make_tensor_value_info(n, 1, v.shape[1:]) for n, v in values.items())
    model.graph.output.append(helper.make_tensor_value_info(result, 1, out.shape))
    return values


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Chain]:
    return simulated(tmp_path_factory.mktemp("chains"))


def simulated(folder: Path) -> dict[str, Chain]:
    """All of them side by side in one simulation."""
    model = ModelWrapper(qonnx_make_model(helper.make_graph([], "chains", [], [])))
    benches = {name: OpBench(op_type, [case]) for name, (op_type, case, _) in CASES.items()}
    values = {}
    for number, bench in enumerate(benches.values()):
        values |= append(model, f"n{number}", bench)
    design = stitch(model, folder)
    results, run = simulate(design, values, FRAMES)
    ends = {s.tensor: run.streams[s.signal].frame_end for s in (*design.inputs, *design.outputs)}
    found = {}
    for (name, bench), op, reader in zip(benches.items(), *(model.graph.node[k::2] for k in (0, 1)), strict=True):
        last_in, out = ends[op.input[0]][-1], ends[reader.output[0]]
        cycles = max(getCustomOp(node).get_exp_cycles() for node in (op, reader))
        (want,) = bench.expected(0)
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
