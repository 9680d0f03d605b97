"""The tree is the architecture: one op, one stem; one pass, one test."""

import ast
import runpy
from pathlib import Path

import pytest

from finn_build.board.shell import SHELL_SOURCES, SKIP_SOURCES
from finn_build.finn.environment import prepare_finn
from tests.import_graph import arrows_up, circles, import_graph

ROOT = Path(__file__).resolve().parent.parent
RTL = ROOT / "finn_build" / "rtl"
_KNOW_OPS = ("dataflow/ops/", "dataflow/passes/_lower_layers", "dataflow/passes/fuse_conv_units", "hls/ops/")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _stems(folder: Path, prefix: str = "") -> set[str]:
    return {p.stem.removeprefix(prefix) for p in folder.glob(f"{prefix}*.py") if not p.stem.startswith("_")}


def test_every_op_has_rtl_and_a_test_under_its_stem() -> None:
    ops = _stems(ROOT / "finn_build" / "dataflow" / "ops") - {"base", "finn_op"}
    rtl = {p.name for p in RTL.iterdir() if any(p.glob("*.sv"))}
    assert ops | {"shell", "lib"} == rtl | {"fifo"} and ops == _stems(ROOT / "tests" / "dataflow" / "ops", "test_")
    assert all((RTL / ("lib" if op == "fifo" else op) / f"sf_{op}.sv").is_file() for op in ops)


def test_every_op_has_a_form_for_hls_under_its_stem(tmp_path: Path) -> None:
    """But for the FIFO, which is the depth of a stream."""
    prepare_finn(tmp_path)
    from finn_build.dataflow.ops.base import StreamOp
    from finn_build.hls.ops import KERNELS

    ops = _stems(ROOT / "finn_build" / "dataflow" / "ops") - {"base", "finn_op", "fifo"}
    hls, shared = ROOT / "finn_build" / "hls", {"types", "lanes", "simulation", "window", "leaving", "steps", "copy"}
    headers = {p.stem.removeprefix("sf_") for p in (hls / "lib").glob("sf_*.h")}
    assert ops == _stems(hls / "ops") == headers - shared
    known = {op.__name__ for op in StreamOp.__subclasses__() if op.__module__.startswith("finn_build.")}
    assert set(KERNELS) == known - {"StreamFIFO_rtl"}


def test_every_pass_has_a_test_under_its_stem() -> None:
    for passes, tests in (("dataflow/passes", "dataflow/passes"), ("finn/guards", "finn/guards")):
        assert _stems(ROOT / "finn_build" / passes) == _stems(ROOT / "tests" / tests, "test_")


def test_every_rtl_module_lies_in_a_file_of_its_name() -> None:
    for path in RTL.rglob("*.sv"):
        assert path.stem.startswith("sf_") and f"module {path.stem} #(" in path.read_text(), path


def test_every_rtl_file_is_used(tmp_path: Path) -> None:
    prepare_finn(tmp_path)
    from finn_build.dataflow import ops
    from finn_build.dataflow.ops.base import StreamOp

    assert ops.__doc__
    used = {source for op in StreamOp.__subclasses__() for source in getattr(op, "rtl_sources", ())}
    assert {str(p.relative_to(RTL)) for p in RTL.rglob("*.sv")} <= used | {*SHELL_SOURCES, *SKIP_SOURCES}


def test_the_command_knows_the_pipelines_steps(tmp_path: Path) -> None:
    prepare_finn(tmp_path)
    from finn_build.combinations import STEPS_OF
    from finn_build.options import START_NAMES, STEP_NAMES
    from finn_build.pipeline import STEPS, STEPS_FINN_HLS, STEPS_HLS

    flows = {"rtl": STEPS, "hls": STEPS_HLS, "finn-hls": STEPS_FINN_HLS}
    assert {impl: tuple(step.name for step in steps) for impl, steps in flows.items()} == STEPS_OF
    assert STEP_NAMES[: len(START_NAMES)] == START_NAMES


