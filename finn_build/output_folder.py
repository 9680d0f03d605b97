"""The folder of a build: made beside its place and moved there when all is well; only our own files are ever touched.

A marker in the folder lists the files that the build wrote. Only a marked folder is replaced, and of it only these.
While it is made its marker holds its own number on the disk: a copy, or another file by its name, marks nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from finn_build.errors import BitstreamError, ConfigError, GateError, TimingError
from finn_build.locks import locked
from finn_build.processes import unbroken
from finn_build.terminal import require_place

MARKER = ".signflow.json"
SHEET = "report.json"  # of a finished build
STEPS = "steps"  # folder of the graphs after each step, with which a later start begins
_NEXT = f"{MARKER}.next"
_SHEETS = ("report.json", "estimate.json")  # what a whole build is known by: they go first and come last


class _InTheWay(ConfigError):
    """Files that are not ours stand where the build's would go; found when it is made."""


def no_build(folder: Path) -> ConfigError:
    """What is said of a folder that is to be finished and holds nothing to finish."""
    why = f"holds no finished build, which has {SHEET} and deploy/"
    return ConfigError(f"--start deploy: {folder}: {why}; build it without --start")


@contextmanager
def output_folder(out: Path, keep: str = "", resume: bool = False) -> Iterator[Path]:
    """A folder beside `out`, in which a build is made; its files take their place when the block ends well.

    What fails at the gate or after it is kept in `<out>.failed`, or, where that is not ours, in `<out>.failed-2`...
    Of a build that is interrupted its steps are kept where it was made, for one that resumes it.

    Args:
        out: the place.
        keep: what of the build that is there to begin with: "", "steps" or "all".
        resume: begin with the steps of an interrupted build.

    Raises:
        ConfigError: the place or its neighbour is not ours, or another build is writing there.
    """
    out = Path(os.path.realpath(out))
    _require_ours(out)
    working = out.with_name(f".{out.name}.partial")
    with _taken(working, resume, out):
        try:
            if keep:
                _copy(out, working, keep)
            yield working
            _take_place(working, out)
        except (GateError, BitstreamError, TimingError, _InTheWay) as error:
            failed = next(place for place in _places_of_failures(out) if _may_take(place, working))
            _take_place(working, failed)
            what, listed = error.args
            raise type(error)(f"{what}. All of the build is kept in {failed}", listed) from error
        except KeyboardInterrupt:
            if not any((working / STEPS).glob("*.onnx")):
                shutil.rmtree(working, ignore_errors=True)
                raise
            _clear(working, but=STEPS)
            raise KeyboardInterrupt("the steps that were done are kept: again with --resume goes on") from None
        except BaseException:
            if resume:  # refused, as an option was another, say: it can still be resumed
                _clear(working, but=STEPS)
            else:
                shutil.rmtree(working, ignore_errors=True)
            raise


def _require_ours(out: Path) -> None:
    """Raise ConfigError unless a folder is new, empty or a build's."""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: is a file; give a folder")
    if out.is_dir() and out.stat().st_dev != out.parent.stat().st_dev:  # nothing can be moved to its place at once
        raise ConfigError(f"--out {out}: is a disk of its own; give a folder on it")
    if out.is_dir() and any(out.iterdir()) and _ours(out) is None:
        raise ConfigError(
            f"--out {out}: holds other files, not a build (there is no {MARKER}); give an empty or new folder"
        )


@contextmanager
def _taken(working: Path, resume: bool, out: Path) -> Iterator[None]:
    """Make the folder, or take over what a killed build left there; its marker is locked, as long as it is there.

    Raises:
        ConfigError: it cannot be made, something else has that name, or another build is writing there.
    """
    require_place(working, f"--out {out}")
    working.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        working.mkdir()
    marker, busy = working / MARKER, f"{working}: another build is writing there; wait for it, or choose another --out"
    foreign = f"{working}: is in the way, and was not made by a build; move it, or choose another --out"
    if working.is_symlink() or not working.is_dir() or (any(working.iterdir()) and not _is_file(marker)):
        raise ConfigError(foreign)
    with ExitStack() as held:
        try:
            held.enter_context(locked(marker, wait=False))
        except (BlockingIOError, FileNotFoundError):  # there, or just moved to its place
            raise ConfigError(busy) from None
        alone = len(list(working.iterdir())) == 1
        if marker.stat().st_nlink > 1 or marker.read_bytes() not in (_number(marker), b"" if alone else None):
            raise ConfigError(foreign)
        marker.write_bytes(_number(marker))
        _clear(working, but=STEPS if resume else "")
        yield


