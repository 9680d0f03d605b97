"""Images turned, mirrored, shifted and lit in other ways, on tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F


def flip(images: Tensor, turns: bool, generator: torch.Generator) -> Tensor:
    """One of the eight flips and quarter turns of each image; without turns, of the four flips."""
    codes = torch.randint(8, (len(images),), generator=generator)
    return _flip(images, codes if turns else 2 * (codes // 2))


def expose(images: Tensor, contrast: float, brightness: float, generator: torch.Generator) -> Tensor:
    """Each image with another contrast and brightness, up to these changes; pixels stay in [0, 1)."""
    gain, offset = (torch.rand(2, len(images), 1, 1, 1, generator=generator) * 2 - 1).to(images.device)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (images - mean) * (1 + contrast * gain) + mean + brightness * offset
    return images.clamp(0.0, 255 / 256)


def _flip(images: Tensor, turns: Tensor) -> Tensor:
    """Turn each image by 0 to 3 quarters and mirror it where its code is 4 or more."""
    out = torch.empty_like(images)
    for code in range(8):
        chosen = (turns == code).to(images.device)
        turned = torch.rot90(images[chosen], code % 4, (2, 3))
        out[chosen] = turned.flip(3) if code >= 4 else turned
    return out


def shade(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Light each image from a side of its own."""
    down, right = (most * (torch.rand(2, len(images), 1, 1, 1, generator=generator) * 2 - 1)).to(images.device)
    rows, columns = (torch.linspace(-1, 1, size, device=images.device) for size in images.shape[2:])
    return images * (1 + down * rows[:, None] + right * columns)


def shift(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move the whole batch by one random offset."""
    height, width = images.shape[2:]
    down, right = torch.randint(2 * most + 1, (2,), generator=generator).tolist()
    padded = F.pad(images, [most] * 4, mode="reflect")
    return padded[:, :, down : down + height, right : right + width]
