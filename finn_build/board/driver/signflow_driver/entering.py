"""What the host does to images before they enter: looked up by pixel, or computed and then quantized."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

from .description import Description, StreamFormat
from .moved import MovedPixels
from .onnx_models import OnnxModel
from .packing import pack
from .pixels import PixelQuantizer

_PIXELS = 256  # values of one; as a float, pixel / 256


class Entering(Protocol):
    """Lays images into the beats of the input stream."""

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        """Images (N, ..., C), uint8, or float32 where they are no pictures, into uint8 [N * frame_bytes]: all of it."""


class _Moved:
    """Pixels that change places, then are looked up."""

    def __init__(self, arrays: dict[str, np.ndarray], stream: StreamFormat):
        self._moved = MovedPixels(arrays["head"], arrays["taken"], arrays["row"], stream)
        self._pixels = PixelQuantizer(self._moved.codes, stream)

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        self._pixels.pack(self._moved(images), out)


class _Wide:
    """Pixels that enter by more than eight bits, looked up channel by channel."""

    def __init__(self, arrays: dict[str, np.ndarray], stream: StreamFormat):
        self._arrays, self._stream = arrays, stream

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        head, taken, row = (self._arrays.get(name) for name in ("head", "taken", "row"))
        assert head is not None
        if taken is None or row is None:
            ints = np.stack([head[c][images[..., c]] for c in range(images.shape[-1])], axis=-1)
        else:
            *place, channels = self._stream.shape[1:]
            found = head[row, np.moveaxis(images, -1, 1).reshape(len(images), -1)[:, taken]]
            ints = np.moveaxis(found.reshape(-1, channels, *place), 1, -1)
        np.copyto(out, pack(ints, self._stream))


class _Computed:
    """Images through ONNX Runtime where there is a model, then each number to the level whose thresholds it reaches."""

    def __init__(self, model: np.ndarray | None, arrays: dict[str, np.ndarray], stream: StreamFormat):
        self._model, self._stream = None if model is None else OnnxModel(model), stream
        self._thresholds, self._lowest = arrays["head_thresholds"], arrays["head_lowest"]

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        floats = images if images.dtype == np.float32 else images.astype(np.float32) / np.float32(_PIXELS)
        values = np.moveaxis(floats, -1, 1)
        values = values if self._model is None else self._model(values)
        ints = np.empty(values.shape, np.int64)
        for channel in range(values.shape[1]):
            row = channel % len(self._thresholds)
            reached = np.searchsorted(self._thresholds[row], values[:, channel], side="right")
            ints[:, channel] = self._lowest[row][reached]
        np.copyto(out, pack(np.moveaxis(ints, 1, -1), self._stream))


class _BytesOrFloats:
    """Signals or vectors: bytes as pixels are, floats as the network has them."""

    def __init__(self, of_bytes: Entering, arrays: dict[str, np.ndarray], stream: StreamFormat):
        self._bytes, self._arrays, self._stream = of_bytes, arrays, stream

    @cached_property
    def _floats(self) -> Entering:
        return _Computed(self._arrays.get("float_model"), self._arrays, self._stream)

    def pack(self, images: np.ndarray, out: np.ndarray) -> None:
        (self._floats if images.dtype == np.float32 else self._bytes).pack(images, out)


def entering(description: Description) -> Entering:
    """What a description says of its images.

    Raises:
        DriverError: it needs ONNX Runtime, which is not there.
    """
    arrays, stream = description.arrays, description.inputs[0]
    if "head_model" in arrays:
        return _Computed(arrays["head_model"], arrays, stream)
    found: Entering
    if stream.bits > 8:
        found = _Wide(arrays, stream)
    else:
        found = _Moved(arrays, stream) if "taken" in arrays else PixelQuantizer(arrays["head"], stream)
    return _BytesOrFloats(found, arrays, stream) if "head_thresholds" in arrays else found