def _clear(working: Path, but: str) -> None:
    """Empty the folder, but for its marker and what is named."""
    for left in (path for path in working.iterdir() if path.name not in (MARKER, but) or path.is_symlink()):
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _ours(folder: Path) -> list[str] | None:
    """Files of the build in a folder, relative to it; None where the folder is no build's."""
    if folder.is_symlink() or not _is_file(folder / MARKER):
        return None
    try:
        listed = json.loads((folder / MARKER).read_text())["files"]
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            return None
        return [name for name in listed if _is_inside(folder, name)]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_inside(folder: Path, name: str) -> bool:
    """Whether there is a file of that name in the folder, or a link."""
    try:
        is_folder = stat.S_ISDIR((folder / name).lstat().st_mode)
    except (OSError, ValueError):  # none, or no name of a file
        return False
    return not is_folder and not Path(name).is_absolute() and ".." not in Path(name).parts


def _number(file: Path) -> bytes:
    return str(file.stat().st_ino).encode()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _files(folder: Path) -> list[str]:
    """All files below a folder; a link is a file."""
    found = []
    for inner, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(inner) / name).is_symlink()]
        found += [str((Path(inner) / name).relative_to(folder)) for name in (*files, *links)]
    return sorted(name for name in found if name != MARKER)


def _copy(out: Path, working: Path, keep: str) -> None:
    """What a later start reads; all else is made again."""
    for name in _ours(out) or ():
        if keep in ("all", Path(name).parts[0]) and _is_file(out / name):
            (working / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(out / name, working / name)


def _places_of_failures(out: Path) -> Iterator[Path]:
    return (out.with_name(f"{out.name}.failed{'' if number == 1 else f'-{number}'}") for number in count(1))


def _may_take(place: Path, working: Path) -> bool:
    return not os.path.lexists(place) or (_ours(place) is not None and not _in_the_way(working, place))


def _take_place(working: Path, out: Path) -> None:
    """Put the files of `working` into `out` instead of those of the build that is there; no signal comes between.

    Raises:
        _InTheWay: something else has one of their names.
    """
    shutil.rmtree(working / ".finn", ignore_errors=True)
    if clashes := _in_the_way(working, out):
        raise _InTheWay(f"--out {out}: not of a build, and in its way: {', '.join(clashes)}; move them")
    new, old = _files(working), (_ours(out) or []) if out.is_dir() else []
    with unbroken():
        if not out.is_dir():
            (working / MARKER).write_text(_listing(new))  # in its place: it is locked
            working.rename(out)
            return
        _list_files(out, [*old, *new], working)
        for name in sorted(old, key=_by_sheet):
            if not _through_link(out, name):
                (out / name).unlink(missing_ok=True)
        for folder in sorted({f for name in old for f in Path(name).parents[:-1]}, reverse=True):
            with suppress(OSError):  # others' files are in it
                (out / folder).rmdir()
        for name in sorted(new, key=_by_sheet, reverse=True):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (working / name).replace(out / name)
        _list_files(out, new, working)
        shutil.rmtree(working, ignore_errors=True)


def _in_the_way(working: Path, out: Path) -> list[str]:
    """What in `out` is not a build's and has the name of a file or folder of `working`."""
    ours, found = set(_ours(out) or ()), []
    for name in _files(working) if out.is_dir() else ():
        place = out / name
        taken = os.path.lexists(place) and (name not in ours or (place.is_dir() and not place.is_symlink()))
        parents = [f for f in Path(name).parents[:-1] if str(f) not in ours and os.path.lexists(out / f)]
        found += [name] if taken else [str(f) for f in parents if not (out / f).is_dir() or (out / f).is_symlink()]
    return list(dict.fromkeys(found))


def _through_link(out: Path, name: str) -> bool:
    return any((out / folder).is_symlink() for folder in Path(name).parents[:-1])


def _by_sheet(name: str) -> tuple[bool, str]:
    return name not in _SHEETS, name


def _list_files(folder: Path, names: Iterable[str], working: Path) -> None:
    """Write the marker at once, and in `working`: a folder whose marker is cut short would be nobody's."""
    (working / _NEXT).write_text(_listing(names))
    (working / _NEXT).replace(folder / MARKER)


def _listing(names: Iterable[str]) -> str:
    content = {"about": "files of a build by signflow, which its next one replaces", "files": list(names)}
    return json.dumps(content, indent=0) + "\n"
