"""Rules on a whole design as it elaborates: loops, sizes, drivers, and what memories are read from where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pyslang import Bag, ConstantValue, SourceManager, ast

from finn_build.rtl.lint.kinds import ARRAY_METHODS
from finn_build.rtl.lint.loops import beyond, is_signal, iterations, outermost, undecided, variables
from finn_build.rtl.lint.memory import lint_memory
from finn_build.rtl.lint.rules import RULES, Finding
from finn_build.rtl.lint.source import Source

_LOOP_LIMIT = 2000
_GENERATE_LIMIT = 65536
_VECTOR_LIMIT = 1_000_000
_INITIAL_LIMIT = 65536
_BY_CODE = {  # of slang's diagnostics, errors and warnings
    "UsedBeforeDeclared": "declared-late", "ConstEvalExceededMaxSteps": "loop-limit",
    "MaxGenerateStepsExceeded": "generate-limit", "SelectAfterRangeSelect": "select-prefix",
    "IndexOOB": "select-index", "RangeOOB": "select-range", "RangeWidthOOB": "select-range",
    "RangeSelectReversed": "select-direction", "UnknownDirective": "undefined-macro", "AssignToNet": "process-net",
    "NoImplicitConversion": "enum-assignment", "PackedDimsRequireFullRange": "packed-size",
    "UndeclaredIdentifier": "undeclared", "UnknownModule": "module-missing", "Redefinition": "redeclared",
    "StaticInitValue": "initial-signal", "BadIntegerCast": "real-cast", "CouldNotOpenIncludeFile": "include",
    "PortDoesNotExist": "port-missing", "ParameterDoesNotExist": "parameter-missing",
    "AssignedToLocalPortParam": "parameter-missing", "AssignedToLocalBodyParam": "parameter-missing",
    "ValueMustBePositive": "empty-range", "UnknownInterface": "virtual-interface",
}  # fmt: skip


def elaborate(sources: Sequence[Source], top: str | None = None) -> ast.Compilation:
    """A design in slang; a constant function that takes more steps than Vivado's loops may is an error."""
    options = ast.CompilationOptions()
    options.maxConstexprSteps = _LOOP_LIMIT
    options.maxGenerateSteps = _GENERATE_LIMIT
    if top:
        options.topModules = {top}
    compilation = ast.Compilation(Bag([options]))
    for source in sources:
        compilation.addSyntaxTree(source.tree)
    return compilation


