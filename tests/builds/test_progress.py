"""What a build says of its progress where no terminal listens."""

from io import StringIO

from rich.console import Console

from finn_build.pipeline import STEPS, STEPS_FINN_HLS, STEPS_HLS
from finn_build.progress import _USUAL_S, progress

NAMES = [step.name for step in STEPS]


def test_a_pipe_gets_a_line_as_each_step_begins_and_more_of_a_long_one() -> None:
    file, now = StringIO(), [0.0]
    with progress(Console(file=file, width=132), NAMES, {"lower": 3.0, "gate": 40.0}, lambda: now[0]) as on_step:
        on_step(STEPS[0])(0.5)
        assert file.getvalue().startswith(f" 1/{len(STEPS)} integers         Compile every float chain ")
        assert file.getvalue().endswith("(about 43 s to go, by the build that was here)\n")
        told = on_step(STEPS[1])
        for seconds, fraction in ((19.0, 0.1), (21.0, 0.25), (22.0, 0.3), (50.0, 0.75)):
            now[0] = seconds
            told(fraction)
    said = [line.removeprefix(f" 2/{len(STEPS)} lower            ") for line in file.getvalue().splitlines()]
    assert said[-2:] == ["25% after 21 s", "75% after 50 s"]


def test_a_first_build_is_measured_by_a_usual_one() -> None:
    """At first by its seconds, then by how much longer its own steps have taken."""
    file, now = StringIO(), [0.0]
    usual = sum(_USUAL_S[name] for name in NAMES)
    with progress(Console(file=file, width=132), NAMES, {}, lambda: now[0]) as on_step:
        on_step(STEPS[0])
        now[0] = 3 * _USUAL_S[NAMES[0]]
        on_step(STEPS[1])
    first, second = (line.rpartition(" (")[2] for line in file.getvalue().splitlines())
    assert first == f"about {usual:.0f} s to go, by the shares of a usual build)"
    assert second == f"about {3 * (usual - _USUAL_S[NAMES[0]]):.0f} s to go, by the shares of a usual build)"


def test_every_step_has_a_usual_time() -> None:
    assert {step.name for step in (*STEPS, *STEPS_HLS, *STEPS_FINN_HLS)} == set(_USUAL_S)


def test_of_the_last_second_nothing_is_said() -> None:
    file = StringIO()
    with progress(Console(file=file, width=132), NAMES, {"deploy": 0.5}) as on_step:
        on_step(STEPS[-1])
    assert "to go" not in file.getvalue() and file.getvalue().startswith(f"{len(STEPS)}/{len(STEPS)} deploy ")
