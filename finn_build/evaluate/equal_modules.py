"""Equal modules that are kept apart from the rest of a design are synthesised once.

Yosys' slang front end writes a module for each instance, and its `abc9` goes over the whole design again for each
module that it maps: a dense layer with 480 counters kept apart had not ended after twenty minutes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MODULE = re.compile(r"^module (\S+)\n(.*?)^end$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"^( +cell )(\S+)", re.MULTILINE)
_HOLDS = re.compile(r"^  (?:cell|connect|process) ", re.MULTILINE)  # a black box holds nothing
_GIVEN = re.compile(r"\$auto\$\S+")  # names that Yosys gave, numbered through the whole design


def share_equal_modules(design: Any) -> None:
    """Make every instance of equal modules one of the first of them; the others are left without instances.

    Args:
        design: a `pyosys` design as read, with its hierarchy.
    """
    from pyosys import libyosys as ys  # here: it takes over stdout, and only a process of its own wants it

    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "design.il"
        ys.run_pass(f"write_rtlil {written}", design)
        first = first_of_equal(written.read_text())
    for module in design.modules_.values():
        for cell in module.cells_.values():
            name = str(cell.type)
            if first.get(name, name) != name:
                cell.type = ys.IdString(first[name])


def first_of_equal(rtlil: str) -> dict[str, str]:
    """By module of a design in RTLIL, the first one with the same ports, cells and connections, all the way down."""
    bodies = dict(_MODULE.findall(rtlil))
    first: dict[str, str] = {}
    known: dict[str, str] = {}
    for name in bodies:
        _enter(name, bodies, first, known)
    return first


def _enter(name: str, bodies: Mapping[str, str], first: dict[str, str], known: dict[str, str]) -> str:
    """The first of the modules that equal this one; those that it instantiates are entered before."""
    if name not in bodies:  # one of Yosys' own cells
        return name
    if name not in first:
        given: dict[str, str] = {}
        text = _CELL.sub(lambda cell: cell[1] + _enter(cell[2], bodies, first, known), bodies[name])
        text = _GIVEN.sub(lambda found: given.setdefault(found[0], f"$auto${len(given)}"), text)
        first[name] = known.setdefault(text, name) if _HOLDS.search(text) else name
    return first[name]
