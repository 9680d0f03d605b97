from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.dataflow.ops.base import DOMAIN
from finn_build.errors import ConfigError
from finn_build.rtl.stitch import stitch
from sim.stitched import simulate
from sim.verilator import Stalls
from tests.dataflow.ops.op_case import STALLS, OpBench, OpCase, OpChecks


def concat(selection: Sequence[int], types: Sequence[str], pe: int = 1, factors: Sequence[int] | None = None) -> OpCase:
    scales = list(factors or [1] * len(types))
    attributes = {
        "Selection": list(selection), "PE": pe, "numInputVectors": [1, 3, 2], "inputDataTypes": list(types),
        "Factors": scales,
    }  # fmt: skip
    order = np.argsort(np.argsort(selection, kind="stable"))
    return OpCase(
        attributes,
        lambda *xs: np.concatenate([x * f for x, f in zip(xs, scales, strict=True)], -1)[..., order],
    )


CASES = [
    concat([0, 0, 0, 1, 1, 1], ["INT4"] * 2),
    concat([0, 0, 0, 1, 1, 1], ["INT4"] * 2, pe=3),
    concat([0, 1] * 12, ["UINT3"] * 2),
    concat([1, 0, 0, 1, 0, 1, 1], ["BIPOLAR"] * 2),
    concat([2, 2, 0, 0, 1, 1, 1, 1], ["INT5"] * 3, pe=2),
    concat([0, 1, 0], ["BIPOLAR", "INT3"]),
    concat([0, 0, 1, 1], ["INT4", "UINT4"], pe=2, factors=[4, 1]),
    concat([1, 0, 2], ["UINT2", "BIPOLAR", "INT8"], factors=[1, 8, 2]),
    concat([0, 0, 0], ["INT3"], pe=3, factors=[2]),
    concat([0], ["UINT2"]),
    concat([*range(5)], ["UINT2"] * 5),
    concat([0, 0, 1, 1], ["INT3", "INT9"], pe=2),  # negative ones are widened
    concat([0, 1, 2, 0], ["INT2", "UINT7", "BIPOLAR"], factors=[2, 1, 4]),
]


@pytest.fixture(scope="module")
def bench() -> OpBench:
    return OpBench("StreamConcat_rtl", CASES)


def test_pixels_as_features_have_the_ranges_of_their_channels_over_and_over() -> None:
    """Two channels of two pixels, behind one feature: 0 to 1 and -2 to 3 of the map, 5 to 6 of the feature."""
    bench = OpBench("StreamConcat_rtl", [concat([0, 1, 1, 1, 1], ["INT5"] * 2)])
    given = [tuple(np.array(ends) for ends in pair) for pair in (([5], [6]), ([0, -2], [1, 3]))]
    ((low, high),) = bench.ops[0].output_ranges(bench.model, given)
    assert (low.tolist(), high.tolist()) == ([5, 0, -2, 0, -2], [6, 1, 3, 1, 3])


class TestConcat(OpChecks):
    pass


def test_the_type_is_the_smallest_that_holds_all_inputs() -> None:
    cases = [concat([0, 1], ["BIPOLAR"] * 2), concat([0, 1], ["BIPOLAR", "UINT2"]), CASES[6]]
    types = [op.streams_out()[0].dtype for op in OpBench("StreamConcat_rtl", cases).ops]
    assert types == [DataType["BIPOLAR"], DataType["INT3"], DataType["INT6"]]


def test_factors_are_powers_of_two() -> None:
    with pytest.raises(ConfigError, match=r"^StreamConcat_rtl_0: Factors=\[3, 1\]; legal: a power of two for every"):
        OpBench("StreamConcat_rtl", [concat([0, 1], ["INT2"] * 2, factors=[3, 1])])


@pytest.mark.parametrize("stalls", [None, *STALLS])
@pytest.mark.parametrize("selection", [[0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 1, 0]])
def test_what_a_split_parts_a_concat_joins(tmp_path: Path, selection: list[int], stalls: Stalls | None) -> None:
    shape, x = [1, 5, 3, len(selection)], np.random.default_rng(1).integers(-8, 8, (3, 1, 5, 3, len(selection)))
    attributes = {"Selection": selection, "numInputVectors": shape[:-1], "domain": DOMAIN, "backend": "fpgadataflow"}
    types = {"inputDataTypes": ["INT4"] * 2, "Factors": [1, 1]}
    nodes = [
        helper.make_node("StreamSplit_rtl", ["x"], ["a", "b"], name="Split_0", inputDataType="INT4", **attributes),
        helper.make_node("StreamConcat_rtl", ["a", "b"], ["y"], name="Concat_0", **types, **attributes),
    ]
    ends = [helper.make_tensor_value_info(n, 1, shape) for n in ("x", "y")]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "chain", [ends[0]], [ends[1]])))
    values, result = simulate(stitch(model, tmp_path), {"x": x}, 3, stalls=stalls)
    assert np.array_equal(values["y"].reshape(x.shape), x)
    ends_of_frames = result.streams["m_axis_0"].frame_end
    assert stalls is not None or ends_of_frames[-1] - ends_of_frames[0] == 2 * 5 * 3 * len(selection)