class DesignLint:
    """Findings of one elaborated design.

    Args:
        sources: its files, of one source manager.
        top: its top module; None for all that nothing instantiates.
        memories: folder of the memory files; None to leave them.
        ram_limit: most bits of a memory with its style.
    """

    def __init__(self, sources: Sequence[Source], top: str | None, memories: Path | None, ram_limit: int) -> None:
        self._manager: SourceManager = sources[0].manager
        self._paths = {str(source.path): source.path for source in sources}
        self._memories = memories
        self._ram_limit = ram_limit
        self._compilation = elaborate(sources, top)
        self._seen: set[tuple[str, ...]] = set()
        self._writers: dict[Any, set[int]] = defaultdict(set)
        self._blocking: dict[Any, set[bool]] = defaultdict(set)  # how processes write a variable
        self._driven: set[Any] = set()  # nets that are assigned as a whole
        self._followed: set[Any] = set()  # functions on the way from a call, with their constant arguments
        self._initial: set[Any] = set()  # variables that an initial block has written
        self._process = 0
        self.findings: list[Finding] = []
        if not self._diagnosed():
            self._compilation.getRoot().visit(self._visit)

    def _diagnosed(self) -> bool:
        """What slang says, and whether it is an error."""
        parsed = list(self._compilation.getParseDiagnostics())
        said = parsed + list(self._compilation.getSemanticDiagnostics())
        for number, d in enumerate(said):
            code = str(d.code)[9:-1]  # DiagCode(...)
            if d.isError() or code in _BY_CODE:
                what = f"{code} {' '.join(map(str, d.args))}".strip()
                otherwise = "syntax" if number < len(parsed) else _rule_of(what)
                self._found(_BY_CODE.get(code, otherwise), d.location, what)
        return any(d.isError() or str(d.code) == "DiagCode(Redefinition)" for d in said)

    def _at(self, rule: str, location: Any, what: str) -> Finding:
        name = self._manager.getFileName(location) if location else ""
        line = self._manager.getLineNumber(location) if location else 1
        return Finding(RULES[rule], self._paths.get(name, Path(name)), line, what)

    def _found(self, rule: str, location: Any, what: str) -> None:
        finding = self._at(rule, location, what)
        if finding not in self.findings:
            self.findings.append(finding)

    def _visit(self, node: Any) -> ast.VisitAction:
        name = type(node).__name__
        if name == "InstanceSymbol":
            self._outputs(node)
        if getattr(node, "isUninstantiated", False) or (name == "InstanceSymbol" and not self._is_new(node)):
            return ast.VisitAction.Skip
        check = getattr(self, f"_on_{name}", None)
        if check is not None:
            check(node)
        return ast.VisitAction.Advance

    def _is_new(self, instance: Any) -> bool:
        """Whether no instance of the same module with the same parameters came before."""
        key = (instance.definition.name, *(str(p.value) for p in instance.body.parameters if hasattr(p, "value")))
        return key not in self._seen and not self._seen.add(key)  # type: ignore[func-returns-value]

    # ---- declarations

    def _on_VariableSymbol(self, symbol: Any) -> None:  # noqa: N802  # slang's class names, as all below
        self._sizes(symbol)
        kind = symbol.type.canonicalType
        if kind.isUnpackedUnion or _grows(kind):
            self._found("not-rtl", symbol.location, f"{symbol.name} is {symbol.type}")
        if is_signal(symbol) and _has_two_state(symbol.type):
            self._found("two-state", symbol.location, f"{symbol.name} is {symbol.type}")

    _on_FormalArgumentSymbol = _on_VariableSymbol  # noqa: N815

    def _on_NetSymbol(self, symbol: Any) -> None:  # noqa: N802
        self._sizes(symbol)

    def _sizes(self, symbol: Any) -> None:
        kind = symbol.type.canonicalType
        words = 1
        while kind.isUnpackedArray and kind.hasFixedRange:
            words *= kind.fixedRange.width
            kind = kind.arrayElementType.canonicalType
        if kind != symbol.type.canonicalType and _is_record(kind):
            self._found("memory-of-structs", symbol.location, f"{symbol.name} is {symbol.type}")
        most = self._ram_limit if self._style(symbol) in ("block", "ultra") else _VECTOR_LIMIT
        if (bits := kind.bitWidth * words) > most or kind.bitWidth > _VECTOR_LIMIT:
            self._found("vector-size", symbol.location, f"{symbol.name} has {bits} bits")
        if symbol.initializer and self._style(symbol) == "ultra":
            self._found("uram-contents", symbol.location, f"{symbol.name} has an initial value")
        while kind.isIntegral and kind.isArray and kind.hasFixedRange:
            if kind.fixedRange.left < kind.fixedRange.right:
                self._found("empty-range", symbol.location, f"{symbol.name} is {symbol.type}")
            kind = kind.arrayElementType.canonicalType

    def _on_PortSymbol(self, port: Any) -> None:  # noqa: N802
        if port.type.canonicalType.isUnpackedArray and not self._is_verilog(port.location):
            self._found("unpacked-port", port.location, f"port {port.name} is {port.type}")

    # ---- processes

    def _on_ProceduralBlockSymbol(self, block: Any) -> None:  # noqa: N802
        self._process = process = self._process + 1  # 0 is of all continuous assignments and instances
        is_initial = block.procedureKind == ast.ProceduralBlockKind.Initial
        called: set[Any] = set()

        def visit(node: Any) -> ast.VisitAction:
            if is_initial:
                self._read(node)
            if isinstance(node, ast.AssignmentExpression):
                self._written(node.left, is_initial, process)
                self._initial |= set(_targets(node.left)) if is_initial else set()
                self._mixed(node, is_initial)
            elif isinstance(node, ast.CallExpression) and isinstance(node.subroutine, ast.SubroutineSymbol):
                if node.subroutine not in called:
                    called.add(node.subroutine)  # what it writes, the process does
                    node.subroutine.body.visit(visit)
            return ast.VisitAction.Advance

        block.body.visit(visit)
        self._loops(block.body, lambda symbol: False, most=_INITIAL_LIMIT if is_initial else _LOOP_LIMIT)

    def _mixed(self, node: Any, is_initial: bool) -> None:
        """A variable that processes assign in both ways."""
        for symbol in filter(is_signal, () if is_initial else _targets(node.left)):
            self._blocking[symbol].add(not node.isNonBlocking)
            if len(self._blocking[symbol]) > 1:
                self._found("mixed-assignment", node.sourceRange.start, f"{symbol.name} is assigned by = and by <=")

    def _read(self, node: Any) -> None:
        """What a statement of an initial block reads."""
        parts: list[Any] = []
        if isinstance(node, ast.AssignmentExpression):
            parts = [node.right]
        elif isinstance(node, ast.ConditionalStatement):
            parts = [condition.expr for condition in node.conditions]
        elif isinstance(node, ast.CaseStatement):
            parts = [node.expr]
        for symbol in (s for part in parts for s in variables(part) if is_signal(s)):
            if symbol not in self._initial:
                self._found("initial-signal", node.sourceRange.start, f"{symbol.name} in an initial block")

    def _on_SubroutineSymbol(self, subroutine: Any) -> None:  # noqa: N802
        self._loops(subroutine.body, lambda symbol: not is_signal(symbol))  # what calls it decides the others

    def _on_ContinuousAssignSymbol(self, assign: Any) -> None:  # noqa: N802
        if not isinstance(assign.assignment, ast.AssignmentExpression):
            return  # a finding of slang's already
        left = assign.assignment.left
        self._written(left, is_initial=False, process=0)
        self._assigned(left, assign.location)

    def _assigned(self, left: Any, location: Any) -> None:
        """A net that an assignment or an instance writes as a whole."""
        if isinstance(left, ast.NamedValueExpression):
            if left.symbol in self._driven or (left.symbol.initializer and isinstance(left.symbol, ast.NetSymbol)):
                self._found("assigned-twice", location, f"{left.symbol.name} is assigned twice")
            self._driven.add(left.symbol)

    def _on_AssignmentExpression(self, node: Any) -> None:  # noqa: N802
        is_argument = isinstance(node.right, ast.EmptyArgumentExpression)  # what $readmemh fills
        if node.left.type.isUnpackedArray and not is_argument and self._is_verilog(node.sourceRange.start):
            self._found("verilog-2005", node.sourceRange.start, "an array assigned as a whole")

    def _is_verilog(self, location: Any) -> bool:
        return self._manager.getFileName(location).endswith(".v")

    def _outputs(self, instance: Any) -> None:
        for connection in instance.portConnections:
            if isinstance(connection.expression, ast.AssignmentExpression):
                self._written(connection.expression.left, is_initial=False, process=0, rule="connected-reg")
                self._assigned(connection.expression.left, instance.location)

    def _written(self, left: Any, is_initial: bool, process: int, rule: str = "driven-reg") -> None:
        for symbol in filter(is_signal, _targets(left)):
            if is_initial and self._style(symbol) == "ultra":
                self._found("uram-contents", symbol.location, f"{symbol.name} is written in an initial block")
            if not is_initial and isinstance(symbol, ast.VariableSymbol):
                self._writers[symbol].add(process)
                is_logic = str(symbol.type).startswith("logic")  # which .v files do not have, a rule of its own
                if process == 0 and not is_logic and self._is_verilog(symbol.location):
                    self._found(rule, symbol.location, f"{symbol.name} is a reg that no process writes")
            if len(self._writers[symbol]) > 1:
                self._found("one-process", symbol.location, f"{symbol.name} is written in several processes")

    def _loops(self, body: Any, is_known: Callable[[Any], bool], location: Any = None, most: int = _LOOP_LIMIT) -> None:
        for loop in outermost(body):
            if broken := undecided(loop, is_known):
                rule, why = broken
                self._found(rule, location or loop.sourceRange.start, why)
            elif (count := iterations(loop, self._compilation.getRoot(), most)) > _LOOP_LIMIT:
                rule = "initial-loop" if count > _INITIAL_LIMIT else "loop-limit"
                self._found(rule, loop.sourceRange.start, f"{count} iterations, with those of loops in it")
            else:
                for select, rule in beyond(loop, self._compilation.getRoot()):
                    self._found(rule, select.sourceRange.start, f"{select.syntax} of {select.value.type}, in a loop")

    def _called(self, call: Any, moves: Callable[[Any], bool] = is_signal, location: Any = None) -> None:
        """A function's arguments may decide its loops, and those of what it calls, where they are constants."""
        given = list(zip(call.subroutine.arguments, call.arguments, strict=True))
        fixed = {formal for formal, argument in given if not any(map(moves, variables(argument)))}
        key, location = (call.subroutine, frozenset(fixed)), location or call.sourceRange.start
        if len(fixed) == len(given) or key in self._followed:
            return
        self._loops(call.subroutine.body, lambda symbol: symbol in fixed, location)
        self._followed.add(key)

        def visit(node: Any) -> ast.VisitAction:
            if isinstance(node, ast.CallExpression) and not node.isSystemCall:
                self._called(node, lambda symbol: symbol not in fixed, location)
            return ast.VisitAction.Advance

        call.subroutine.body.visit(visit)
        self._followed.remove(key)

    def _on_BinaryExpression(self, node: Any) -> None:  # noqa: N802
        if node.op == ast.BinaryOperator.Power and not (_is_constant(node.right) and _is_constant(node.left)):
            self._found("variable-power", node.sourceRange.start, "** of a variable")

    # ---- memories

    def _on_CallExpression(self, call: Any) -> None:  # noqa: N802
        if not call.isSystemCall:
            self._called(call)
        elif call.subroutineName in ARRAY_METHODS:
            self._found("array-method", call.sourceRange.start, call.subroutineName)
        if call.subroutineName not in ("$readmemh", "$readmemb"):
            return
        name, target = _text(call.arguments[0]), call.arguments[1]
        symbol = (target.left if hasattr(target, "left") else target).getSymbolReference()
        if self._style(symbol) == "ultra":
            self._found("uram-contents", symbol.location, f"{symbol.name} is read from {name}")
        if name is None:
            self._found("string-concatenation", call.sourceRange.start, "the name of a memory file is computed")
        if self._memories is None or name is None:
            return
        memory = symbol.type.canonicalType
        words, width = memory.fixedRange.width, memory.arrayElementType.bitWidth
        digits = "01" if call.subroutineName == "$readmemb" else "0-9a-fA-F"
        for finding in lint_memory(self._memories / name, words, width, digits):
            if finding not in self.findings:
                self.findings.append(finding)

    def _style(self, symbol: Any) -> str | None:
        styles = {a.name.lower(): _decoded(a.value) for a in self._compilation.getAttributes(symbol)}
        return styles.get("ram_style", styles.get("rom_style"))


