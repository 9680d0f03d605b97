"""How fast whole images are inspected: frames of the accelerator are windows, of which an image has many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from signflow_driver.inspection import Inspection


def inspection_sheet(inspection: Inspection | None, frames_per_s: float) -> dict[str, Any] | None:
    """Windows and threshold of the checkpoint, and its validation images per second at a rate of frames.

    The rate is of the accelerator alone: the host cuts windows and joins verdicts meanwhile. None for no inspection.
    """
    if inspection is None:
        return None
    windows = inspection.windows
    return asdict(inspection) | {"images_per_s": windows and frames_per_s / windows}


def inspection_in_words(sheet: Mapping[str, Any]) -> str:
    """A line for people."""
    line = f"Inspection: windows of {sheet['side']} pixels, one every {sheet['stride']} or less"
    if sheet["images_per_s"]:
        line += f"; {sheet['windows']:g} per image, so {sheet['images_per_s']:,.1f} images/s at this rate"
    if sheet["found"] is not None:
        line += f"; on validation {sheet['false_alarms']:.1%} false alarms, {sheet['found']:.1%} of the defects found"
    return line
