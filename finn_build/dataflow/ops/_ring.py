"""The ring of an image's rows in `sf_swg_core`: how many words it has, in which memory, and what the core takes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from finn_build.dataflow.ops._ram import bram18_blocks, bram_multiplexers, lutram_luts, memory_style, uram_blocks
from finn_build.dataflow.ops._window import Window, last_places
from finn_build.dataflow.stream import Resources

_NEVER = np.iinfo(np.int64).max // 4
_BRAM18_PER_URAM = 16  # that hold as much


def ring_choice(window: Window, width: int, ram_style: str, least: int, price: int) -> tuple[int, str]:
    """Words of the ring, `least` or the next power of two (whose addresses wrap by themselves), and its memory."""
    binary = 1 << max(1, (least - 1).bit_length())

    def cost(depth: int) -> int:
        area = core_area(window, width, depth, memory_style(depth, width, ram_style, price))
        return area.lut + price * (area.bram18 + _BRAM18_PER_URAM * area.uram)

    depth = min((binary, least), key=cost)
    return depth, memory_style(depth, width, ram_style, price)


def least_words(window: Window) -> int:
    """Least ring, in beats, that keeps the initiation interval at `cycles`.

    The ring holds every word from the first place of the current window on. With at least as many beats out as
    in, reading never pauses: word w must be written before its first read, and one cycle earlier for each later
    word that is due at the same time. That is its deadline; the ring must reach from the window read at that
    cycle to w. With fewer beats out than in, writing never pauses, and the ring must reach from a window's
    first place to the word written when the window's last place is read, at the earliest.
    A later deadline or an earlier read does not exist, so no smaller ring keeps the rate.
    """
    needed = _depth_reading(window) if window.beats_out >= window.beats_in else _depth_writing(window)
    return max(window.span, needed)


@lru_cache(maxsize=4096)
def pixels_kept(window: Window, arrival: float, reading: float, capture: float) -> int:
    """Pixels to hold, in the ring and in front of it, so that neither side slows the slower one down.

    Where reading is the slower one, windows begin evenly; a pixel arrives as late as they and the rate of arrival
    allow. Else pixels arrive evenly, and each window is read as soon as its pixels are there.

    Args:
        arrival: cycles in which a frame of pixels can arrive.
        reading: cycles in which the windows of a frame can be read, replays included.
        capture: part of a window's time until all of its pixels have been read.
    """
    pixels, windows, slower = (
        window.image[0] * window.image[1],
        window.windows[0] * window.windows[1],
        max(arrival, reading),
    )
    frames, place = np.arange(4)[:, None], np.arange(3 * pixels)
    first = (_first_places(window) // window.folds + frames * pixels).ravel()
    last = (_last_pixels(window) + frames * pixels).ravel()
    order, step, beat = np.arange(len(last)), reading / slower / windows, arrival / slower / pixels
    if reading >= arrival:
        begin = order * step
        reader = np.searchsorted(np.maximum.accumulate(last), place)
        due = begin[np.minimum(reader, len(begin) - 1)]  # of windows that lie in the padding alone none reads the last
        arrived = np.minimum.accumulate((due - place * beat)[::-1])[::-1] + place * beat
    else:
        begin = np.maximum.accumulate((last + 1) * beat - order * step) + order * step
        arrived = (place + 1) * beat
    captured = np.searchsorted(begin + capture * step, arrived, side="right")
    kept = place + 1 - first[np.minimum(captured, len(first) - 1)]
    return int(kept[pixels : 2 * pixels].max())  # with a frame before and one after


def core_area(window: Window, width: int, depth: int, style: str) -> Resources:
    """Area of swg_core: two margins, two addresses, their next moves and the counters around the memory.

    Source: Yosys 0.70 `synth_xilinx`, xc7, 20 configurations of 8 to 128 bits, 5 to 2,048 words; LUT within 12%, FF
    within 2. An address that wraps at no power of two costs 1.1 LUT a bit more. One place a window, each after the
    other: 5 configurations read several times over, LUT within 4, FF within 3; the same moves need no counters.
    """
    margin, address = window.margin_bits(depth), max(1, (depth - 1).bit_length())
    wraps = depth & (depth - 1) != 0
    base, by_bit, moves, counters = 24.0, 2.7, 0.8, window.counter_bits  # moves: part of their bits that differ
    if window.kernel == window.stride == (1, 1):
        base, by_bit, moves, counters = 14.0, 1.4, 0.0, 8 + (window.folds - 1).bit_length()
    elif window.kernel == (1, 1):
        moves = 0.4
    control = round(base + by_bit * (margin + address) + 1.1 * address * wraps)
    registers = 4 + round((2 + moves) * (margin + address)) + counters
    if style == "block":
        control += bram_multiplexers(depth, width)
        return Resources(lut=control, ff=registers, bram18=bram18_blocks(depth, width))
    if style == "ultra":
        return Resources(lut=control, ff=registers, uram=uram_blocks(depth, width))
    return Resources(lut=control + lutram_luts(depth, width), ff=registers + width)


def _first_places(window: Window) -> np.ndarray:
    """Position of each window's first place, padded places included; [OH * OW]."""
    top, left = window.padding[:2]
    rows = (np.arange(window.windows[0]) * window.stride[0] - top) * window.image[1]
    columns = np.arange(window.windows[1]) * window.stride[1] - left
    return ((rows[:, None] + columns) * window.folds).ravel()


