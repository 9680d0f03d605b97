"""The rows of the paper's ablation, tables 5 (Magnetic Tile) and 6 (NEU), as fields of a `BiShuffleNetConfig`.

What the rows leave open, read from the operations that they report: ks_DWr = 5 alone (row IV, or III on NEU) changes
the basic units only, which adds the paper's 0.15e7; ks_DWl,DWr = 5 changes both branches of the down-sampling units
too, and adds its 0.07e7. 2 x ks = 3 stands for two 3x3 convolutions in a row. Shortcuts are average pooled until 'mp'.
"""

from collections.abc import Mapping
from typing import Any

_BASELINE: dict[str, Any] = {
    "stem_kernel": 3,
    "right_kernels": (3,),
    "left_kernels": (3,),
    "basic_shortcuts": False,
    "down_shortcut": False,
    "shortcut_pool": "average",
}
_SHORTCUTS: dict[str, Any] = {**_BASELINE, "down_shortcut": True, "basic_shortcuts": True}
_KERNELS_5: dict[str, Any] = {**_SHORTCUTS, "right_kernels": (5,), "left_kernels": (5,)}
_MAX_POOL: dict[str, Any] = {**_KERNELS_5, "shortcut_pool": "max"}
_STEM_9: dict[str, Any] = {**_MAX_POOL, "stem_kernel": 9}

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "I": _BASELINE,
    "II": {**_BASELINE, "down_shortcut": True},
    "III": _SHORTCUTS,
    "IV": {**_SHORTCUTS, "right_kernels": (5,), "right_down_kernels": (3,)},
    "V": _KERNELS_5,
    "VI": _MAX_POOL,
    "VII": {**_MAX_POOL, "stem_kernel": 5},
    "VIII": _STEM_9,
    "IX": {**_STEM_9, "left_kernels": (3, 3)},
    "X": {**_STEM_9, "right_kernels": (3, 3)},
    "XI": {**_STEM_9, "right_kernels": (3, 3), "left_kernels": (3, 3)},
}
"""Rows of table 5."""

NEU_ROWS: Mapping[str, str] = {
    "I": "I",
    "II": "III",
    "III": "IV",
    "IV": "VI",
    "V": "VII",
    "VI": "VIII",
    "VII": "IX",
    "VIII": "X",
    "IX": "XI",
}
"""Rows of table 6, each the row of table 5 that is the same network."""
