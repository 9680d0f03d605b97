"""Sums over windows, as FINN's Pool."""

from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.transformation.infer_datatypes import InferDataTypes


class SumPoolToAccPool(Transformation):
    """SumPool (NCHW) -> Transpose, Im2Col (depthwise), Pool (AccPool), Transpose.

    FINN has the hardware, but infers it from no op of an integer graph; InferConvInpGen then takes the
    Im2Col.

    Shapes: [1, C, H, W] -> [1, C, OH, OW].
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every SumPool."""
        pools = [n for n in model.graph.node if n.op_type == "SumPool"]
        for pool in pools:
            index = list(model.graph.node).index(pool)
            nodes = _acc_pool(model, pool)
            model.graph.node.remove(pool)
            for offset, node in enumerate(nodes):
                model.graph.node.insert(index + offset, node)
        return (model.transform(InferDataTypes()) if pools else model), False


def _acc_pool(model: ModelWrapper, pool: NodeProto) -> list[NodeProto]:
    kernel = [int(k) for k in getCustomOp(pool).get_nodeattr("kernel_shape")]
    strides = [int(s) for s in getCustomOp(pool).get_nodeattr("strides")]
    pads = [int(p) for p in getCustomOp(pool).get_nodeattr("pads")]
    _, channels, height, width = model.get_tensor_shape(pool.input[0])
    _, _, out_height, out_width = model.get_tensor_shape(pool.output[0])
    x_type, y_type = (model.get_tensor_datatype(name) for name in (pool.input[0], pool.output[0]))
    window = channels * kernel[0] * kernel[1]
    before = _tensor(model, pool.input[0], [1, height, width, channels])
    columns = _tensor(model, pool.input[0], [1, out_height, out_width, window])
    after = _tensor(model, pool.output[0], [1, out_height, out_width, channels])
    im2col = helper.make_node(
        "Im2Col",
        [before],
        [columns],
        domain="qonnx.custom_op.general",
        stride=strides,
        kernel_size=kernel,
        pad_amount=pads,
        depthwise=1,
        input_shape=f"(1,{height},{width},{channels})",
    )
    unit = helper.make_node(
        "Pool",
        [columns],
        [after],
        name=f"Pool_{pool.name}",
        domain="finn.custom_op.fpgadataflow",
        backend="fpgadataflow",
        InputDataType=x_type.name,
        OutputDataType=y_type.name,
        Channels=channels,
        PE=channels,
        KernelSize=kernel,
        Function="AccPool",
        OutImgDims=[out_height, out_width],
        AccumBits=y_type.bitwidth(),
        Size=1,
        BatchSize=1,
        cpp_interface="hls_vector",
    )
    first = helper.make_node("Transpose", [pool.input[0]], [before], perm=[0, 2, 3, 1])
    last = helper.make_node("Transpose", [after], [pool.output[0]], perm=[0, 3, 1, 2])
    return [first, im2col, unit, last]


def _tensor(model: ModelWrapper, like: str, shape: list[int]) -> str:
    info = helper.make_tensor_value_info(model.make_new_valueinfo_name(), TensorProto.FLOAT, shape)
    model.graph.value_info.append(info)
    model.set_tensor_datatype(info.name, model.get_tensor_datatype(like))
    return info.name
