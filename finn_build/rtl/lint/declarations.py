"""Rules of declarations: parameters, ports, variables, attributes, nets, functions, modules and generate blocks."""

from __future__ import annotations

import re
from collections.abc import Callable

from pyslang.syntax import SyntaxNode

from finn_build.rtl.lint.kinds import NET_TYPES, RAM_STYLES, ROM_STYLES, SWITCHES
from finn_build.rtl.lint.source import Broken, children, inner, inside, kind, tokens, words


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
    (given,) = inner(value)
    return kind(given) == "StringLiteralExpression"


def _port(node: SyntaxNode) -> Broken:
    declarators = children(node, "Declarator")
    names = ", ".join(next(tokens(d)) for d in declarators)
    for header in children(node, "VariablePortHeader"):
        said = list(tokens(header))
        if not said:
            continue  # direction and type are those of the port before
        if (said[0] in ("input", "inout") and "var" not in said) or children(header, "ImplicitType"):
            yield "implicit-net", f"port {names}"
        if children(header, "BitType", "ByteType", "ShortIntType", "IntType", "LongIntType"):
            yield "two-state", f"port {names}"
        if any(children(d, "EqualsValueClause") for d in declarators):
            yield "output-initial", f"port {names}"
    for header in children(node, "NetPortHeader"):
        for found in NET_TYPES.keys() & set(tokens(header)):
            yield NET_TYPES[found], f"{found} port {names}"
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
        yield "function-lifetime", words(node)
    if not inside(node, "FunctionDeclaration") and children(
        node, "BitType", "ByteType", "ShortIntType", "IntType", "LongIntType"
    ):
        yield "two-state", words(node)
    arrays = [d for d in children(node, "Declarator") if children(d, "VariableDimension")]
    if any(not list(inner(dimension)) for d in arrays for dimension in children(d, "VariableDimension")):
        yield "not-rtl", f"{words(node)}: a dynamic array"
    if arrays and children(node, "StructType", "UnionType"):
        yield "memory-of-structs", words(node)


def _attribute(node: SyntaxNode) -> Broken:
    declaration = node.parent.parent
    on_array = kind(declaration) == "DataDeclaration" and any(
        children(d, "VariableDimension") for d in children(declaration, "Declarator")
    )
    name = next(tokens(node))
    if name == "full_case" or (name == "parallel_case" and inside(node, "AlwaysCombBlock", "AlwaysFFBlock")):
        yield "full-case", name
    legal = {"ram_style": RAM_STYLES, "rom_style": ROM_STYLES}.get(name.lower())
    if legal is None:
        return
    value = re.sub(rf"^{name}\s*=?\s*", "", str(node).strip())
    said = f"{name} = {value}; legal: {', '.join(sorted(legal))}, written out"
    if not value.strip('"'):
        yield "ram-style-empty", said
    elif not value.startswith('"'):
        yield "ram-style-parameter", said
    elif value.strip('"') not in legal:
        yield "ram-style-value", said
    elif not on_array:
        yield "ram-style-place", f"{name} of what is no memory"


def _net(node: SyntaxNode) -> Broken:
    for found in NET_TYPES.keys() & set(tokens(node)):
        yield NET_TYPES[found], f"{found} net"


def _union(node: SyntaxNode) -> Broken:
    if "tagged" in tokens(node):
        yield "tagged-union", words(node)


def _function(node: SyntaxNode) -> Broken:
    if "automatic" not in tokens(node):
        yield "function-lifetime", words(node)


def _primitive(node: SyntaxNode) -> Broken:
    names = [name for i in children(node, "HierarchicalInstance") for name in children(i, "InstanceName")]
    if next(tokens(node)) in SWITCHES or any(children(name, "VariableDimension") for name in names):
        yield "primitive", words(node)


def _module(node: SyntaxNode) -> Broken:
    if "macromodule" in tokens(node):
        yield "macromodule", words(node)
    if inside(node.parent, "ModuleDeclaration"):
        yield "unrecorded", f"{words(node)} within a module"


def _lone_block(node: SyntaxNode) -> Broken:
    if kind(node.parent) not in ("IfGenerate", "ElseClause", "LoopGenerate", "StandardCaseItem", "DefaultCaseItem"):
        yield "lone-block", f"{words(node)} on its own"


def _generate(node: SyntaxNode) -> Broken:
    """Branches and bodies; `else if` is a branch of its own."""
    for child in inner(node):
        is_block = kind(child) == "GenerateBlock"
        if is_block and not children(child, "NamedBlockClause"):
            yield "generate-block", words(child)
        elif (not is_block and kind(child).endswith(_ITEMS)) or (
            kind(child) == "IfGenerate" and kind(node) != "ElseClause"
        ):
            yield "generate-block", f"{words(child)} without begin"


_ITEMS = ("ContinuousAssign", "Instantiation", "Declaration", "ElabSystemTask", "LoopGenerate", "CaseGenerate", "Block")
DECLARATIONS: dict[str, Callable[[SyntaxNode], Broken]] = {
    "ParameterDeclaration": _parameter,
    "ImplicitAnsiPort": _port,
    "PortDeclaration": _old_port,
    "TypeParameterDeclaration": _type_parameter,
    "AttributeSpec": _attribute,
    "DataDeclaration": _data,
    "NetDeclaration": _net,
    "FunctionPrototype": _function,
    "UnionType": _union,
    "ModuleHeader": _module,
    "GenerateBlock": _lone_block,
    "IfGenerate": _generate,
    "ElseClause": _generate,
    "LoopGenerate": _generate,
    "StandardCaseItem": _generate,
    "DefaultCaseItem": _generate,
    "PrimitiveInstantiation": _primitive,
}
