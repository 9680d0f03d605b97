"""Every network of the zoo that a board takes, of few channels and with random weights.

Networks that differ in channels, depth or the size of images alone are one case. Left out are those in float, and
Bi-RealNet and ReActNet-A, whose weights are more than either board has block RAM.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from brevitas_models.networks import bi_shufflenet
from brevitas_models.networks.configs.table import ModelConfig
from brevitas_models.networks.rivals import RIVALS
from brevitas_models.networks.zoo import ZOO
from finn_build.frontend import network as networks
from finn_build.frontend.export import export_qonnx
from tests.builds.networks import randomize

SIZE = 32
SMALL: dict[str, dict[str, Any]] = {
    "BiShuffleNetConfig": {"head_channels": 16},
    "BinaryResCNNConfig": {"channels": (4, 6), "blocks": (1, 1)},
    "CNVConfig": {"width": 4},
    "FullyConnectedConfig": {"hidden": (8, 6)},
    "KeywordNetConfig": {"in_channels": 2, "length": 8, "channels": (4, 6), "kernel": 3},
    "MobileNetConfig": {"width": 1},
    "UBiNetConfig": {"width": 4, "depth": 2},
}


def _small(name: str) -> ModelConfig:
    config = ZOO[name].config
    size = {"image_size": SIZE} if hasattr(config, "image_size") else {}
    return replace(config, **size, **SMALL[type(config).__name__])


def _is_for_hardware(name: str) -> bool:
    bits = (getattr(ZOO[name].config, key, 1) for key in ("weight_bits", "act_bits", "shortcut_bits"))
    return name not in RIVALS and max(bits) <= 8


CASES = list({_small(name): name for name in reversed(ZOO) if _is_for_hardware(name)}.values())


def small_network(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> networks.ImportedNetwork:
    """One of `CASES`, by way of a QONNX file in a folder."""
    monkeypatch.setattr(bi_shufflenet, "STEM_CHANNELS", 4)
    monkeypatch.setattr(bi_shufflenet, "STAGE_CHANNELS", (8, 16))
    monkeypatch.setattr(bi_shufflenet, "BASIC_UNITS", (1, 0))
    monkeypatch.setattr(bi_shufflenet, "DOWNSAMPLING", 16)
    torch.manual_seed(0)
    model = randomize(ZOO[name].build(_small(name)), seed=1)
    return networks.from_qonnx(export_qonnx(model, folder / "net.onnx", model.input_shape))
