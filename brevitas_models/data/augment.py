"""Random views of surface images: defects have no preferred direction, place or exposure."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """What may change between two views of an image.

    Attributes:
        flips: one of the eight flips and quarter turns.
        turns: whether quarter turns are among them; without, the grain of a ground surface keeps its direction.
        shift: largest shift in pixels, the border mirrored.
        contrast: largest relative change of contrast around the image's mean.
        brightness: largest shift of all pixels, as a fraction of full scale.
        shade: largest relative change of brightness from the middle to an edge, across and down: uneven light.
    """

    flips: bool = True
    turns: bool = True
    shift: int = 4
    contrast: float = 0.1
    brightness: float = 0.05
    shade: float = 0.0

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A random view of each image; pixels stay in [0, 1).

        Shapes:
            [N, C, H, W] float32 to the same.
        """
        return self.expose(self.move(images, generator), generator)

    def move(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The part of it that moves pixels, and their masks with them where those are channels of `images`."""
        if self.flips:
            codes = torch.randint(8, (len(images),), generator=generator)
            images = _flip(images, codes if self.turns else 2 * (codes // 2))
        if self.shift:
            images = _shift(images, self.shift, generator)
        return images

    def expose(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The part of it that changes brightness and contrast."""
        if self.shade:
            images = _shade(images, self.shade, generator)
        gain, offset = (torch.rand(2, len(images), 1, 1, 1, generator=generator) * 2 - 1).to(images.device)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        images = (images - mean) * (1 + self.contrast * gain) + mean + self.brightness * offset
        return images.clamp(0.0, 255 / 256)


def _flip(images: Tensor, turns: Tensor) -> Tensor:
    """Turn each image by 0 to 3 quarters and mirror it where its code is 4 or more."""
    out = torch.empty_like(images)
    for code in range(8):
        chosen = (turns == code).to(images.device)
        turned = torch.rot90(images[chosen], code % 4, (2, 3))
        out[chosen] = turned.flip(3) if code >= 4 else turned
    return out


def _shade(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Light each image from a side of its own."""
    down, right = (most * (torch.rand(2, len(images), 1, 1, 1, generator=generator) * 2 - 1)).to(images.device)
    rows, columns = (torch.linspace(-1, 1, size, device=images.device) for size in images.shape[2:])
    return images * (1 + down * rows[:, None] + right * columns)


def _shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move the whole batch by one random offset."""
    height, width = images.shape[2:]
    down, right = torch.randint(2 * most + 1, (2,), generator=generator).tolist()
    padded = F.pad(images, [most] * 4, mode="reflect")
    return padded[:, :, down : down + height, right : right + width]
