"""The folder of compiled things: each entry is made once, whole or not at all, and looked at before it is used."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from finn_build.errors import SimulationError
from finn_build.locks import locked

_SUMS = "whole.json"  # of an entry: its files' SHA-256
_ABANDONED_SECONDS = 86_400  # no compilation takes a day: what hides and is older was left by one that was killed


def cache_dir() -> Path:
    """Folder of compiled simulators: `$SIGNFLOW_CACHE`, else `signflow` in the user's cache folder."""
    if override := os.environ.get("SIGNFLOW_CACHE"):
        return Path(override)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "signflow"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "signflow"


def digest(parts: Iterable[str | bytes]) -> str:
    """Hash of a sequence of texts, their borders included."""
    state = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        state.update(f"{len(raw)}:".encode())
        state.update(raw)
    return state.hexdigest()[:32]


def build_once(target: Path, build: Callable[[Path], None], keep: int) -> Path:
    """Fill folder `target` by `build` in a temporary folder beside it, unless it is there and as it was made.

    Of its siblings only the `keep` most recently used remain, so the cache stays bounded. The folder appears by one
    rename, an interrupted build leaves nothing that looks whole, a damaged entry is made again, and of processes that
    want the same thing at once one makes it while the others wait.

    Raises:
        SimulationError: The cache cannot be written.
    """
    if is_whole(target):
        with suppress(OSError):  # marks it as used; a shared cache may be read-only
            os.utime(target)
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.parent / f".{target.name}.lock"
        with locked(lock):
            try:
                if not is_whole(target):
                    _make(target, build)
            finally:
                lock.unlink(missing_ok=True)  # who waits for it makes another
    except OSError as error:
        raise SimulationError(
            f"simulator cache {target.parent}: {error.strerror}; set SIGNFLOW_CACHE to a writable folder"
        ) from error
    _forget_oldest(target.parent, keep)
    return target


def _make(target: Path, build: Callable[[Path], None]) -> None:
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name[:8]}_", dir=target.parent))
    try:
        build(folder)
        (folder / _SUMS).write_text(json.dumps(_sums(folder)))
        if target.is_symlink() or target.is_file():
            target.unlink()
        shutil.rmtree(target, ignore_errors=True)  # damaged
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """Whether an entry is there and as it was made."""
    try:
        return bool(json.loads(_content(folder / _SUMS)) == _sums(folder))
    except (OSError, ValueError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    """SHA-256 by file, and of programs that they are some; entries are flat."""
    files = (path for path in folder.iterdir() if path.name != _SUMS)
    return {path.name: hashlib.sha256(_content(path)).hexdigest() + "x" * os.access(path, os.X_OK) for path in files}


def _content(file: Path) -> bytes:
    """What a file holds; an OSError where it is none: a pipe would be waited for without end."""
    if not stat.S_ISREG(file.lstat().st_mode):
        raise FileNotFoundError(file)
    return file.read_bytes()


def _forget_oldest(folder: Path, keep: int) -> None:
    with suppress(OSError):  # another process may be tidying too
        hidden = [path for path in folder.iterdir() if path.name.startswith(".") and path.is_dir()]
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
        old = [path for path in hidden if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS]
        for path in (*old, *sorted(entries, key=lambda path: path.stat().st_mtime)[:-keep]):
            shutil.rmtree(path, ignore_errors=True)
