"""Which function compiles which op of a QONNX file: each registers itself, and the compiler imports none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from onnx import NodeProto

if TYPE_CHECKING:
    from finn_build.frontend.integers.compilation import Compilation

Compiler: TypeAlias = "Callable[[Compilation, NodeProto], None]"
COMPILERS: dict[str, Compiler] = {}


def compiles(*ops: str) -> Callable[[Compiler], Compiler]:
    """Register the function below as the one that compiles nodes of these op types."""

    def register(function: Compiler) -> Compiler:
        COMPILERS.update(dict.fromkeys(ops, function))
        return function

    return register
