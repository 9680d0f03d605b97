"""docs/extending.md by the letter: its files, put into a copy of the tree, are an op and a board that work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COPIED = ("brevitas_models", "finn_build", "hw_configs", "sim", "tests")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with the page's files."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in _COPIED:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("*.pt", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    files = dict(_FILE.findall((ROOT / "docs" / "extending.md").read_text()))
    assert len(files) == 6
    for name, text in files.items():
        assert not (tree / name).exists(), f"{name}: the page changes a file that is there"
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    return tree


def _run(tree: Path, *command: str) -> str:
    paths = os.pathsep.join([str(tree), str(tree / "finn_build" / "board" / "driver")])
    ran = subprocess.run(
        [sys.executable, *command], cwd=tree, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_pages_op_is_one_of_the_library(copied: Path) -> None:
    """Its own tests and the rules of the tree; both run where the op lies, in the copy."""
    told = _run(copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/dataflow/ops/test_abs.py")
    assert re.search(r"^[7-9] passed", told, re.MULTILINE)
    rules = "every_op or every_rtl"
    assert "4 passed" in _run(
        copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_structure.py", "-k", rules
    )


def test_the_pages_board_is_one_to_build_for(copied: Path) -> None:
    board = (
        "from finn_build.config import load_board; from finn_build.families import family_of; b = load_board('arty-z7')"
    )
    assert _run(copied, "-c", f"{board}; print(b.luts_per_bram18, family_of(b).ps.ip)") == "147 processing_system7\n"
    assert "arty-z7" in _run(copied, "finn_build/build.py", "--help")
