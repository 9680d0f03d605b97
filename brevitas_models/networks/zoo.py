"""Every network by name, and checkpoints that rebuild it.

A checkpoint is a `torch.save` file that loads with `weights_only=True`: {"model": name, "config": fields,
"state": state dict, "classes": names, "metrics": numbers}.
"""

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from brevitas_models.data.atomic import write_atomically
from brevitas_models.networks.bi_shufflenet import BiShuffleNet, BiShuffleNetConfig
from brevitas_models.networks.binary_rescnn import BinaryResCNN, BinaryResCNNConfig
from brevitas_models.networks.cnv import CNV, CNVConfig
from brevitas_models.networks.fields import require_fields
from brevitas_models.networks.fully_connected import FullyConnected, FullyConnectedConfig
from brevitas_models.networks.keyword_net import KeywordNet, KeywordNetConfig
from brevitas_models.networks.mobilenet import MobileNet, MobileNetConfig
from brevitas_models.networks.names import DEFAULT_MODEL, WEIGHTS, require_model, shipped
from brevitas_models.networks.network import Network
from brevitas_models.networks.rivals import RIVALS, RivalConfig
from brevitas_models.networks.u_binet import UBiNet, UBiNetConfig
from brevitas_models.networks.variants import VARIANTS
from finn_build.errors import ConfigError, DataError, suggestion

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


@dataclass(frozen=True)
class Entry:
    """A name in the zoo: the network's class and its default configuration."""

    build: Callable[[Any], Network]
    config: ModelConfig


_SMALL = UBiNetConfig(image_size=96, width=8)
U_BINET_SMALL = {
    "u_binet_small_w1a4": _SMALL,
    "u_binet_small_w1a2": replace(_SMALL, act_bits=2),
    "u_binet_small_w1a4_tile": replace(_SMALL, image_size=128),
}
_PYNQ = {8: 12, 4: 20, 2: 28}  # bits -> the widest network of depth 3 whose skips and weights XC7Z020 holds at 224x224
ZOO: dict[str, Entry] = {
    "bi_shufflenet": Entry(BiShuffleNet, BiShuffleNetConfig()),
    "bi_shufflenet_rgb": Entry(BiShuffleNet, BiShuffleNetConfig(in_channels=3)),
    "bi_shufflenet_tile": Entry(BiShuffleNet, BiShuffleNetConfig(image_size=96)),
    "bi_shufflenet_head8": Entry(BiShuffleNet, BiShuffleNetConfig(head_weight_bits=8)),
    **{
        f"bi_shufflenet_{row.lower()}": Entry(BiShuffleNet, BiShuffleNetConfig(**changed))
        for row, changed in VARIANTS.items()
    },
    **{f"binary_rescnn_w1a{k}": Entry(BinaryResCNN, BinaryResCNNConfig(act_bits=k)) for k in (1, 2, 4, 8)},
    **{f"cnv_w1a{k}": Entry(CNV, CNVConfig(act_bits=k)) for k in (1, 2)},
    **{
        f"{name}_w1a{k}": Entry(FullyConnected, FullyConnectedConfig(hidden=(width,) * 3, act_bits=k))
        for name, width in (("tfc", 64), ("lfc", 1024))
        for k in (1, 2)
    },
    "mobilenet_w1a4": Entry(MobileNet, MobileNetConfig()),
    "keyword_net_w1a4": Entry(KeywordNet, KeywordNetConfig()),
    "unet": Entry(UBiNet, UBiNetConfig(weight_bits=32, act_bits=32, activation="relu")),
    **{f"u_binet_w1a{k}": Entry(UBiNet, UBiNetConfig(act_bits=k)) for k in (1, 2, 4, 8, 16, 32)},
    **{f"u_binet_pynq_w1a{k}": Entry(UBiNet, UBiNetConfig(width=w, depth=3, act_bits=k)) for k, w in _PYNQ.items()},
    "u_binet_pynq_ddr_w1a4": Entry(UBiNet, UBiNetConfig(width=30, depth=3)),  # with its deepest skips in DDR
    **{name: Entry(UBiNet, config) for name, config in U_BINET_SMALL.items()},
    **{name: Entry(build, config) for name, (build, config) in RIVALS.items()},
}


@dataclass(frozen=True)
class CheckpointMeta:
    """What a checkpoint says about its network besides the weights."""

    name: str
    classes: tuple[str, ...]
    metrics: Mapping[str, Any]


def build_model(name: str, **overrides: Any) -> Network:
    """Build a network of the zoo with random weights; it carries `name`, `config` and `classes`.

    Args:
        name: a key of `ZOO`.
        overrides: fields of its configuration to change.

    Raises:
        ConfigError: unknown name or field (with a suggestion), or a value that is not legal.
    """
    config = configure(name, **overrides)
    try:
        model = ZOO[name].build(config)
    except (RuntimeError, ValueError, ZeroDivisionError) as error:  # of torch, what no rule foresees
        raise ConfigError(f"{name}: cannot be built with these options: {str(error).splitlines()[0]}") from error
    model.name = name
    return model


