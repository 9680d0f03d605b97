"""Geometry and schedule of a sliding window: shapes, cycles, and how deep its ring buffer must be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from finn_build.errors import ConfigError

_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Window:
    """A window moving over an image of H x W pixels that arrives in raster order, `folds` beats a pixel.

    Attributes:
        image: (H, W).
        kernel: (kh, kw).
        stride: (sh, sw).
        padding: (top, left, bottom, right), each smaller than the reach.
        folds: Beats per pixel.
        depthwise: Order of the beats of a window: (fold, ky, kx) when true, else (ky, kx, fold).
        dilation: (dy, dx), from one place of the kernel to the next, in pixels.
    """

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    folds: int
    depthwise: bool = False
    dilation: tuple[int, int] = (1, 1)

    def check(self, node: str) -> Window:
        """Return itself.

        Raises:
            ConfigError: No window fits, or the padding is not smaller than the reach.
        """
        for axis, name in enumerate(("height", "width")):
            size, kernel, stride = self.image[axis], self.kernel[axis], self.stride[axis]
            dilation, before, after = self.dilation[axis], self.padding[axis], self.padding[axis + 2]
            if min(size, kernel, stride, dilation) < 1:
                given = f"image {name} {size}, kernel {kernel}, stride {stride}, dilation {dilation}"
                raise ConfigError(f"{node}: {given}: each must be >= 1")
            reach = self.reach[axis]
            if not (0 <= before < reach and 0 <= after < reach):
                raise ConfigError(
                    f"{node}: padding {before} before and {after} after in {name}; "
                    f"legal: 0 to {reach - 1}, smaller than the kernel"
                )
            if size + before + after < reach:
                raise ConfigError(
                    f"{node}: a kernel of {name} {reach} does not fit an image of {size} padded by {before} + {after}"
                )
        return self

    @property
    def geometry(self) -> dict[str, int | str]:
        """All but its folds, as constants of RTL and C++."""
        names = (("H", "W"), ("KH", "KW"), ("SH", "SW"), ("DY", "DX"), ("PT", "PL"), ("OH", "OW"))
        pairs = (self.image, self.kernel, self.stride, self.dilation, self.padding[:2], self.windows)
        return {n: v for given in zip(names, pairs, strict=True) for n, v in zip(*given, strict=True)}

    @property
    def parameters(self) -> dict[str, int | str]:
        """All of it, as parameters of RTL."""
        return {"FOLDS": self.folds, **self.geometry}

    @property
    def reach(self) -> tuple[int, int]:
        """Rows and columns from the first place of the kernel to the last, both included."""
        return (self.kernel[0] - 1) * self.dilation[0] + 1, (self.kernel[1] - 1) * self.dilation[1] + 1

    @property
    def windows(self) -> tuple[int, int]:
        """(OH, OW)."""
        top, left, bottom, right = self.padding
        return (
            (self.image[0] + top + bottom - self.reach[0]) // self.stride[0] + 1,
            (self.image[1] + left + right - self.reach[1]) // self.stride[1] + 1,
        )

    @property
    def places(self) -> int:
        """Beats per window."""
        return self.kernel[0] * self.kernel[1] * self.folds

    @property
    def beats_in(self) -> int:
        """Beats per frame of the image."""
        return self.image[0] * self.image[1] * self.folds

    @property
    def beats_out(self) -> int:
        """Beats per frame of the windows."""
        return self.windows[0] * self.windows[1] * self.places

    @property
    def cycles(self) -> int:
        """Initiation interval: one beat a cycle on the busier side."""
        return max(self.beats_in, self.beats_out)

    @property
    def depth(self) -> int:
        """Least ring buffer, in beats, that keeps the initiation interval at `cycles`.

        The ring holds every word from the first place of the current window on. With at least as many beats out as
        in, reading never pauses: word w must be written before its first read, and one cycle earlier for each later
        word that is due at the same time. That is its deadline; the ring must reach from the window read at that
        cycle to w. With fewer beats out than in, writing never pauses, and the ring must reach from a window's
        first place to the word written when the window's last place is read, at the earliest.
        A later deadline or an earlier read does not exist, so no smaller ring keeps the rate.
        """
        needed = _depth_reading(self) if self.beats_out >= self.beats_in else _depth_writing(self)
        return max(self.span, needed)

    def first_window_cycles(self, apart: int = 1) -> int:
        """Cycles from the first beat in to the last read of the first window (of its first fold with depthwise).

        Args:
            apart: cycles between beats in; the last of them completes a beat.
        """
        places = self.kernel[0] * self.kernel[1] if self.depthwise else self.places
        ky, kx, fold = np.unravel_index(np.arange(places), (*self.kernel, 1 if self.depthwise else self.folds))
        y, x = ky * self.dilation[0] - self.padding[0], kx * self.dilation[1] - self.padding[1]
        inside = (y >= 0) & (y < self.image[0]) & (x >= 0) & (x < self.image[1])
        arrived = ((y * self.image[1] + x) * self.folds + fold + 1) * apart
        return int(np.where(inside, arrived - np.arange(places), 0).max()) + places - 1

    def places_behind(self, windows: np.ndarray) -> np.ndarray:
        """Places of windows that are read behind their last one within the image, of the last fold with depthwise."""
        ky, kx = (
            (_last_places(self, axis)[at] + self.padding[axis] - at * self.stride[axis]) // self.dilation[axis]
            for axis, at in enumerate(np.unravel_index(windows, self.windows))
        )
        behind = self.kernel[0] * self.kernel[1] - 1 - (ky * self.kernel[1] + kx)
        return behind * (1 if self.depthwise else self.folds)

    @property
    def first_pixels(self) -> int:
        """Pixels from the first one in to the last of the first window."""
        top, left, *_ = self.padding
        return max(0, self.reach[0] - 1 - top) * self.image[1] + max(1, self.reach[1] - left)

    def beats_needed(self, beats: np.ndarray) -> np.ndarray:
        """Beats of the image that have to be in before beats of the windows, or of their results, can come out.

        Args:
            beats: numbers of beats; results (one pixel a window) with `depthwise`, else places of windows.
        """
        shape = (*self.windows, *((1, 1) if self.depthwise else self.kernel), self.folds)
        oy, ox, ky, kx, fold = np.unravel_index(beats, shape)
        height, width = self.image
        if self.depthwise:  # a result comes with the last place of its window within the image
            y, x = _last_places(self, 0)[oy], _last_places(self, 1)[ox]
        else:
            y = oy * self.stride[0] - self.padding[0] + ky * self.dilation[0]
            x = ox * self.stride[1] - self.padding[1] + kx * self.dilation[1]
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        return np.where(inside, (y * width + x) * self.folds + fold + 1, 0)

    @property
    def span(self) -> int:
        """Words from a window's first place to its last, both included."""
        return ((self.reach[0] - 1) * self.image[1] + self.reach[1]) * self.folds

    @property
    def counter_bits(self) -> int:
        """Bits of swg_core's counters over folds, kernel and padded image."""
        columns, rows = ((self.windows[axis] - 1) * self.stride[axis] + self.reach[axis] for axis in (1, 0))
        return sum(max(1, (size - 1).bit_length()) for size in (self.folds, *self.kernel, columns, rows))

    def margin_bits(self, depth: int) -> int:
        """Bits of swg_core's margins for a ring of `depth` words, as in sf_swg_core.sv."""
        row = self.image[1] * self.folds
        walked = (self.windows[1] - 1) * self.stride[1] * self.folds
        to_row = self.stride[0] * row - walked
        to_frame = self.image[0] * row - (self.windows[0] - 1) * self.stride[0] * row - walked
        jump = max(self.stride[1] * self.folds, to_row, to_frame)
        return (depth + max(jump, 2 * self.span - 2)).bit_length() + 1

    def pixels_kept(self, arrival: float, reading: float, capture: float) -> int:
        """Pixels to hold, in the ring and in front of it, so that neither side slows the slower one down.

        Where reading is the slower one, windows begin evenly; a pixel arrives as late as they and the rate of arrival
        allow. Else pixels arrive evenly, and each window is read as soon as its pixels are there.

        Args:
            arrival: cycles in which a frame of pixels can arrive.
            reading: cycles in which the windows of a frame can be read, replays included.
            capture: part of a window's time until all of its pixels have been read.
        """
        pixels, windows, slower = (
            self.image[0] * self.image[1],
            self.windows[0] * self.windows[1],
            max(arrival, reading),
        )
        frames, place = np.arange(4)[:, None], np.arange(3 * pixels)
        first = (_first_places(self) // self.folds + frames * pixels).ravel()
        last = (_last_pixels(self) + frames * pixels).ravel()
        order, step, beat = np.arange(len(last)), reading / slower / windows, arrival / slower / pixels
        if reading >= arrival:
            begin = order * step
            due = begin[np.searchsorted(np.maximum.accumulate(last), place)]
            arrived = np.minimum.accumulate((due - place * beat)[::-1])[::-1] + place * beat
        else:
            begin = np.maximum.accumulate((last + 1) * beat - order * step) + order * step
            arrived = (place + 1) * beat
        captured = np.searchsorted(begin + capture * step, arrived, side="right")
        kept = place + 1 - first[np.minimum(captured, len(first) - 1)]
        return int(kept[pixels : 2 * pixels].max())  # with a frame before and one after

    def patches(self, image: np.ndarray, fill: int) -> np.ndarray:
        """Cut the windows out of images.

        Args:
            image: [N, H, W, C].
            fill: Value of padded places.

        Returns:
            [N, OH, OW, kh, kw, C].
        """
        top, left, bottom, right = self.padding
        padded = np.pad(image, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
        views = np.lib.stride_tricks.sliding_window_view(padded, self.reach, axis=(1, 2))
        (sy, sx), (dy, dx) = self.stride, self.dilation
        return views[:, ::sy, ::sx, :, ::dy, ::dx].transpose(0, 1, 2, 4, 5, 3)


def _first_places(window: Window) -> np.ndarray:
    """Position of each window's first place, padded places included; [OH * OW]."""
    top, left = window.padding[:2]
    rows = (np.arange(window.windows[0]) * window.stride[0] - top) * window.image[1]
    columns = np.arange(window.windows[1]) * window.stride[1] - left
    return ((rows[:, None] + columns) * window.folds).ravel()


def _taps(window: Window, axis: int) -> np.ndarray:
    """Along one axis: the pixel, or padded place, under each place of each window's kernel; [windows, kernel]."""
    first = np.arange(window.windows[axis]) * window.stride[axis] - window.padding[axis]
    return first[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]


def _last_places(window: Window, axis: int) -> np.ndarray:
    """Along one axis: each window's last place that lies not behind the image; [windows]."""
    taps = _taps(window, axis)
    return np.where(taps < window.image[axis], taps, taps[:, :1]).max(axis=1)


def _last_pixels(window: Window) -> np.ndarray:
    """Position of each window's last pixel inside the image, in pixels; [OH * OW]."""
    return (_last_places(window, 0)[:, None] * window.image[1] + _last_places(window, 1)).ravel()


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
        (_last_places(window, axis) + window.padding[axis] - np.arange(window.windows[axis]) * window.stride[axis])
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
