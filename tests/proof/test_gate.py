import numpy as np
import pytest

from finn_build.errors import GateError
from finn_build.proof.gate import Tap, compare

TAPS = [Tap("a", "MVAU_0", "conv1"), Tap("b", "Thresholding_0", "act1")]


def _levels() -> dict[int, dict[str, np.ndarray]]:
    rng = np.random.default_rng(7)
    values = {"a": rng.integers(-9, 9, (2, 4, 5, 3)), "b": rng.integers(0, 3, (2, 4, 5, 3))}
    return {n: {k: v.copy() for k, v in values.items()} for n in (1, 2, 4)}


def test_equal_levels_pass_and_are_counted() -> None:
    verdict = compare(TAPS, _levels())
    assert verdict.passed and verdict.first_difference is None
    assert (verdict.frames, verdict.taps, verdict.comparisons, verdict.values) == (2, 2, 4, 4 * 120)
    verdict.require()


def test_first_difference_is_named_in_dataflow_order() -> None:
    levels = _levels()
    levels[2]["b"][0, 0, 0, 0] += 1
    levels[4]["a"][1, 2, 3, 1] += 5
    verdict = compare(TAPS, levels)
    expected = int(levels[1]["a"][1, 2, 3, 1])
    with pytest.raises(GateError) as error:
        verdict.require()
    assert str(error.value) == (
        "the gate failed at layer conv1 (MVAU_0): frame 1, channel 1, row 2, column 3: "
        f"level 1 (QONNX) has {expected}, level 4 (stitched design in rtlsim) has {expected + 5}; tensor a"
    )


def test_a_tensor_at_one_level_only_is_not_counted_as_compared() -> None:
    levels = _levels()
    for level in (2, 4):
        del levels[level]["b"]
    assert compare(TAPS, levels).taps == 1


def test_missing_values_fail() -> None:
    levels = _levels()
    levels[4]["a"] = levels[4]["a"][:1]
    with pytest.raises(GateError, match="shapes"):
        compare(TAPS, levels)


def test_dense_tensors_report_channel_and_place_zero() -> None:
    levels = {0: {"a": np.arange(12).reshape(2, 6)}, 3: {"a": np.arange(12).reshape(2, 6)}}
    levels[3]["a"][1, 4] = 0
    difference = compare(TAPS, levels).first_difference
    assert difference is not None
    assert (difference.frame, difference.channel, difference.row, difference.column) == (1, 4, 0, 0)


def test_streams_in_another_order_are_compared_and_named_by_logical_channel() -> None:
    reference = np.arange(24).reshape(1, 2, 3, 4)
    streamed = reference[..., [2, 0, 3, 1]]
    tap = Tap("a", "Thresholding_0", "act1", [2, 0, 3, 1])
    assert compare([tap], {1: {"a": reference}, 2: {"a": streamed}, 4: {"a": streamed}}).passed
    wrong = streamed.copy()
    wrong[0, 1, 2, 0] += 1
    difference = compare([tap], {1: {"a": reference}, 4: {"a": wrong}}).first_difference
    assert difference is not None
    assert (difference.channel, difference.row, difference.column) == (2, 1, 2)
    assert (difference.expected, difference.got) == (reference[0, 1, 2, 2], reference[0, 1, 2, 2] + 1)


def test_parts_of_a_stream_name_the_channels_of_its_tensor() -> None:
    part = np.zeros((1, 2, 3), np.int64)
    tap, wrong = Tap("a_part0", "Split_0", "unit1", [7, 3, 5]), part.copy()
    wrong[0, 0, 1] = 1
    difference = compare([tap], {2: {"a_part0": part}, 4: {"a_part0": wrong}}).first_difference
    assert difference is not None and difference.channel == 3
