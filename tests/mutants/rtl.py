"""Mutants of SystemVerilog, found on slang's syntax tree; many of them in one file, of which a number chooses one.

A simulator takes long to compile and little to run. So the chosen mutants of a file all go into it, each behind a
comparison with `sf_mutant`, a number that is read from a file when the simulation begins; 0 is the design as it is.
What is constant while a design is elaborated (parameters, widths, generate conditions) cannot be chosen so late, and is
left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyslang import SourceManager
from pyslang.syntax import SyntaxNode

from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.rtl.lint.source import Source, kind
from tests.mutants.mutant import SHORT, Mutant

OPERATORS = {
    "==": ("!=",), "!=": ("==",), "<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "&": ("|",), "|": ("&",), "^": ("|",), "<<": (">>",), ">>": ("<<",),
}  # fmt: skip
CONSTANT = {
    "ParameterPortList", "ParameterDeclaration", "ParameterDeclarationStatement", "ParameterValueAssignment",
    "VariableDimension", "FunctionDeclaration", "InitialBlock", "ElabSystemTask", "AttributeInstance", "EnumType",
    "SimpleRangeSelect", "GenvarDeclaration", "TypedefDeclaration", "ForVariableDeclaration",
}  # fmt: skip
FIRST_CONSTANT = {"MultipleConcatenationExpression", "CastExpression", "StandardCaseItem"}
ASSIGNMENTS = {"AssignmentExpression", "NonblockingAssignmentExpression"}
LEFT_HAND = {"IdentifierName", "IdentifierSelectName", "ConcatenationExpression", "ElementSelectExpression"}


def all_mutants() -> list[Mutant]:
    """Every mutant of the library."""
    return [mutant for path in sorted(RTL_DIR.rglob("*.sv")) for mutant in mutants(path)]


def mutants(path: Path) -> list[Mutant]:
    """Every mutant of a file, in order."""
    source = Source(path, SourceManager())
    return list(dict.fromkeys(_of(source, source.tree.root)))


def _of(source: Source, node: Any) -> Iterator[Mutant]:
    name, nodes = kind(node), [child for child in node if isinstance(child, SyntaxNode)]
    if name in CONSTANT or (name == "Declarator" and str(node).strip().startswith("unused")):
        return
    for after, statement in _alternatives(source, name, node):
        span = node.sourceRange
        start, end = span.start.offset, span.end.offset
        line = source.line(node)
        context = source.text.splitlines()[line - 1].strip() if end - start < SHORT else ""
        yield Mutant(source.path, line, start, end, source.text[start:end], after, statement, context)
    if name in FIRST_CONSTANT or name in ASSIGNMENTS:
        nodes = nodes[1:]
    elif name in ("IfGenerate", "CaseGenerate", "ForLoopStatement", "LoopGenerate"):
        nodes = [n for n in nodes if not kind(n).endswith(("Expression", "Name"))]
    elif name in ("AscendingRangeSelect", "DescendingRangeSelect"):
        nodes = nodes[:1]
    elif name == "ScopedName":
        nodes = nodes[1:]  # which of the blocks of a loop is meant is constant
    elif name == "NamedPortConnection" and nodes and kind(_inner(nodes[-1])) in LEFT_HAND:
        return  # it may be an output
    for child in nodes:
        yield from _of(source, child)


def _inner(node: Any) -> Any:
    """The expression itself, out of what slang wraps it in for a property."""
    while kind(node) in ("SimplePropertyExpr", "SimpleSequenceExpr"):
        (node,) = (child for child in node if isinstance(child, SyntaxNode))
    return node


def _text(source: Source, node: Any) -> str:
    span = node.sourceRange
    return source.text[span.start.offset : span.end.offset]


def _alternatives(source: Source, name: str, node: Any) -> Iterator[tuple[str, bool]]:
    """What may stand in a node's place, and whether that is a statement."""
    if name == "ConditionalExpression":
        parts = [_text(source, part) for part in (node.predicate, node.left, node.right)]
        yield f"({parts[0]}) ? ({parts[2]}) : ({parts[1]})", False
    elif name == "ExpressionStatement" and kind(node.expr) == "NonblockingAssignmentExpression":
        yield ";", True
    elif name == "ConditionalPredicate" and kind(node.parent) == "ConditionalStatement":
        yield f"!({_text(source, node)})", False
    elif hasattr(node, "operatorToken") and name.endswith("Expression") and hasattr(node, "left"):
        left, right, operator = _text(source, node.left), _text(source, node.right), node.operatorToken.rawText
        if name in ASSIGNMENTS:
            return
        for other in OPERATORS.get(operator, ()):
            yield f"({left}) {other} ({right})", False
        if operator in ("&&", "||"):
            yield f"(({left}) != 0)", False
            yield f"(({right}) != 0)", False
    elif name == "UnaryLogicalNotExpression":
        yield f"(({_text(source, node.operand)}) != 0)", False
    elif name == "UnaryBitwiseNotExpression":
        yield f"({_text(source, node.operand)})", False
    elif name == "UnbasedUnsizedLiteralExpression":
        yield ("'1" if _text(source, node) == "'0" else "'0"), False
    elif name == "IntegerVectorExpression":
        yield from ((other, False) for other in _neighbours(_text(source, node)))
    elif name == "IntegerLiteralExpression":
        yield str(int(_text(source, node)) + 1), False


def _neighbours(literal: str) -> Iterator[str]:
    """The next number of a literal's width."""
    found = re.fullmatch(r"(\d+)'([bdh])([0-9a-fA-F_]+)", literal)
    if found:
        bits, base = int(found[1]), {"b": 2, "d": 10, "h": 16}[found[2]]
        yield f"{bits}'d{(int(found[3].replace('_', ''), base) + 1) % 2**bits}"


def schema(text: str, chosen: Mapping[int, Mutant], number_file: Path) -> str:
    """A file with many mutants.

    Args:
        text: of the file.
        chosen: its mutants by number, from 1.
        number_file: holds the number, in hexadecimal digits.
    """
    header = re.search(r"^\);", text, re.MULTILINE)
    assert header is not None, "a module's header ends with `);`"
    read = f'\n    int unsigned sf_mutant[1];\n    initial $readmemh("{number_file}", sf_mutant);\n'
    body = _render(text, 0, len(text), sorted(chosen.items(), key=lambda item: (item[1].start, -item[1].end)))
    return body[: header.end()] + read + body[header.end() :]


def _render(text: str, start: int, end: int, inside: Sequence[tuple[int, Mutant]]) -> str:
    """Text from `start` to `end` with the mutants inside of it, outer ones first."""
    out, at, index = [], start, 0
    while index < len(inside):
        first = inside[index][1]
        span = (first.start, first.end)
        here = [item for item in inside[index:] if (item[1].start, item[1].end) == span]
        within = [i for i in inside[index:] if span[0] <= i[1].start and i[1].end <= span[1] and i not in here]
        inner = _render(text, *span, within)
        for number, mutant in here:
            chosen = f"sf_mutant[0] == {number}"
            expression = f"(({chosen}) ? ({mutant.after}) : ({inner}))"
            inner = f"if (!({chosen})) {inner}" if mutant.statement else expression
        if here[0][1].statement:
            inner = f"begin {inner} end"
        out += [text[at : span[0]], inner]
        at, index = span[1], index + len(here) + len(within)
    return "".join((*out, text[at:end]))
