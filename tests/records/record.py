"""A record: figures of named cases, a line for each, compared to the letter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

import numpy as np

FOLDER = Path(__file__).parent
_LONG = 24  # characters: of a longer text a checksum is kept
Said = Mapping[str, object]  # figure by name


def brief(value: object) -> str:
    """A figure as it is recorded: its text, or of arrays and of what is long a checksum."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":  # to what float32 holds
            parts, powers = np.frexp(np.nan_to_num(value.astype(np.float64)))
            value = np.stack((np.round(parts * 2**24), powers))
        value = np.ascontiguousarray(value.astype(np.int64))
        return f"{'x'.join(map(str, value.shape))}:{crc32(value.tobytes()):08x}"
    if isinstance(value, list | tuple):
        value = ", ".join(map(brief, value))
    text = str(value)
    return text if len(text) <= _LONG else f"{len(text)}:{crc32(text.encode()):08x}"


def brief_all(cases: Mapping[str, Said]) -> dict[str, dict[str, str]]:
    """Every figure of every case as it is recorded."""
    return {name: {key: brief(value) for key, value in said.items()} for name, said in cases.items()}


def write(stem: str, cases: Mapping[str, Said]) -> None:
    """Record them."""
    lines = (f"{json.dumps(name)}: {json.dumps(said)}" for name, said in brief_all(cases).items())
    (FOLDER / f"{stem}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def recorded(stem: str) -> dict[str, dict[str, str]]:
    """What was recorded."""
    found: dict[str, dict[str, str]] = json.loads((FOLDER / f"{stem}.json").read_text())
    return found


def differences(stem: str, cases: Mapping[str, Said], prefix: str) -> list[str]:
    """A line for each figure that is not the recorded one, and each case so named that one side alone has."""
    was, now = recorded(stem), brief_all(cases)
    found = [
        f"{n}: in one of record and tests alone" for n in was.keys() ^ now.keys() if f"{n} ".startswith(f"{prefix} ")
    ]
    for name in [n for n in now if n in was]:
        keys = [k for k in was[name] | now[name] if was[name].get(k) != now[name].get(k)]
        found += [f"{name}: {k} was {was[name].get(k)}, is {now[name].get(k)}" for k in keys]
    return found
