"""Names of a file are data: whatever a network calls its parts, none of it becomes code or overwrites results."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper

from finn_build import build
from finn_build.errors import UnsupportedModelError
from finn_build.frontend.export import export_qonnx
from finn_build.frontend.import_qonnx import import_qonnx
from finn_build.identifiers import identifiers, is_identifier
from tests.builds.networks import SmallResidual

CHARACTERS = "".join(map(chr, (*range(1, 0x180), 0x200B, 0x2028, 0x202E, 0x1F600)))  # control characters among them
MARKER = "marker_of_a_name"


def _name(number: int, marker: Path) -> str:
    """Characters of the whole set in turn, and text that would make a file if any language took it for code."""
    part = CHARACTERS[number * 7 % len(CHARACTERS) :][:7]
    code = f'std::ofstream("{marker}")<<1'
    texts = (
        f'{part}",Role::TAP}}}};}}}}static int i{number}=({code},0);//',
        f'{part}\n);initial $system("touch {marker}");wire (x{number}',
        f"{part}}}\n[exec touch {marker}]; {number} {{{{ 7*7 }}}} ${{",
        f"{part};touch {marker};$(touch {marker})`touch {marker}` {number}",
        f"{part}'''+str(open('{marker}','w'))+'''{number}\\\\" + "long" * 60,
    )
    return texts[number % len(texts)]


def _rename(path: Path, marker: Path) -> None:
    """Call every tensor, node, output and the graph, and describe every layer, by such a name."""
    model, names = onnx.load(path), {}
    graph = model.graph

    def new(name: str) -> str:
        return names.setdefault(name, _name(len(names), marker)) if name else name

    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = new(value.name)
    for number, node in enumerate(graph.node):
        node.name, node.doc_string = _name(1000 + number, marker), _name(2000 + number, marker)
        for listed in (node.input, node.output):
            listed[:] = [new(name) for name in listed]
        for prop in node.metadata_props:
            prop.value = str(["", _name(3000 + number, marker), "conv2d"])
    graph.name = _name(0, marker)
    del model.metadata_props[:]
    onnx.save(model, path)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    model = SmallResidual(bits=1, signed=True).eval()
    path = export_qonnx(model, tmp_path / "net.onnx", (1, 1, 11, 9))
    _rename(path, tmp_path / MARKER)
    return path.rename(tmp_path / f"{'n' * 32}}}\n[exec touch {MARKER}];initial $(touch {MARKER})`{MARKER}`.onnx")


def _code(folder: Path) -> list[Path]:
    suffixes = {".v", ".sv", ".svh", ".vh", ".tcl", ".f", ".mem", ".dat", ".cpp", ".hpp", ".h", ".py", ".md", ".ipynb"}
    return [path for path in folder.rglob("*") if path.suffix in suffixes]


@pytest.mark.parametrize("impl", ["rtl", "hls", "finn-hls"])
def test_no_text_of_a_file_becomes_code(
    hostile: Path, tmp_path: Path, impl: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The whole build passes its gate, and neither what it wrote nor what it compiled holds any of the names."""
    bound: list[str] = []
    from sim import verilator

    build_simulator: Callable[..., None] = verilator.build_simulator
    monkeypatch.setattr(verilator, "build_simulator", lambda *a: (bound.append(a[2]), build_simulator(*a)))
    monkeypatch.setenv("SIGNFLOW_CACHE", str(tmp_path / "cache"))  # so that it is compiled here
    out = tmp_path / "out"
    assert build.main(["--board", "pynq-z2", "--onnx", str(hostile), "--out", str(out), "--impl", impl]) == 0
    assert json.loads((out / "report.json").read_text())["gate"]["passed"] and len(bound) == (impl == "rtl")
    printed = capsys.readouterr()
    assert all(c.isprintable() or c == "\n" for c in printed.out + printed.err)
    made = _code(out)
    assert len(made) > 5
    for text in (*bound, *(path.read_text(errors="replace") for path in made if "signflow_driver" not in path.parts)):
        assert MARKER not in text and "long" * 3 not in text
    assert not list(tmp_path.rglob(MARKER)) and not Path(MARKER).exists()
    assert set(np.load(out / "frames.npz")) == {"images", "names", "outputs", "output_0", "output_0_ints"}


def test_identifiers_are_legal_short_and_different() -> None:
    names = [
        *CHARACTERS,
        *(f"a{c}b" for c in CHARACTERS),
        "x" * 500,
        "x" * 501,
        "",
        "__",
        "9",
        "n_9",
        "a__b",
        "m_axis_0",
    ]
    found = identifiers(names, taken=("m_axis_0", "n"))
    assert list(found) == list(dict.fromkeys(names)) and len(set(found.values())) == len(found)
    assert all(is_identifier(text) and len(text) < 50 for text in found.values())
    assert not {"m_axis_0", "n"} & set(found.values())
    assert identifiers(["conv1.act", "a/b"]) == {"conv1.act": "conv1_act", "a/b": "a_b"}
    assert not any(map(is_identifier, ("", "9a", "a b", "a__b", "a\n", "é", "a" * 99, "a;b", '"')))


@pytest.mark.parametrize("place", ["node", "inner", "function", "partition"])
def test_no_module_is_imported_by_a_domain(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of ours, ONNX' and qonnx' quantizers, a node's domain is refused by name before anything looks it up."""
    (tmp_path / "marked_module.py").write_text(f"open({str(tmp_path / MARKER)!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    x, y = (helper.make_tensor_value_info(name, 1, [1, 1, 4, 4]) for name in ("x", "y"))
    domain, op = ("qonnx.custom_op.general", "GenericPartition") if place == "partition" else ("marked_module", "Relu")
    node = helper.make_node(op, ["x"], ["y"], name="strange", domain=domain)
    imports, functions = [helper.make_opsetid("", 13), helper.make_opsetid(domain, 1)], []
    if place == "function":
        functions = [helper.make_function("own", "f", ["x"], ["y"], [node], imports)]
        node = helper.make_node("Relu", ["x"], ["y"])
    if place == "inner":
        inner = helper.make_graph([helper.make_node(op, ["x"], ["z"], name="strange", domain=domain)], "g", [], [y])
        node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    graph = helper.make_graph([node], "g", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=functions), tmp_path / "net.onnx")
    with pytest.raises(UnsupportedModelError, match=rf"unknown domains: strange \({op} of {domain}\)"):
        import_qonnx(tmp_path / "net.onnx")
    assert not (tmp_path / MARKER).exists()
