"""The tutorials, every line of them: commands and Python in their order, in a folder of their own."""

import re
import shlex
from pathlib import Path

import pytest

from finn_build.console import main

PAGE = Path(__file__).parent.parent / "docs" / "tutorials.md"
PARTS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))
LEFT = {  # what each leaves, of what its text names
    "You inspect surfaces": ("runs/first/best.pt", "out/best-pynq-z2/report.html"),
    "You do research": ("mine/report.html",),
    "You design for FPGAs": ("slow/report.html", "fast/stitched/sources.f"),
    "You study how it works": ("look/steps/lower.onnx", "look/steps/fold.onnx", "look/steps/buffer.onnx"),
}


def test_there_is_one_for_each() -> None:
    assert set(PARTS) == set(LEFT)


@pytest.mark.parametrize("name", PARTS)
def test_every_line_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", PARTS[name], re.MULTILINE | re.DOTALL)
    assert blocks
    for kind, text in blocks:
        if kind == "python":
            exec(compile(text, str(PAGE), "exec"), known)
            continue
        for line in text.splitlines():
            program, *words = shlex.split(line)
            assert program == "signflow" and main(words) == 0, line
    assert all((tmp_path / path).exists() for path in LEFT[name])
