"""Rules of expressions and statements."""

from __future__ import annotations

import re
from collections.abc import Callable

from pyslang.syntax import SyntaxNode

from finn_build.rtl.lint.kinds import ARRAY_QUERIES, REAL_FUNCTIONS, TASKS
from finn_build.rtl.lint.source import Broken, children, inner, inside, kind, tokens, words

_LARGEST_DECIMAL = 2**31 - 1


def _literal(node: SyntaxNode) -> Broken:
    (text,) = tokens(node)
    if int(text.replace("_", "")) > _LARGEST_DECIMAL:
        yield "large-decimal", text


def _unsized(node: SyntaxNode) -> Broken:
    """A decimal constant with a base and no width."""
    found = re.fullmatch(r"'[sS]?[dD]\s*([0-9_]+)", str(node).strip())
    if found and int(found[1].replace("_", "")) > _LARGEST_DECIMAL:
        yield "large-decimal", words(node)


def _real(node: SyntaxNode) -> Broken:
    """A real number, by the innermost of what it stands in."""
    above, rule = node.parent, ""
    while above is not None and not rule and not kind(above).endswith(("Statement", "Declaration")):
        if kind(above) == "CastExpression" and not kind(next(inner(above))).endswith("Type"):
            rule = "real-cast"
        elif kind(above) == "InvocationExpression" and str(next(inner(above))).strip() == "$clog2":
            rule = "real-clog2"
        above = above.parent
    yield rule or "real-type", words(node)


def _cast(node: SyntaxNode) -> Broken:
    """A sign that a size cast extends, in the midst of an expression."""
    operand = list(inner(node))[-1]
    while kind(operand) == "ParenthesizedExpression":
        operand = next(inner(operand))
    is_signed = kind(operand) == "InvocationExpression" and str(next(inner(operand))).strip() == "$signed"
    alone = kind(node.parent) in ("EqualsValueClause", "AssignmentExpression", "ReturnStatement")
    if is_signed and not alone:
        yield "sign-cast", words(node)


def _text(node: SyntaxNode) -> Broken:
    """A string, whose end of text is no part of it."""
    (text,) = tokens(node)
    if text == '""' and inside(node, "ParameterDeclaration", "ParameterValueAssignment"):
        yield "null-string", "a parameter that is an empty string"
    if re.search(r"\\(x0|0)", text):
        yield "string-escape", text


def _stream(node: SyntaxNode) -> Broken:
    if "<<" in tokens(node):
        yield "stream-order", words(node)


def _concatenation(node: SyntaxNode) -> Broken:
    if children(node, "StringLiteralExpression"):
        yield "string-concatenation", words(node)


def _system(node: SyntaxNode) -> Broken:
    (name,) = tokens(node)
    if name in ARRAY_QUERIES:
        yield "array-query", name
    elif name in REAL_FUNCTIONS:
        yield "real-function", name
    elif name == "$cast":
        yield "dynamic-cast", name
    elif name == "$sformatf":
        yield "string-function", name
    elif name not in TASKS:
        yield "system-task", name


def _elaboration_task(node: SyntaxNode) -> Broken:
    name, *_ = tokens(node)
    arguments = [str(a).strip() for group in children(node, "ArgumentList") for a in children(group, "OrderedArgument")]
    said = f"{name}({', '.join(arguments)[:40]})"
    if name != "$fatal":
        yield "message-task", said
    elif not any(a.startswith('"') for a in arguments):
        yield "check-message", said
    elif arguments[0] not in ("0", "1", "2"):
        yield "fatal-number", said


def _case(node: SyntaxNode) -> Broken:
    """Of processes; those of generate blocks are another kind."""
    yield from _unique(node)
    said = set(tokens(node))
    if "casex" in said:
        yield "casex", words(node)
    if "inside" in said:
        yield "set-membership", words(node)
    for item in children(node, "StandardCaseItem"):
        for number in filter(_has_no_width, inner(item)):
            yield "case-width", f"{words(number)} of {words(node)}"


def _has_no_width(number: SyntaxNode) -> bool:
    """Whether an item is a number without a width, in brackets or with a sign, too."""
    while kind(number) in ("ParenthesizedExpression", "UnaryMinusExpression", "UnaryPlusExpression"):
        number = next(inner(number))
    is_based = kind(number) == "IntegerVectorExpression" and str(number).strip().startswith("'")
    return is_based or kind(number) == "IntegerLiteralExpression"


def _unique(node: SyntaxNode) -> Broken:
    if found := {"unique", "unique0", "priority"} & set(tokens(node)):
        yield "unique-case", found.pop()


def _inner_event(node: SyntaxNode) -> Broken:
    """`@` anywhere but at the head of a process."""
    statement = node.parent
    at_head = kind(statement) == "TimingControlStatement" and kind(statement.parent).startswith("Always")
    if not at_head and not inside(node, "PropertySpec"):
        yield "timing-control", words(node)
    elif at_head and kind(node) == "EventControl":
        yield "sensitivity-list", words(node)


def _edges(node: SyntaxNode) -> Broken:
    """An edge beside another event, and `edge`, which is two."""
    beside = any(list(tokens(signal)) for signal in children(node, "SignalEventExpression"))
    if beside or "edge" in tokens(node):
        yield "one-edge", words(node)
    elif kind(node) == "SignalEventExpression" and not list(tokens(node)) and inside(node, "AlwaysBlock"):
        yield "sensitivity-list", words(node)


def _return(node: SyntaxNode) -> Broken:
    if inside(node, "ForLoopStatement", "ForeachLoopStatement", "LoopStatement", "DoWhileStatement"):
        yield "jump", f"{words(node)} from within a loop"


def _loop(node: SyntaxNode) -> Broken:
    """In a function of constants the limit on its steps says enough; how often `repeat` does is told by its count."""
    if "while" in tokens(node) and not inside(node, "FunctionDeclaration"):
        yield "while-loop", words(node)


EXPRESSIONS: dict[str, Callable[[SyntaxNode], Broken]] = {
    "IntegerLiteralExpression": _literal,
    "IntegerVectorExpression": _unsized,
    "RealLiteralExpression": _real,
    "TimeLiteralExpression": _real,
    "CastExpression": _cast,
    "StringLiteralExpression": _text,
    "StreamingConcatenationExpression": _stream,
    "ConcatenationExpression": _concatenation,
    "SystemName": _system,
    "ElabSystemTask": _elaboration_task,
    "CaseStatement": _case,
    "ConditionalStatement": _unique,
    "ReturnStatement": _return,
    "BinaryEventExpression": _edges,
    "SignalEventExpression": _edges,
    "LoopStatement": _loop,
    "EventControlWithExpression": _inner_event,
    "EventControl": _inner_event,
}
