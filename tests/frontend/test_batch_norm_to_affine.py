import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.util.basic import qonnx_make_model
from torch import nn

from finn_build.frontend.batch_norm_to_affine import BatchNormToAffine


def batch_norm(channels: int, rank: int) -> nn.Module:
    torch.manual_seed(channels)
    module = (nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d)(channels).eval()
    module.running_mean.normal_(0, 3)
    module.running_var.uniform_(0.01, 60)
    module.weight.data.normal_(0, 2)
    module.bias.data.normal_()
    return module


def graph(module: nn.Module, shape: tuple[int, ...], **attributes: object) -> ModelWrapper:
    parameters = {"w": module.weight, "b": module.bias, "m": module.running_mean, "v": module.running_var}
    constants = [numpy_helper.from_array(p.detach().numpy(), name) for name, p in parameters.items()]
    node = helper.make_node("BatchNormalization", ["x", *parameters], ["y"], name="bn", **attributes)
    ends = [[helper.make_tensor_value_info(t, TensorProto.FLOAT, shape)] for t in "xy"]
    return ModelWrapper(qonnx_make_model(helper.make_graph([node], "g", *ends, constants))).transform(InferShapes())


@pytest.mark.parametrize("shape", [(1, 16, 9, 7), (1, 5, 1, 1), (1, 33)])
def test_equals_pytorch_bit_by_bit(shape: tuple[int, ...]) -> None:
    module = batch_norm(shape[1], len(shape))
    x = np.random.default_rng(0).normal(0, 5, shape).astype(np.float32)
    model = graph(module, shape, epsilon=module.eps).transform(BatchNormToAffine()).transform(InferShapes())
    assert [n.op_type for n in model.graph.node] == ["Cast", "Mul", "Add", "Cast"]
    with torch.inference_mode():
        expected = module(torch.from_numpy(x)).numpy()
    assert np.array_equal(execute_onnx(model, {"x": x})["y"], expected)


def test_onnx_runtime_alone_rounds_twice() -> None:
    """The bug that the pass is for: the last bits differ."""
    module, shape = batch_norm(16, 4), (1, 16, 9, 7)
    x = np.random.default_rng(0).normal(0, 5, shape).astype(np.float32)
    with torch.inference_mode():
        expected = module(torch.from_numpy(x)).numpy()
    got = execute_onnx(graph(module, shape, epsilon=module.eps), {"x": x})["y"]
    assert not np.array_equal(got, expected) and np.allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_skips_parameters_that_are_not_constant() -> None:
    model = graph(batch_norm(4, 4), (1, 4, 2, 2))
    del model.graph.initializer[:]
    assert [n.op_type for n in model.transform(BatchNormToAffine()).graph.node] == ["BatchNormalization"]
