"""The command on bad input: one clear line, exit code 1, nothing left behind that looks whole."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from finn_build import build
from finn_build.frontend.export import export_qonnx
from tests.builds.networks import SmallResidual, plain_export, randomize

ROOT = Path(__file__).resolve().parents[2]


def _fails(capsys: pytest.CaptureFixture, tmp_path: Path, *arguments: str) -> str:
    out = tmp_path / "out"
    assert build.main(["--board", "pynq-z2", "--out", str(out), *arguments]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and not out.exists() and not (tmp_path / ".out.partial").exists()
    return lines[0]


def test_misspelt_board(capsys: pytest.CaptureFixture) -> None:
    assert build.main(["--board", "pynk-z2"]) == 1
    assert capsys.readouterr().err == (
        "error: --board pynk-z2: unknown board; did you mean 'pynq-z2'?; legal: arty-z7-20, kv260, pynq-z1, "
        "pynq-z2, ultra96-v2, zcu102, zcu104, zybo-z7-20, or a YAML file\n"
    )


def test_unknown_model(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert "did you mean 'cnv_w1a2'?" in _fails(capsys, tmp_path, "--model", "cnv_w1a3")


def test_missing_and_broken_networks(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert "no such file" in _fails(capsys, tmp_path, "--onnx", str(tmp_path / "none.onnx"))
    (tmp_path / "broken.onnx").write_bytes(b"\x07not a network")
    assert "not a readable ONNX file" in _fails(capsys, tmp_path, "--onnx", str(tmp_path / "broken.onnx"))
    (tmp_path / "empty.onnx").write_bytes(b"")
    assert "the graph is empty" in _fails(capsys, tmp_path, "--onnx", str(tmp_path / "empty.onnx"))
    (tmp_path / "broken.pt").write_bytes(b"no checkpoint")
    assert "not a readable checkpoint" in _fails(capsys, tmp_path, "--checkpoint", str(tmp_path / "broken.pt"))


def test_images_missing_empty_and_broken(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert "no such folder" in _fails(capsys, tmp_path, "--images", str(tmp_path / "none"))
    folder = tmp_path / "images"
    folder.mkdir()
    assert "no images" in _fails(capsys, tmp_path, "--images", str(folder))
    Image.new("L", (9, 9)).save(folder / "one.png")
    assert "1 image(s), the build needs 4 frames" in _fails(capsys, tmp_path, "--images", str(folder))
    (folder / "two.png").write_bytes(b"not a picture")
    assert "two.png: not a readable image" in _fails(capsys, tmp_path, "--images", str(folder))
    Image.new("L", (9, 9)).save(folder / "two.png", format="EPS")  # Pillow starts a program on these
    assert "two.png: a picture of format EPS; legal: " in _fails(capsys, tmp_path, "--images", str(folder))
    (folder / "two.png").unlink()
    os.mkfifo(folder / "two.png")
    assert "two.png: not a file" in _fails(capsys, tmp_path, "--images", str(folder))


@pytest.mark.parametrize("option", ["--images", "--onnx", "--checkpoint", "--config", "--board"])
def test_names_are_printed_letter_by_letter(capsys: pytest.CaptureFixture, tmp_path: Path, option: str) -> None:
    """No line of its own, no colour, no title of the terminal, no markup, and nothing that cannot be encoded."""
    name = "a\n\x1b[31m\x1b]0;t\x07\u202e\udc80[red]:bomb:.yaml"
    said = _fails(capsys, tmp_path, option, str(tmp_path / name))
    assert r"a\n\x1b[31m\x1b]0;t\x07\u202e\udc80[red]:bomb:.yaml: no such" in said and said.isprintable()


def test_the_users_input_is_looked_at_before_anything_is_loaded(tmp_path: Path) -> None:
    """In a process of its own, which has not loaded PyTorch when the error is said."""
    asked = ["--board", "pynq-z2", "--out", str(tmp_path / "out"), "--images", str(tmp_path / "none")]
    script = f"import sys; from finn_build.build import main; print(main({asked}), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "1 False\n" and done.stderr == f"error: {tmp_path / 'none'}: no such folder\n"


def test_seeds_and_configurations_that_cannot_be(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert _fails(capsys, tmp_path, "--seed", "-1") == "error: --seed -1; legal: 0 and above, below 2^32"
    (tmp_path / "file").touch()
    for bad in (tmp_path, tmp_path / "file" / "build.yaml"):
        message = _fails(capsys, tmp_path, "--write-config", str(bad))
        assert message == f"error: --write-config {bad}: cannot be written; choose another file"


def test_unsupported_network_is_listed_before_anything_is_built(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = plain_export(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), tmp_path / "float.onnx", (1, 1, 16, 16))
    message = _fails(capsys, tmp_path, "--onnx", str(path))
    assert "1 node(s) cannot be built" in message


def test_impossible_rates_and_foldings(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = randomize(SmallResidual(bits=2, signed=True), seed=4)
    onnx, config = export_qonnx(model, tmp_path / "small.onnx", (1, 1, 11, 9)), tmp_path / "build.yaml"
    assert "the fully unfolded network takes" in _fails(capsys, tmp_path, "--onnx", str(onnx), "--target-fps", "1e8")
    for folding, wanted in (
        ("{MVAU_1: {PE: 4}}", "MVAU_1: PE=4 does not divide MH=6; nearest legal: 3, 6"),
        ("{MVAU_99: {PE: 1}}", "no op is called MVAU_99; legal: "),
    ):
        config.write_text(f"model: small\nfolding: {folding}\n")
        message = _fails(capsys, tmp_path, "--onnx", str(onnx), "--config", str(config))
        assert message.startswith(f"error: folding: {wanted}")


def test_full_disk(capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "report.json")

    monkeypatch.setattr("finn_build.frontend.network.export_qonnx", full)
    assert _fails(capsys, tmp_path) == "error: report.json: no space left on the disk; nothing was kept"


def test_an_output_folder_with_other_files_is_left_alone(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    assert build.main(["--board", "pynq-z2", "--out", str(out)]) == 1
    assert "holds other files" in capsys.readouterr().err and (out / "thesis.txt").read_text() == "mine"


def test_start_needs_an_earlier_build(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert "run the build from an earlier step first" in _fails(capsys, tmp_path, "--start", "stitch")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--timing", "--stop", "fold"], "--timing: needs the design of our RTL, from the step stitch on; leave out "),
        (["--require-timing", "--impl", "hls"], "--timing: needs the design of our RTL"),
        (["--timing", "--rtl", "verilog"], "--timing --rtl verilog: the logic is the same; leave out --rtl"),
        (["--clk", "150"], "clk_mhz=150: pynq-z2 divides its clock from 1000 MHz; nearest: 142.857 or 166.667"),
    ],
)
def test_clocks_and_timings_that_cannot_be(
    options: list[str], message: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    assert _fails(capsys, tmp_path, *options).startswith(f"error: {message}")


def test_help_teaches(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        build.main(["--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and "python finn_build/build.py --board pynq-z2" in text and "Exit code" in text
