"""ImportQonnx: tidy a QONNX file without changing what it computes or how its tensors are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation

from finn_build.errors import UnsupportedModelError
from finn_build.frontend.batch_norm_to_affine import BatchNormToAffine
from finn_build.frontend.ceil_pools import count_pixels_only, floored
from finn_build.frontend.door import faults
from finn_build.frontend.fold_constants import FoldConstants
from finn_build.frontend.four_bit_types import four_bits_to_bytes
from finn_build.frontend.infer_shapes import InferShapes
from finn_build.frontend.integers.layer_names import layer_name
from finn_build.frontend.integers.quantizer import QUANTIZERS
from finn_build.frontend.moves_first import MovesFirst
from finn_build.frontend.onnx_file import first_line, opset_of, read_onnx
from finn_build.frontend.pixels_of_bytes import pixels_to_bytes
from finn_build.frontend.ranks import shapes_abort
from finn_build.frontend.tidy import Tidy

_QUANTIZERS = ["Quant", "IntQuant", "BipolarQuant", "Trunc"]
_LISTED = 50  # faults of a file
_DOMAIN, _OLD_DOMAINS = "qonnx.custom_op.general", ("onnx.brevitas", "finn.custom_op.general")
_CUSTOM_OPS = (*_QUANTIZERS, "FloatQuant", "MultiThreshold", "MaxPoolNHWC", "QuantAvgPool2d")


def import_qonnx(path: Path) -> ModelWrapper:
    """Read a QONNX file: one input, batch size 1, shapes inferred, constants folded.

    Biases become Adds of their own, batch norm what PyTorch computes.

    Args:
        path: the file.

    Returns:
        The model; tensor names are kept, so that taps recorded by the exporter stay true.

    Raises:
        UnsupportedModelError: the file is missing, unreadable, not ONNX, or its shapes cannot be inferred.
    """
    proto = _load(path)
    four_bits_to_bytes(proto)
    model = ModelWrapper(proto, fix_missing_initializer_valueinfo=False)
    _rename_domains(model)
    _require_one_image(model, path)
    if shapes_abort(model):
        raise UnsupportedModelError(f"{path}: its shapes do not fit together, ONNX cannot infer them; export it again")
    try:
        _set_batch_one(model)
        model = _infer_and_fold(model)
        while floored(model):
            model = _infer_and_fold(model)
        _drop_casts(model)
        _resize_by_scales(model)
        count_pixels_only(model, path)
        _split_biases(model)
        return _passed(model, BatchNormToAffine(), InferShapes(), MovesFirst(), InferShapes())
    except UnsupportedModelError:
        raise
    except Exception as error:  # onnx reports a broken graph by many exception types
        raise UnsupportedModelError(
            f"{path}: its shapes cannot be inferred: {first_line(error)}; export it again, with a fixed input shape"
        ) from error


def _load(path: Path) -> onnx.ModelProto:
    proto = read_onnx(path)
    _refuse_foreign_ops(proto, path)
    if opset_of(proto) > 9:  # which has no QuantizeLinear
        pixels_to_bytes(proto)
    if found := faults(proto):
        more = [f"and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
        what = f"{path}: {len(found)} fault(s) in this file; export it again:"
        raise UnsupportedModelError(what, [*found[:_LISTED], *more])
    return proto


def _refuse_foreign_ops(proto: onnx.ModelProto, path: Path) -> None:
    """Know every operator before qonnx meets it: it takes a node's domain for a Python module, and imports that.

    Raises:
        UnsupportedModelError: names every node of an unknown domain, those of inner graphs and functions included, or
            a loop.
    """
    nodes, foreign = [*proto.graph.node, *(n for function in proto.functions for n in function.node)], []
    while nodes:
        node = nodes.pop(0)
        nodes += [n for a in node.attribute for inner in (a.g, *a.graphs) for n in inner.node]
        custom = node.domain in (_DOMAIN, *_OLD_DOMAINS) and node.op_type in _CUSTOM_OPS
        if not custom and node.domain not in ("", "ai.onnx"):
            foreign.append(f"{layer_name(node)} ({node.op_type} of {node.domain})")
        elif node.op_type == "Loop":
            what = f"{path}: {layer_name(node)} (Loop): it may never end"
            raise UnsupportedModelError(f"{what}; export the network traced, so that its nodes stand one by one")
    if foreign:
        raise UnsupportedModelError(
            f"{path}: {len(foreign)} operator(s) of unknown domains: {'; '.join(foreign)}; legal: ONNX' own, and of "
            f"{_DOMAIN} {', '.join(_QUANTIZERS)}; of ONNX Runtime's formats, quant_format=QuantFormat.QDQ"
        )


def _rename_domains(model: ModelWrapper) -> None:
    """Quantizers of older Brevitas versions carry another domain."""
    for node in model.graph.node:
        if node.op_type in _QUANTIZERS and node.domain in ("", *_OLD_DOMAINS):
            node.domain = _DOMAIN
    if _DOMAIN not in {o.domain for o in model.model.opset_import}:
        model.model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))


def _require_one_image(model: ModelWrapper, path: Path) -> None:
    """Keep one graph input, the image; parameters listed as inputs are dropped from the list.

    Raises:
        UnsupportedModelError: there is no input or there are several, or the image's size is not fixed.
    """
    parameters = {i.name for i in model.graph.initializer}
    images = [i for i in model.graph.input if i.name not in parameters]
    if len(images) != 1:
        names = ", ".join(i.name for i in images) or "none"
        raise UnsupportedModelError(
            f"{path}: the network must have one input, the image; it has {len(images)}: {names}"
        )
    dims = images[0].type.tensor_type.shape.dim
    if len(dims) < 2 or any(d.dim_value <= 0 for d in list(dims)[1:]):
        shape = [d.dim_value or d.dim_param or "?" for d in dims]
        raise UnsupportedModelError(
            f"{path}: the size of input {images[0].name} is not fixed ({shape}); export with a fixed image size"
        )
    del model.graph.input[:]
    model.graph.input.append(images[0])


def _set_batch_one(model: ModelWrapper) -> None:
    """Set the batch size to 1: of the input, and in reshapes that repeat it; other shapes are inferred anew."""
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    if batch > 1:
        for node in model.graph.node:
            shape = model.get_initializer(node.input[1]) if node.op_type == "Reshape" else None
            if shape is not None and shape[0] == batch:
                name = f"{node.output[0]}_shape"
                model.set_initializer(name, np.concatenate(([1], shape[1:])).astype(np.int64))
                node.input[1] = name


def _drop_casts(model: ModelWrapper) -> None:
    """Drop casts to the type that a tensor has; PyTorch writes one behind each QuantizeLinear."""
    infos = (*model.graph.input, *model.graph.value_info)
    types = {v.name: v.type.tensor_type.elem_type for v in infos}
    ends, same = {v.name for v in model.graph.output}, dict[str, str]()
    for node in list(model.graph.node):
        node.input[:] = [same.get(name, name) for name in node.input]
        if node.op_type != "Cast" or node.output[0] in ends:
            continue
        if types.get(node.input[0]) == next(a.i for a in node.attribute if a.name == "to"):
            same[node.output[0]] = node.input[0]
            model.graph.node.remove(node)


def _resize_by_scales(model: ModelWrapper) -> None:
    """Give every Resize its scales: qonnx cannot execute a node that leaves inputs out, as one with sizes does."""
    for node in model.graph.node:
        if node.op_type == "Resize" and ("" in node.input or len(node.input) > 3):
            shapes = [model.get_tensor_shape(name) for name in (node.input[0], node.output[0])]
            scales = model.get_initializer(node.input[2]) if node.input[2] else np.zeros(0)
            roi = model.get_initializer(node.input[1]) if node.input[1] else None
            if np.size(scales) and "" not in node.input:
                continue
            values = [np.zeros(0) if roi is None else roi, scales if np.size(scales) else np.divide(*shapes[::-1])]
            del node.input[1:]
            for name, value in zip(("roi", "scales"), values, strict=True):
                node.input.append(f"{node.output[0]}_{name}")
                model.set_initializer(node.input[-1], value.astype(np.float32))


def _passed(model: ModelWrapper, *passes: Transformation) -> ModelWrapper:
    """The model itself behind passes, and tidied behind each."""
    for each in passes:
        model = model.transform(each, make_deepcopy=False, cleanup=False).transform(
            Tidy(), make_deepcopy=False, cleanup=False
        )
    return model


def _infer_and_fold(model: ModelWrapper) -> ModelWrapper:
    """Infer shapes and fold constants, the results of Shape among them, until nothing changes."""
    while True:
        model = _passed(model, InferShapes(), FoldConstants(exclude_op_types=QUANTIZERS), InferShapes())
        known = [n for n in model.graph.node if n.op_type == "Shape" and all(_size(model, n.input[0]))]
        for node in known:
            window = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            shape = model.get_tensor_shape(node.input[0])[window.get("start", 0) : window.get("end")]
            model.graph.node.remove(node)
            model.set_initializer(node.output[0], np.asarray(shape, np.int64))
        if not known:
            return model


def _size(model: ModelWrapper, tensor: str) -> list[int]:
    """The sizes of a tensor, 0 where one is not known."""
    return list(model.get_tensor_shape(tensor) or [0])


def _split_biases(model: ModelWrapper) -> None:
    """Conv(x, W, b) and Gemm(x, W, b) become the product and Add(b); b may be a constant or come from a quantizer."""
    for node in list(model.graph.node):
        if node.op_type in ("Conv", "Gemm", "ConvTranspose") and len(node.input) > 2:
            bias = node.input[2]
            del node.input[2]
            if bias:
                _add_bias(model, node, bias)


def _add_bias(model: ModelWrapper, node: NodeProto, bias: str) -> None:
    out, product = node.output[0], f"{node.output[0]}_product"
    shape = model.get_tensor_shape(out)
    node.output[0] = product
    model.set_tensor_shape(product, shape)
    added = [helper.make_node("Add", [product, bias], [out], name=f"{node.name}_bias")]
    if node.op_type != "Gemm":  # one per channel, behind it the pixels
        reshaped, to = f"{out}_bias", f"{out}_bias_shape"
        model.set_initializer(to, np.asarray([1, -1, *[1] * (len(shape) - 2)], np.int64))
        model.set_tensor_shape(reshaped, [1, shape[1], *[1] * (len(shape) - 2)])
        added[0].input[1] = reshaped
        added.insert(0, helper.make_node("Reshape", [bias, to], [reshaped], name=f"{node.name}_bias_shape"))
    position = list(model.graph.node).index(node) + 1
    for offset, new in enumerate(added):
        new.metadata_props.extend(node.metadata_props)
        model.graph.node.insert(position + offset, new)
