"""CNV, the VGG-like network of FINN's and Brevitas' examples (bnn_pynq), for 32×32 RGB images.

The layers are those of Brevitas' `CNV`: six 3×3 convolutions without padding, a max pool after the second
and the fourth, three dense layers, all weights 1-bit. What differs: pixels enter as unsigned 8-bit integers
on a scale of 2^-8 (there: signed, after 2x - 1), k-bit activations use all 2^k levels with a learned
power-of-two scale (there: a narrow range on a constant one), and instead of the final TensorNorm the last
weights are ± a power of two.
"""

import math
from dataclasses import dataclass

from brevitas.nn import QuantConv2d, QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm1d, BatchNorm2d
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.network import Network
from finn_build.errors import ConfigError


@dataclass(frozen=True)
class CNVConfig:
    """Every choice of a `CNV`.

    Attributes:
        in_channels: 3 for RGB, 1 for grey.
        image_size: height and width of the input in pixels, a multiple of 4 from 32 on.
        num_classes: size of the output.
        width: channels of the first convolution; the others have 1, 2 or 4 times, the dense layers 8 times
            as many.
        weight_bits: 1 for ±1; 32 is step 1 of the training.
        act_bits: bits k of every activation (1…8; 16 and 32 for training comparisons).
        act_signed: whether activations have negative levels; 1 bit signed is bipolar.
    """

    in_channels: int = 3
    image_size: int = 32
    num_classes: int = 10
    width: int = 64
    weight_bits: int = 1
    act_bits: int = 1
    act_signed: bool = True


class CNV(Network):
    """Six convolutions, two max pools, three dense layers.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: CNVConfig) -> None:
        super().__init__()
        if config.image_size < 32 or config.image_size % 4:
            near = max(32, round(config.image_size / 4) * 4)
            raise ConfigError(f"cnv: image_size={config.image_size} is not a multiple of 4 from 32 on; nearest: {near}")
        self.config = config
        layers: list[nn.Module] = [pixel_quantizer()]
        before = config.in_channels
        for multiple, pooled in ((1, False), (1, True), (2, False), (2, True), (4, False), (4, False)):
            channels = multiple * config.width
            layers += self._conv(before, channels)
            layers += [nn.MaxPool2d(2)] if pooled else []
            before = channels
        self.features = nn.Sequential(*layers)
        side = ((config.image_size - 4) // 2 - 4) // 2 - 4
        flat, hidden = before * side * side, 8 * config.width
        self.classifier = nn.Sequential(*self._dense(flat, hidden), *self._dense(hidden, hidden))
        self.head = QuantLinear(hidden, config.num_classes, bias=False, **_head_weights(config, hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.head(self.classifier(self.features(x).flatten(1)))

    def _conv(self, before: int, channels: int) -> list[nn.Module]:
        weights = weight_quantizer(self.config.weight_bits)
        return [QuantConv2d(before, channels, 3, bias=False, **weights), BatchNorm2d(channels), self._act()]

    def _dense(self, before: int, features: int) -> list[nn.Module]:
        weights = weight_quantizer(self.config.weight_bits)
        return [QuantLinear(before, features, bias=False, **weights), BatchNorm1d(features), self._act()]

    def _act(self) -> nn.Module:
        return act_quantizer(self.config.act_bits, self.config.act_signed)


def _head_weights(config: CNVConfig, features: int) -> dict[str, object]:
    """No batch norm follows the last layer: its weights are ± the power of two that keeps logits near one."""
    return weight_quantizer(config.weight_bits, 2.0 ** -round(math.log2(features) / 2))
