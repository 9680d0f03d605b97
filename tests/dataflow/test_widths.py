"""Random parameters of the ops that keep numbers in widths of their own: the RTL's arithmetic gives NumPy's values."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import seed as seeded

from finn_build.errors import SignflowError, UnsupportedModelError
from tests.dataflow.ops.op_case import FRAMES, OpBench, OpCase
from tests.dataflow.ops.rtl_widths import bitconv_levels, mvau_sums
from tests.dataflow.ops.test_add import add
from tests.dataflow.ops.test_bitconv import CASES as CONVOLUTIONS
from tests.dataflow.ops.test_mvau import ONE_BIT, PACKED, WIDER, extreme
from tests.nightly.strategies import OPS


def convolution(case: OpCase) -> None:
    bench = OpBench("BitConv_rtl", [case])
    (op,), values, (wanted,) = bench.ops, list(bench.values.values()), bench.expected(0)
    for f in range(FRAMES):
        got = bitconv_levels(op, bench.model, values[0][f], values[1][f] if len(values) > 1 else None)
        bench._equal(0, "in the RTL's widths", got, wanted[f].reshape(got.shape))


def product(case: OpCase) -> None:
    bench = OpBench("BitMVAU_rtl", [case])
    ((op,), (values,), (wanted,)) = bench.ops, bench.values.values(), bench.expected(0)
    got = mvau_sums(op, bench.model, values.reshape(-1, values.shape[-1]))
    bench._equal(0, "in the RTL's widths", got, wanted.reshape(got.shape))


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_of_the_ops_test(case: OpCase) -> None:
    convolution(case)


@pytest.mark.parametrize("case", [*ONE_BIT, *WIDER, *PACKED, *(extreme(c) for c in PACKED if c.attributes["MH"] == 4)])
def test_products_of_the_ops_test(case: OpCase) -> None:
    product(case)


@pytest.mark.parametrize(("stem", "check"), [("bitconv", convolution), ("mvau", product)])
def test_random_parameters(stem: str, check: Callable[[OpCase], None]) -> None:
    checked = []

    @seeded(1)
    @settings(max_examples=60, deadline=None, database=None)
    @given(case=OPS[stem][1])
    def is_exact(case: OpCase) -> None:
        try:
            OpBench(OPS[stem][0], [case]).ops[0].rtl_parameters()
        except SignflowError:
            return  # it says no by itself
        check(case)
        checked.append(case)

    is_exact()
    assert len(checked) > 30


@pytest.mark.parametrize("stem", sorted(OPS))
def test_random_values_lie_in_the_types_that_they_leave_in(stem: str) -> None:
    """The ends of the inputs' types among them."""

    @seeded(2)
    @settings(max_examples=8, deadline=None, database=None)
    @given(case=OPS[stem][1])
    def lie(case: OpCase) -> None:
        with suppress(SignflowError):  # it says no by itself
            OpBench(OPS[stem][0], [case]).check_compute()

    lie()


def test_a_parameter_beyond_the_rtls_own_integers_is_named(tmp_path: Path) -> None:
    bench = OpBench("StreamAdd_rtl", [add("UINT2", "UINT2", 1, 1 << 31)])
    op = bench.ops[0]
    op.set_nodeattr("code_gen_dir_ipgen", str(tmp_path))
    with pytest.raises(
        UnsupportedModelError, match=r"^StreamAdd_rtl_0: B_SCALE of 2147483648; legal: numbers of 32 bits"
    ):
        op.generate_hdl(bench.model, "", 0.0)