def configure(name: str, **overrides: Any) -> ModelConfig:
    """The configuration of `name` with some fields changed.

    Raises:
        ConfigError: unknown name or field, with a suggestion.
    """
    require_model(name)
    config = ZOO[name].config
    legal = [field.name for field in fields(config)]
    for key in overrides:
        if key not in legal:
            raise ConfigError(f"{name}: no option {key!r}{suggestion(key, legal)}; options: {', '.join(legal)}")
    frozen: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in overrides.items()
    }
    require_fields(name, config, frozen)
    return replace(config, **frozen)


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


def save_checkpoint(path: str | Path, model: Network, metrics: Mapping[str, Any] | None = None) -> Path:
    """Write a network built by `build_model`, its configuration, classes and `metrics`, atomically."""
    content = {
        "model": model.name,
        "config": asdict(model.config),
        "state": {key: value.detach().cpu() for key, value in model.state_dict().items()},
        "classes": list(model.classes),
        "metrics": dict(metrics or {}),
    }
    return write_atomically(path, lambda temporary: torch.save(content, temporary))


def load_checkpoint(path: str | Path, **overrides: Any) -> tuple[Network, ModelConfig, CheckpointMeta]:
    """Rebuild the network of a checkpoint, in eval mode, with its configuration and description.

    Args:
        path: the file.
        overrides: fields of its configuration to change, where the weights fit all the same, e.g. `image_size`.

    Raises:
        DataError: the file is missing, broken or not a signflow checkpoint.
        ConfigError: it names a model or option that this version does not have.
    """
    content = read_checkpoint_file(path, ("model", "config", "state", "classes", "metrics"))
    _require_description(path, content)
    model = build_model(content["model"], **content["config"] | overrides)
    try:
        model.load_state_dict(content["state"])
    except (RuntimeError, NotImplementedError) as error:
        first = str(error).splitlines()[-1].strip()
        raise DataError(f"{path}: weights do not fit {content['model']}: {first}") from error
    model.classes = tuple(content["classes"])
    outputs = getattr(model.config, "num_classes", len(model.classes))
    if model.classes and len(set(model.classes)) != outputs:
        raise DataError(f"{path}: {len(set(model.classes))} different classes, the network tells {outputs} apart")
    return model.eval(), model.config, CheckpointMeta(content["model"], model.classes, content["metrics"])


def _require_description(path: str | Path, content: Mapping[str, Any]) -> None:
    """Raise DataError, with all that is wrong, where a checkpoint's parts are not of their types, or not finite."""
    state, classes = content["state"], content["classes"]
    wrong = [f"{key} is no {what}" for key, what, right in (
        ("model", "name", isinstance(content["model"], str)),
        ("config", "mapping of names", _by_name(content["config"])),
        ("metrics", "mapping of names", _by_name(content["metrics"])),
        ("classes", "list of names", isinstance(classes, list | tuple) and all(isinstance(c, str) for c in classes)),
        ("state", "mapping of names to tensors", _by_name(state) and all(map(_is_plain, state.values()))),
    ) if not right]  # fmt: skip
    if not wrong:
        damaged = [key for key, value in state.items() if not torch.isfinite(value).all()]
        wrong = [f"{key} holds infinite values or no numbers" for key in damaged]
    if wrong:
        raise DataError(f"{path}: not a signflow checkpoint:", wrong)


def _by_name(content: object) -> bool:
    return isinstance(content, dict) and all(isinstance(key, str) for key in content)


def _is_plain(value: object) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_complex()
    )


def pretrained_path(name: str = DEFAULT_MODEL) -> Path:
    """The checkpoint shipped for `name`; its accuracy and protocol are in the JSON file beside it.

    Raises:
        ConfigError: no weights are shipped for that name.
    """
    path = WEIGHTS / f"{name}.pt"
    if not path.is_file():
        raise ConfigError(
            f"no trained weights for {name!r}; shipped: {', '.join(shipped())}; train with brevitas_models.train"
        )
    return path


def read_checkpoint_file(path: str | Path, keys: Iterable[str]) -> dict[str, Any]:
    """Load a torch file of plain data and check it: the checksums that its parts carry, and its keys.

    Raises:
        DataError: the file is missing, damaged or lacks one of `keys`.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise DataError(f"{path}: not a file")
    try:
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()  # torch itself does not look at them
            doubled = len(set(parts.namelist())) < len(parts.namelist())
        content = {} if damaged or doubled else torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such checkpoint") from error
    except Exception as error:  # zip, pickle and torch each have their own kinds
        raise DataError(f"{path}: not a readable checkpoint ({type(error).__name__})") from error
    if damaged:
        raise DataError(f"{path}: damaged: the checksum of {damaged!r} is wrong; copy the file again from its source")
    if doubled:
        raise DataError(f"{path}: damaged: it holds two parts of one name; copy the file again from its source")
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise DataError(f"{path}: not a signflow checkpoint; it lacks {', '.join(missing)}")
    return content
