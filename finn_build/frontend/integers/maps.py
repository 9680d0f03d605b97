"""Signals of one dimension, (1, C, L), as maps of height 1, (1, C, 1, L): what windows move over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def map_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(1, C, L) as (1, C, 1, L); any other shape as it is."""
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else shape


def map_name(name: str, shape: tuple[int, ...]) -> str:
    """Name of the map of a tensor: its own, but for a signal's."""
    return f"{name}_map" if len(shape) == 3 else name


def with_height(a: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a window over one dimension as those of one of height 1."""
    lists = {name: [1, *a[name]] for name in ("kernel_shape", "strides", "dilations") if name in a}
    pads = {"pads": [0, a["pads"][0], 0, a["pads"][1]]} if "pads" in a else {}
    grown = {"output_padding": [0, *a["output_padding"]]} if "output_padding" in a else {}
    return {**a, **lists, **pads, **grown}
