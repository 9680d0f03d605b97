"""Every network of the zoo that a board takes, of few channels: C++ exact at every tap, RTL in its shell linted."""

from pathlib import Path

import pytest

from finn_build.rtl.lint import lint
from tests.builds.pipeline_runs import run_steps
from tests.builds.small_zoo import CASES, small_network
from tests.hls.zoo import build_cpp
from tests.rtl.lint.slang import complaints


@pytest.mark.parametrize("name", CASES)
def test_both_back_ends(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = build_cpp(small_network(name, tmp_path, monkeypatch), tmp_path)
    assert build.verdict is not None and build.verdict.passed, build.verdict
    assert 5 in build.verdict.levels and build.csim is not None and build.csim.passed
    shell = run_steps(build, ("stitch", "shell")).shell  # of the same hardware graph
    assert shell is not None
    found = lint(shell.sources, shell.top, memories=shell.folder, block_design=True)
    assert not found, "\n".join(map(str, found))
    assert complaints(shell.sources, f"--top {shell.top}") == ""
