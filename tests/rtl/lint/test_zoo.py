"""What every network of the zoo that a board takes is made of, of few channels: stitched, in its shell, and linted."""

from pathlib import Path

import pytest

from finn_build.config import load_board
from finn_build.rtl.lint import lint
from tests.builds.pipeline_runs import run_steps, start_build
from tests.builds.small_zoo import CASES, small_network
from tests.rtl.lint.slang import complaints


@pytest.mark.parametrize("name", CASES)
def test_a_network_of_the_zoo_breaks_no_rule(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = start_build(small_network(name, tmp_path, monkeypatch), tmp_path)
    build.board = load_board("zcu104")
    shell = run_steps(build, ("integers", "lower", "fold", "buffer", "stitch", "shell")).shell
    assert shell is not None
    found = lint(shell.sources, shell.top, memories=shell.folder, block_design=True)
    assert not found, "\n".join(map(str, found))
    assert complaints(shell.sources, f"--top {shell.top}") == ""
