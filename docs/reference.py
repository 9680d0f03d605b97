"""Writes docs/reference.md: every key of a build's and of a board's YAML, from the classes that read them."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

from finn_build.config import Board, BuildConfig

PAGE = Path(__file__).with_name("reference.md")
_KINDS = (
    ("A build", "`hw_configs/*.yaml`, `--config`, `--write-config`", BuildConfig),
    ("A board", "`hw_configs/boards/*.yaml`, `--board FILE.yaml`", Board),
)


def page() -> str:
    """The page as it has to be."""
    return "# Keys of the YAML files\n\nWritten by `python docs/reference.py` from `finn_build/config.py`.\n" + "".join(
        _table(title, where, kind) for title, where, kind in _KINDS
    )


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
