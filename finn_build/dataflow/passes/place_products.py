"""PlaceProducts: which ops multiply in DSP slices, and which in LUTs."""

from __future__ import annotations

from collections.abc import Mapping

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.dataflow.ops.base import StreamOp
from finn_build.errors import ConfigError

_KINDS = ("lut", "dsp")


class PlaceProducts(Transformation):
    """Sets `resType` of ops that multiply: as chosen, and LUTs where not even one lane an op leaves slices enough.

    Before: `StreamVVAU_0 resType=auto`, unfolded. After, with {"StreamVVAU_0": "lut"}: `resType=lut`. Comes before
    folding, since areas and latencies follow from it.

    Raises ConfigError for names of other ops, and for products of what is no choice.
    """

    def __init__(self, slices: float, chosen: Mapping[str, str]):
        """Args: `slices` that there are; `chosen`, "lut" or "dsp" by op name."""
        super().__init__()
        self._slices, self._chosen = slices, dict(chosen)

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """One application is enough."""
        ops = {op.onnx_node.name: op for n in model.graph.node if (op := getCustomOp(n)).has_products}
        for name, kind in self._chosen.items():
            if name not in ops or kind not in _KINDS:
                legal = f"{', '.join(_KINDS)}, of {', '.join(ops) or 'no op of this network'}"
                raise ConfigError(f"products: {name}={kind!r}; legal: {legal}")
            ops[name].set_nodeattr("resType", kind)
        free = sorted((op for name, op in ops.items() if name not in self._chosen), key=_luts_a_slice)
        used = sum(op.resources().dsp for op in ops.values())
        for op in free:
            if used > self._slices:
                used -= op.resources().dsp
                op.set_nodeattr("resType", "lut")
        return model, False


def _luts_a_slice(op: StreamOp) -> float:
    """LUTs more that an op takes for each slice less."""
    in_slices = op.resources()
    op.set_nodeattr("resType", "lut")
    luts = op.resources().lut - in_slices.lut
    op.set_nodeattr("resType", "auto")
    return luts / in_slices.dsp if in_slices.dsp else float("inf")
