"""What an output of the network means: stated in the description, never read off the shape of an array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OF_IMAGES = {
    "scores": "one number per class, the largest is the class",
    "label": "the number of the class",
    "logit": "one number, above the threshold it is class 1, else class 0",
}
OF_PIXELS = {
    "score map": "one number per class and pixel, the largest is the pixel's class",
    "label map": "the number of each pixel's class",
    "mask": "one number per pixel, above the threshold it is a defect",
}
KINDS = {**OF_IMAGES, **OF_PIXELS, "raw": "numbers that decide nothing"}


@dataclass(frozen=True)
class Meaning:
    """What one output means.

    Attributes:
        kind: one of `KINDS`.
        threshold: of a logit or a mask.
        why: where the generator has it from, in words.
    """

    kind: str
    threshold: float = 0.0
    why: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"meaning {self.kind!r}; legal: {', '.join(KINDS)}")

    @property
    def of_images(self) -> bool:
        """Whether it says which class an image is of."""
        return self.kind in OF_IMAGES

    @property
    def of_pixels(self) -> bool:
        """Whether it says which class each pixel is of."""
        return self.kind in OF_PIXELS


def decide(values: np.ndarray, meaning: Meaning) -> np.ndarray:
    """The class of each image, or of each pixel.

    Shapes:
        values: an output (N, ...) -> int64 (N,), or (N, H, W) of a map.

    Raises:
        ValueError: it decides nothing.
    """
    if meaning.kind == "raw":
        raise ValueError("this output decides nothing; state what it means with --output when it is built")
    if meaning.kind in ("scores", "score map"):
        found = values.argmax(1)
    else:
        found = values > meaning.threshold if meaning.kind in ("logit", "mask") else values
        found = found[:, 0] if found.ndim == 4 else found
    return found.reshape(len(values)).astype(np.int64) if meaning.of_images else found.astype(np.int64)
