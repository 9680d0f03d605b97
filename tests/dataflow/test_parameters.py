"""What the cases of ops leave out: a parameter of the RTL that has one value in all of them, a memory of no case."""

from collections.abc import Iterable
from itertools import chain

import pytest

from finn_build.dataflow.ops._ram import RAM_STYLES
from finn_build.errors import SignflowError
from tests.dataflow.ops.op_case import OpBench, OpCase
from tests.nightly.strategies import OPS
from tests.records.ops import cases, drawn

_ABSENT = "the module's own"  # of a parameter that an instance does not name
_DRAWN, _SEEDS = 20, 12  # cases that follow one another are much alike


@pytest.mark.parametrize("stem", OPS)
def test_every_parameter_has_several_values_in_the_cases_of_its_op(stem: str) -> None:
    assert _constant(stem, cases(stem, 1)) == {}


@pytest.mark.parametrize("stem", OPS)
def test_every_parameter_has_several_values_in_what_long_runs_draw(stem: str) -> None:
    assert _constant(stem, chain.from_iterable(drawn(OPS[stem][1], _DRAWN, seed) for seed in range(_SEEDS))) == {}


def test_every_memory_that_an_op_may_have_is_in_its_cases() -> None:
    missing = {}
    for stem, (op_type, _) in OPS.items():
        ops = OpBench(op_type, cases(stem, 1)).ops
        found = {op.rtl_parameters().get("RAM_STYLE") for op in ops}
        wanted = {RAM_STYLES[style] for style in ops[0].ram_styles if style in RAM_STYLES}
        missing[stem] = set() if found == {None} else wanted - found
    assert {stem: styles for stem, styles in missing.items() if styles} == {}


def _constant(stem: str, listed: Iterable[OpCase]) -> dict[str, set[object]]:
    """Numbers among the parameters that are one and the same in all cases that are legal."""
    instances = []
    for case in listed:
        try:
            instances.append(OpBench(OPS[stem][0], [case]).ops[0].rtl_parameters())
        except SignflowError:
            continue
    names = {name for parameters in instances for name, value in parameters.items() if isinstance(value, int)}
    values = {name: {parameters.get(name, _ABSENT) for parameters in instances} for name in names}
    return {name: found for name, found in values.items() if len(found) == 1}
