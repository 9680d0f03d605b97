"""What float32 sums may round: on scales that are no powers of two some lie between two levels, and either may come."""

from __future__ import annotations

EDGE = 1e-2  # of a step; float32 sums of a network's layer are nearer to what they stand for
_MOST_ROUNDED = 1e-2  # of a tensor's values; with more it is no accident that sums lie between two levels


def may_be_rounded(count: int, size: int) -> bool:
    """Whether so many of a tensor's values may lie between two levels by accident."""
    return 0 < count <= max(4, _MOST_ROUNDED * size)


def told(level: str, rounded: int, compared: int) -> str:
    """What a build says of values that were rounded to another level; nothing where there are none."""
    said = f"{level}: {rounded:,} of {compared:,} values lie between two levels, and float32 sums round them to "
    return f"{said}another one than level 1" if rounded else ""
