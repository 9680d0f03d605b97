"""Networks with random parameters and batch norm statistics, negative scales and slopes included."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from brevitas_models.layers.activations import RPReLU, RSign, RSiLU


@torch.no_grad()
def randomize(model: nn.Module, seed: int) -> nn.Module:
    """Give every batch norm and activation function random parameters; returns the model in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            size = (module.num_features,)
            module.running_mean.copy_(torch.randn(size, generator=generator) * 3)
            module.running_var.copy_(torch.rand(size, generator=generator) * 50 + 0.5)
            module.weight.copy_(torch.randn(size, generator=generator) * 2)
            module.bias.copy_(torch.randn(size, generator=generator))
        elif isinstance(module, RSign | RPReLU | RSiLU):
            for parameter in module.parameters(recurse=False):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    return model.eval()


def random_images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Float32 images uint8 / 256."""
    return (np.random.default_rng(seed).integers(0, 256, shape) / 256).astype(np.float32)


def write_image(path: Path, pixels: np.ndarray) -> Path:
    """Write grey uint8 pixels as a PNG file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
