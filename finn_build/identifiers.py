"""Names as identifiers of generated Verilog and C++: the one place where text of a file may become code.

Everything else that a file says stays data: simulators know streams by number, reports and descriptions quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 80  # with what Verilator puts around it still below 127, from where on it makes hashes of names
_MADE = 32  # letters taken over from a name
_LEGAL = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")


def is_identifier(name: str) -> bool:
    """Whether a name may stand in generated code as it is: ASCII, no double underscore (Verilator's), not too long."""
    return len(name) <= _LONGEST and _LEGAL.fullmatch(name) is not None


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A legal identifier for each name, all different, none of those taken; like the name where that has letters."""
    used, found = set(taken), {}
    for name in dict.fromkeys(names):
        text = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:_MADE].strip("_")
        text = text if text[:1].isalpha() else f"n_{text}".strip("_")
        candidates = (text if i == 0 else f"{text}_{i}" for i in range(len(used) + 1))
        found[name] = next(candidate for candidate in candidates if candidate not in used)
        used.add(found[name])
    return found
