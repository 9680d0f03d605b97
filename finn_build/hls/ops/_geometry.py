"""What ops with a window share: its geometry as constants, and the array of its ring."""

from finn_build.dataflow.ops._window import Window
from finn_build.hls.kernel import Array, storage

_LAG = 2  # trips from writing a word of a ring to reading it, `Arrival` of sf_window.h


def window_constants(window: Window, depth: int, repeat: int = 1) -> dict[str, int | str]:
    """Constants of `sf_window.h`, and between how many trips its loop takes."""
    busier = max(window.beats_in, window.beats_out * repeat)
    return {
        **window.parameters,
        "REPEAT": repeat,
        "DEPTHWISE": int(window.depthwise),
        "DEPTH": depth,
        "LEAST_TRIPS": busier,
        "MOST_TRIPS": busier + window.beats_in + 2 * _LAG,
    }


def ring(depth: int, bits: int, style: int) -> Array:
    """The image's latest words."""
    return Array("ring", depth, bits, storage(style), _LAG)
