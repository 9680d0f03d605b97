"""Inspection of images of any size: windows slide over an image, what the network says of each is joined.

Pure NumPy, and the same code on the board and in training: `Inspection` comes from the checkpoint, its threshold was
chosen on validation images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import InputError

FREE = "free"
JOINS = ("max", "mean")


@dataclass(frozen=True)
class Inspection:
    """How images are inspected.

    Attributes:
        side: of a window, in pixels of the image; a whole multiple of the network's, which then sees means of blocks.
        stride: greatest distance of neighbouring windows, in pixels.
        threshold: an image whose score is above it has a defect. The score of a window is its largest logit of a
            defect less that of class free; where the network gives masks, the score of an image is the number of defect
            pixels of the joined mask.
        false_alarms: share of the free validation images above the threshold.
        found: share of the validation images with a defect above it.
        windows: per validation image, in the mean.
        join: of scores of classes, "max" for the window with the largest, "mean" for that of the windows' mean logits.
        margin: pixels of black around each image, which windows show too: where the surface ends is seen by them.
    """

    side: int
    stride: int
    threshold: float = 0.0
    false_alarms: float | None = None
    found: float | None = None
    windows: float | None = None
    join: str = "max"
    margin: int = 0

    def __post_init__(self) -> None:
        if not all(isinstance(n, int) and n > 0 for n in (self.side, self.stride)) or not _is_number(self.threshold):
            raise InputError(f"inspection: {self}; legal: side and stride above 0, a number as the threshold")
        if self.join not in JOINS:
            raise InputError(f"inspection: join={self.join!r}; legal: {', '.join(JOINS)}")
        if not isinstance(self.margin, int) or self.margin < 0:
            raise InputError(f"inspection: margin={self.margin!r}; legal: a number of pixels, 0 for none")

    @classmethod
    def of(cls, kept: object) -> Inspection:
        """From what a file keeps.

        Raises:
            InputError: that is something else.
        """
        try:
            return cls(**kept)  # type: ignore[arg-type]
        except TypeError as error:
            raise InputError(f"inspection: {kept!r} does not describe one ({error})") from error


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and bool(np.isfinite(value))


@dataclass(frozen=True)
class Verdict:
    """What is known of an image.

    Attributes:
        label: class of the image: "free", or a defect ("defect" where the network gives masks).
        score: of the image; above the threshold it has a defect.
        places: int [N, 2], top and left of each window, in pixels; negative in the margin.
        scores: float [N], of each window.
        labels: class of each window.
        mask: uint8 [H, W], 1 on defects: of a network of masks most of the windows over a pixel say so, of one of
            classes their mean score is above the threshold. All 0 where a network of classes calls the image free.
    """

    label: str
    score: float
    places: np.ndarray
    scores: np.ndarray
    labels: tuple[str, ...]
    mask: np.ndarray


def places(height: int, width: int, inspection: Inspection) -> np.ndarray:
    """Top left corners of the windows of an image, evenly spread, the last ones at the margin's edges; int [N, 2]."""
    around = 2 * inspection.margin
    tops, lefts = (_starts(size + around, inspection.side, inspection.stride) for size in (height, width))
    return np.stack(np.meshgrid(tops, lefts, indexing="ij"), -1).reshape(-1, 2) - inspection.margin


def block_side(side: int, size: int) -> int:
    """How many pixels of a window, each way, make one of the network's.

    Raises:
        InputError: the window's side is no multiple of the network's `size`.
    """
    step, rest = divmod(side, size)
    if rest or not step:
        raise InputError(f"inspection: side={side} is not a multiple of the network's {size} pixels")
    return step


def require_free(classes: tuple[str, ...]) -> None:
    """Raise InputError where a network tells classes apart of which none is that of good images."""
    if FREE not in classes:
        names = ", ".join(classes) or "unknown"
        raise InputError(f"inspection needs a class {FREE!r}; the network's: {names}: call that of good images so")


