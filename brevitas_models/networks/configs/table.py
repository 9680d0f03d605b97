"""Every network's default configuration by name, and how its fields are changed; needs no PyTorch."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import yaml

from brevitas_models.layers.values import ACT_BITS, WEIGHT_BITS, require_bits
from brevitas_models.networks.configs.bi_shufflenet import BiShuffleNetConfig
from brevitas_models.networks.configs.binary_rescnn import BinaryResCNNConfig
from brevitas_models.networks.configs.cnv import CNVConfig
from brevitas_models.networks.configs.fully_connected import FullyConnectedConfig
from brevitas_models.networks.configs.keyword_net import KeywordNetConfig
from brevitas_models.networks.configs.mobilenet import MobileNetConfig
from brevitas_models.networks.configs.rivals import RIVALS, RivalConfig
from brevitas_models.networks.configs.u_binet import UBiNetConfig
from brevitas_models.networks.fields import require_fields
from brevitas_models.networks.names import require_model
from brevitas_models.networks.variants import VARIANTS
from finn_build.errors import ConfigError, suggestion

ModelConfig = (
    BiShuffleNetConfig
    | BinaryResCNNConfig
    | CNVConfig
    | FullyConnectedConfig
    | KeywordNetConfig
    | MobileNetConfig
    | RivalConfig
    | UBiNetConfig
)


_SMALL = UBiNetConfig(image_size=96, width=8)
U_BINET_SMALL = {
    "u_binet_small_w1a4": _SMALL,
    "u_binet_small_w1a2": replace(_SMALL, act_bits=2),
    "u_binet_small_w1a4_tile": replace(_SMALL, image_size=128),
}
_PYNQ = {8: 12, 4: 20, 2: 28}  # bits -> the widest network of depth 3 whose skips and weights XC7Z020 holds at 224x224
CONFIGS: Mapping[str, ModelConfig] = {
    "bi_shufflenet": BiShuffleNetConfig(),
    "bi_shufflenet_rgb": BiShuffleNetConfig(in_channels=3),
    "bi_shufflenet_tile": BiShuffleNetConfig(image_size=96),
    "bi_shufflenet_head8": BiShuffleNetConfig(head_weight_bits=8),
    **{f"bi_shufflenet_{row.lower()}": BiShuffleNetConfig(**changed) for row, changed in VARIANTS.items()},
    **{f"binary_rescnn_w1a{k}": BinaryResCNNConfig(act_bits=k) for k in (1, 2, 4, 8)},
    **{f"cnv_w1a{k}": CNVConfig(act_bits=k) for k in (1, 2)},
    **{
        f"{name}_w1a{k}": FullyConnectedConfig(hidden=(width,) * 3, act_bits=k)
        for name, width in (("tfc", 64), ("lfc", 1024))
        for k in (1, 2)
    },
    "mobilenet_w1a4": MobileNetConfig(),
    "keyword_net_w1a4": KeywordNetConfig(),
    "unet": UBiNetConfig(weight_bits=32, act_bits=32, activation="relu"),
    **{f"u_binet_w1a{k}": UBiNetConfig(act_bits=k) for k in (1, 2, 4, 8, 16, 32)},
    **{f"u_binet_pynq_w1a{k}": UBiNetConfig(width=w, depth=3, act_bits=k) for k, w in _PYNQ.items()},
    "u_binet_pynq_ddr_w1a4": UBiNetConfig(width=30, depth=3),  # with its deepest skips in DDR
    **U_BINET_SMALL,
    **RIVALS,
}
_BITS = {"act_bits": ACT_BITS, "weight_bits": WEIGHT_BITS, "depthwise_bits": WEIGHT_BITS, "edge_bits": WEIGHT_BITS}


def configure(name: str, **overrides: Any) -> ModelConfig:
    """The configuration of `name` with some fields changed.

    Raises:
        ConfigError: unknown name or field, with a suggestion, or a value that is not legal.
    """
    require_model(name)
    config = CONFIGS[name]
    legal = [field.name for field in fields(config)]
    for key in overrides:
        if key not in legal:
            raise ConfigError(f"{name}: no option {key!r}{suggestion(key, legal)}; options: {', '.join(legal)}")
    frozen: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in overrides.items()
    }
    require_fields(name, config, frozen)
    changed = replace(config, **frozen)
    try:
        for key in frozen:
            for bits in (bits for end, bits in _BITS.items() if key.endswith(end)):
                require_bits(key, frozen[key], bits)
        changed.check()
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error
    return changed


def parse_overrides(pairs: Iterable[str]) -> dict[str, Any]:
    """Fields of a configuration from `key=value`, the values in YAML: 4, true and [16,32] mean what they look like.

    Raises:
        ConfigError: a pair has no equals sign.
    """
    overrides = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set {pair}: write it as KEY=VALUE, for example --set in_channels=3")
        try:
            overrides[key] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ConfigError(f"--set {pair}: its value is no YAML ({type(error).__name__})") from error
    return overrides
