"""`report.html`: a build on one page that needs no network, drawn from its `report.json` and its frames.

`python -m finn_build.report.page DIR` draws it again, for a build whose sheet has changed.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from finn_build.errors import BitstreamError, ConfigError
from finn_build.report._rails import rails
from finn_build.terminal import tells_errors

PAGE = "report.html"
SHEETS = ("report.json", "estimate.json")
AREA = {"lut": "LUT", "ff": "FF", "bram36": "BRAM36", "dsp": "DSP", "uram": "URAM"}
LEVELS = ("PyTorch or whole file", "QONNX", "integers", "each op in rtlsim", "stitched in rtlsim", "C++ in csim")
_BETWEEN = ("StreamFIFO", "StreamDWC", "DuplicateStreams")  # ops that compute nothing: thin rows, none in the time line
_PICTURES = 12
_ACCURACY = "accuracy: "  # in front of why there is none
_SIX_DIGITS = 1e6
_TEMPLATES = Path(__file__).parent / "html"


def write_page(report: Mapping[str, Any], folder: Path) -> Path:
    """Write the page of a build.

    Args:
        report: what `make_report` gave.
        folder: of the build; `frames.npz` and `masks/` are shown where they are there.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,  # names of classes and files are the user's
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": _number, "percent": _percent}
    path = folder / PAGE
    path.write_text(environment.get_template("page.html.j2").render(_content(report, folder)))
    return path


def _content(report: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    rows = report["layers"]
    computing = [row for row in rows if row["op"] not in _BETWEEN]
    timed = [row for row in computing if row["frame_ends"]]
    return {
        "r": report,
        "area": AREA,
        "levels": LEVELS,
        "between": _BETWEEN,
        "ops": list(zip(rows, rails(rows), strict=True)),
        "timed": timed,
        "until": max((row["frame_ends"][min(1, len(row["frame_ends"]) - 1)] for row in timed), default=1),
        "pictures": _pictures(report, folder),
        "unmeasured": next((r.removeprefix(_ACCURACY) for r in report["not_run"] if r.startswith(_ACCURACY)), ""),
        "cells": _shares(report["accuracy"]["confusion"]) if report["accuracy"] else [],
    }


def _shares(confusion: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """Counts with their shares of their row, which is a class."""
    return [[(count, count / max(1, sum(row))) for count in row] for row in confusion]


def _pictures(report: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Frames of the gate as `data:` addresses with what is said of them; masks beside them where there are any."""
    if not (folder / "frames.npz").is_file():
        return []
    frames = np.load(folder / "frames.npz")["images"][:_PICTURES]
    masks = sorted((folder / "masks").glob("*.png"))[: len(frames)]
    if masks:
        sources = [path.read_bytes() for path in masks]
    elif frames.ndim == 4 and frames.shape[1] in (1, 3):
        sources = [_png(frame) for frame in frames]
    else:
        return []  # no images: random bytes of another shape
    shown = zip(sources, report["frames"], strict=False)
    return [row | {"source": f"data:image/png;base64,{base64.b64encode(png).decode()}"} for png, row in shown]


def _png(frame: np.ndarray) -> bytes:
    """Shapes: uint8 [1 or 3, H, W]."""
    file = BytesIO()
    Image.fromarray(np.moveaxis(frame, 0, -1).squeeze(-1) if len(frame) == 1 else np.moveaxis(frame, 0, -1)).save(
        file, "PNG"
    )
    return file.getvalue()


def _number(value: float | None, digits: int | None = None) -> str:
    """With commas, and so many digits behind the point, else six in all; nothing for None."""
    if value is None:
        return ""
    return f"{value:,.{digits}f}" if digits is not None else f"{value:,g}" if value < _SIX_DIGITS else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}" if value >= 0.01 or not value else f"{value:.1%}"


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0].startswith("-"):
        print("usage: python -m finn_build.report.page DIR      (output folder of a build)", file=sys.stderr)
        return 0 if given[:1] in (["-h"], ["--help"]) else 2
    print(redraw(Path(given[0])))
    return 0


def redraw(folder: Path) -> Path:
    """Write the page of a finished build anew.

    Raises:
        ConfigError: the folder holds no sheet.
        BitstreamError: the page cannot be drawn, whatever the reason: what the sheet tells of is made, and is kept.
    """
    sheet = next((path for name in SHEETS if (path := folder / name).is_file()), None)
    if sheet is None:
        raise ConfigError(f"{folder}: holds no {' or '.join(SHEETS)}; give the output folder of a build")
    try:
        return write_page(json.loads(sheet.read_text()), folder)
    except Exception as error:
        raise BitstreamError(f"{folder / PAGE}: {type(error).__name__}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
