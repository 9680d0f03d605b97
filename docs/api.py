"""Writes docs/api.md from signatures and docstrings: `signflow` and the driver, read as text, nothing imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
_DRIVER = ROOT / "finn_build/board/driver/signflow_driver"
_PARTS = {
    "signflow": {ROOT / "finn_build/api.py": ("build", "Build")},
    "signflow_driver": {
        _DRIVER / "accelerator.py": ("Accelerator",),
        _DRIVER / "frames.py": ("folder_frames",),
        _DRIVER / "inspection.py": ("Inspection", "Verdict"),
        _DRIVER / "performance.py": ("Performance", "StreamCounts"),
        _DRIVER / "errors.py": ("DriverError", "InputError", "MismatchError", "StallError", "BusError"),
    },
}


def page() -> str:
    """The page as it has to be."""
    lines = ["# From Python", "", "Written by `python docs/api.py` from the docstrings."]
    for package, files in _PARTS.items():
        lines += ["", f"## `import {package}`"]
        for path, names in files.items():
            found = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, _NAMED)}
            for name in names:
                lines += _entry(found[name], f"{package}.{name}", "###")
    return "\n".join(lines) + "\n"


_NAMED = (ast.FunctionDef, ast.ClassDef)


def _entry(node: ast.FunctionDef | ast.ClassDef, name: str, heading: str) -> Iterator[str]:
    """A heading, the signature, what the docstring says, and the public methods."""
    yield from ("", f"{heading} `{name}`", "", "```python", _signature(node), "```", "")
    yield from _said(ast.get_docstring(node) or "")
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                yield from _entry(method, f"{node.name}.{method.name}", "####")


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.FunctionDef):
        kept = [item for item in node.args.args if item.arg != "self"]
        node.args.args = kept
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        kinds = {ast.unparse(kind) for kind in node.decorator_list} & {"property", "cached_property"}
        return f"{node.name}{'' if kinds else f'({ast.unparse(node.args)})'}{returns}"
    made = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)
    if made:
        made.args.args = made.args.args[1:]
        return f"class {node.name}({ast.unparse(made.args)})"
    held = (item for item in node.body if isinstance(item, ast.AnnAssign))
    fields = [ast.unparse(item).split(" = field")[0] for item in held]
    return f"class {node.name}({', '.join(fields)})" if fields else f"class {node.name}"


def _said(text: str) -> Iterator[str]:
    """A docstring with its sections in bold and what they list as points."""
    head, *rest = re.split(r"^(?=(?:Args|Returns|Raises|Shapes|Attributes):)", text, flags=re.MULTILINE)
    yield from head.rstrip().splitlines()
    for section in rest:
        title, _, body = section.partition(":")
        yield from ("", f"**{title}**", "")
        entries = re.split(r"\n {4}(?=\S)", "\n" + body.strip("\n"))
        yield from (f"- {' '.join(entry.split())}" for entry in entries if entry.strip())


if __name__ == "__main__":
    PAGE.write_text(page())
