"""C++ as it lies there beside what was written: a fault that no frame shows is found too."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

from finn_build.errors import GateError
from finn_build.hls.design import HlsDesign


def check_written(design: HlsDesign) -> None:
    """Compare top and processes with what the graph gave.

    Raises:
        GateError: a line differs; of the first one op, number and both texts are told.
    """
    for name, text in design.written.items():
        lines = zip_longest(text.splitlines(), (design.folder / name).read_text().splitlines(), fillvalue="")
        for number, (was, line) in enumerate(lines, start=1):
            if was != line:
                at = next((k for k, (a, b) in enumerate(zip(was, line, strict=False)) if a != b), 0)
                raise GateError(
                    f"the gate failed at {Path(name).stem}: no frame shows it, but line {number} of {name} reads "
                    f"{line[max(0, at - 10) : at + 20].strip()!r} where {was[max(0, at - 10) : at + 20].strip()!r} was "
                    "written"
                )
