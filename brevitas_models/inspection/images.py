"""What a network says of images of any size, window by window, and joined."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from signflow_driver.inspection import FREE, Inspection, Verdict, cut, judge

from brevitas_models.data.images import open_image, read_mask, to_float
from brevitas_models.data.index import Row, find_images
from brevitas_models.networks.network import Network
from brevitas_models.training.measure import BATCH
from finn_build.errors import DataError

_MODES = {1: "L", 3: "RGB"}
Outputs = Callable[[np.ndarray], np.ndarray]
"""From windows [N, C, size, size] uint8 to logits [N, classes], or masks [N, 1, size, size], positive on defects."""


@dataclass(frozen=True)
class Inspected:
    """An image, what is known of it, and what the network says.

    Attributes:
        row: of the index.
        image: uint8 [C, H, W].
        mask: the true one, uint8 [H, W], or None.
        outputs: of the network for its windows.
        verdict: what they say together.
        seconds: of this process' processor, its share of the network's work.
    """

    row: Row
    image: np.ndarray
    mask: np.ndarray | None
    outputs: np.ndarray
    verdict: Verdict
    seconds: float

    @property
    def defective(self) -> bool:
        """Whether the index says that it has a defect."""
        return self.row.label != FREE

    def judged_again(self, inspection: Inspection, classes: tuple[str, ...]) -> "Inspected":
        """By another threshold."""
        return replace(
            self, verdict=judge(self.outputs, (self.image.shape[1], self.image.shape[2]), inspection, classes)
        )


def find(folder: Path) -> list[Row]:
    """The images of a folder.

    Raises:
        DataError: no such folder, or no images in it.
    """
    rows = find_images(folder)
    if not rows:
        raise DataError(f"{folder}: no images")
    return rows


def in_torch(model: Network) -> Outputs:
    """A network's answers in eval mode, which is the arithmetic of the hardware."""

    @torch.inference_mode()
    def outputs(windows: np.ndarray) -> np.ndarray:
        return torch.cat([model(part) for part in torch.from_numpy(to_float(windows)).split(BATCH)]).numpy()

    return outputs


def inspect(rows: Iterable[Row], model: Network, outputs: Outputs, inspection: Inspection) -> Iterator[Inspected]:
    """Each image with its verdict; the windows of several images go through the network together.

    Raises:
        DataError: an image cannot be read.
        InputError: the network has no class "free", or the windows do not fit it.
    """
    waiting: list[tuple[Row, np.ndarray, np.ndarray]] = []
    for row in rows:
        with open_image(row.path) as file:
            pixels = np.atleast_3d(np.asarray(file.convert(_MODES[model.config.in_channels]), dtype=np.uint8))
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        waiting.append((row, image, cut(image, inspection, model.image_size)))
        if sum(len(windows) for _, _, windows in waiting) >= BATCH:
            yield from _verdicts(waiting, model, outputs, inspection)
            waiting = []
    if waiting:
        yield from _verdicts(waiting, model, outputs, inspection)


def _verdicts(
    waiting: Sequence[tuple[Row, np.ndarray, np.ndarray]], model: Network, outputs: Outputs, inspection: Inspection
) -> Iterator[Inspected]:
    began = time.process_time()
    found = outputs(np.concatenate([windows for _, _, windows in waiting]))
    seconds = (time.process_time() - began) / len(found)
    ends = np.cumsum([len(windows) for _, _, windows in waiting])
    for (row, image, windows), of in zip(waiting, np.split(found, ends[:-1]), strict=True):
        shape = image.shape[1], image.shape[2]
        mask = read_mask(row, shape) if row.mask is not None or row.label == FREE else None
        verdict = judge(of, shape, inspection, model.classes)
        yield Inspected(row, image, mask, of, verdict, seconds * len(windows))


def truth(row: Row, model: Network) -> str:
    """The class that a network should give an image: its own, or for masks just whether there is a defect."""
    return "defect" if model.task == "mask" and row.label != FREE else row.label
