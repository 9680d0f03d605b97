"""CNV, the VGG-like network of FINN's and Brevitas' examples (bnn_pynq), for 32×32 RGB images.

The layers are those of Brevitas' `CNV`: six 3×3 convolutions without padding, a max pool after the second
and the fourth, three dense layers, all weights 1-bit. What differs: pixels enter as unsigned 8-bit integers
on a scale of 2^-8 (there: signed, after 2x - 1), k-bit activations use all 2^k levels with a learned
power-of-two scale (there: a narrow range on a constant one), and instead of the final TensorNorm the last
weights are ± a power of two.
"""

import math

from brevitas.nn import QuantConv2d, QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm1d, BatchNorm2d
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.configs.cnv import CNVConfig
from brevitas_models.networks.network import Network


class CNV(Network):
    """Six convolutions, two max pools, three dense layers.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: CNVConfig) -> None:
        super().__init__()
        config.check()
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
