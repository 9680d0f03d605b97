"""The licence of what is written for a user's design: in front of every source of ours, and whole beside them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

LICENSE = Path(__file__).with_name("LICENSE")
_TAG = "SPDX-License-Identifier:"
_LINES = (f"{_TAG} BSD-3-Clause", f"Copyright (c) 2026, the signflow authors; the terms are in {LICENSE.name}")
HEAD_LINES = len(_LINES)  # that a source has more than it had
_COMMENTS = dict.fromkeys((".v", ".sv", ".svh", ".vh", ".cpp", ".h", ".vlt"), "//") | dict.fromkeys(
    (".tcl", ".py", ".xdc"), "#"
)


def licensed(text: str, suffix: str) -> str:
    """A source with its licence in front; as it is where it names one, or such files take no comment."""
    if suffix not in _COMMENTS or is_licensed(text):
        return text
    return "".join(f"{_COMMENTS[suffix]} {line}\n" for line in _LINES) + text


def is_licensed(text: str) -> bool:
    """Whether a source names its licence."""
    return _TAG in text


def license_files(folder: Path, files: Iterable[Path]) -> None:
    """Put our licence in front of files of ours, and whole into the folder that holds them."""
    for path in (path for path in files if path.suffix in _COMMENTS):
        path.write_text(licensed(path.read_text(), path.suffix))
    shutil.copyfile(LICENSE, folder / LICENSE.name)
