"""Every choice of a TFC or LFC."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FullyConnectedConfig:
    """Every choice of a `FullyConnected`.

    Attributes:
        in_channels: 1 for grey, 3 for RGB.
        image_size: height and width of the input in pixels.
        num_classes: size of the output.
        hidden: neurons of each hidden layer.
        weight_bits: 1 for ±1; 32 is step 1 of the training.
        act_bits: of pixels and activations; 1 bit is bipolar.
    """

    in_channels: int = 1
    image_size: int = 28
    num_classes: int = 10
    hidden: tuple[int, ...] = (64, 64, 64)
    weight_bits: int = 1
    act_bits: int = 1

    def check(self) -> None:
        """Nothing of it depends on anything else."""