def test_no_module_reaches_itself_by_its_imports() -> None:
    assert circles(import_graph()) == []


def test_no_room_looks_up() -> None:
    assert arrows_up(import_graph()) == []


def test_circles_and_arrows_are_found() -> None:
    """Through an `__init__` too: whoever imports `finn_build.hls.ops.mvau` runs `finn_build.hls.ops`."""
    graph = import_graph()
    graph["finn_build.hls.ops.mvau"].add("finn_build.hls.steps")
    graph["finn_build.hls.steps"].add("finn_build.hls.ops")
    assert circles(graph) != []
    assert "finn_build.hls.ops.mvau -> finn_build.hls.steps" in arrows_up(graph)


def test_an_op_that_states_nothing_is_refused(tmp_path: Path) -> None:
    prepare_finn(tmp_path)
    from finn_build.dataflow.ops.base import StreamOp

    stated: dict[str, object] = {"traits": frozenset(), "lane_sizes": {}, "ram_styles": ()}
    for silent in stated:
        with pytest.raises(TypeError, match=f"Silent states no {silent}"):
            type("Silent", (StreamOp,), {name: value for name, value in stated.items() if name != silent})


def test_passes_ask_what_an_op_says_and_not_what_it_is_called() -> None:
    """An op's name or class stands where it is made, lowered or fused, and in the table of kernels."""
    named = set()
    for path in (ROOT / "finn_build").rglob("*.py"):
        place = str(path.relative_to(ROOT / "finn_build"))
        if place.startswith(_KNOW_OPS):
            continue
        tree = ast.parse(path.read_text())
        made = {id(n.args[0]) for n in ast.walk(tree) if isinstance(n, ast.Call) and _called(n) == "make_node"}
        for n in ast.walk(tree):
            texts = [n.value] if isinstance(n, ast.Constant) and id(n) not in made else []
            texts += [alias.name for alias in n.names] if isinstance(n, ast.ImportFrom) else []
            if any(isinstance(text, str) and text.endswith("_rtl") and text != "_rtl" for text in texts):
                named.add(f"{place}:{n.lineno}")  # type: ignore[attr-defined]
    assert named == set()


def test_a_network_says_what_it_is_for() -> None:
    """Nobody but the zoo asks of which family a network is: its `task` says what training and evaluation go by."""
    families = {f"brevitas_models.networks.{name}" for name in ("u_binet", "bi_shufflenet", "binary_rescnn", "cnv")}
    asking = {name for name, wanted in import_graph().items() if wanted & families}
    assert {name for name in asking if not name.startswith("brevitas_models.networks.")} == set()


def test_every_pass_stands_in_the_pipeline_and_says_what_it_does() -> None:
    """Each has an example in its docstring: the graph before and after."""
    listed, found = (ROOT / "finn_build" / "pipeline.py").read_text(), []
    for path in [*(ROOT / "finn_build" / "dataflow").rglob("*.py"), *(ROOT / "finn_build" / "frontend").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(getattr(b, "id", "") == "Transformation" for b in node.bases):
                text = ast.get_docstring(node) or ""
                assert "Before: " in text and ("After: " in text or "After, " in text), node.name
                assert node.name in listed, node.name
                found.append(node.name)
    assert len(found) == 18


def test_the_picture_of_the_rooms_is_as_the_code() -> None:
    picture = runpy.run_path(str(ROOT / "docs" / "draw_rooms.py"))["picture"]
    assert (ROOT / "docs" / "rooms.svg").read_text() == picture(), "run `python docs/draw_rooms.py`"


def test_what_helpers_of_tests_assert_is_told() -> None:
    """pytest has rewritten them, as it does tests: a bare AssertionError would tell a newcomer nothing."""
    from tests.dataflow.ops import op_case

    assert "@pytest_ar" in vars(op_case)
