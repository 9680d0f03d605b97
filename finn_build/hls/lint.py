"""Lint of C++ against what Vitis HLS does not synthesise (docs/vivado.md, rows H2 to H41), as far as text shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from finn_build.hls.design import TOP, HlsDesign

_STANDARD = (
    "array|vector|(?:unordered_)?(?:map|set)|(?:forward_)?list|deque|queue|stack|string|algorithm|functional|memory"
    r"|[iof]*stream|thread|mutex|future|chrono|regex|bits/stdc\+\+\.h"
)
RULES: dict[str, tuple[str, str]] = {  # pattern, what its row says
    "allocation": (
        r"\b(new\s+\w|delete\b|(m|c|re)alloc\s*\(|free\s*\(|make_(unique|shared)\b)",
        "dynamic memory is not supported",
    ),
    "template-library": (rf"#\s*include\s*<({_STANDARD})>", "not synthesised, for its recursion and allocation"),
    "system-call": (
        r"\b(f?printf|fopen|scanf|getc|getenv|time|clock|sleep|exit|abort|std::c(out|in|err))\b\s*[(<>]",
        "system calls are not supported",
    ),
    "long-double": (r"std::complex\s*<\s*long\s+double", "std::complex<long double> is not supported"),
    "function-pointer": (
        r"\bstd::function\b|\(\s*\*\s*\w*\s*(\[\w*\])?\s*\)\s*\(",
        "function pointers are not supported",
    ),
    "virtual-function": (r"\bvirtual\b", "not supported, but where the tool knows the function as it elaborates"),
    "pointer-cast": (
        r"\breinterpret_cast\b|\w_cast\s*<[^<>]*\*\s*>|\([\w: ]+\*+\s*\)\s*[\w&(]|\w\s*\*\s*\*\s*\w+\s*[=;,)]",
        "general pointer casts are not supported",
    ),
    "resource-pragma": (r"(?i)\bHLS\s+RESOURCE\b", "[HLS 207-5510] 'Resource pragma' is deprecated"),
    "style-option": (r"(?i)\bHLS\b[^\n]*\s-style\b", "the guide's text was wrong: style="),
    "pipeline-interval": (r"(?i)\bHLS\s+PIPELINE\b(?![^\n]*\bII\s*=)", "timing goes before II"),
    "dependence-distance": (r"(?i)\bHLS\s+DEPENDENCE\b[^\n]*\bdistance\s*=\s*(?!\d)", "passed over with a warning"),
    "false-dependence": (r"(?i)\bHLS\s+DEPENDENCE\b[^\n]*\bfalse\b", "wrong hardware"),
    "rolled-loop": (
        r"(?<=\n)[ \t]*(for|while) \([^\n]*\n(?!(#pragma HLS[^\n]*\n)*#pragma HLS (?i:PIPELINE|UNROLL)\b)|\bdo \{",
        "a trip begins when the one before it has ended",
    ),
    "main": (r"\bint\s+main\s*\(", "main cannot be synthesised"),
}
WIDEST: dict[str, tuple[str, int, str]] = {  # pattern, most bits, what the row says of more
    "wide-word": (r"\bap_u?int\s*<\s*(\d+)\s*>", 32768, "[HLS 207-814] Bitwidth exceeds 32768"),
    "wide-stream": (r"\bstream\s*<\s*ap_u?int\s*<\s*(\d+)\s*>", 4096, "[HLS 207-2163]"),
}
RECURSION = "recursive functions are not supported"
_FUNCTION = re.compile(r"^[\w:<>&*, ]+?\b(\w+)\s*\([^;{}]*\)\s*(?:const\s*)?\{", re.MULTILINE)
_KEYWORDS = frozenset(("if", "for", "while", "switch"))


def lint_cpp(path: Path) -> list[str]:
    """What Vitis HLS would refuse in a source or header: `<file>:<line>: <rule>: <what the record says>`."""
    code = _without_simulation(path.read_text())
    return [f"{path.name}:{code.count(chr(10), 0, at) + 1}: {rule}: {says}" for at, rule, says in _found(code)]


def lint_design(design: HlsDesign) -> list[str]:
    """What it would refuse in all that is handed to it: top, processes and library."""
    headers = sorted((design.folder / "lib").glob("*.h"))
    return [line for path in (*design.sources, design.folder / f"{TOP}.h", *headers) for line in lint_cpp(path)]


def _found(code: str) -> Iterator[tuple[int, str, str]]:
    for rule, (pattern, says) in RULES.items():
        for match in re.finditer(pattern, code):
            yield match.start(), rule, says
    for rule, (pattern, most, says) in WIDEST.items():
        yield from ((found.start(), rule, says) for found in re.finditer(pattern, code) if int(found[1]) > most)
    calls: dict[str, tuple[int, set[str]]] = {}
    for function in _FUNCTION.finditer(code):
        body = code[function.end() : _end_of_block(code, function.end())]
        # what the compiler unrolls, constants and templates, is no recursion in hardware
        unrolled = "constexpr" in function[0] or re.search(r"template\s*<[^;{}]*>\s*$", code[: function.start()])
        if function[1] not in _KEYWORDS and not unrolled:
            calls[function[1]] = function.start(), set(re.findall(r"(?<![\w.:>])(\w+)\s*\(", body))
    for name, (start, _) in calls.items():
        if name in _reached(name, calls):
            yield start, "recursion", f"{name} calls itself: {RECURSION}"


def _reached(name: str, calls: Mapping[str, tuple[int, set[str]]]) -> set[str]:
    """Functions that one calls, and those that these call."""
    reached: set[str] = set()
    ahead = [name]
    while ahead:
        new = calls[ahead.pop()][1] & calls.keys() - reached
        reached |= new
        ahead += new
    return reached


def _end_of_block(code: str, start: int) -> int:
    depth = 1
    for at in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def _without_simulation(text: str) -> str:
    """Code without comments and without what is compiled for simulation alone; lines keep their numbers."""
    blank = re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    kept, skipping = [], 0
    for line in blank.splitlines():
        if re.match(r"\s*#\s*(ifndef\s+__SYNTHESIS__|if\b.*!\s*defined\(__SYNTHESIS__\)|if\s+SF_BY_WORDS)", line):
            skipping = 1
        elif skipping and re.match(r"\s*#\s*if", line):
            skipping += 1
        elif skipping and (re.match(r"\s*#\s*endif", line) or (skipping == 1 and re.match(r"\s*#\s*else", line))):
            skipping -= 1
        kept.append("" if skipping else line)
    return "\n".join(kept)