def _last_pixels(window: Window) -> np.ndarray:
    """Position of each window's last pixel inside the image, in pixels; [OH * OW]."""
    return (last_places(window, 0)[:, None] * window.image[1] + last_places(window, 1)).ravel()


def _first_windows(window: Window, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Along one axis: the first window that covers each pixel, the pixel's place in it, whether there is one."""
    places = np.arange(window.kernel[axis])[::-1]
    moved = (np.arange(window.image[axis]) + window.padding[axis])[:, None] - places * window.dilation[axis]
    stride = window.stride[axis]
    covers = (moved >= 0) & (moved % stride == 0) & (moved // stride < window.windows[axis])
    latest = covers.argmax(axis=1)  # of the first window
    return moved[np.arange(len(moved)), latest] // stride, places[latest], covers.any(axis=1)


def _first_reads(window: Window) -> np.ndarray:
    """Cycle of each word's first read when reading never pauses; [H * W * folds], `_NEVER` for words not read."""
    (oy, ky, row_read), (ox, kx, column_read) = _first_windows(window, 0), _first_windows(window, 1)
    kernel_width, beats = window.kernel[1], 1 if window.depthwise else window.folds
    rows = oy * window.windows[1] * window.places + ky * kernel_width * beats
    columns = ox * window.places + kx * beats
    folds = np.arange(window.folds) * (window.kernel[0] * kernel_width if window.depthwise else 1)
    reads = rows[:, None, None] + columns[:, None] + folds
    return np.where((row_read[:, None] & column_read)[..., None], reads, _NEVER).ravel()


@lru_cache(maxsize=1024)
def _depth_reading(window: Window) -> int:
    word = np.arange(window.beats_in)
    lead = _first_reads(window) - word
    next_frame = lead.min() + window.beats_out - window.beats_in
    deadline = np.minimum(np.minimum.accumulate(lead[::-1])[::-1], next_frame) + word - 1
    frame, current = np.divmod(deadline // window.places, window.windows[0] * window.windows[1])
    return int((word + 1 - (_first_places(window)[current] + frame * window.beats_in)).max())


@lru_cache(maxsize=1024)
def _depth_writing(window: Window) -> int:
    # A read at place l of window k waits for its word: cycle >= position + 1, and one cycle per place after it.
    # The wait is longest at the window's last row and column inside the image.
    first = _first_places(window).reshape(window.windows)
    bottom, right = (
        (last_places(window, axis) + window.padding[axis] - np.arange(window.windows[axis]) * window.stride[axis])
        // window.dilation[axis]
        for axis in (0, 1)
    )
    row_beats, beats = window.dilation[0] * window.image[1] * window.folds, 1 if window.depthwise else window.folds
    across = right * (window.dilation[1] * window.folds - beats)
    waits = (bottom * (row_beats - window.kernel[1] * beats))[:, None] + across
    start = np.arange(first.size) * window.places
    wait = (first + waits).ravel() + 1 - start
    previous_frame = wait.max() - (window.beats_in - window.beats_out)
    # After a reset, reading begins with the first word, however many padded places come before the first that waits.
    end = start + window.places - 1 + np.maximum(np.maximum.accumulate(wait), max(0, previous_frame))
    return int((end + 1 - first.ravel()).max())
