"""Rules that one file alone can break, on its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pyslang.syntax import SyntaxNode

from finn_build.rtl.lint.kinds import (
    ARRAY_QUERIES,
    NET_TYPES,
    RAM_STYLES,
    REAL_FUNCTIONS,
    REFUSED,
    ROM_STYLES,
    SWITCHES,
    SYSTEMVERILOG,
    TASKS,
)
from finn_build.rtl.lint.rules import RULES, Finding
from finn_build.rtl.lint.source import Source, children, inside, kind, tokens

_LARGEST_DECIMAL = 2**31 - 1
_PRAGMA = re.compile(r"/[/*]\s*(synthesis|synopsys|pragma)\b.*\b(translate_o\w+|full_case|parallel_case)\b")
Broken = Iterator[tuple[str, str]]  # rule, what


def lint_source(source: Source) -> Iterator[Finding]:
    """Every rule that a file breaks by itself."""
    yield from _directives(source)
    for node in source.nodes():
        name = node.kind.name
        if name in REFUSED:
            yield source.finding(REFUSED[name], node, _words(node))
        if source.is_verilog and name in SYSTEMVERILOG:
            yield source.finding("verilog-file", node, _words(node))
        for rule, what in _CHECKS[name](node) if name in _CHECKS else ():
            yield source.finding(rule, node, what)
        if source.is_verilog and name in _VERILOG_CHECKS:
            for rule, what in _VERILOG_CHECKS[name](node):
                yield source.finding(rule, node, what)


def _directives(source: Source) -> Iterator[Finding]:
    nettypes = re.findall(r"^\s*`default_nettype\s+(\w+)", source.text, re.MULTILINE)
    if nettypes[-1:] != ["wire"]:
        yield Finding(RULES["default-nettype"], source.path, 1, f"`default_nettype {nettypes or 'never set'}")
    for number, line in enumerate(source.text.splitlines(), 1):
        if re.match(r"\s*`(include|define)\b", line):
            yield Finding(RULES["macro"], source.path, number, line.strip())
        if found := _PRAGMA.search(line):
            yield Finding(RULES["pragma"], source.path, number, found[0])


def _inner(node: SyntaxNode) -> Iterator[SyntaxNode]:
    return (child for child in node if isinstance(child, SyntaxNode))


def _words(node: SyntaxNode) -> str:
    return " ".join(str(node).split())[:60]


# ---- checks of one node


def _parameter(node: SyntaxNode) -> Broken:
    untyped = [t for t in children(node, "ImplicitType") if not children(t, "VariableDimension")]
    for declarator in children(node, "Declarator"):
        name, values = next(tokens(declarator)), children(declarator, "EqualsValueClause")
        if not values:
            yield "parameter-default", f"parameter {name} has none"
        elif untyped and not _is_text(values[0]):
            yield "untyped-parameter", f"parameter {name}"


def _type_parameter(node: SyntaxNode) -> Broken:
    for assigned in children(node, "TypeAssignment"):
        if not children(assigned, "EqualsTypeClause"):
            yield "parameter-default", f"parameter type {next(tokens(assigned))} has none"


def _is_text(value: SyntaxNode) -> bool:
    """Whether a value is a string, which has no type that Vivado takes."""
    (given,) = _inner(value)
    return kind(given) == "StringLiteralExpression"


def _port(node: SyntaxNode) -> Broken:
    declarators = children(node, "Declarator")
    names = ", ".join(next(tokens(d)) for d in declarators)
    for header in children(node, "VariablePortHeader"):
        words = list(tokens(header))
        if not words:
            continue  # direction and type are those of the port before
        if (words[0] in ("input", "inout") and "var" not in words) or children(header, "ImplicitType"):
            yield "implicit-net", f"port {names}"
        if children(header, "BitType", "ByteType", "ShortIntType", "IntType", "LongIntType"):
            yield "two-state", f"port {names}"
        if any(children(d, "EqualsValueClause") for d in declarators):
            yield "output-initial", f"port {names}"
    for header in children(node, "NetPortHeader"):
        for found in NET_TYPES & set(tokens(header)):
            yield "net-type", f"{found} port {names}"
    if any(children(d, "VariableDimension") for d in declarators):
        yield "unpacked-port", f"port {names}"


def _old_port(node: SyntaxNode) -> Broken:
    """A port that is declared in the module's body, with its net or variable or before it."""
    if kind(node.parent) != "ModuleDeclaration":
        return  # an argument
    declared = children(node.parent, "NetDeclaration", "DataDeclaration")
    apart = {next(tokens(d)) for one in declared for d in children(one, "Declarator")}
    is_apart = apart >= {next(tokens(d)) for d in children(node, "Declarator")}
    yield from ((rule, what) for rule, what in _port(node) if rule != "implicit-net" or not is_apart)


