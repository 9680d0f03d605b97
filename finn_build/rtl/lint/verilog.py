"""Rules of files that end in .v, which Vivado reads as Verilog: what of SystemVerilog each may not hold."""

from __future__ import annotations

from collections.abc import Callable

from pyslang.syntax import SyntaxNode

from finn_build.rtl.lint.source import Broken, children, inner, inside, kind, tokens, words

_REFUSED: dict[str, str] = {
    "UnbasedUnsizedLiteralExpression": "verilog-literal",
    "ElabSystemTask": "verilog-check",
    "WildcardPortConnection": "verilog-2005",
    "NamedLabel": "verilog-2005",
    **dict.fromkeys(
        ("LogicType", "BitType", "ByteType", "ShortIntType", "IntType", "LongIntType", "VoidType", "NamedType"),
        "verilog-type",
    ),
    **dict.fromkeys((
        *("EnumType", "StructType", "UnionType", "TypedefDeclaration", "TypeReference", "TypeParameterDeclaration"),
        *("AlwaysCombBlock", "AlwaysFFBlock", "AlwaysLatchBlock", "ReturnStatement", "ForVariableDeclaration"),
        *("PostincrementExpression", "PostdecrementExpression", "UnaryPreincrementExpression"),
        *("UnaryPredecrementExpression", "AddAssignmentExpression", "SubtractAssignmentExpression"),
        *("OrAssignmentExpression", "AndAssignmentExpression", "XorAssignmentExpression"),
        *("MultiplyAssignmentExpression", "DivideAssignmentExpression", "ModAssignmentExpression"),
        *("LogicalLeftShiftAssignmentExpression", "LogicalRightShiftAssignmentExpression"),
        *("ArithmeticLeftShiftAssignmentExpression", "ArithmeticRightShiftAssignmentExpression"),
        *("LogicalImplicationExpression", "LogicalEquivalenceExpression", "ForeachLoopStatement", "DoWhileStatement"),
        *("CastExpression", "SignedCastExpression", "VoidCastedCallStatement", "InsideExpression"),
        *("StreamingConcatenationExpression", "AssignmentPatternExpression", "WildcardEqualityExpression"),
        *("PackageImportDeclaration", "LetDeclaration", "NetAlias"),
    ), "verilog-syntax"),
}  # fmt: skip
_AT_ROOT = ("ModuleDeclaration", "UdpDeclaration", "ConfigDeclaration", "CompilationUnit")


def in_verilog(node: SyntaxNode) -> Broken:
    """Rules that a node of such a file breaks."""
    name = kind(node)
    if kind(node.parent) in ("", "CompilationUnit") and name not in _AT_ROOT:
        yield "verilog-root", words(node)
    elif name in _REFUSED:
        yield _REFUSED[name], words(node)
    if name in _CHECKS:
        yield from _CHECKS[name](node)


def _call(node: SyntaxNode) -> Broken:
    for called in children(node, "SystemName"):
        (name,) = tokens(called)
        if name not in ("$readmemh", "$readmemb", "$signed", "$unsigned"):
            is_size = name == "$clog2" and inside(node, "ParameterDeclaration")
            yield "verilog-clog2" if is_size else "verilog-system", words(node)


def _port(node: SyntaxNode) -> Broken:
    if any(children(declarator, "VariableDimension") for declarator in children(node, "Declarator")):
        yield "verilog-array-port", words(node)


def _port_list(node: SyntaxNode) -> Broken:
    for parameter in children(node, "ParameterDeclaration"):
        if "localparam" in tokens(parameter):
            yield "verilog-localparam", f"{words(parameter)} in a port list"


def _dimension(node: SyntaxNode) -> Broken:
    if inside(node, "Declarator") and any(children(s, "BitSelect") for s in children(node, "RangeDimensionSpecifier")):
        yield "verilog-range", f"{words(node)}: a range of a single value"


def _connection(node: SyntaxNode) -> Broken:
    if "(" not in tokens(node):
        yield "verilog-2005", f"{words(node)}: a connection by name alone"


def _block(node: SyntaxNode) -> Broken:
    yield from _end(node)
    declared = children(node, "DataDeclaration", "ParameterDeclarationStatement")
    if declared and not children(node, "NamedBlockClause"):
        yield "verilog-block", f"{words(declared[0])} in a block without a name"


def _end(node: SyntaxNode) -> Broken:
    if len(children(node, "NamedBlockClause")) > 1:
        yield "verilog-2005", f"{words(node)}: a name at the end of a block"


def _last(node: SyntaxNode) -> Broken:
    if children(node, "NamedBlockClause"):
        yield "verilog-2005", f"{words(node)}: a name at the end"


def _function(node: SyntaxNode) -> Broken:
    """One statement, and one argument at least."""
    yield from _last(node)
    (prototype,) = children(node, "FunctionPrototype")
    lists = children(prototype, "FunctionPortList")
    if sum(kind(item).endswith("Statement") for item in inner(node)) != 1:
        yield "verilog-2005", f"{words(node)}: not one statement"
    is_function = kind(node) == "FunctionDeclaration"
    if any(not children(one, "FunctionPort") for one in lists) or (
        is_function and not lists and not children(node, "PortDeclaration")
    ):
        yield "verilog-2005", f"{words(node)}: no argument"


def _genvar(node: SyntaxNode) -> Broken:
    if "genvar" in tokens(node):
        yield "verilog-2005", f"{words(node)}: a genvar declared in its loop"


def _argument(node: SyntaxNode) -> Broken:
    if "ref" in tokens(node) or any(children(d, "EqualsValueClause") for d in children(node, "Declarator")):
        yield "verilog-2005", f"argument {words(node)}"


def _data(node: SyntaxNode) -> Broken:
    if found := {"var", "const", "automatic"} & set(tokens(node)):
        yield "verilog-syntax", f"{words(node)}: {found.pop()}"


def _packed(node: SyntaxNode) -> Broken:
    if len(children(node, "VariableDimension")) > 1:
        yield "verilog-packed", words(node.parent)


_CHECKS: dict[str, Callable[[SyntaxNode], Broken]] = {
    "InvocationExpression": _call,
    "ImplicitAnsiPort": _port,
    "PortDeclaration": _port,
    "ParameterPortList": _port_list,
    "VariableDimension": _dimension,
    "NamedPortConnection": _connection,
    "SequentialBlockStatement": _block,
    "GenerateBlock": _end,
    "FunctionDeclaration": _function,
    "TaskDeclaration": _function,
    "ModuleDeclaration": _last,
    "LoopGenerate": _genvar,
    "FunctionPort": _argument,
    "DataDeclaration": _data,
    "NetDeclaration": _data,
    "RegType": _packed,
    "ImplicitType": _packed,
}
