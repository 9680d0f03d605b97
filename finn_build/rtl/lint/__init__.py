"""Lint of RTL against the public record of what Vivado refuses (docs/vivado.md): `lint` for files or a whole design."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pyslang import SourceManager

from finn_build.rtl.lint.design import DesignLint
from finn_build.rtl.lint.modules import lint_modules
from finn_build.rtl.lint.rules import RULES, VERSIONS, Finding, Rule
from finn_build.rtl.lint.source import Source
from finn_build.rtl.lint.syntax import lint_source

__all__ = ["RULES", "VERSIONS", "Finding", "Rule", "lint"]


def lint(
    files: Sequence[Path],
    top: str | None = None,
    *,
    memories: Path | None = None,
    block_design: bool = False,
    version: str = VERSIONS[-1],
    var_size_limit: int = sys.maxsize,
) -> list[Finding]:
    """Every place where sources break a rule.

    Args:
        files: Verilog and SystemVerilog sources; nothing else is read, no include, no package.
        top: top module of the design that they are; None elaborates every module that none instantiates.
        memories: folder of its memory files, which are then checked too.
        block_design: the top is referred to by a block design, as in the Vivado project.
        version: of Vivado, one of `VERSIONS`; the last one refuses whatever one before does.
        var_size_limit: most bits of a memory with its style, as the project sets it; without, the project is trusted.

    Returns:
        Findings, file by file; empty where Vivado has nothing to refuse, as far as the record goes.
    """
    manager = SourceManager()
    manager.setDisableProximatePaths(True)  # names of files stay as they are given
    sources = [Source(Path(path), manager) for path in files]
    findings = [finding for source in sources for finding in lint_source(source)]
    findings += lint_modules(sources, top if block_design else None)
    findings += DesignLint(sources, top, memories, var_size_limit).findings
    return [finding for finding in findings if finding.rule.since <= version]
