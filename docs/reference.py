"""Writes docs/reference.md and docs/report.schema.json: keys of the YAML files, from the classes that read them, and of
report.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from finn_build.config import Board, BuildConfig

PAGE = Path(__file__).with_name("reference.md")
SCHEMA = Path(__file__).with_name("report.schema.json")
_SHEET = Path(__file__).parent.parent / "finn_build" / "report" / "sheet.yaml"
_TYPES = {"text": "string", "flag": "boolean", "number": "number", "integer": "integer", "any": None}
_KINDS = (
    ("A build", "`hw_configs/*.yaml`, `--config`, `--write-config`", BuildConfig),
    ("A board", "`hw_configs/boards/*.yaml`, `--board FILE.yaml`", Board),
)


def page() -> str:
    """The page as it has to be."""
    return (
        "# Keys of the YAML files, and of report.json\n\nWritten by `python docs/reference.py`.\n"
        + "".join(_table(title, where, kind) for title, where, kind in _KINDS)
        + "\n## report.json\n\nEvery figure of a build (`estimate.json` of one that was stopped before its gate), by "
        "[JSON schema](report.schema.json). `?` may be null, `[]` is a list, `{}` a mapping by names.\n\n"
        "| key | type | meaning |\n|---|---|---|\n"
        + "".join(f"| `{key}` | {kind} | {meaning} |\n" for key, kind, meaning in _sheet())
    )


def schema() -> str:
    """The JSON schema of report.json as it has to be: all keys are there, and no others."""
    found = _object({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "report.json of signflow"})
    for key, kind, meaning in _sheet():
        inner, path = found, key.split(".")
        for number, part in enumerate(path):
            name, shape = re.fullmatch(r"(\w+)(.*)", part).groups()  # type: ignore[union-attr]
            inner["required"] += [name] if name not in inner["required"] else []
            last = number == len(path) - 1
            leaf = {"description": meaning} | ({"type": _TYPES[kind]} if _TYPES[kind] else {})
            inner = _shaped(inner["properties"].setdefault(name, {}), shape, leaf if last else None)
    return json.dumps(found, indent=1) + "\n"


def _sheet() -> Iterator[tuple[str, str, str]]:
    """Key, type and meaning of each key of report.json."""
    for key, said in yaml.safe_load(_SHEET.read_text()).items():
        kind, _, meaning = said.partition(" | ")
        yield key, kind, meaning


def _object(head: dict[str, Any]) -> dict[str, Any]:
    return {**head, "type": "object", "properties": {}, "required": [], "additionalProperties": False}


def _shaped(node: dict[str, Any], shape: str, leaf: dict[str, Any] | None) -> dict[str, Any]:
    """Make a node what `shape` says (`?`, `[]`, `{}`, in any order), and a leaf or an object within; returns that."""
    nullable, rest = shape.startswith("?"), shape.removeprefix("?")
    if rest[:2] in ("[]", "{}"):
        kind, items = ("array", "items") if rest[:2] == "[]" else ("object", "additionalProperties")
        node |= {"type": [kind, "null"] if nullable else kind}
        return _shaped(node.setdefault(items, {}), rest[2:], leaf)
    if leaf is None:
        node |= {} if node else _object({})
    else:
        node |= leaf
    if nullable and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    return node


def _table(title: str, where: str, kind: type) -> str:
    said = _meanings(kind.__doc__ or "")
    rows = [f"\n## {title}\n\n{where}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"]
    for key in fields(kind):
        default = "" if key.default is MISSING else f"`{key.default!r}`"
        default = default if key.default_factory is MISSING else "none"
        typed = str(key.type).replace("|", "\\|")
        rows.append(f"| `{key.name}` | `{typed}` | {default or 'needed'} | {said[key.name]} |\n")
    return "".join(rows)


def _meanings(docstring: str) -> dict[str, str]:
    """What a docstring's `Attributes:` say of each name; several names may share a line."""
    listed = re.split(r"\n {8}(?=\S)", docstring.split("Attributes:\n")[1].rstrip().join(("\n", "")))
    pairs = (entry.strip().split(": ", 1) for entry in listed if entry.strip())
    return {name.strip(): " ".join(text.split()) for names, text in pairs for name in names.split(",")}


if __name__ == "__main__":
    PAGE.write_text(page())
    SCHEMA.write_text(schema())
