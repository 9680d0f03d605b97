"""LimitStreams: tell every op how wide a stream the back end takes."""

from __future__ import annotations

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation


class LimitStreams(Transformation):
    """Sets `streamBits` of every op; ops that are made later take it from a neighbour.

    Before: 0, no limit, and 512 sums of 14 bits may leave in a beat of 7,168 bits. After, for Vitis HLS' 4,096:
    SetFolding chooses 256 lanes at most there. Comes before folding and widening.
    """

    def __init__(self, bits: int):
        """Args: `bits` of the widest stream."""
        super().__init__()
        self.bits = bits

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        for node in model.graph.node:
            getCustomOp(node).set_nodeattr("streamBits", self.bits)
        return model, False
