"""The host's part of a network in NumPy, beside ONNX Runtime, which the rest of the project takes for it."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, ValueInfoProto, helper
from signflow_driver import load_description
from signflow_driver.host_ops import OPS, Leaving
from torch import Tensor, nn

from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from finn_build.board.description import write_description
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, ROUNDED_OPS
from sim.golden import IntegerModel
from tests.board.deployments import STEPS
from tests.builds.pipeline_runs import run_steps, start_build

X = (np.random.default_rng(0).normal(size=(3, 4, 2, 5)) * 3).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 1, 1)).astype(np.float32)
TRUE = X > 0
POSITIVE = np.abs(X) + np.float32(0.1)
SHAPE = np.array([0, -1, 5], np.int64)
CHANNEL = np.arange(1, 5, dtype=np.float32)
Case = tuple[list[np.ndarray | None], dict[str, object]]
EXACT: dict[str, Case] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu"), ([X, Y], {})),
    **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), ([np.rint(X), np.rint(Y)], {})),
    **dict.fromkeys(("Neg", "Identity", "Relu", "Flatten", "Abs", "Ceil", "Floor", "Sign", "Dropout"), ([X], {})),
    **dict.fromkeys(("And", "Or"), ([TRUE, Y > 0], {})),
    "ArgMax": ([X], {"axis": 1, "keepdims": 0}),
    "Cast": ([X], {"to": TensorProto.INT64}),
    "Clip": ([X, np.float32(-1), np.float32(2)], {}),
    "LeakyRelu": ([X], {"alpha": 0.3}),
    "Not": ([TRUE], {}),
    "QuantizeLinear": ([X, np.float32([0.25, 0.5, 0.1, 0.01]), np.int8([0, 3, -9, 5])], {"axis": 1}),
    "Reciprocal": ([POSITIVE], {}),
    "Reshape": ([X, SHAPE], {}),
    "Round": ([np.arange(-6, 7, dtype=np.float32) / 2], {}),
    "Sqrt": ([POSITIVE], {}),
    "ThresholdedRelu": ([X], {"alpha": 1.5}),
    "Transpose": ([X], {"perm": [0, 2, 3, 1]}),
    "Where": ([TRUE, X, Y], {}),
}
ROUNDED: dict[str, Case] = {
    **dict.fromkeys(("Sigmoid", "Tanh", "Exp", "Erf", "HardSwish", "Mish", "Selu", "Softplus", "Softsign"), ([X], {})),
    **dict.fromkeys(("Softmax", "LogSoftmax"), ([X], {"axis": 1})),
    **dict.fromkeys(("Celu", "Elu"), ([X], {"alpha": 0.7})),
    "BatchNormalization": ([X, CHANNEL, Y[:, 0, 0], CHANNEL - 2, CHANNEL], {"epsilon": 1e-3}),
    "Gelu": ([X], {"approximate": "tanh"}),
    "HardSigmoid": ([X], {"alpha": 0.3, "beta": 0.4}),
    "Log": ([POSITIVE], {}),
    "Pow": ([POSITIVE, np.float32(1.5)], {}),
}
OTHER_FORMS: list[tuple[str, Case, int]] = [
    ("Gelu", ([X], {}), 20),
    ("QuantizeLinear", ([X, np.float32(0.02)], {}), 18),
    ("Softplus", ([X * np.float32(50)], {}), 18),
    ("LogSoftmax", ([X * np.float32(50)], {"axis": 1}), 18),
    ("Clip", ([X, None, np.float32(2)], {}), 18),
    ("Clip", ([X, np.float32(-1)], {}), 18),
    ("Clip", ([X], {"min": -1.0, "max": 0.5}), 9),
]


def test_every_op_is_tested_and_all_that_a_tail_may_hold_is_there() -> None:
    assert set(OPS) == set(EXACT) | set(ROUNDED) and set(OPS) >= ELEMENTWISE_OPS
    assert set(ROUNDED) == ROUNDED_OPS


@pytest.mark.parametrize("op", OPS)
def test_as_onnx_runtime(op: str) -> None:
    _compare(op, (EXACT | ROUNDED)[op], 20 if op == "Gelu" else 18)


@pytest.mark.parametrize(("op", "case", "opset"), OTHER_FORMS)
def test_as_onnx_runtime_in_other_forms(op: str, case: Case, opset: int) -> None:
    _compare(op, case, opset)


def _compare(op: str, case: Case, opset: int) -> None:
    inputs, attributes = case
    names = ["" if array is None else f"in{i}" for i, array in enumerate(inputs)]
    given = {n: np.asarray(i) for n, i in zip(names, inputs, strict=True) if n}
    graph = helper.make_graph(
        [helper.make_node(op, names, ["out"], **attributes)],
        "one",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(i.dtype), i.shape) for n, i in given.items()],
        [ValueInfoProto(name="out")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (wanted,) = session.run(None, given)
    found = np.asarray(OPS[op](*inputs, **attributes))
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    if op in ROUNDED:  # transcendental functions of two libraries: floats that differ in their last bits
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    else:
        assert np.array_equal(found, wanted)


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
    build = run_steps(start_build(networks.from_qonnx(path), folder), (*STEPS, "shell"))
    write_description(build, folder / "accelerator.json")
    return build.integers, load_description(folder / "accelerator.json")


def test_a_float_tail_gives_the_same_bits(tmp_path: Path) -> None:
    integers, description = _described(nn.Identity(), tmp_path)
    (tail,) = description.tails
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8)).astype(np.float32) / 256
    values = IntegerModel(integers.model).run(integers.quantize_images(images))[tail.stream]
    wanted = integers.to_network_output(tail.name, values)
    assert [step.op for step in tail.steps] == ["Mul", "Add"] and len(np.unique(wanted)) > 10
    assert np.array_equal(Leaving(description)({tail.stream: values})[tail.name], wanted)
