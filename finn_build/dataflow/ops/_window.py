"""Geometry and schedule of a sliding window: shapes and cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finn_build.errors import ConfigError


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
    depthwise: bool
    dilation: tuple[int, int]

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
            (last_places(self, axis)[at] + self.padding[axis] - at * self.stride[axis]) // self.dilation[axis]
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
            y, x = last_places(self, 0)[oy], last_places(self, 1)[ox]
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


def _taps(window: Window, axis: int) -> np.ndarray:
    """Along one axis: the pixel, or padded place, under each place of each window's kernel; [windows, kernel]."""
    first = np.arange(window.windows[axis]) * window.stride[axis] - window.padding[axis]
    return first[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]


def last_places(window: Window, axis: int) -> np.ndarray:
    """Along one axis: each window's last place that lies not behind the image; [windows]."""
    taps = _taps(window, axis)
    return np.where(taps < window.image[axis], taps, taps[:, :1]).max(axis=1)
