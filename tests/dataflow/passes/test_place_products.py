"""Products in LUTs: where they are chosen, or where there are fewer slices than ops."""

from typing import Any

import pytest
from qonnx.custom_op.registry import getCustomOp

from finn_build.dataflow.passes.place_products import PlaceProducts
from finn_build.errors import ConfigError
from tests.dataflow.ops.op_case import OpBench
from tests.dataflow.ops.test_vvau import vvau

_TYPES = (("UINT8", "INT8"), ("UINT4", "INT3"), ("INT5", "INT4"), ("BIPOLAR", "BIPOLAR"))  # the last has no product
NAMES = [f"StreamVVAU_rtl_{k}" for k in range(3)]


def _placed(slices: int, chosen: dict[str, str]) -> list[Any]:
    model = OpBench("StreamVVAU_rtl", [vvau(pe=1, x=x, weights=w) for x, w in _TYPES]).model
    return [getCustomOp(n) for n in model.transform(PlaceProducts(slices, chosen)).graph.node]


@pytest.mark.parametrize(
    ("slices", "in_luts"), [(3, []), (2, NAMES[1:2]), (1, NAMES[1:3]), (0, NAMES)], ids=["3", "2", "1", "0"]
)
def test_the_cheapest_are_luts_until_slices_are_enough(slices: int, in_luts: list[str]) -> None:
    ops = _placed(slices, {})
    assert [op.onnx_node.name for op in ops if op.attr("resType") == "lut"] == in_luts
    assert sum(op.resources().dsp for op in ops) == slices


def test_what_is_chosen_stays() -> None:
    assert [op.attr("resType") for op in _placed(0, {NAMES[0]: "dsp"})] == ["dsp", "lut", "lut", "auto"]
    assert [op.attr("resType") for op in _placed(9, {NAMES[2]: "lut"})] == ["auto", "auto", "lut", "auto"]


@pytest.mark.parametrize("chosen", [{"Nobody": "lut"}, {NAMES[0]: "gold"}, {"StreamVVAU_rtl_3": "dsp"}])
def test_others_are_refused(chosen: dict[str, str]) -> None:
    ((name, kind),) = chosen.items()
    with pytest.raises(ConfigError, match=f"^products: {name}='{kind}'; legal: lut, dsp, of {', '.join(NAMES)}$"):
        _placed(9, chosen)