def _rule_of(what: str) -> str:
    """Rule of one of slang's errors that has none of its own."""
    if what.startswith("BadSystemSubroutineArg real"):
        return "real-clog2"
    return "array-width" if what.startswith("BadAssignment") and what.count("$[") == 2 else "not-systemverilog"


def _targets(left: Any) -> Iterator[Any]:
    """Symbols that an assignment writes, or parts of them."""
    if isinstance(left, ast.ConcatenationExpression):
        for operand in left.operands:
            yield from _targets(operand)
    elif isinstance(left, (ast.MemberAccessExpression, ast.ElementSelectExpression, ast.RangeSelectExpression)):
        yield from _targets(left.value)
    else:
        yield left.getSymbolReference()


def _is_record(kind: Any) -> bool:
    """Whether an element is a structure or a union, or a vector of them."""
    while kind.isArray:
        kind = kind.arrayElementType.canonicalType
    return bool(kind.isStruct or kind.isPackedUnion or kind.isUnpackedUnion)


def _grows(kind: Any) -> bool:
    """Whether a type, or an element or a field of it, is a class or an array without a fixed size."""
    kind = kind.canonicalType
    if kind.isStruct:
        return any(_grows(member.type) for member in kind if hasattr(member, "type"))
    if kind.isUnpackedArray and kind.hasFixedRange:
        return _grows(kind.arrayElementType)
    return bool(kind.isClass or kind.isUnpackedArray)