def _data(node: SyntaxNode) -> Broken:
    if "static" in tokens(node) and inside(node, "FunctionDeclaration", "TaskDeclaration"):
        yield "function-lifetime", _words(node)
    if not inside(node, "FunctionDeclaration") and children(
        node, "BitType", "ByteType", "ShortIntType", "IntType", "LongIntType"
    ):
        yield "two-state", _words(node)
    arrays = [d for d in children(node, "Declarator") if children(d, "VariableDimension")]
    if any(not list(_inner(dimension)) for d in arrays for dimension in children(d, "VariableDimension")):
        yield "not-rtl", f"{_words(node)}: a dynamic array"
    if arrays and children(node, "StructType", "UnionType"):
        yield "memory-of-structs", _words(node)


def _attribute(node: SyntaxNode) -> Broken:
    declaration = node.parent.parent
    on_array = kind(declaration) == "DataDeclaration" and any(
        children(d, "VariableDimension") for d in children(declaration, "Declarator")
    )
    name = next(tokens(node))
    if name == "full_case" or (name == "parallel_case" and inside(node, "AlwaysCombBlock", "AlwaysFFBlock")):
        yield "pragma", name
    legal = {"ram_style": RAM_STYLES, "rom_style": ROM_STYLES}.get(name.lower())
    if legal is None:
        return
    value = re.sub(rf"^{name}\s*=\s*", "", str(node).strip())
    if value.strip('"') not in legal or not value.startswith('"'):
        yield "ram-style", f"{name} = {value}; legal: {', '.join(sorted(legal))}, written out"
    elif not on_array:
        yield "ram-style", f"{name} of what is no memory"


def _net(node: SyntaxNode) -> Broken:
    for found in NET_TYPES & set(tokens(node)):
        yield "net-type", f"{found} net"


def _literal(node: SyntaxNode) -> Broken:
    (text,) = tokens(node)
    if int(text.replace("_", "")) > _LARGEST_DECIMAL:
        yield "large-decimal", text


def _concatenation(node: SyntaxNode) -> Broken:
    if children(node, "StringLiteralExpression"):
        yield "string-concatenation", _words(node)


def _system(node: SyntaxNode) -> Broken:
    (name,) = tokens(node)
    if name in ARRAY_QUERIES:
        yield "array-query", name
    elif name in REAL_FUNCTIONS:
        yield "real-type", name
    elif name == "$cast":
        yield "dynamic-cast", name
    elif name not in TASKS:
        yield "system-task", name


def _elaboration_task(node: SyntaxNode) -> Broken:
    name, *_ = tokens(node)
    arguments = [str(a).strip() for group in children(node, "ArgumentList") for a in children(group, "OrderedArgument")]
    if name in ("$warning", "$info"):
        yield "system-task", name
    elif not any(a.startswith('"') for a in arguments) or (name == "$fatal" and arguments[0] not in ("0", "1", "2")):
        yield "check-message", f"{name}({', '.join(arguments)[:40]})"


def _function(node: SyntaxNode) -> Broken:
    words = list(tokens(node))
    if "automatic" not in words:
        yield "function-lifetime", _words(node)


