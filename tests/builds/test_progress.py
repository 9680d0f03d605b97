"""What a build says of its progress where no terminal listens."""

from io import StringIO

from rich.console import Console

from finn_build.pipeline import STEPS
from finn_build.progress import progress

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


def test_without_an_earlier_build_nothing_is_guessed() -> None:
    file = StringIO()
    with progress(Console(file=file, width=132), NAMES, {}) as on_step:
        on_step(STEPS[-1])
    assert "to go" not in file.getvalue() and file.getvalue().startswith(f"{len(STEPS)}/{len(STEPS)} deploy ")