def _has_two_state(kind: Any) -> bool:
    """Whether a type, or a field or an element of it, holds 0 and 1 alone."""
    kind = kind.canonicalType
    if kind.isArray:
        return _has_two_state(kind.arrayElementType)
    if kind.isStruct or kind.isPackedUnion or kind.isUnpackedUnion:
        return any(_has_two_state(member.type) for member in kind if hasattr(member, "type"))
    return bool(kind.isIntegral and not kind.isFourState)


def _is_constant(node: Any) -> bool:
    """Whether an expression is made of literals, parameters and genvars."""
    if node.constant is not None:
        return True
    symbol = node.getSymbolReference()
    if symbol is not None:
        return type(symbol).__name__ in ("ParameterSymbol", "GenvarSymbol")
    parts = [getattr(node, part) for part in ("left", "right", "operand") if hasattr(node, part)]
    return bool(parts) and all(map(_is_constant, parts))


def _text(node: Any) -> str | None:
    symbol = node.getSymbolReference()
    value = getattr(node if symbol is None else symbol, "value", None)
    return None if value is None else _decoded(value)


def _decoded(value: Any) -> str:
    """A string literal, which slang keeps as a number where its parameter has no type."""
    inner: Any = value.value if isinstance(value, ConstantValue) else value
    if isinstance(inner, str):
        return inner
    number = int(inner)
    return number.to_bytes((number.bit_length() + 7) // 8, "big").decode("ascii", "replace")
