"""Rails of the drawn graph: every stream keeps its own from the op that makes it to the op that reads it."""

from finn_build.report._rails import Rails, rails


def _rows(**reads: list[str]) -> list[dict]:
    return [{"name": name, "reads": sources} for name, sources in reads.items()]


def test_a_chain_has_one_rail() -> None:
    assert rails(_rows(a=[""], b=["a"])) == [Rails(0, (), (0,), (0,)), Rails(0, (), (0,), ())]


def test_a_shortcut_passes_beside_and_joins() -> None:
    found = rails(_rows(fork=[""], conv=["fork"], add=["conv", "fork"]))
    assert found == [Rails(0, (), (0,), (0, 1)), Rails(0, (1,), (0,), (0,)), Rails(0, (), (0, 1), ())]


def test_both_streams_of_a_fork_into_one_op_have_their_own() -> None:
    assert rails(_rows(fork=[""], add=["fork", "fork"]))[1] == Rails(0, (), (0, 1), ())


def test_a_rail_that_is_free_again_is_taken_again() -> None:
    found = rails(_rows(f=[""], a=["f"], b=["f", "a"], g=["b"], c=["g"], d=["c", "g"]))
    assert max(rail for op in found for rail in (*op.above, *op.below, *op.past)) == 1
