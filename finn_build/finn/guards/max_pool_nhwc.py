"""Max pools in the layout of the hardware."""

from typing import Any

from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes


class MaxPoolToNHWC(Transformation):
    """MaxPool (NCHW) -> Transpose, MaxPoolNHWC, Transpose.

    FINN's MakeMaxPoolNHWC swaps the pool with a Transpose beside it and does not look whether the pool's
    output forks: the other reader then gets the wrong layout. Here nothing is swapped, so any topology is
    safe; the transposes that meet cancel in AbsorbConsecutiveTransposes.

    Shapes: [1, C, H, W] in and out. Skipped: inputs that are not 4-D, dilated pools, auto_pad,
    unequal padding of opposite sides.

    Source: FINN_NOTES.md, silent bug 4.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every MaxPool that qualifies."""
        pools = [n for n in model.graph.node if n.op_type == "MaxPool" and not n.domain]
        convertible = [pool for pool in pools if _attributes(model, pool)]
        for pool in convertible:
            before, after = (_nhwc_tensor(model, name) for name in (pool.input[0], pool.output[0]))
            nodes = [
                helper.make_node("Transpose", [pool.input[0]], [before], perm=[0, 2, 3, 1]),
                helper.make_node(
                    "MaxPoolNHWC",
                    [before],
                    [after],
                    name=pool.name,
                    domain="qonnx.custom_op.general",
                    **_attributes(model, pool),
                ),
                helper.make_node("Transpose", [after], [pool.output[0]], perm=[0, 3, 1, 2]),
            ]
            index = list(model.graph.node).index(pool)
            model.graph.node.remove(pool)
            for offset, node in enumerate(nodes):
                model.graph.node.insert(index + offset, node)
        return (model.transform(InferDataTypes()) if convertible else model), False


def _attributes(model: ModelWrapper, pool: NodeProto) -> dict[str, Any]:
    """Attributes of the MaxPoolNHWC in place of a pool; empty where there is none."""
    given = {a.name: helper.get_attribute_value(a) for a in pool.attribute}
    shapes = [model.get_tensor_shape(name) for name in (pool.input[0], pool.output[0])]
    pads = given.get("pads", [0, 0, 0, 0])
    named = given.get("auto_pad", b"NOTSET") != b"NOTSET"
    dilated = any(d != 1 for d in given.get("dilations", []))
    if any(shape is None or len(shape) != 4 for shape in shapes) or named or dilated or pads[:2] != pads[2:]:
        return {}
    return {
        "kernel_shape": given["kernel_shape"],
        "strides": given.get("strides", [1, 1]),
        "pads": pads,
        "ceil_mode": given.get("ceil_mode", 0),
    }


def _nhwc_tensor(model: ModelWrapper, name: str) -> str:
    batch, channels, height, width = model.get_tensor_shape(name)
    shape = [batch, height, width, channels]
    info = helper.make_tensor_value_info(model.make_new_valueinfo_name(), TensorProto.FLOAT, shape)
    model.graph.value_info.append(info)
    return info.name
