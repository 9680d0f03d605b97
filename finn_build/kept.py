"""Levels of the gate that are simulated, kept beside the graphs until a build is whole: one that resumes has them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from finn_build.output_folder import STEPS
from finn_build.proof.gate import LEVELS
from finn_build.proof.levels import Values
from finn_build.state import Build

_NAME = "level_{}.npz"
Figures = dict[str, Any]  # all that a simulation gave besides values, as JSON has it


def simulated(
    build: Build, level: int, files: Iterable[Path], asked: object, simulate: Callable[[], tuple[Values, Figures]]
) -> tuple[Values, Figures]:
    """What a simulation of the gate's frames gives: as it was kept, if nothing that it follows from has changed.

    Args:
        build: with level 2, whose integers enter.
        level: of the gate.
        files: sources and memory files.
        asked: all else that the result follows from; its text is compared.
        simulate: gives integers [frames, *shape] by tensor, and figures.
    """
    path = build.out / STEPS / _NAME.format(level)
    key = _key(files, build.values[2], f"{build.config.frames} {build.stalls} {asked}")
    if (found := _read(path, key)) is not None:
        return found
    values, figures = simulate()
    path.parent.mkdir(exist_ok=True)
    arrays = {f"values_{i}": array for i, array in enumerate(values.values())}
    about = json.dumps({"key": key, "names": list(values), "figures": figures})
    with Path(f"{path}.part").open("wb") as file:
        np.savez(file, about=np.array(about), **arrays)  # type: ignore[arg-type]
    Path(f"{path}.part").replace(path)  # whole or not at all, whenever the build is ended
    return values, json.loads(json.dumps(figures))


def kept(folder: Path) -> list[str]:
    """Names of the levels that lie in the folder of a build."""
    return [name for level, name in enumerate(LEVELS) if (folder / STEPS / _NAME.format(level)).is_file()]


def forget(folder: Path) -> None:
    """Leave none in a build that is whole."""
    for path in (folder / STEPS).glob(f"{_NAME.format('*')}*"):  # and what was cut short
        path.unlink()


def _key(files: Iterable[Path], values: Mapping[str, np.ndarray], asked: str) -> str:
    state = hashlib.sha256(asked.encode())
    parts = [(path.name, path.read_bytes()) for path in sorted(files, key=lambda path: path.name)]
    parts += [(f"{name} {array.dtype} {array.shape}", array.tobytes()) for name, array in sorted(values.items())]
    for name, content in parts:
        state.update(f"{name} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()


def _read(path: Path, key: str) -> tuple[Values, Figures] | None:
    """None where nothing, or something else, or no whole file is there."""
    try:
        with np.load(path) as file:
            about = json.loads(str(file["about"]))
            if about["key"] != key:
                return None
            return {name: file[f"values_{i}"] for i, name in enumerate(about["names"])}, about["figures"]
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None
