"""What every network of the zoo carries besides its layers."""

from typing import Any

from torch import nn


class Network(nn.Module):
    """Base of the zoo's networks.

    Attributes:
        config: the frozen dataclass it was built from.
        name: its name in the zoo; empty when built directly.
        classes: class names in the order of the logits, of the defects in a mask; empty until it is trained.
    """

    config: Any
    name: str = ""
    classes: tuple[str, ...] = ()