def _unique(node: SyntaxNode) -> Broken:
    if found := {"unique", "unique0", "priority"} & set(tokens(node)):
        yield "unique-case", found.pop()


def _union(node: SyntaxNode) -> Broken:
    if "tagged" in tokens(node):
        yield "tagged-union", _words(node)


def _inner_event(node: SyntaxNode) -> Broken:
    """`@` anywhere but at the head of a process."""
    statement = node.parent
    at_head = kind(statement) == "TimingControlStatement" and kind(statement.parent).startswith("Always")
    if not at_head and not inside(node, "PropertySpec"):
        yield "timing-control", _words(node)


def _edges(node: SyntaxNode) -> Broken:
    """An edge beside another event, and `edge`, which is two."""
    beside = any(list(tokens(signal)) for signal in children(node, "SignalEventExpression"))
    if beside or "edge" in tokens(node):
        yield "one-edge", _words(node)
    elif kind(node) == "SignalEventExpression" and not list(tokens(node)) and inside(node, "AlwaysBlock"):
        yield "sensitivity-list", _words(node)


def _return(node: SyntaxNode) -> Broken:
    if inside(node, "ForLoopStatement", "ForeachLoopStatement", "LoopStatement", "DoWhileStatement"):
        yield "jump", f"{_words(node)} from within a loop"


def _primitive(node: SyntaxNode) -> Broken:
    names = [name for i in children(node, "HierarchicalInstance") for name in children(i, "InstanceName")]
    if next(tokens(node)) in SWITCHES or any(children(name, "VariableDimension") for name in names):
        yield "primitive", _words(node)


def _loop(node: SyntaxNode) -> Broken:
    """In a function of constants the limit on its steps says enough."""
    if not inside(node, "FunctionDeclaration"):
        yield "while-loop", _words(node)


def _lone_block(node: SyntaxNode) -> Broken:
    if kind(node.parent) not in ("IfGenerate", "ElseClause", "LoopGenerate", "StandardCaseItem", "DefaultCaseItem"):
        yield "generate-block", f"{_words(node)} on its own"


def _module(node: SyntaxNode) -> Broken:
    if "macromodule" in tokens(node):
        yield "not-rtl", "macromodule"


def _generate(node: SyntaxNode) -> Broken:
    """Branches and bodies; `else if` is a branch of its own."""
    for child in _inner(node):
        is_block = kind(child) == "GenerateBlock"
        if is_block and not children(child, "NamedBlockClause"):
            yield "generate-block", _words(child)
        elif (not is_block and kind(child).endswith(_ITEMS)) or (
            kind(child) == "IfGenerate" and kind(node) != "ElseClause"
        ):
            yield "generate-block", f"{_words(child)} without begin"


def _verilog_call(node: SyntaxNode) -> Broken:
    for called in children(node, "SystemName"):
        (name,) = tokens(called)
        if name not in ("$readmemh", "$readmemb", "$signed", "$unsigned"):
            yield "verilog-file", f"{name}, which it knows in SystemVerilog only"


def _verilog_port_list(node: SyntaxNode) -> Broken:
    for parameter in children(node, "ParameterDeclaration"):
        if "localparam" in tokens(parameter):
            yield "verilog-file", f"{_words(parameter)} in a port list"


def _verilog_dimension(node: SyntaxNode) -> Broken:
    if inside(node, "Declarator") and any(children(s, "BitSelect") for s in children(node, "RangeDimensionSpecifier")):
        yield "verilog-file", f"{_words(node)}: a range of a single value"


def _verilog_connection(node: SyntaxNode) -> Broken:
    if "(" not in tokens(node):
        yield "verilog-file", f"{_words(node)}: a connection by name alone"


def _verilog_block(node: SyntaxNode) -> Broken:
    yield from _verilog_end(node)
    declared = children(node, "DataDeclaration", "ParameterDeclarationStatement")
    if declared and not children(node, "NamedBlockClause"):
        yield "verilog-file", f"{_words(declared[0])} in a block without a name"


