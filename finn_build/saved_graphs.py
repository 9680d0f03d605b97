"""Graphs of earlier steps, read back from files that may be damaged, or edited by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.errors import ConfigError, SignflowError
from finn_build.state import Build

TARGET_CYCLES = "signflow_target_cycles"  # in the saved graphs
_DOMAINS = {"", *(f"finn.custom_op.fpgadataflow{kind}" for kind in ("", ".hls", ".rtl"))}


def read_streams(build: Build, saved: Path) -> None:
    """Give a build its hardware graph and interval from a file.

    Raises:
        ConfigError: there is no such file, or it names operators that are not ours.
    """
    if not saved.is_file():
        raise ConfigError(
            f"--start: {saved} is missing; run the build from an earlier step first, into the same folder"
        )
    model = ModelWrapper(str(saved))
    if foreign := {n.domain for n in model.graph.node} - _DOMAINS:  # qonnx takes them for modules to import
        raise ConfigError(f"{saved}: operators of unknown domains: {', '.join(sorted(foreign))}; build it again")
    slowest = max(getCustomOp(n).get_exp_cycles() for n in model.graph.node)  # of lanes that the user may have changed
    build.streams, build.target_cycles = model, max(slowest, int(model.get_metadata_prop(TARGET_CYCLES) or 0))


@contextmanager
def blaming(saved: Path | None) -> Iterator[None]:
    """Say of the file, where there is one, whatever fails on its graph.

    Raises:
        ConfigError: something did.
    """
    try:
        yield
    except (SignflowError, OSError, MemoryError):
        raise
    except Exception as error:
        if saved is None:
            raise
        said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise ConfigError(f"{saved}: damaged, or no graph of a build ({said}); build it again") from error
