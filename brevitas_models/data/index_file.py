"""index.csv: what a table says of a folder's images, as spreadsheets write it."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from brevitas_models.data.folds import FOLDS
from finn_build.errors import DataError

SPLITS = ("train", "val", "test")
FREE = "free"
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""
_OTHER_NAMES = {"training": "train", "valid": "val", "validation": "val", "dev": "val", "testing": "test"}
_COLUMNS = ("path", "class", "group", "split", "mask", "mask_values", f"fold{FOLDS}")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Row:
    """One image before it is read; empty strings mean unknown, `box` is the part that is read (`patches.py`)."""

    path: Path
    label: str = ""
    group: str = ""
    split: str = ""
    fold: str = ""
    mask: Path | None = None
    mask_values: tuple[str, ...] = ()
    box: Box | None = None


def split_named(name: str) -> str:
    """The split of this name: train, val, test, their capitals and usual other names; empty where it is none."""
    lower = name.strip().lower()
    found = _OTHER_NAMES.get(lower, lower)
    return found if found in SPLITS else ""


def read_index(root: Path) -> list[Row]:
    """Rows of a folder's index.csv; an image without a group is its own group.

    The columns path and class, and optionally group, split, mask, mask_values and fold5; separated by commas,
    semicolons or tabs; UTF-8 or UTF-16. Blanks around names and values are dropped.

    Raises:
        DataError: a line cannot be understood.
    """
    index = root / "index.csv"
    rows = [_row(root, f"{index}:{number}", line) for number, line in _lines(index)]
    if not rows:
        raise DataError(f"{index}: lists no image; write a line for each, or move it away")
    _require_splits(index, rows)
    require_apart(index, rows)
    listed: set[Path] = set()
    for row in rows:
        if row.path in listed:
            raise DataError(f"{index}: {row.path.relative_to(root)} is listed twice; keep one line")
        listed.add(row.path)
    return rows


def class_named(where: str | Path, name: str) -> str:
    """A class as it is written everywhere: without blanks around it, accents as one character.

    Raises:
        DataError: it has characters that cannot be seen.
    """
    label = normalize("NFC", " ".join(name.split()))
    if not label.isprintable():
        raise DataError(f"{where}: class {label!r} has characters that cannot be seen; write it anew")
    return label


def require_apart(where: Path, rows: Iterable[Row]) -> None:
    """Raise DataError where two classes differ in capitals only."""
    seen: dict[str, str] = {}
    for row in rows:
        first = seen.setdefault(row.label.casefold(), row.label)
        if first != row.label:
            raise DataError(f"{where}: classes {first!r} and {row.label!r} differ in capitals only; give them one name")


def _lines(index: Path) -> list[tuple[int, dict[str, str]]]:
    """Number and cells of each line that is not blank."""
    text = _decoded(index)
    delimiter = max(",;\t", key=text.splitlines()[0].count) if text.strip() else ","
    try:
        lines = list(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{index}: no table ({error}); save it as CSV UTF-8") from error
    table = [(n, [cell.strip() for cell in line]) for n, line in enumerate(lines, 1)]
    header = [name.lower() for name in table[0][1]] if table else []
    if twice := sorted({name for name in header if name in _COLUMNS and header.count(name) > 1}):
        raise DataError(f"{index}: two columns {', '.join(twice)}; keep one")
    missing = {"path", "class"} - set(header)
    if missing:
        raise DataError(f"{index}: no column {', '.join(sorted(missing))}; it has {', '.join(header) or 'none'}")
    found = []
    for number, cells in table[1:]:
        if not any(cells):
            continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            raise DataError(
                f"{index}:{number}: {len(cells)} cells for {len(header)} columns; is there a comma in a name?"
            )
        found.append((number, dict(zip(header, cells, strict=False))))
    return found


def _decoded(index: Path) -> str:
    data = index.read_bytes()
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{index}: not UTF-8 text ({error.reason}); save it as CSV UTF-8") from error
    if "\0" in text:
        raise DataError(f"{index}: not text; save it as CSV UTF-8")
    return text


def _row(root: Path, where: str, line: dict[str, str]) -> Row:
    label, name = class_named(where, line.get("class", "")), line.get("path", "")
    if not label or not name:
        raise DataError(f"{where}: path and class must not be empty")
    split = split_named(line.get("split", ""))
    if line.get("split") and not split:
        raise DataError(f"{where}: split {line['split']!r} is not one of {', '.join(SPLITS)}")
    mask = _path(root, where, line["mask"]) if line.get("mask") else None
    values = tuple(line.get("mask_values", "").split())
    return Row(
        _path(root, where, name), label, line.get("group") or name, split, line.get(f"fold{FOLDS}", ""), mask, values
    )


def _path(root: Path, where: str, name: str) -> Path:
    """A file below the folder; backslashes are those of Windows."""
    path = root / name
    if "\\" in name and not path.exists():
        path = root / name.replace("\\", "/")
    if not path.is_relative_to(root) or ".." in path.relative_to(root).parts:
        raise DataError(f"{where}: {name} lies outside the folder; give paths below it")
    return path


def _require_splits(index: Path, rows: list[Row]) -> None:
    """Raise DataError where some rows have a split and others none."""
    without = [row for row in rows if not row.split]
    if 0 < len(without) < len(rows):
        raise DataError(
            f"{index}: {len(without)} of {len(rows)} images have no split, first {without[0].path.name}; give each "
            "one, or none"
        )
