"""MobileNetV1 with 1-bit pointwise and 4-bit depthwise convolutions, for 96x96 images (visual wake words).

Channels and strides are the paper's at width 0.25. What enters a convolution has `act_bits` bits; the batch norm behind
each and the ReLU that an unsigned quantizer is become its steps.

Source: Howard et al. 2017, table 1.
"""

from brevitas.nn import QuantConv2d, QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm2d
from brevitas_models.layers.conv_units import Conv2d
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.configs.mobilenet import SHRINKS, MobileNetConfig
from brevitas_models.networks.network import Network

_UNITS = ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), *[(16, 1)] * 5, (32, 2), (32, 1))  # times width, stride


class MobileNet(Network):
    """A convolution, 13 pairs of a depthwise and a pointwise one, an average over the image, a dense layer.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: MobileNetConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        before = config.width
        layers: list[nn.Module] = [pixel_quantizer()]
        layers += self._behind(Conv2d(config.in_channels, before, 3, 2, config.edge_bits), before)
        for times, stride in _UNITS:
            weights = weight_quantizer(config.depthwise_bits)
            depthwise = QuantConv2d(before, before, 3, stride, 1, groups=before, bias=False, **weights)
            channels = times * config.width
            layers += self._behind(depthwise, before)
            layers += self._behind(Conv2d(before, channels, 1, bits=config.weight_bits), channels)
            before = channels
        self.features = nn.Sequential(*layers)
        self.pool = nn.AvgPool2d(config.image_size // SHRINKS)
        self.quant = act_quantizer(config.act_bits, False)
        self.head = QuantLinear(before, config.num_classes, bias=False, **weight_quantizer(config.edge_bits))

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.head(self.quant(self.pool(self.features(x))).flatten(1))

    def _behind(self, conv: nn.Module, channels: int) -> list[nn.Module]:
        return [conv, BatchNorm2d(channels), act_quantizer(self.config.act_bits, False)]
