"""TFC and LFC, the dense networks of FINN's and Brevitas' examples (bnn_pynq), for 28x28 grey digits.

Three hidden layers of 64 (TFC) or 1,024 (LFC) neurons. As there, a pixel enters as the sign of 2x - 1, or as a signed
integer of as many bits as the activations have. What differs: scales are powers of two, and instead of the final
TensorNorm the last weights are ± a power of two.
"""

from itertools import pairwise
from math import log2

from brevitas.nn import QuantLinear
from torch import Tensor, nn

from brevitas_models.layers.activations import BatchNorm1d
from brevitas_models.layers.quantizers import act_quantizer, weight_quantizer
from brevitas_models.networks.configs.fully_connected import FullyConnectedConfig
from brevitas_models.networks.network import Network


class FullyConnected(Network):
    """Dense layers, each behind a quantizer.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to logits [N, num_classes].
    """

    def __init__(self, config: FullyConnectedConfig) -> None:
        super().__init__()
        self.config = config
        weights = weight_quantizer(config.weight_bits)
        sizes = (config.in_channels * config.image_size**2, *config.hidden)
        self.pixels, layers = act_quantizer(config.act_bits, True, max_value=1.0), []
        for before, features in pairwise(sizes):
            layers += [QuantLinear(before, features, bias=False, **weights), BatchNorm1d(features)]
            layers.append(act_quantizer(config.act_bits, True))
        self.layers = nn.Sequential(*layers)
        last = weight_quantizer(config.weight_bits, 2.0 ** -round(log2(sizes[-1]) / 2))
        self.head = QuantLinear(sizes[-1], config.num_classes, bias=False, **last)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits."""
        return self.head(self.layers(self.pixels(2.0 * x - 1.0).flatten(1)))
