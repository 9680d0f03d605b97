"""What Vitis HLS would refuse before it schedules anything: pragmas that it does not know, and C++ without hardware."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_PRAGMAS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "pragmas.yaml").read_text())
_NO_HARDWARE = {
    r"\bnew\b|\bmalloc\b|\bfree\s*\(|std::(vector|string|map|deque)": "memory allocated at run time",
    r"\bvirtual\b|\bthrow\b|\btry\b": "a call that is only known at run time",
    r"\b(float|double)\b": "a floating-point number",
    r"\bgoto\b": "a jump",
    r"\bprintf\b|std::(cout|FILE)": "a system call",
}
_LOOP = re.compile(r"^\s*(?:for|while) \(")


def problems(path: Path) -> list[str]:
    """Everything that synthesis would refuse in a file, or that would cost it its initiation interval of 1."""
    text = _synthesised(path.read_text())
    return [f"{path.name}: {what}" for what in (*_pragma_problems(text), *_language(text), *_loops(text))]


def _synthesised(text: str) -> str:
    """Without comments and what stands in `#if ... !defined(__SYNTHESIS__)` or `#if SF_BY_WORDS`."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"#if SF_BY_WORDS\n.*?(?:#else\n(.*?))?#endif", r"\1", text, flags=re.DOTALL)
    return re.sub(r"#if [^\n]*!defined\(__SYNTHESIS__\)\n.*?#else\n(.*?)#endif", r"\1", text, flags=re.DOTALL)


def _pragma_problems(text: str) -> Iterator[str]:
    for line in re.findall(r"#pragma HLS (.*)", text):
        name, *words = line.split()
        known = _PRAGMAS.get(name)
        if known is None:
            yield f"pragma {name} is unknown"
            continue
        for word in words:
            option, given, value = word.partition("=")
            legal = known["options"].get(option)
            if not given:
                if word not in known.get("words", ()):
                    yield f"pragma {name}: {word} is unknown"
            elif legal is None:
                yield f"pragma {name}: option {option} is unknown"
            elif isinstance(legal, list) and value not in legal:
                yield f"pragma {name}: {option}={value}; legal: {', '.join(legal)}"
            elif legal == "literal" and not value.isdigit():
                yield f"pragma {name}: {option}={value} is no literal"
            elif legal == "number" and not re.fullmatch(r"\d+|[A-Za-z_:]\w*(::\w+)*", value):
                yield f"pragma {name}: {option}={value} is no number"
            elif legal == "variable" and not re.search(rf"\b{value}\b(?!.*#pragma)", re.sub("#pragma.*", "", text)):
                yield f"pragma {name}: no variable {value}"


def _language(text: str) -> Iterator[str]:
    for pattern, what in _NO_HARDWARE.items():
        if found := re.search(pattern, text):
            yield f"{what}: {found.group()}"


def _loops(text: str) -> Iterator[str]:
    """Every loop is pipelined or unrolled; one that waits for data says between how many trips it takes."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not _LOOP.match(line):
            continue
        head = []
        for following in lines[number + 1 :]:
            if not following.startswith("#pragma HLS"):
                break
            head.append(following.split()[2])
        if not {"PIPELINE", "UNROLL"} & set(head):
            yield f"a loop that is neither pipelined nor unrolled: {line.strip()}"
        if line.strip().startswith("while") and "LOOP_TRIPCOUNT" not in head:
            yield f"a loop without its trips: {line.strip()}"
