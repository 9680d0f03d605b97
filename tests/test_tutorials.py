"""The tutorials, every line of them: commands and Python in their order, in a folder of their own; the README's too."""

import re
import shlex
from pathlib import Path

import pytest

from finn_build.console import main
from tests.builds.networks import PlainBrevitas, plain_export, randomize

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorials.md"
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


def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, but for two: CI begins with `make build`, the whole of the first one, and the paper's size
    has tests of its own. A build that says how far it goes does go there, others to the network's integers. A small
    network is trained, and little.
    """
    monkeypatch.chdir(tmp_path)
    assert main(["synthetic", "DIR", "--images", "60", "--size", "32"]) == 0
    plain_export(randomize(PlainBrevitas(), seed=2), Path("net.onnx"), (1, 3, 8, 8))
    shorter = {
        "build": ["--stop", "integers"],
        "train": ["--model", "binary_rescnn_w1a1", "--set", "image_size=32", "--epochs1", "1", "--epochs2", "1"],
    }
    lines = re.findall(r"^\.venv/bin/signflow (.+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) > 8
    for line in lines[2:]:
        command, *words = shlex.split(line, comments=True)
        if words == ["--list-models"]:
            with pytest.raises(SystemExit, match=r"^0$"):
                main([command, *words])
        else:
            assert main([command, *words, *(shorter[command] if "--stop" not in words else ())]) == 0, line
    assert Path("runs/mine/best.pt").is_file()
