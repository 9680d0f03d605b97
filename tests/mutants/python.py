"""Mutants of Python, found on its syntax tree; each runs in a fork of a process that has imported everything already.

Left alone: texts, what is raised, annotations, `strict` of zip, which is an assertion, which negative number a
reshape has.
"""

from __future__ import annotations

import ast
import gc
import importlib
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

from tests.mutants.living import Pair, give, living, pairs
from tests.mutants.mutant import SHORT, Mutant

ROOT = Path(__file__).resolve().parents[2]
RECORDS = "tests/records/test_records.py"
FORMULAS, WINDOWS, OPS, HANDS, HARDWARE, CHANGED, INTEGERS = (
    f"{RECORDS}::test_{test}"
    for test in (
        "formulas_say_what_they_said",
        "windows_say_what_they_said",
        "ops_say_what_they_said",
        "networks_by_hand_become_the_same_hardware",
        "networks_become_the_same_hardware",
        "changed_networks_become_what_they_became",
        "networks_are_the_same_integers",
    )
)
RECORDED = {  # where a module of a room is seen first, by comparison with records
    "finn_build/arithmetic/": [FORMULAS, f"{OPS}[thresholding]", f"{OPS}[bitconv]", INTEGERS],
    "finn_build/dataflow/ops/_window.py": [WINDOWS, OPS, HARDWARE],
    "finn_build/dataflow/ops/_ring.py": [WINDOWS, OPS, HARDWARE],
    "finn_build/dataflow/ops/_": [FORMULAS, OPS, HANDS, HARDWARE],
    "finn_build/dataflow/ops/": [OPS, HARDWARE],
    "finn_build/dataflow/": [HANDS, HARDWARE],
    "finn_build/frontend/": [CHANGED, HANDS, INTEGERS],
}
TESTS = {  # of modules whose test is not the one of their name, or not that alone
    "finn_build/arithmetic/datatypes.py": ["tests/arithmetic"],
    "finn_build/frontend/integers/": [
        f"tests/frontend/integers/test_{name}.py"
        for name in ("by_hand", "refusals", "quantizer_table", "compilation", "brevitas_styles")
    ],
    "finn_build/frontend/integers/quantizer.py": ["tests/frontend/test_qcdq.py"],
    **{f"finn_build/dataflow/ops/{op}.py": ["tests/dataflow/test_widths.py"] for op in ("bitconv", "mvau")},
    "finn_build/dataflow/ops/_bitconv_": ["tests/dataflow/ops/test_bitconv.py"],
    "finn_build/dataflow/ops/_ram.py": ["tests/dataflow/ops/test_fifo.py"],
    "finn_build/dataflow/ops/_dsp.py": ["tests/dataflow/ops/test_vvau.py"],
    "finn_build/dataflow/passes/_lower_layers.py": ["tests/dataflow/passes/test_lower_to_streams.py"],
    "finn_build/dataflow/passes/insert_fifos.py": ["tests/dataflow/test_fifo_depths.py"],
    "finn_build/frontend/integers/reshapes.py": ["tests/frontend/test_qcdq.py"],
    "finn_build/dataflow/passes/_skips.py": ["tests/dataflow/test_skip_depths.py"],
    "finn_build/dataflow/passes/_pixel_order.py": ["tests/dataflow/test_pixel_order.py"],
    "finn_build/dataflow/ops/_window.py": ["tests/dataflow/test_windows.py", "tests/dataflow/ops/test_swg.py"],
    "finn_build/board/driver/signflow_driver/jobs.py": ["tests/board/test_driver.py"],
    "sim/packing.py": ["tests/sim/test_packing.py"],
}
FILES = ("finn_build/arithmetic/*.py", "finn_build/frontend/integers/**/*.py", "finn_build/dataflow/**/*.py", *TESTS)
LIBRARIES = (
    "numpy",
    "scipy",
    "torch",
    "onnx",
    "onnxruntime",
    "onnxoptimizer",
    "brevitas.nn",
    "brevitas.export",
    "hypothesis",
    "pyslang",
    "qonnx.core.onnx_exec",
    "pytest",
    "jinja2",
)
OURS = ("finn_build", "sim", "signflow_driver", "finn")
COMPARISONS = {
    ast.Lt: (ast.LtE,), ast.LtE: (ast.Lt,), ast.Gt: (ast.GtE,), ast.GtE: (ast.Gt,), ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
OPERATIONS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}
LEFT_ALONE = {"own_attributes", "__repr__", "__str__"}
_QUICK = ["-k", "not synthesis"]  # of a file's tests, before all of them
_NO_TESTS = 5  # pytest's exit code where it was left none
SECONDS = 300  # of processor, that the tests of a module may take


def all_mutants() -> list[Mutant]:
    """Every mutant of the modules that tests look at."""
    paths = dict.fromkeys(p for pattern in FILES for p in sorted(ROOT.glob(pattern)) if p.suffix == ".py")
    return [mutant for path in paths if any(looks_of(path)) for mutant in mutants(path)]


def looks_of(path: Path) -> tuple[list[str], list[str]]:
    """Comparisons with records; the test files of a module, those listed first, which compile nothing."""
    name, found = str(path.relative_to(ROOT)), []
    own = Path("tests") / Path(name.removeprefix("finn_build/")).parent / f"test_{path.stem.strip('_')}.py"
    recorded = list(next((tests for start, tests in RECORDED.items() if name.startswith(start)), ()))
    if (ROOT / own).is_file():
        found = [str(own)]
        if own.parent.name == "ops" and recorded[0] == OPS:
            recorded[0] += f"[{path.stem}]"
    listed = (t for start, tests in TESTS.items() if name.startswith(start) for t in tests)
    return recorded, list(dict.fromkeys((*listed, *found)))


