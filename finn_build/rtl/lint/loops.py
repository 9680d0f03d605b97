"""How often the loops of processes and functions run, and what decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product, repeat
from typing import Any

from pyslang import ConstantValue, ast

_STEPS = frozenset((
    *(ast.UnaryOperator.Preincrement, ast.UnaryOperator.Postincrement),
    *(ast.UnaryOperator.Predecrement, ast.UnaryOperator.Postdecrement),
))  # fmt: skip


def is_signal(symbol: Any) -> bool:
    """Whether a symbol is a net or a variable of a module, not one of a loop or a function."""
    is_variable = isinstance(symbol, ast.VariableSymbol) and symbol.lifetime == ast.VariableLifetime.Static
    return is_variable or isinstance(symbol, ast.NetSymbol)


_FOR = (ast.ForLoopStatement, ast.ForeachLoopStatement)
_WHILE = (ast.WhileLoopStatement, ast.DoWhileLoopStatement)
_SELECTS = (ast.ElementSelectExpression, ast.RangeSelectExpression)
_CONDITIONS = (ast.ConditionalStatement, ast.ConditionalExpression, ast.CaseStatement)
_SHORT_CUTS = (ast.BinaryOperator.LogicalAnd, ast.BinaryOperator.LogicalOr)
_LOOPS = (*_FOR, *_WHILE, ast.RepeatLoopStatement)
_RULES = {**dict.fromkeys(_WHILE, "while-loop"), ast.RepeatLoopStatement: "endless-loop"}


def outermost(body: Any) -> list[Any]:
    """Loops of a body that stand in no other."""
    found: list[Any] = []

    def visit(node: Any) -> ast.VisitAction:
        if not isinstance(node, _LOOPS):
            return ast.VisitAction.Advance
        found.append(node)
        return ast.VisitAction.Skip

    body.visit(visit)
    return found


def iterations(loop: Any, scope: Any, limit: int) -> int:
    """Iterations of a loop and of those in it, together, `limit` + 1 at most; none where an argument decides.

    Args:
        loop: of slang's tree.
        scope: that its constants are seen from.
        limit: where counting ends.
    """
    context = ast.EvalContext(scope)
    context.pushEmptyFrame()
    return _iterations(loop, context, limit)


def _iterations(loop: Any, context: Any, limit: int) -> int:
    inner, count = outermost(loop.body), 0
    for _ in _passes(loop, context):
        count += 1
        for other in inner:
            count += _iterations(other, context, limit - count)
        if count > limit:
            break
    return count


def beyond(loop: Any, scope: Any) -> list[tuple[Any, str]]:
    """Selects that leave their vector or array in an iteration of a loop, and the rule that each breaks.

    Not those behind a condition, which may keep them inside.
    """
    context = ast.EvalContext(scope)
    context.pushEmptyFrame()
    return list(_beyond(loop, context))


def _beyond(loop: Any, context: Any) -> Iterator[tuple[Any, str]]:
    inner: list[Any] = []
    selects: list[Any] = []

    def visit(node: Any) -> ast.VisitAction:
        if isinstance(node, _LOOPS):
            inner.append(node)
        elif isinstance(node, _SELECTS) and node.value.type.canonicalType.hasFixedRange:
            selects.append(node)
        stands_apart = isinstance(node, (*_LOOPS, *_CONDITIONS)) or getattr(node, "op", None) in _SHORT_CUTS
        return ast.VisitAction.Skip if stands_apart else ast.VisitAction.Advance

    loop.body.visit(visit)
    for _ in _passes(loop, context) if selects or inner else ():
        for select in selects:
            there = select.value.type.canonicalType.fixedRange
            if not all(there.lower <= end <= there.upper for end in _ends(select, context)):
                yield select, "select-index" if isinstance(select, ast.ElementSelectExpression) else "select-range"
        for other in inner:
            yield from _beyond(other, context)


def _ends(select: Any, context: Any) -> list[int]:
    """Places that a select begins and ends at, none where it hangs on a signal."""
    is_one = isinstance(select, ast.ElementSelectExpression)
    values = [part.eval(context).value for part in ([select.selector] if is_one else [select.left, select.right])]
    if any(value is None or (hasattr(value, "hasUnknown") and value.hasUnknown) for value in values):
        return []
    first, *others = map(int, values)
    if is_one or select.selectionKind == ast.RangeSelectionKind.Simple:
        return [first, *others]
    up = select.selectionKind == ast.RangeSelectionKind.IndexedUp
    return [first, first + (others[0] - 1) * (1 if up else -1)]


def _passes(loop: Any, context: Any) -> Iterator[None]:
    """Each iteration of a loop, its variables set."""
    if isinstance(loop, ast.ForeachLoopStatement):
        dimensions = [d for d in loop.loopDims if d.range and d.loopVar]
        for places in product(*(range(d.range.lower, d.range.upper + 1) for d in dimensions)):
            for dimension, place in zip(dimensions, places, strict=True):
                context.createLocal(dimension.loopVar, ConstantValue(place))
            yield
        return
    if not isinstance(loop, ast.ForLoopStatement):
        yield from _repeats(loop, context)
        return
    for variable in loop.loopVars:
        context.createLocal(variable, variable.initializer.eval(context))
    for start in loop.initializers:
        context.createLocal(start.left.getSymbolReference(), start.right.eval(context))
    while loop.stopExpr and loop.stopExpr.eval(context).isTrue():
        yield
        for step in loop.steps:
            step.eval(context)


def _repeats(loop: Any, context: Any) -> Iterator[None]:
    """Iterations of `repeat`; those of `while` are counted with the steps of the function that it stands in."""
    count: Any = loop.count.eval(context).value if isinstance(loop, ast.RepeatLoopStatement) else 0
    yield from repeat(None, int(count or 0))


def undecided(
    loop: Any, is_known: Callable[[Any], bool], outer: frozenset[Any] = frozenset()
) -> tuple[str, str] | None:
    """Rule that a loop breaks, or one in it, whose end synthesis cannot see, and why; none where it can.

    Args:
        loop: of slang's tree.
        is_known: whether a variable that is none of a loop has a value that synthesis knows.
        outer: variables of the loops around it.
    """
    own = outer
    if isinstance(loop, ast.ForeachLoopStatement):
        own |= {dimension.loopVar for dimension in loop.loopDims if dimension.loopVar}
    elif not isinstance(loop, ast.ForLoopStatement):
        end = loop.cond if isinstance(loop, _WHILE) else loop.count
        if moving := next((s for s in variables(end) if s not in outer and not is_known(s)), None):
            return _RULES[type(loop)], f"while or repeat, as long as {moving.name} says"
    else:
        own |= {*loop.loopVars, *(start.left.getSymbolReference() for start in loop.initializers)}
        if not loop.stopExpr:
            return "loop-signal", "for without an end"
        starts = [*(v.initializer for v in loop.loopVars), *(start.right for start in loop.initializers)]
        for symbol in (s for part in (*starts, loop.stopExpr, *loop.steps) for s in variables(part)):
            if symbol not in own and not is_known(symbol):
                return "loop-signal", f"for, as long as {symbol.name} says"
    if written := own & set(_written(loop.body)):
        return "loop-signal", f"{next(iter(written)).name} is written in its own loop"
    return next(filter(None, (undecided(inner, is_known, own) for inner in outermost(loop.body))), None)


def variables(expression: Any) -> list[Any]:
    """Nets and variables that an expression reads."""
    found: list[Any] = []

    def visit(node: Any) -> ast.VisitAction:
        symbol = node.getSymbolReference() if isinstance(node, ast.NamedValueExpression) else None
        if isinstance(symbol, (ast.VariableSymbol, ast.NetSymbol)):
            found.append(symbol)
        return ast.VisitAction.Advance

    expression.visit(visit)
    return found


def _written(body: Any) -> list[Any]:
    """Variables that a body of a loop sets, those of loops in it aside."""
    found: list[Any] = []

    def visit(node: Any) -> ast.VisitAction:
        if isinstance(node, ast.AssignmentExpression):
            found.append(node.left.getSymbolReference())
        elif isinstance(node, ast.UnaryExpression) and node.op in _STEPS:
            found.append(node.operand.getSymbolReference())
        return ast.VisitAction.Advance

    body.visit(visit)
    return found
