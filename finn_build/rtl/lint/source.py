"""One source file as slang reads it: its tree, and where in the file a node stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyslang import Bag, SourceManager
from pyslang.parsing import PreprocessorOptions, Token, TokenKind, TriviaKind
from pyslang.syntax import SyntaxNode, SyntaxTree

from finn_build.rtl.lint.rules import RULES, Finding

Broken = Iterator[tuple[str, str]]  # rule, what


def options() -> Bag:
    """What Vivado's synthesis defines, SYNTHESIS, and not what slang does."""
    preprocessor = PreprocessorOptions()
    preprocessor.predefines = ["SYNTHESIS"]
    preprocessor.undefines = ["__slang__"]
    return Bag([preprocessor])


class Source:
    """A file and its syntax tree, with SYNTHESIS defined.

    Args:
        path: the file.
        manager: shared by the files of a design.

    Attributes:
        nodes: all nodes of the tree, in order.
        directives: those that are read, in order; not what a condition leaves out.
        is_verilog: whether Vivado reads it as Verilog, not SystemVerilog.
    """

    def __init__(self, path: Path, manager: SourceManager) -> None:
        self.path = path
        self.text = path.read_text()
        self.manager = manager
        self.tree = SyntaxTree.fromFile(str(path), manager, options())
        self.is_verilog = path.suffix == ".v"
        found: list[Any] = []
        self.tree.root.visit(found.append)
        self.nodes: list[SyntaxNode] = [node for node in found if isinstance(node, SyntaxNode)]
        before = [trivia for node in found if isinstance(node, Token) for trivia in node.trivia]
        self.directives: list[SyntaxNode] = [t.syntax() for t in before if t.kind == TriviaKind.Directive]

    def finding(self, rule: str, node: Any, what: str) -> Finding:
        """A finding at a node."""
        return Finding(RULES[rule], self.path, self.line(node), what)

    def line(self, node: Any) -> int:
        """Line of a node's first token."""
        return self.manager.getLineNumber(node.sourceRange.start)


def kind(node: SyntaxNode | None) -> str:
    """Slang's name of a node's kind, empty for none."""
    return "" if node is None else node.kind.name


def tokens(node: Any) -> Iterator[str]:
    """Tokens of a node itself, not of the nodes in it."""
    return (child.rawText for child in node if isinstance(getattr(child, "kind", None), TokenKind))


def children(node: Any, *kinds: str) -> list[SyntaxNode]:
    """Nodes of some kinds directly under a node."""
    return [child for child in node if isinstance(child, SyntaxNode) and child.kind.name in kinds]


def inside(node: Any, *kinds: str) -> bool:
    """Whether a node lies within one of some kinds."""
    above = node.parent
    while above is not None:
        if above.kind.name in kinds:
            return True
        above = above.parent
    return False


def inner(node: Any) -> Iterator[SyntaxNode]:
    """Nodes directly under a node, of any kind."""
    return (child for child in node if isinstance(child, SyntaxNode))


def words(node: Any) -> str:
    """The text of a node on one line, cut to 60 characters."""
    return " ".join(str(node).split())[:60]