def mutants(path: Path) -> list[Mutant]:
    """Every mutant of a module, in order."""
    text = path.read_text()
    lines = [0]
    for line in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    raw = text.encode()

    def place(line: int, column: int) -> int:
        return len(raw[: lines[line - 1] + column].decode())

    found = []
    for node, after in _of(ast.parse(text)):
        start, end = place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)  # type: ignore
        context = text.splitlines()[node.lineno - 1].strip() if end - start < SHORT else ""
        new = f"({ast.unparse(after)})"
        found.append(Mutant(path, node.lineno, start, end, text[start:end], new, context=context))
    return list(dict.fromkeys(found))


def _of(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Expressions and what may stand in their place."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.FunctionDef) and node.name in LEFT_ALONE:
        return
    if isinstance(node, ast.expr):
        yield from ((node, after) for after in _alternatives(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reshape":
        node = ast.Call(node.func, [a for a in node.args if not isinstance(a, ast.UnaryOp)], node.keywords)
    skipped = {"annotation", "returns", "decorator_list"}
    for name, value in ast.iter_fields(node):
        if name in skipped or (isinstance(node, ast.Subscript) and name == "slice" and _is_type(node.value)):
            continue
        for child in value if isinstance(value, list) else [value]:
            text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not text and getattr(child, "arg", "") != "strict":
                yield from _of(child)


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("tuple", "list", "dict", "set", "DataType", "Callable")


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left, [operator], right):
            yield from (ast.Compare(left, [other()], right) for other in COMPARISONS[type(operator)])
        case ast.BinOp(left, operator, right) if type(operator) in OPERATIONS:
            yield ast.BinOp(left, OPERATIONS[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.And() if isinstance(operator, ast.Or) else ast.Or(), values)
            yield from (
                ast.BoolOp(operator, values[:i] + values[i + 1 :]) for i in range(len(values)) if len(values) > 2
            )
            yield from (values if len(values) == 2 else ())
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() as value):
            yield ast.Constant(value + 1)
        case ast.Call(ast.Name(name), arguments, keywords) if name in NAMES:
            yield ast.Call(ast.Name(NAMES[name]), arguments, keywords)
        case ast.Call(ast.Attribute(value, name), arguments, keywords) if name in NAMES:
            yield ast.Call(ast.Attribute(value, NAMES[name]), arguments, keywords)


class _Faulty(MetaPathFinder):
    """Imports one module with its fault."""

    def __init__(self, mutant: Mutant):
        self._mutant = mutant
        self._name = str(mutant.path.relative_to(ROOT).with_suffix("")).replace("/", ".")
        self._name = self._name.removeprefix("finn_build.board.driver.")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = spec_from_file_location(fullname, self._mutant.path)
        assert spec is not None and spec.loader is not None
        text = self._mutant.applied(self._mutant.path.read_text())
        spec.loader.get_code = lambda _: compile(text, str(self._mutant.path), "exec")  # type: ignore[attr-defined]
        return spec


def run_python(chosen: Sequence[Mutant], say: Callable[[str], None]) -> list[Mutant]:
    """Survivors among mutants of Python.

    Raises:
        RuntimeError: the tests of a module fail without any fault: they would call every mutant seen.
    """
    for name in LIBRARIES:
        importlib.import_module(name)
    codes = {mutant: pairs(mutant) for mutant in chosen}
    alive, sound = [], set[tuple[bool, str]]()
    for mutant in sorted(chosen, key=lambda m: codes[m] is not None):  # first what wants modules that are imported anew
        seen, code = False, codes[mutant]
        if code is not None and not living.cache_info().currsize:
            importlib.import_module("tests.records.test_records")
            living()
            gc.freeze()  # what all forks share is not looked through in each
        recorded, files = looks_of(mutant.path)
        for tests in (*([test] for test in recorded), *([*_QUICK, *_deselected(file), file] for file in files), files):
            if seen := _seen(mutant, tests, code):
                look = (code is None, " ".join(tests))
                if look not in sound and _seen(replace(mutant, after=mutant.before), tests, code and []):
                    failing = ", ".join(test for test in tests if test.startswith("tests/"))
                    raise RuntimeError(f"{mutant.path}: its tests fail without a fault: {failing}")
                sound.add(look)
                break
        say(f"{'seen' if seen else 'not seen'}: {mutant}")
        alive += [] if seen else [mutant]
    return alive


def _deselected(file: str) -> list[str]:
    """Classes of tests: those of ops, which compile."""
    text = (ROOT / file).read_text() if (ROOT / file).is_file() else ""
    classes = re.findall(r"^class (Test\w+)", text, re.MULTILINE)
    return [f"--deselect={file}::{name}" for name in classes]


def _seen(mutant: Mutant, tests: Sequence[str], code: list[Pair] | None) -> bool:
    """Whether tests fail with a mutant, in a process of its own; its module is imported anew where no code is given."""
    if not tests:
        return False
    child = os.fork()
    if child == 0:
        failed = 1
        with suppress(BaseException):
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            if code is not None:
                give(code, str(mutant.path))
            else:
                for name in [n for n in sys.modules if n.split(".")[0] in OURS]:
                    del sys.modules[name]
                sys.meta_path.insert(0, _Faulty(mutant))
            import pytest

            failed = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])) % _NO_TESTS
        os._exit(failed)
    end = time.monotonic() + 10 * SECONDS  # on the clock: a busy machine is no fault seen
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True  # it does not end
