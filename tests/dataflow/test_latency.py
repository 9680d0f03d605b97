"""Predicted latency of a chain, and simulated: windows that reach beyond small images, behind ops that are slow."""

from pathlib import Path

import numpy as np
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.latency import predict_latency
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from tests.dataflow.ops.op_case import FRAMES, OpBench
from tests.dataflow.ops.test_bitconv import bitconv
from tests.dataflow.ops.test_pool import pool

SLACK = 2  # cycles by which a binary convolution may be off
CHAIN = (
    ("BitConv_rtl", bitconv((4, 2), 8, 8, 3, 2, simd=2)),
    ("BitConv_rtl", bitconv((2, 1), 8, 8, simd=4)),
    ("BitConv_rtl", bitconv((2, 1), 8, 8, 3, 2, simd=1)),
    ("BitConv_rtl", bitconv((1, 1), 8, 8, simd=2)),
    ("StreamPool_rtl", pool((1, 1), (3, 3), (1, 1), (1, 1, 1, 1), dtype="INT4", channels=8, pe=1)),
)


def test_images_smaller_than_their_windows(tmp_path: Path) -> None:
    model, values = ModelWrapper(qonnx_make_model(helper.make_graph([], "chain", [], []))), np.empty(0)
    tensor, want = "in", np.empty(0)
    for number, (kind, case) in enumerate(CHAIN):
        bench = OpBench(kind, [case])
        (op,), (node,) = bench.ops, bench.model.graph.node
        if not number:
            (values,) = bench.values.values()
            want = values
            model.graph.input.append(helper.make_tensor_value_info(tensor, 1, op.streams_in()[0].shape))
        names = [f"n{number}_{name}" for name in node.input[1:]]
        node.name, node.input[:], node.output[:] = f"n{number}", [tensor, *names], [f"n{number}_out"]
        for name, (value, dtype) in zip(names, case.parameters, strict=True):
            model.set_initializer(name, np.asarray(value, np.float32))
            model.set_tensor_datatype(name, dtype)
        for name, stream in ((tensor, op.streams_in()[0]), (node.output[0], op.streams_out()[0])):
            model.set_tensor_shape(name, list(stream.shape))
            model.set_tensor_datatype(name, stream.dtype)
        model.graph.node.append(node)
        tensor, want = node.output[0], np.stack([case.reference(x, *(v for v, _ in case.parameters)) for x in want])
    model.graph.output.append(helper.make_tensor_value_info(tensor, 1, want.shape[1:]))
    design = stitch(model, tmp_path)
    results, run = simulate(design, {"in": values}, FRAMES)
    assert np.array_equal(results[tensor].reshape(want.shape), want)
    first, last = (run.streams[s.signal] for s in (design.inputs[0], design.outputs[0]))
    simulated = last.frame_end[0] - first.first_beat + 1
    assert abs(predict_latency(model) - simulated) <= SLACK, (predict_latency(model), simulated)