def _verilog_end(node: SyntaxNode) -> Broken:
    if len(children(node, "NamedBlockClause")) > 1:
        yield "verilog-file", f"{_words(node)}: a name at the end of a block"


def _verilog_last(node: SyntaxNode) -> Broken:
    if children(node, "NamedBlockClause"):
        yield "verilog-file", f"{_words(node)}: a name at the end"


def _verilog_function(node: SyntaxNode) -> Broken:
    """One statement, and one argument at least."""
    yield from _verilog_last(node)
    (prototype,) = children(node, "FunctionPrototype")
    lists = children(prototype, "FunctionPortList")
    if sum(kind(item).endswith("Statement") for item in _inner(node)) != 1:
        yield "verilog-file", f"{_words(node)}: not one statement"
    is_function = kind(node) == "FunctionDeclaration"
    if any(not children(one, "FunctionPort") for one in lists) or (
        is_function and not lists and not children(node, "PortDeclaration")
    ):
        yield "verilog-file", f"{_words(node)}: no argument"


def _verilog_genvar(node: SyntaxNode) -> Broken:
    if "genvar" in tokens(node):
        yield "verilog-file", f"{_words(node)}: a genvar declared in its loop"


def _verilog_argument(node: SyntaxNode) -> Broken:
    if "ref" in tokens(node) or any(children(d, "EqualsValueClause") for d in children(node, "Declarator")):
        yield "verilog-file", f"argument {_words(node)}"


def _verilog_data(node: SyntaxNode) -> Broken:
    if found := {"var", "const", "automatic"} & set(tokens(node)):
        yield "verilog-file", f"{_words(node)}: {found.pop()}"
    for type_ in children(node, "RegType", "ImplicitType"):
        if len(children(type_, "VariableDimension")) > 1:
            yield "verilog-file", f"{_words(node)}: two packed dimensions"


_ITEMS = ("ContinuousAssign", "Instantiation", "Declaration", "ElabSystemTask", "LoopGenerate", "CaseGenerate", "Block")
_CHECKS: dict[str, Callable[[SyntaxNode], Broken]] = {
    "ParameterDeclaration": _parameter,
    "ImplicitAnsiPort": _port,
    "PortDeclaration": _old_port,
    "TypeParameterDeclaration": _type_parameter,
    "AttributeSpec": _attribute,
    "DataDeclaration": _data,
    "NetDeclaration": _net,
    "IntegerLiteralExpression": _literal,
    "ConcatenationExpression": _concatenation,
    "SystemName": _system,
    "ElabSystemTask": _elaboration_task,
    "FunctionPrototype": _function,
    "CaseStatement": _unique,
    "ConditionalStatement": _unique,
    "UnionType": _union,
    "ModuleHeader": _module,
    "GenerateBlock": _lone_block,
    "IfGenerate": _generate,
    "ElseClause": _generate,
    "LoopGenerate": _generate,
    "StandardCaseItem": _generate,
    "DefaultCaseItem": _generate,
    "ReturnStatement": _return,
    "PrimitiveInstantiation": _primitive,
    "BinaryEventExpression": _edges,
    "SignalEventExpression": _edges,
    "LoopStatement": _loop,
    "DoWhileStatement": _loop,
    "EventControlWithExpression": _inner_event,
}
_VERILOG_CHECKS: dict[str, Callable[[SyntaxNode], Broken]] = {
    "InvocationExpression": _verilog_call,
    "ParameterPortList": _verilog_port_list,
    "VariableDimension": _verilog_dimension,
    "NamedPortConnection": _verilog_connection,
    "SequentialBlockStatement": _verilog_block,
    "GenerateBlock": _verilog_end,
    "FunctionDeclaration": _verilog_function,
    "TaskDeclaration": _verilog_function,
    "ModuleDeclaration": _verilog_last,
    "LoopGenerate": _verilog_genvar,
    "FunctionPort": _verilog_argument,
    "DataDeclaration": _verilog_data,
    "NetDeclaration": _verilog_data,
}
