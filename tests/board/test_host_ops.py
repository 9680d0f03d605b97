"""The host's part of a network in NumPy, beside ONNX Runtime, which the rest of the project takes for it."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper
from signflow_driver import load_description
from signflow_driver.host_ops import OPS, leave
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.board.description import write_description
from finn_build.errors import UnsupportedModelError
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from sim.golden import IntegerModel
from tests.board.deployments import STEPS
from tests.builds.pipeline_runs import run_steps, start_build

X = (np.random.default_rng(0).normal(size=(3, 4, 2, 5)) * 3).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 1, 1)).astype(np.float32)
SHAPE = np.array([0, -1, 5], np.int64)
EXACT = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), ([X, Y], {})),
    **dict.fromkeys(("Neg", "Identity", "Relu", "Flatten"), ([X], {})),
    "Reshape": ([X, SHAPE], {}),
    "Transpose": ([X], {"perm": [0, 2, 3, 1]}),
    "ArgMax": ([X], {"axis": 1, "keepdims": 0}),
}
ROUNDED = {
    **dict.fromkeys(("Sigmoid", "Tanh", "Exp"), ([X], {})),
    **dict.fromkeys(("Softmax", "LogSoftmax"), ([X], {"axis": 1})),
}


def test_every_op_is_tested() -> None:
    assert set(OPS) == set(EXACT) | set(ROUNDED)


@pytest.mark.parametrize("op", OPS)
def test_as_onnx_runtime(op: str) -> None:
    inputs, attributes = (EXACT | ROUNDED)[op]
    names = [f"in{i}" for i in range(len(inputs))]
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
    graph = helper.make_graph(
        [helper.make_node(op, names, ["out"], **attributes)],
        "one",
        [helper.make_tensor_value_info(n, kinds[i.dtype], i.shape) for n, i in zip(names, inputs, strict=True)],
        [helper.make_tensor_value_info("out", kinds[np.dtype(np.int64 if op == "ArgMax" else np.float32)], None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (wanted,) = session.run(None, dict(zip(names, inputs, strict=True)))
    found = OPS[op](*inputs, **attributes)
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    if op in EXACT:
        assert np.array_equal(found, wanted)
    else:  # transcendental functions of two libraries: floats that differ in their last bits
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


class _Tail(nn.Module):
    """A classifier whose scores pass through float operations at the end."""

    def __init__(self, end: nn.Module):
        super().__init__()
        from brevitas.nn import QuantConv2d, QuantLinear

        self.pixels, self.act = pixel_quantizer(), act_quantizer(2, signed=True, max_value=4.0)
        self.conv = QuantConv2d(1, 4, 3, stride=2, bias=False, **weight_quantizer(1))
        self.dense = QuantLinear(4 * 9, 3, bias=False, **weight_quantizer(8))
        self.register_buffer("slope", torch.tensor([0.3, -1.7, 2.1]))
        self.end = end

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense(self.act(self.conv(self.pixels(x))).flatten(1))
        return self.end(x * self.slope + 0.123)


def _described(end: nn.Module, folder: Path):  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    path = export_qonnx(_Tail(end).eval(), folder / "net.onnx", (1, 1, 8, 8))
    build = run_steps(start_build(networks.from_qonnx(path), folder), STEPS)
    write_description(build, "0" * 32, folder / "accelerator.json")
    return build.integers, load_description(folder / "accelerator.json")


def test_a_float_tail_gives_the_same_bits(tmp_path: Path) -> None:
    integers, description = _described(nn.Identity(), tmp_path)
    (tail,) = description.tails
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8)).astype(np.float32) / 256
    values = IntegerModel(integers.model).run(integers.quantize_images(images))[tail.stream]
    wanted = integers.to_network_output(tail.name, values)
    assert [step.op for step in tail.steps] == ["Mul", "Add"] and len(np.unique(wanted)) > 10
    assert np.array_equal(leave({tail.stream: values}, tail, description), wanted)


def test_what_the_driver_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match=r"host behind \S+: the driver lacks Elu; it has: Add, ArgMax, "):
        _described(nn.ELU(), tmp_path)
