"""WidenWindows: a window that reads place by place too slowly becomes one that gives a whole window a beat.

An SWG delivers at most one pixel a beat, so that a convolution takes OH*OW*kh*kw cycles at least; with the few channels
of an image its MVAU then has few lanes, and the first layer is the slowest. A WideSWG moves on column by column.
"""

from __future__ import annotations

from collections.abc import Collection
from math import prod

from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.graph import Links, transformed
from finn_build.dataflow.ops.base import Trait
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

    Inside the network a window without padding is replaced, a BitConv_rtl's by WideSWG_rtl, BitMVAU_rtl and
    StepThresholding_rtl: pixels that come while it still gives the last windows wait in a FIFO (`beats_missing`).
    Skipped for padded windows inside; where the wide one is no faster, or wider than the back end takes; and for ops
    whose lanes are given. Comes after InsertDuplicates (one reader each) and before SetFolding.
    """

    def __init__(self, target_cycles: int, kept: Collection[str] = ()):
        """Args: `target_cycles` per frame, as for SetFolding; `kept`, names of ops that stay."""
        super().__init__()
        self.target_cycles, self.kept = target_cycles, kept

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Replace every window that qualifies; one application is enough."""
        images, links = {i.name for i in model.graph.input}, Links(model)
        for node in links.nodes:
            op = getCustomOp(node)
            wide = [] if node.name in self.kept else op.widened()
            if not wide or (node.input[0] not in images and any(op.attr("Padding"))):
                continue
            readers = links.readers(node.output[0]) if Trait.SLIDES in op.traits else []
            if self._qualifies(node, wide, readers):
                links.replace(node, wide)
        links.finish()
        return model, False

    def _qualifies(self, node: NodeProto, wide: list[NodeProto], readers: list[NodeProto]) -> bool:
        narrow, ops = getCustomOp(node), list(map(getCustomOp, wide))
        window = next(op for op in ops if Trait.SLIDES in op.traits)
        if window.too_wide:
            return False
        fastest = prod(narrow.streams_out()[0].shape[1:3]) * prod(narrow.attr("KernelDim"))
        if fastest > self.target_cycles:
            return bool(window.get_exp_cycles() < fastest)
        return self._area([*wide, *readers]) < self._area([node, *readers])

    def _area(self, nodes: list[NodeProto]) -> float:
        """Area of a window and what takes it, in LUTs, folded for the target."""
        chain = transformed(_chain(nodes), SetFolding(self.target_cycles), InsertWidthConverters())
        area = sum((getCustomOp(node).resources() for node in chain.graph.node), Resources())
        chip = getCustomOp(nodes[0])
        return area.luts(chip.attr("lutsPerBram18")) + _LUTS_PER_FF * area.ff + chip.attr("lutsPerDsp") * area.dsp


def _chain(given: list[NodeProto]) -> ModelWrapper:
    """Nodes one after another as a model of their own."""
    nodes = [NodeProto.FromString(node.SerializeToString()) for node in given]
    ends = {nodes[0].input[0]: getCustomOp(nodes[0]).streams_in()[0].shape, nodes[-1].output[0]: None}
    image, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends.items())
    return ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "chain", [image], [result])))
