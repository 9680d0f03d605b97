"""Rules of modules among one another: one definition each, and what a block design may refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finn_build.rtl.lint.rules import Finding
from finn_build.rtl.lint.source import Source, children, tokens


def lint_modules(sources: Sequence[Source], block_design_top: str | None) -> Iterator[Finding]:
    """Modules defined twice, and a top that a block design cannot refer to."""
    defined: dict[str, Source] = {}
    for source in sources:
        for module in (n for n in source.nodes if n.kind.name == "ModuleDeclaration"):
            (header,) = children(module, "ModuleHeader")
            name = list(tokens(header))[1]
            if name in defined:
                yield source.finding("module-twice", module, f"{name} is in {defined[name].path.name} too")
            defined[name] = source
            if name == block_design_top:
                if not source.is_verilog:
                    yield source.finding("block-design-top", module, f"{name} is SystemVerilog")
                if children(header, "ParameterPortList"):
                    yield source.finding("block-design-parameter", module, f"{name} has parameters")
