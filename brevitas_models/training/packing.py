"""Pack a checkpoint for shipping: 1-bit weights as signs of one byte, a quarter of the file, the same network.

python -m brevitas_models.training.pack runs/steel/best.pt brevitas_models/weights/bi_shufflenet.pt

The magnitudes behind the signs are dropped: only training reads them, and a training that starts from a packed
checkpoint (`--init`) gives the signs those of a new network, small enough to change.
"""

from pathlib import Path

import torch
from brevitas.nn.quant_layer import QuantWeightBiasInputOutputLayer
from torch import Tensor, nn

from brevitas_models.data.atomic import write_atomically
from brevitas_models.networks.zoo import load_checkpoint, read_checkpoint_file


def pack(source: Path, target: Path) -> Path:
    """Write `source` packed to `target`.

    Raises:
        DataError: `source` is not a readable checkpoint.
    """
    model, *_ = load_checkpoint(source)
    content = read_checkpoint_file(source, ("state",))
    for name in binary_weights(model):
        content["state"][name] = signs(content["state"][name])
    return write_atomically(target, lambda path: torch.save(content, path))


def binary_weights(model: nn.Module) -> list[str]:
    """Names of the parameters behind 1-bit weights."""
    layers = {n: m.weight_quant for n, m in model.named_modules() if isinstance(m, QuantWeightBiasInputOutputLayer)}
    return [f"{n}.weight" for n, quant in layers.items() if quant.is_quant_enabled and quant.bit_width() == 1]


def signs(weights: Tensor) -> Tensor:
    """+1 for weights >= 0, else -1, as the quantizer has it; int8, which loads into float parameters."""
    return torch.where(weights >= 0, 1, -1).to(torch.int8)
