"""How often the loops of processes run."""

from __future__ import annotations

from typing import Any

from pyslang import ast


def is_signal(symbol: Any) -> bool:
    """Whether a symbol is a net or a variable of a module, not one of a loop or a function."""
    is_variable = isinstance(symbol, ast.VariableSymbol) and symbol.lifetime == ast.VariableLifetime.Static
    return is_variable or isinstance(symbol, ast.NetSymbol)


def iterations(loop: Any, scope: Any, limit: int) -> int:
    """Iterations of a for loop, `limit` + 1 at most; none where an outer loop or a function's argument decides.

    Args:
        loop: of slang's tree.
        scope: that its constants are seen from.
        limit: where counting ends.
    """
    context = ast.EvalContext(scope)
    context.pushEmptyFrame()
    for variable in loop.loopVars:
        context.createLocal(variable, variable.initializer.eval(context))
    for start in loop.initializers:
        context.createLocal(start.left.getSymbolReference(), start.right.eval(context))
    count = 0
    while count <= limit and loop.stopExpr and loop.stopExpr.eval(context).isTrue():
        count += 1
        for step in loop.steps:
            step.eval(context)
    return count


def moving_bound(loop: Any) -> str:
    """A signal of the module that the end of a for loop depends on; empty for none."""
    own = {variable.name for variable in loop.loopVars}
    own |= {start.left.getSymbolReference().name for start in loop.initializers}
    found: list[str] = []

    def visit(node: Any) -> ast.VisitAction:
        symbol: Any = node.getSymbolReference() if isinstance(node, ast.NamedValueExpression) else None
        if is_signal(symbol) and symbol.name not in own:
            found.append(symbol.name)
        return ast.VisitAction.Advance

    if loop.stopExpr:
        loop.stopExpr.visit(visit)
    return found[0] if found else ""
