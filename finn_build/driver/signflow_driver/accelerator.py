"""The accelerator on the board: load it, feed it, measure it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np


class Accelerator:
    """An accelerator behind the shell; a context manager.

    Args:
        bitfile: `<name>.bit`, with `<name>.hwh` beside it on a board.
        description: `accelerator.json`; by default `<name>.json` beside the bitstream.
        download: configure the chip; False takes the bitstream it has.

    Raises:
        DriverError: no description; MismatchError: the bitstream's build hash is not the description's.
    """

    def __init__(self, bitfile: str | Path, description: str | Path | None = None, download: bool = True):
        raise NotImplementedError  # filled in by the commits that follow

    def infer(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of the network by name.

        Shapes:
            images: uint8 (N, C, H, W) -> float32 (N, ...) by output.
        """
        raise NotImplementedError

    def infer_integers(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """What the accelerator sends, by tensor: int64 (N, C, ...), channels in logical order."""
        raise NotImplementedError

    def classify(self, images: np.ndarray) -> list[str]:
        """Class names of images (their numbers where the description names none)."""
        raise NotImplementedError

    def segment(self, images: np.ndarray) -> np.ndarray:
        """Class or defect of every pixel: int64 (N, H, W)."""
        raise NotImplementedError

    def stream(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Outputs of batch after batch; the next is packed and enters while one is computed."""
        raise NotImplementedError
