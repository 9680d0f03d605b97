"""Some of the networks that people bring, in integers; `python -m tests.builds.many_networks` counts more."""

from pathlib import Path

import pytest

from tests.builds.many_networks import outcome

EXACT = (2, 9, 19, 45, 91, 96, 100)  # strided, depthwise, two branches; sums reflected, uneven averages, edges, clips


@pytest.mark.parametrize("number", EXACT)
def test_exact(tmp_path: Path, number: int) -> None:
    assert outcome(number, tmp_path) == "exact"
