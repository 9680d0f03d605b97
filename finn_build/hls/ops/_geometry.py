"""What ops with a window share: its geometry as constants, and the array of its ring."""

from finn_build.dataflow.ops._window import Window
from finn_build.hls.kernel import Array, storage

LAG = 2  # trips from writing a word of a ring to reading it, `Arrival` of sf_window.h
_LEAVING = 8  # trips at most that a word is on its way out, sf_leaving.h


def window_constants(window: Window, depth: int, repeat: int = 1) -> dict[str, int | str]:
    """Constants of `sf_window.h`, and between how many trips its loop takes."""
    return {
        **window.parameters,
        "REPEAT": repeat,
        "DEPTHWISE": int(window.depthwise),
        "DEPTH": depth,
    } | trips(max(window.beats_in, window.beats_out * repeat), window.beats_in)


def trips(busier: int, beats_in: int) -> dict[str, int]:
    """Between how many a loop takes that gives beats as soon as it can: its busier side's, all of its input's more."""
    return {"LEAST_TRIPS": busier, "MOST_TRIPS": busier + beats_in + LAG + _LEAVING}


def ring(depth: int, bits: int, style: int) -> Array:
    """The image's latest words."""
    return Array("ring", depth, bits, storage(style), LAG)
