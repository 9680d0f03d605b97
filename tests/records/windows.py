"""What sliding windows say of their sizes, cycles and rings: some of every kind, drawn by a seed."""

from __future__ import annotations

import numpy as np

from finn_build.dataflow.ops._ring import core_area, least_words, pixels_kept, ring_choice
from finn_build.dataflow.ops._window import Window
from tests.records.record import Said

GROUPS, IN_GROUP = 12, 12
_SLOWER = ((1, 1), (4, 1), (1, 3))  # how many times arrival and reading are
_STYLES = ("auto", "block", "distributed", "ultra")


def said_of_windows() -> dict[str, Said]:
    """Figures of a dozen windows at a time."""
    rng = np.random.default_rng(7)
    return {f"windows {n}": _figures([_window(rng) for _ in range(IN_GROUP)]) for n in range(GROUPS)}


def _window(rng: np.random.Generator) -> Window:
    kernel, stride, dilation = ([int(n) for n in rng.integers(1, most, 2)] for most in (6, 4, 4))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    top, left, bottom, right = (int(rng.integers(0, most)) for most in (*reach, *reach))
    least = max(1, reach[0] - top - bottom), max(1, reach[1] - left - right)
    image = (int(least[0] + rng.integers(0, 7)), int(least[1] + rng.integers(0, 7)))
    folds, depthwise = int(rng.integers(1, 5)), bool(rng.integers(0, 2))
    sizes = ((kernel[0], kernel[1]), (stride[0], stride[1]), (top, left, bottom, right))
    return Window(image, *sizes, folds, depthwise, (dilation[0], dilation[1])).check("window")


def _figures(windows: list[Window]) -> Said:
    return {
        "sizes": [[w.windows, w.cycles, w.span, w.counter_bits, w.margin_bits(50), w.parameters] for w in windows],
        "times": [[w.first_window_cycles(), w.first_window_cycles(3), w.first_pixels] for w in windows],
        "behind": [w.places_behind(np.arange(w.windows[0] * w.windows[1])) for w in windows],
        "needed": [w.beats_needed(np.arange(w.beats_out // (w.depthwise * w.places // w.folds or 1))) for w in windows],
        "ring": [[ring_choice(w, 12, style, least_words(w), 190) for style in _STYLES] for w in windows],
        "kept": [
            [pixels_kept(w, w.beats_in * a, w.beats_out * b, 0.5) for a, b in ((1, 1), (4, 1), (1, 3))] for w in windows
        ],
        "area": [[core_area(w, 12, least_words(w) + n, s) for n, s in enumerate(_STYLES[1:])] for w in windows],
    }
