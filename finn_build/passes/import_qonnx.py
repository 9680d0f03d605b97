"""ImportQonnx: tidy a QONNX file without changing what it computes or how its tensors are called."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.extract_conv_bias import ExtractBiasFromConv
from qonnx.transformation.fold_constants import FoldConstants
from qonnx.transformation.infer_shapes import InferShapes

from finn_build.errors import UnsupportedModelError


def import_qonnx(path: Path) -> ModelWrapper:
    """Read a QONNX file: batch size 1, shapes inferred, constants folded, biases as their own Add.

    Args:
        path: the file.

    Returns:
        The model; tensor names are kept, so that taps recorded by the exporter stay true.

    Raises:
        UnsupportedModelError: the file is missing, unreadable, not ONNX, or its shapes cannot be inferred.
    """
    if not path.is_file():
        raise UnsupportedModelError(f"{path}: no such file; give a QONNX file made by Brevitas' export_qonnx")
    try:
        proto = onnx.load(path)
        if not proto.graph.node:
            raise UnsupportedModelError(f"{path}: the graph is empty; export the network again")
        model = ModelWrapper(proto)
        _set_batch_one(model)
        model = model.transform(InferShapes())
    except UnsupportedModelError:
        raise
    except (DecodeError, OSError) as error:
        raise UnsupportedModelError(f"{path}: not a readable ONNX file ({type(error).__name__})") from error
    except Exception as error:  # onnx reports a broken graph by many exception types
        raise UnsupportedModelError(f"{path}: shapes cannot be inferred: {_first_line(error)}") from error
    model = model.transform(FoldConstants(exclude_op_types=["Quant", "IntQuant", "BipolarQuant"]))
    _split_gemm_bias(model)
    return model.transform(ExtractBiasFromConv()).transform(InferShapes())


def _set_batch_one(model: ModelWrapper) -> None:
    """Set a free batch dimension of inputs and outputs to 1."""
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].dim_value <= 0:
            dims[0].dim_value = 1


def _split_gemm_bias(model: ModelWrapper) -> None:
    """Gemm(x, W, b) becomes Gemm(x, W) and Add(b), as ExtractBiasFromConv does for convolutions."""
    for index, node in reversed(list(enumerate(model.graph.node))):
        if node.op_type == "Gemm" and len(node.input) > 2 and node.input[2]:
            out, product = node.output[0], f"{node.output[0]}_product"
            model.set_tensor_shape(product, model.get_tensor_shape(out))
            add = helper.make_node("Add", [product, node.input[2]], [out], name=f"{node.name}_bias")
            del node.input[2]
            node.output[0] = product
            model.graph.node.insert(index + 1, add)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
