"""Slang as a second reader of RTL: all of its warnings, but for those that parameters make and those of style."""

from collections.abc import Iterable
from pathlib import Path

from pyslang import DiagnosticEngine, TextDiagnosticClient, driver

_WARNINGS = (
    "default", "extra", "conversion", "unnamed-generate", "bitwise-op-mismatch", "signed-logical-shift",
    "no-useless-cast",  # to a width that another value of the parameters makes another
)  # fmt: skip


def complaints(sources: Iterable[Path], *options: str) -> str:
    """Errors and warnings of slang on a design; empty where it has none."""
    slang = driver.Driver()
    slang.addStandardArgs()
    line = " ".join(("slang -DSYNTHESIS -U__slang__", *options, *map(str, sources)))
    assert slang.parseCommandLine(line, driver.CommandLineOptions()) and slang.processOptions()
    assert slang.parseAllSources()
    compilation = slang.createCompilation()
    engine, client = DiagnosticEngine(slang.sourceManager), TextDiagnosticClient()
    assert not engine.setWarningOptions(_WARNINGS)  # it returns those that it does not know
    engine.addClient(client)
    for diagnostic in (*compilation.getAllDiagnostics(), *slang.runAnalysis(compilation).getDiagnostics()):
        engine.issue(diagnostic)
    return client.getString()
