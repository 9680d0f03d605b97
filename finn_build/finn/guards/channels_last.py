"""An NCHW graph in the channels-last layout of the hardware."""

import numpy as np
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.general import SortGraph
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.util.basic import get_by_name

_TO_LAST, _TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
_WRAPPED = frozenset({"MultiThreshold", "Add", "Mul"})
_CHANNELS_LAST = frozenset({"Im2Col", "MaxPoolNHWC", "MatMul", "Pool"})


class ChannelsLast(Transformation):
    """Transposes only at graph inputs and outputs.

    Every MultiThreshold, Add and Mul on 4-D tensors gets a Transpose to NHWC in front and one back behind it,
    as LowerConvsToMatMul and MaxPoolToNHWC give their ops; the pairs that meet cancel. A Flatten in front of
    dense layers takes the NHWC tensor, and the rows of their weights are reordered instead. Nothing is moved
    past a fork, so every topology is safe.

    Run it after LowerConvsToMatMul and MaxPoolToNHWC.

    Shapes: [1, C, H, W] inside becomes [1, H, W, C]; graph inputs and outputs keep theirs. Skipped: Mul by a
    constant that is not a scalar; Flatten of more than one pixel read by something else than constant
    MatMuls.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Wrap, cancel, flatten, clean."""
        for node in _channels_first(model):
            _wrap(model, node)
        model = model.transform(SortGraph())
        _cancel(model)
        for node in [n for n in model.graph.node if n.op_type in ("Flatten", "Reshape")]:
            _flatten_last(model, node)
        _drop_unread(model)
        return model.transform(SortGraph()).transform(InferDataTypes()), False


def _perm(node: NodeProto | None) -> list[int] | None:
    if node is None or node.op_type != "Transpose":
        return None
    perm = get_by_name(node.attribute, "perm")
    return None if perm is None else list(perm.ints)


def _channels_first(model: ModelWrapper) -> list[NodeProto]:
    """Nodes to wrap: 4-D, and not computing on what is channels-last already."""
    last: set[str] = set()
    found = []
    for node in model.graph.node:
        inherits = node.op_type in _WRAPPED and any(name in last for name in node.input)
        if inherits or node.op_type in _CHANNELS_LAST or _perm(node) == _TO_LAST:
            last.update(node.output)
        elif node.op_type in _WRAPPED and len(model.get_tensor_shape(node.output[0])) == 4:
            constants = [model.get_initializer(name) for name in node.input]
            if node.op_type == "MultiThreshold" or all(c is None or c.size == 1 for c in constants):
                found.append(node)
    return found


def _new_tensor(model: ModelWrapper, like: str, perm: list[int]) -> str:
    shape = [model.get_tensor_shape(like)[axis] for axis in perm]
    info = helper.make_tensor_value_info(model.make_new_valueinfo_name(), TensorProto.FLOAT, shape)
    model.graph.value_info.append(info)
    model.set_tensor_datatype(info.name, model.get_tensor_datatype(like))
    return info.name


def _wrap(model: ModelWrapper, node: NodeProto) -> None:
    """Transpose -> node -> Transpose."""
    for position, name in enumerate(node.input):
        if model.get_initializer(name) is None:
            node.input[position] = _new_tensor(model, name, _TO_LAST)
            model.graph.node.append(helper.make_node("Transpose", [name], [node.input[position]], perm=_TO_LAST))
    output = node.output[0]
    node.output[0] = _new_tensor(model, output, _TO_LAST)
    model.graph.node.append(helper.make_node("Transpose", [node.output[0]], [output], perm=_TO_FIRST))
    if node.op_type == "MultiThreshold":
        getCustomOp(node).set_nodeattr("data_layout", "NHWC")


def _cancel(model: ModelWrapper) -> None:
    """Readers of a Transpose to NHWC read what is NHWC already, or the one Transpose they can share."""
    shared: dict[str, str] = {}
    for node in [n for n in model.graph.node if _perm(n) == _TO_LAST]:
        before = model.find_producer(node.input[0])
        back = before is not None and _perm(before) == _TO_FIRST
        source = before.input[0] if back else shared.setdefault(node.input[0], node.output[0])
        if source != node.output[0]:
            _reread(model, node.output[0], source)


def _reread(model: ModelWrapper, old: str, new: str) -> None:
    for reader in model.find_consumers(old):
        for position, name in enumerate(reader.input):
            if name == old:
                reader.input[position] = new


def _flatten_last(model: ModelWrapper, node: NodeProto) -> None:
    """Give every reader of a flattened NCHW map its own Flatten of the NHWC map, and reorder its weights."""
    before = model.find_producer(node.input[0])
    readers = model.find_consumers(node.output[0])
    if _perm(before) != _TO_FIRST or len(model.get_tensor_shape(node.output[0])) != 2 or not readers:
        return
    _, channels, height, width = model.get_tensor_shape(node.input[0])
    dense = all(r.op_type == "MatMul" and model.get_initializer(r.input[1]) is not None for r in readers)
    if not dense and height * width > 1:
        return
    rows = np.arange(channels * height * width).reshape(channels, height, width).transpose(1, 2, 0).ravel()
    for reader in readers:
        flat = _new_tensor(model, node.output[0], [0, 1])
        model.graph.node.append(helper.make_node("Flatten", [before.input[0]], [flat], axis=1))
        reader.input[0] = flat
        if height * width > 1:
            weights = model.make_new_valueinfo_name()
            model.set_initializer(weights, model.get_initializer(reader.input[1])[rows])
            model.set_tensor_datatype(weights, model.get_tensor_datatype(reader.input[1]))
            reader.input[1] = weights


def _drop_unread(model: ModelWrapper) -> None:
    outputs = {output.name for output in model.graph.output}
    for node in reversed(list(model.graph.node)):
        if not any(name in outputs or model.find_consumers(name) for name in node.output):
            model.graph.node.remove(node)
