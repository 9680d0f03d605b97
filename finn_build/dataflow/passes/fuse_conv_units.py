"""FuseConvUnits: a binary convolution with what surrounds it becomes one BitConv.

Replaces: [StepThresholding of one step, the signs] -> [SWG] -> BitMVAU with 1-bit weights -> [StreamAdd, the shortcut]
-> StepThresholding, each read by the next alone, by one BitConv_rtl; the steps' output tensor stays. What surrounds the
popcounts costs more than they do, and most of it (window buffer, vector buffer, width converters, FIFOs, a search in
parallel) is shared or not needed inside one unit.
The step function behind a convolution belongs to it, so signs in front are taken only where no convolution made them.
Skipped: wider weights or activations, dense layers, convolutions whose sums are read elsewhere or are an output.
Comes after LowerToStreams and before InsertDuplicates: an identity shortcut is one tensor with two readers in one unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.dataflow.ops.finn_op import chip_of

_POINTWISE = {"KernelDim": [1, 1], "Stride": [1, 1], "Padding": [0, 0, 0, 0], "Dilation": [1, 1]}


@dataclass
class _Unit:
    """The nodes of one unit."""

    mvau: NodeProto
    steps: NodeProto
    window: NodeProto | None = None
    add: NodeProto | None = None
    signs: NodeProto | None = None

    @property
    def nodes(self) -> list[NodeProto]:
        return [n for n in (self.signs, self.window, self.mvau, self.add, self.steps) if n is not None]

    @property
    def source(self) -> str:
        """The tensor that enters the unit."""
        return (self.signs or self.window or self.mvau).input[0]

    @property
    def shortcut(self) -> str | None:
        """The tensor added to the sums."""
        if self.add is None:
            return None
        return next(i for i in self.add.input if i != self.mvau.output[0])


class FuseConvUnits(Transformation):
    """See the module's text.

    Before: `SWG_rtl -> BitMVAU_rtl -> StreamAdd_rtl -> StepThresholding_rtl`. After: one `BitConv_rtl`.
    """

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Fuse every unit; one application is enough."""
        units = [u for n in model.graph.node if (u := _find(model, n)) is not None]
        taken = {u.steps.name for u in units}
        for unit in units:
            before = model.find_producer((unit.window or unit.mvau).input[0])
            if before is not None and before.name not in taken and _are_signs(model, before):
                unit.signs = before
        for number, unit in enumerate(units):
            _replace(model, unit, f"BitConv_{number}")
        return model, False


def _find(model: ModelWrapper, node: NodeProto) -> _Unit | None:
    """The unit around an MVAU, signs aside; None where there is none."""
    if node.op_type != "BitMVAU_rtl":
        return None
    mvau = getCustomOp(node)
    if mvau.attr("weightDataType") != "BIPOLAR" or len(mvau.attr("numInputVectors")) != 3:
        return None
    if mvau.attr("inputDataType") not in ("BIPOLAR", "TERNARY"):
        return None
    window = model.find_producer(node.input[0])
    window = window if window is not None and window.op_type == "SWG_rtl" else None
    entered = getCustomOp(window or node).attr("inputDataType")
    if entered != "BIPOLAR":  # an image with zeros spread in it is three-valued before any padding
        return None
    add, follower = None, _only_reader(model, node.output[0])
    if follower is not None and follower.op_type == "StreamAdd_rtl":
        add, follower = follower, _only_reader(model, follower.output[0])
        op = getCustomOp(add)
        if "BIPOLAR" in (op.attr(f"{s}DataType") for s in ("lhs", "rhs")) or op.attr("rhsScale") < 0:
            return None
    if follower is None or follower.op_type != "StepThresholding_rtl":
        return None
    return _Unit(node, follower, window, add)


