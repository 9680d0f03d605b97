"""WidenWindows: a window that reads place by place too slowly becomes one that gives a whole window a beat.

An SWG delivers at most one pixel a beat, so that a convolution takes OH*OW*kh*kw cycles at least; with the few channels
of an image its MVAU then has few lanes, and the first layer is the slowest. A WideSWG moves on column by column.
"""

from __future__ import annotations

from math import prod

from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.graph import transformed
from finn_build.dataflow.ops.base import StreamOp
from finn_build.dataflow.passes.insert_width_converters import InsertWidthConverters
from finn_build.dataflow.passes.set_folding import SetFolding
from finn_build.dataflow.stream import Resources

_LUTS_PER_FF = 0.5  # of all chips of these families


class WidenWindows(Transformation):
    """SWG_rtl -> WideSWG_rtl, of the same name and tensors, where it reads the accelerator's input.

    Before: `SWG_0` gives 3 lanes of 7x7 places a window. After: WideSWG_rtl `SWG_0` gives all 147 values in a beat.

    (1, H, W, C) -> (1, OH, OW, kh*kw*C) as before. It is replaced where only an op that reads vectors again takes its
    windows (BitMVAU_rtl), and

    - OH*OW*kh*kw exceeds the target, so that no SIMD would do, or
    - window and MVAU take a smaller share of the chip when folded for the target.

    Skipped for padded bipolar input, whose windows are three-valued; where the wide one is no faster, or wider than the
    back end takes; and inside the network: a WideSWG keeps its rate if pixels wait for it, as at the input, and the
    FIFOs in front of windows are made for SWG. Comes after InsertDuplicates (one reader each) and before SetFolding.
    """

    def __init__(self, target_cycles: int):
        """Args: `target_cycles` per frame, as for SetFolding."""
        super().__init__()
        self.target_cycles = target_cycles

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every window that qualifies; one application is enough."""
        images = [i.name for i in model.graph.input]
        for index, node in enumerate(list(model.graph.node)):
            wide = getCustomOp(node).widened() if node.input[0] in images else None
            readers = [] if wide is None else model.find_consumers(node.output[0])
            if len(readers) == 1 and self._qualifies(getCustomOp(node), getCustomOp(wide), readers[0]):
                model.graph.node.remove(node)
                model.graph.node.insert(index, wide)
        return model, False

    def _qualifies(self, narrow: StreamOp, wide: StreamOp, reader: NodeProto) -> bool:
        if wide.too_wide:
            return False
        fastest = prod(narrow.streams_out()[0].shape[1:3]) * prod(narrow.attr("KernelDim"))
        if fastest > self.target_cycles:
            return wide.get_exp_cycles() < fastest
        return self._area(wide.onnx_node, reader) < self._area(narrow.onnx_node, reader)

    def _area(self, window: NodeProto, reader: NodeProto) -> float:
        """Area of a window and its MVAU, in LUTs, folded for the target."""
        pair = transformed(_pair(window, reader), SetFolding(self.target_cycles), InsertWidthConverters())
        area = sum((getCustomOp(node).resources() for node in pair.graph.node), Resources())
        chip = getCustomOp(window)
        return area.luts(chip.attr("lutsPerBram18")) + _LUTS_PER_FF * area.ff + chip.attr("lutsPerDsp") * area.dsp


def _pair(window: NodeProto, reader: NodeProto) -> ModelWrapper:
    """The two as a model of their own."""
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in (window, reader)]
    source, sink = (getCustomOp(node) for node in nodes)
    shapes = {nodes[0].input[0]: source.streams_in()[0].shape, nodes[1].output[0]: sink.streams_out()[0].shape}
    image, sums = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    return ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "pair", [image], [sums])))