def cut(image: np.ndarray, inspection: Inspection, size: int) -> np.ndarray:
    """The windows of an image as the network takes them; an image smaller than a window is continued by reflection.

    Shapes:
        image [C, H, W] uint8 to [N, C, size, size] uint8, in the order of `places`.

    Raises:
        InputError: the window's side is no multiple of the network's `size`.
    """
    step = block_side(inspection.side, size)
    side, (_, height, width) = inspection.side, image.shape
    corners = places(height, width, inspection) + inspection.margin
    image = np.pad(image, [(0, 0), *[(inspection.margin, inspection.margin)] * 2])
    image = np.pad(image, [(0, 0), *[(0, max(0, side - size)) for size in image.shape[1:]]], mode="symmetric")
    windows = np.stack([image[:, top : top + side, left : left + side] for top, left in corners])
    if step == 1:
        return windows
    blocks = windows.reshape(*windows.shape[:2], size, step, size, step).astype(np.uint32)
    return ((blocks.sum((3, 5)) + step * step // 2) // (step * step)).astype(np.uint8)


def judge(outputs: np.ndarray, shape: tuple[int, int], inspection: Inspection, classes: tuple[str, ...]) -> Verdict:
    """Join what the network says of an image's windows.

    Args:
        outputs: logits [N, classes], or masks [N, 1, size, size], positive on defects.
        shape: height and width of the image.
        inspection: how its windows were cut.
        classes: of the network.

    Raises:
        InputError: a network of classes has none that is called "free".
    """
    corners = places(*shape, inspection)
    if outputs.ndim == 4:
        return _judge_masks(outputs[:, 0] > 0, corners, shape, inspection)
    require_free(classes)
    defects = [number for number, name in enumerate(classes) if name != FREE]
    margins = np.subtract(outputs[:, defects], outputs[:, [classes.index(FREE)]], dtype=np.float64)
    scores, best = margins.max(1), margins.argmax(1)
    found = scores > inspection.threshold
    labels = tuple(classes[defects[k]] if defect else FREE for k, defect in zip(best, found, strict=True))
    whole = margins.mean(0) if inspection.join == "mean" else margins[scores.argmax()]
    score = float(whole.max())
    label = classes[defects[whole.argmax()]] if score > inspection.threshold else FREE
    mask = (_mean_over_windows(scores, corners, shape, inspection) > inspection.threshold) & (label != FREE)
    return Verdict(label, score, corners, scores, labels, mask.astype(np.uint8))


def _judge_masks(masks: np.ndarray, corners: np.ndarray, shape: tuple[int, int], inspection: Inspection) -> Verdict:
    step = inspection.side // masks.shape[1]
    pixels = masks.repeat(step, 1).repeat(step, 2).astype(np.float64)
    mask = (_mean_over_windows(pixels, corners, shape, inspection) > 0.5).astype(np.uint8)
    score = float(mask.sum())
    scores = pixels.sum((1, 2))
    labels = tuple("defect" if score > inspection.threshold else FREE for score in scores)
    return Verdict("defect" if score > inspection.threshold else FREE, score, corners, scores, labels, mask)


def _starts(size: int, side: int, stride: int) -> np.ndarray:
    last = max(0, size - side)
    return np.linspace(0, last, -(-last // stride) + 1).round().astype(np.int64)


def _mean_over_windows(
    values: np.ndarray, corners: np.ndarray, shape: tuple[int, int], inspection: Inspection
) -> np.ndarray:
    """Mean at each pixel over the windows that hold it; values [N], or [N, side, side]."""
    side, margin = inspection.side, inspection.margin
    height, width = (max(side, size + 2 * margin) for size in shape)
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for value, (top, left) in zip(values, corners + margin, strict=True):
        total[top : top + side, left : left + side] += value
        count[top : top + side, left : left + side] += 1
    return (total / count)[margin : margin + shape[0], margin : margin + shape[1]]
