"""KeywordNet: words in a second of speech, by convolutions over time alone.

Each of the features of a frame (40 MFCCs, say) is a channel: kernels move over time, so that all frequencies are seen
by the first layer, as in TC-ResNet. Behind it, depthwise convolutions of nine frames and pointwise ones of one bit.

Source: Choi et al. 2019 (temporal convolution on MFCCs).
"""

from brevitas.nn import QuantConv1d, QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm1d
from brevitas_models.layers.quantizers import act_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.configs.keyword_net import KeywordNetConfig
from brevitas_models.networks.network import Network


class KeywordNet(Network):
    """A convolution, units of a depthwise and a pointwise one, an average over time, a dense layer.

    Shapes:
        float32 features uint8 / 256, [N, in_channels, length], to logits [N, num_classes].

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    def __init__(self, config: KeywordNetConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        first, *units = config.channels
        layers: list[nn.Module] = [pixel_quantizer()]
        layers += self._conv(config.in_channels, first, 3, config.edge_bits)
        for channels in units:
            layers += self._conv(first, first, config.kernel, config.depthwise_bits, stride=2, groups=first)
            layers += self._conv(first, channels, 1, config.weight_bits)
            first = channels
        self.features = nn.Sequential(*layers)
        self.pool, self.quant = nn.AvgPool1d(config.length // config.shrinks), act_quantizer(config.act_bits, False)
        self.head = QuantLinear(first, config.num_classes, bias=False, **weight_quantizer(config.edge_bits))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, in_channels, length)."""
        return 1, self.config.in_channels, self.config.length

    def forward(self, x: Tensor) -> Tensor:
        """Features to logits."""
        return self.head(self.quant(self.pool(self.features(x))).flatten(1))

    def _conv(self, before: int, channels: int, kernel: int, bits: int, **options: int) -> list[nn.Module]:
        weights = weight_quantizer(bits)
        conv = QuantConv1d(before, channels, kernel, padding=kernel // 2, bias=False, **options, **weights)
        return [conv, BatchNorm1d(channels), act_quantizer(self.config.act_bits, False)]
