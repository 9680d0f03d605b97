"""Rules that one file alone can break, on its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from finn_build.rtl.lint.declarations import DECLARATIONS
from finn_build.rtl.lint.expressions import EXPRESSIONS
from finn_build.rtl.lint.kinds import REFUSED
from finn_build.rtl.lint.rules import RULES, Finding
from finn_build.rtl.lint.source import Source, tokens, words
from finn_build.rtl.lint.verilog import in_verilog

_CHECKS = DECLARATIONS | EXPRESSIONS
_PRAGMA = re.compile(r"/[/*]\s*(synthesis|synopsys|pragma)\b.*\b(translate_o\w+|full_case|parallel_case)\b")


def lint_source(source: Source) -> Iterator[Finding]:
    """Every rule that a file breaks by itself."""
    yield from _directives(source)
    for node in source.nodes:
        name = node.kind.name
        for rule, what in in_verilog(node) if source.is_verilog else ():
            yield source.finding(rule, node, what)
        if name in REFUSED:
            yield source.finding(REFUSED[name], node, words(node))
        for rule, what in _CHECKS[name](node) if name in _CHECKS else ():
            if not (source.is_verilog and rule in ("unpacked-port", "two-state")):  # rules of their own there
                yield source.finding(rule, node, what)


def _directives(source: Source) -> Iterator[Finding]:
    nettypes = [list(tokens(d))[1] for d in source.directives if d.kind.name == "DefaultNetTypeDirective"]
    if nettypes[-1:] != ["wire"]:
        yield Finding(RULES["default-nettype"], source.path, 1, f"`default_nettype {nettypes or 'never set'}")
    for directive in source.directives:
        if rule := {"DefineDirective": "macro", "IncludeDirective": "include"}.get(directive.kind.name):
            yield source.finding(rule, directive, " ".join(tokens(directive)))
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := _PRAGMA.search(line):
            yield Finding(RULES["pragma"], source.path, number, found[0])
