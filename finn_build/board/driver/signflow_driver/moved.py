"""Networks that move pixels before they quantize them (flatten, pad, transpose): what enters, looked up one by one."""

from __future__ import annotations

from math import prod

import numpy as np

from .description import StreamFormat
from .packing import codes_of


class MovedPixels:
    """The codes that enter for an image, where they are not simply its pixels in their places.

    Args:
        head: int64 [R, 256], integers by kind of element and value of its pixel.
        taken: int64 [E], pixel of the image (C, H, W) that each entering element (C', H', W') takes.
        row: int64 [E], its row of `head`.
        stream: that they enter by.

    Attributes:
        codes: int64 [C', 256], the table that takes codes as they are.
    """

    def __init__(self, head: np.ndarray, taken: np.ndarray, row: np.ndarray, stream: StreamFormat):
        self._codes, self._taken, self._row = codes_of(head, stream), taken, row
        *place, channels = stream.shape[1:]
        self._shape = (channels, *place)
        assert prod(self._shape) == len(taken)
        codes = np.arange(256) if stream.kind != "bipolar" else 2 * (np.arange(256) > 0) - 1
        self.codes = np.repeat(codes[None], channels, axis=0)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Codes of images.

        Shapes:
            images: uint8 (N, H, W, C) -> uint8 (N, ..., C').
        """
        pixels = np.moveaxis(images, -1, 1).reshape(len(images), -1)
        codes = self._codes[self._row, pixels[:, self._taken]]
        return np.moveaxis(codes.reshape(-1, *self._shape), 1, -1)
