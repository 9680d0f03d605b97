"""Rules of memory files: a hexadecimal word a line and nothing else, as many as the memory has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from finn_build.rtl.lint.rules import RULES, Finding


def lint_memory(path: Path, words: int, width: int, digits: str = "0-9a-fA-F") -> Iterator[Finding]:
    """What is wrong with a file for a memory of `words` words of `width` bits; `$readmemb` takes the digits 0 and 1."""
    base = 2 if digits == "01" else 16
    if path.suffix not in (".mem", ".dat"):
        yield Finding(RULES["memory-name"], path, 1, f"memory file {path.name or '(no name)'}")
    if not path.is_file():
        yield Finding(RULES["memory-missing"], path, 1, "no such file")
        return
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if "," in line:
            yield Finding(RULES["memory-commas"], path, number, f"{line[:40]!r}: words with commas between them")
            return
        if not re.fullmatch(f"[{digits}]+", line):
            yield Finding(RULES["memory-format"], path, number, f"{line[:40]!r} is no word of the base {base}")
            return
        if int(line, base) >> width:
            yield Finding(RULES["memory-format"], path, number, f"{line[:40]} has more than {width} bits")
            return
    if len(lines) != words:
        yield Finding(RULES["memory-length"], path, 1, f"{len(lines)} words for a memory of {words}")
