"""Random views of surface images: defects have no preferred direction, place or exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
        from brevitas_models.data import views  # here: what a training may be is known without PyTorch

        if self.flips:
            images = views.flip(images, self.turns, generator)
        if self.shift:
            images = views.shift(images, self.shift, generator)
        return images

    def expose(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The part of it that changes brightness and contrast."""
        from brevitas_models.data import views  # here, as above

        if self.shade:
            images = views.shade(images, self.shade, generator)
        return views.expose(images, self.contrast, self.brightness, generator)
