"""U-BiNet: U-Net of half the channels, 1-bit weights and k-bit activations, which segments defects; and U-Net itself.

Every convolution is followed by batch norm, RSiLU and a quantizer of k bits. All quantizers have one constant range,
[0, 4) (signed: [-4, 4)), so that every map of the network is on one scale: what batch norm learns takes the place of a
learned range, and a concatenation of skip and upsampled map is wires. The levels are those of eq. 4, 0 to 2^k - 1, with
a power of two for a step.

What the paper leaves open, and the reading taken here:

- Convolutions pad with zeros, so that the mask has the size of the image; U-Net's own shrink the map.
- Both edges have 1-bit weights too ("we initially replaced all vanilla convolutional layers"); 8 bits are an option.
- Up-convolutions are U-Net's, 2x2 with stride 2, with 1-bit weights.
- One logit per pixel, behind batch norm, and a mask by its sign.

Trained weights are in weights/, with data, protocol and recipe beside them: a quarter of the channels, grouped split,
one seed, hardware arithmetic, all pixels of the test images (51 NEU patches at 96x96; 20 magnetic tiles with blowholes
at 128x128). The paper's figures are of its full size and of another split.

    model                      precision  recall  Dice    accuracy  FPR     FNR     MAE     in the paper
    u_binet_small_w1a4         0.886      0.927   0.906   0.957     0.034   0.073   0.043   Dice 0.875
    u_binet_small_w1a2         0.888      0.912   0.900   0.955     0.033   0.088   0.045   Dice 0.879
    u_binet_small_w1a4_tile    0.740      0.689   0.714   0.999     0.0003  0.311   0.0006  precision .936, recall .793

Source: section 3.2, figure 3 and equations 4 to 6 of the paper; [41] for what it takes from U-Net.
"""

import torch
from brevitas.nn import QuantConvTranspose2d, QuantIdentity
from torch import Tensor, nn
from torch.nn import functional as F

from brevitas_models.layers.activations import BatchNorm2d, activation
from brevitas_models.layers.conv_units import Conv2d, ConvUnit
from brevitas_models.layers.quantizers import BipolarAct, constant_quantizer, pixel_quantizer, weight_quantizer
from brevitas_models.networks.configs.u_binet import UBiNetConfig
from brevitas_models.networks.network import Network

ACT_RANGE = 4.0
LOGIT_SPREAD = 4.0  # at first; the soft counts of a Tversky loss need sure pixels, above all where defects are rare


class Up(nn.Module):
    """One level of the way up: double the map, join the skip, two convolutions.

    Shapes:
        x [N, 2 channels, side // 2, side // 2], skip [N, channels, side, side], to [N, channels, side, side].
    """

    def __init__(self, config: UBiNetConfig, level: int, skip: bool) -> None:
        super().__init__()
        channels = config.width << level
        self.odd = (config.image_size >> level) % 2
        self.nearest = config.upsample == "nearest"
        self.conv = _unit(config, _up_conv(config, channels), channels)
        self.pair = _pair(config, (2 if skip else 1) * channels, channels, config.weight_bits)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """Upsample, pad an odd map by a last row and column of zeros, concatenate (skip first), convolve."""
        x = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest") if self.nearest else x)
        if self.odd:
            x = F.pad(x, (0, 1, 0, 1))
        return self.pair(x if skip is None else torch.cat((skip, x), 1))


class UBiNet(Network):
    """Levels of two convolutions, each below a max pool, and the same way up with skips; then one logit per pixel.

    Shapes:
        float32 images uint8 / 256, [N, in_channels, image_size, image_size], to [N, 1, image_size, image_size]: logits
        in training mode, in eval mode the mask, +1 for defect and -1.

    Raises:
        ConfigError: a field of `config` is not legal.
    """

    task = "mask"

    def __init__(self, config: UBiNetConfig) -> None:
        super().__init__()
        config.check()
        self.config = config
        self.pixels = pixel_quantizer()
        edge_bits = 32 if config.weight_bits == 32 else config.edge_weight_bits
        widths = (config.in_channels, *(config.width << level for level in range(config.depth + 1)))
        self.down = nn.ModuleList(
            _pair(config, widths[level], widths[level + 1], config.weight_bits if level else edge_bits)
            for level in range(config.depth + 1)
        )
        self.skips = config.levels
        self.up = nn.ModuleList(Up(config, level, skip) for level, skip in enumerate(self.skips))
        self.pool = nn.MaxPool2d(2)
        norm = BatchNorm2d(1)
        nn.init.constant_(norm.weight, LOGIT_SPREAD)
        self.head = ConvUnit(Conv2d(config.width, 1, 1, bits=edge_bits), norm)
        self.sign = QuantIdentity(act_quant=BipolarAct, return_quant_tensor=False)

    def logits(self, x: Tensor) -> Tensor:
        """Pixels to one logit per pixel, in either mode."""
        x = self.down[0](self.pixels(x))
        maps = []
        for pair in self.down[1:]:
            maps.append(x)
            x = pair(self.pool(x))
        for up, skip, passed in reversed(list(zip(self.up, maps, self.skips, strict=True))):
            x = up(x, skip if passed else None)
        return self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels to logits in training, to the mask in inference."""
        logits = self.logits(x)
        return logits if self.training else self.sign(logits)


def _unit(config: UBiNetConfig, conv: nn.Module, channels: int) -> nn.Sequential:
    """A convolution and all that follows every convolution."""
    quantizer = constant_quantizer(config.act_bits, config.act_signed, ACT_RANGE)
    return ConvUnit(conv, BatchNorm2d(channels), activation(config.activation, channels), quantizer)


def _pair(config: UBiNetConfig, in_channels: int, channels: int, first_bits: int) -> nn.Sequential:
    """The two 3x3 convolutions of a level."""
    first = Conv2d(in_channels, channels, 3, bits=first_bits)
    second = Conv2d(channels, channels, 3, bits=config.weight_bits)
    return nn.Sequential(_unit(config, first, channels), _unit(config, second, channels))


def _up_conv(config: UBiNetConfig, channels: int) -> nn.Module:
    if config.upsample == "nearest":
        return Conv2d(2 * channels, channels, 3, bits=config.weight_bits)
    return QuantConvTranspose2d(2 * channels, channels, 2, 2, bias=False, **weight_quantizer(config.weight_bits))
