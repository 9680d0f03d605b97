"""Some of the networks that people bring, in integers; `python -m tests.builds.many_networks` counts more."""

from pathlib import Path

import pytest

from tests.builds.many_networks import outcome

EXACT = (2, 9, 19, 21, 40)  # strided, depthwise, two branches, larger of two, a reshape behind padding
REFUSED = {3: "different numbers of pixels", 18: "padding by mode reflect"}


@pytest.mark.parametrize("number", EXACT)
def test_exact(tmp_path: Path, number: int) -> None:
    assert outcome(number, tmp_path) == "exact"


@pytest.mark.parametrize("number", REFUSED)
def test_refused_with_a_cure(tmp_path: Path, number: int) -> None:
    said = outcome(number, tmp_path)
    assert said.startswith("refused") and REFUSED[number] in said and "Cure: " in said
