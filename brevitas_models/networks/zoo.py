"""Every network by name, and checkpoints that rebuild it.

A checkpoint is a `torch.save` file that loads with `weights_only=True`: {"model": name, "config": fields,
"state": state dict, "classes": names, "metrics": numbers}.
"""

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from brevitas_models.data.atomic import write_atomically
from brevitas_models.networks.bi_shufflenet import BiShuffleNet
from brevitas_models.networks.binary_rescnn import BinaryResCNN
from brevitas_models.networks.cnv import CNV
from brevitas_models.networks.configs.bi_shufflenet import BiShuffleNetConfig
from brevitas_models.networks.configs.binary_rescnn import BinaryResCNNConfig
from brevitas_models.networks.configs.cnv import CNVConfig
from brevitas_models.networks.configs.fully_connected import FullyConnectedConfig
from brevitas_models.networks.configs.keyword_net import KeywordNetConfig
from brevitas_models.networks.configs.mobilenet import MobileNetConfig
from brevitas_models.networks.configs.table import CONFIGS, ModelConfig, configure
from brevitas_models.networks.configs.u_binet import UBiNetConfig
from brevitas_models.networks.fully_connected import FullyConnected
from brevitas_models.networks.keyword_net import KeywordNet
from brevitas_models.networks.mobilenet import MobileNet
from brevitas_models.networks.names import DEFAULT_MODEL, WEIGHTS, shipped
from brevitas_models.networks.network import Network
from brevitas_models.networks.rivals import RIVALS
from brevitas_models.networks.u_binet import UBiNet
from finn_build.errors import ConfigError, DataError

_ZIP_END = 22  # bytes of the record that a zip file ends in


@dataclass(frozen=True)
class Entry:
    """A name in the zoo: the network's class and its default configuration."""

    build: Callable[[Any], Network]
    config: ModelConfig


_CLASSES: dict[type, Callable[[Any], Network]] = {
    BiShuffleNetConfig: BiShuffleNet,
    BinaryResCNNConfig: BinaryResCNN,
    CNVConfig: CNV,
    FullyConnectedConfig: FullyConnected,
    KeywordNetConfig: KeywordNet,
    MobileNetConfig: MobileNet,
    UBiNetConfig: UBiNet,
}
ZOO: dict[str, Entry] = {
    name: Entry(RIVALS.get(name) or _CLASSES[type(config)], config) for name, config in CONFIGS.items()
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
            f"no trained weights for {name!r}; shipped: {', '.join(shipped())}; train it with signflow train"
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
            damaged = parts.testzip()
            doubled = len(set(parts.namelist())) < len(parts.namelist())
            longer = Path(path).read_bytes()[-_ZIP_END:][:4] != b"PK\5\6"
            sound = not (damaged or doubled or longer)
            content = torch.load(_copied(parts), map_location="cpu", weights_only=True) if sound else {}
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such checkpoint") from error
    except Exception as error:  # zip, pickle and torch each have their own kinds
        raise DataError(f"{path}: not a readable checkpoint ({type(error).__name__})") from error
    if damaged:
        raise DataError(f"{path}: damaged: the checksum of {damaged!r} is wrong; copy the file again from its source")
    if doubled:
        raise DataError(f"{path}: damaged: it holds two parts of one name; copy the file again from its source")
    if longer:
        raise DataError(f"{path}: damaged: more bytes behind its end; copy the file again from its source")
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise DataError(f"{path}: not a signflow checkpoint; it lacks {', '.join(missing)}")
    return content


def _copied(parts: zipfile.ZipFile) -> BytesIO:
    """A zip file's parts as their checksums were compared: torch compares none, and reads damaged headers otherwise.

    A bit of the directory makes a part a folder, whose content torch leaves as memory was.
    """
    copy = BytesIO()
    with zipfile.ZipFile(copy, "w") as written:
        for name in parts.namelist():
            written.writestr(name, parts.read(name))
    copy.seek(0)
    return copy
