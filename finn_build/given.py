"""What a caller in Python gives as it is, where the command line has names of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


@dataclass(frozen=True)
class Given:
    """Nothing, or a network, or frames, or both.

    Attributes:
        module: a Brevitas network.
        input_shape: (1, C, H, W) of its input.
        classes: names of its classes.
        images: uint8 [N, C, H, W].
    """

    module: nn.Module | None = None
    input_shape: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    images: np.ndarray | None = None