def _only_reader(model: ModelWrapper, tensor: str) -> NodeProto | None:
    """The node that reads a tensor, once, and alone."""
    readers = model.find_consumers(tensor) or []
    leaves = tensor in {o.name for o in model.graph.output}
    return readers[0] if len(readers) == 1 and not leaves else None


def _are_signs(model: ModelWrapper, node: NodeProto) -> bool:
    """Whether a node is one threshold per channel of an integer to +1 and -1, and feeds nothing else."""
    if node.op_type != "StepThresholding_rtl" or _only_reader(model, node.output[0]) is None:
        return False
    op = getCustomOp(node)
    dtypes = [op.attr(f"{side}DataType") == "BIPOLAR" for side in ("input", "output")]
    return not op.attr("hasTable") and dtypes == [False, True]


def _replace(model: ModelWrapper, unit: _Unit, name: str) -> None:
    mvau, steps = getCustomOp(unit.mvau), getCustomOp(unit.steps)
    geometry: dict[str, Any] = _geometry(unit)
    shortcut, parameters = unit.shortcut, [unit.mvau.input[1], *unit.steps.input[1:]]
    in_place = geometry["Stride"] == [1, 1]  # of one shape as they are, each sum is of the window around its pixel
    own = shortcut == unit.source and unit.signs is not None and in_place
    if unit.signs is not None:
        parameters.insert(0, _sign_thresholds(model, unit.signs, geometry["IFMChannels"]))
    streams = [unit.source] if shortcut is None or own else [unit.source, shortcut]
    node = helper.make_node(
        "BitConv_rtl", [*streams, *parameters], list(unit.steps.output), name=name, domain=DOMAIN,
        backend="fpgadataflow",
        **chip_of(mvau), MH=mvau.attr("MH"),
        inputDataType=getCustomOp(unit.signs).attr("inputDataType") if unit.signs else "BIPOLAR",
        accDataType=mvau.attr("outputDataType"), outputDataType=steps.attr("outputDataType"),
        shortcut="none" if shortcut is None else "own" if own else "stream", numSteps=steps.attr("numSteps"),
        outBias=steps.attr("outBias"), hasTable=steps.attr("hasTable"), **geometry, **_shortcut_attributes(unit),
    )  # fmt: skip
    node.doc_string = unit.mvau.doc_string
    model.graph.node.insert(list(model.graph.node).index(unit.steps), node)
    for old in unit.nodes:
        model.graph.node.remove(old)


def _geometry(unit: _Unit) -> dict[str, Any]:
    if unit.window is not None:
        op = getCustomOp(unit.window)
        names = ("IFMDim", "IFMChannels", "KernelDim", "Stride", "Padding", "Dilation")
        return {name: v if isinstance(v := op.attr(name), int) else [int(i) for i in v] for name in names}
    op = getCustomOp(unit.mvau)
    return {"IFMDim": [int(d) for d in op.attr("numInputVectors")[1:]], "IFMChannels": op.attr("MW"), **_POINTWISE}


def _sign_thresholds(model: ModelWrapper, signs: NodeProto, channels: int) -> str:
    """One threshold per channel, [C, 1], in place of the (C or 1, 1) of the step function."""
    name = f"{signs.input[1]}_signs"
    values = np.broadcast_to(model.get_initializer(signs.input[1]).reshape(-1), channels)
    model.set_initializer(name, values.astype(np.float32)[:, None])
    model.set_tensor_datatype(name, model.get_tensor_datatype(signs.input[1]))
    return name


def _shortcut_attributes(unit: _Unit) -> dict[str, Any]:
    if unit.add is None:
        return {}
    op, sums_first = getCustomOp(unit.add), unit.add.input[0] == unit.mvau.output[0]
    sums, other = ("lhs", "rhs") if sums_first else ("rhs", "lhs")
    return {
        "sumScale": op.attr(f"{sums}Scale"),
        "shortcutScale": op.attr(f"{other}Scale"),
        "shortcutDataType": op.attr(f"{other}DataType"),
    }
