"""Help and typos of the commands that load PyTorch, told before it is: what they take is in `commands.json`."""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from brevitas_models.data.index import find_images, of_classes
from brevitas_models.inspection.windows import choose
from brevitas_models.networks.configs.table import configure, parse_overrides
from brevitas_models.networks.description import describe
from brevitas_models.networks.names import DEFAULT_MODEL, WEIGHTS, shipped
from brevitas_models.training.train_config import TrainConfig, require_fresh
from finn_build.errors import DataError, suggestion
from finn_build.terminal import Parser, require_place

COMMANDS = Path(__file__).with_name("commands.json")
_TYPES = {"int": int, "float": float}
_FOLDERS = ("data", "neu", "magnetic_tile")  # options that name images
_FREE = ("", "synthetic")  # and what they take besides


class _Help(argparse.Action):
    def __init__(self, text: str, **rest: Any) -> None:
        super().__init__(nargs=0, **rest)
        self.text = text

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(self.text, end="")
        parser.exit()


def commands() -> dict[str, dict[str, Any]]:
    """What is known of each command."""
    return dict(json.loads(COMMANDS.read_text()))


def check(name: str, words: Sequence[str]) -> bool:
    """Look at the words of a command; one that is not told of here passes.

    Returns:
        Whether it is told of here, so loads PyTorch.

    Raises:
        SystemExit: after its help, or with what is wrong with its options, as argparse says it.
        ConfigError: the zoo has no such network, a network or training no such option or value, or nothing can be
            written to the place named.
        DataError: a file or folder that has to be there is not, its index cannot be understood, or has no such class.
    """
    about = commands().get(name, {})
    if "help" not in about:
        return False
    parser = Parser(f"signflow {name}", usage=about["usage"], add_help=False)
    parser.add_argument("-h", "--help", action=_Help, text=about["help"])
    for argument in about["arguments"]:
        names, argument["type"] = argument.pop("names"), _TYPES.get(argument.get("type"))
        parser.add_argument(*names, **{key: value for key, value in argument.items() if value is not None})
    asked = vars(parser.parse_args(words))
    if name == "train":
        _check_training(asked)
    elif asked.get("model"):
        configure(asked["model"], **parse_overrides(asked.get("set") or ()))
    if asked.get("checkpoint"):
        _check_network(name, argparse.Namespace(**asked))
    for option in _FOLDERS:
        if (asked.get(option) or "") not in _FREE:
            _check_folder(Path(asked[option]), asked.get("classes") or ())
    if asked.get("out"):
        require_place(Path(asked["out"]), f"--out {asked['out']}")
    return True


def _check_training(asked: dict[str, Any]) -> None:
    """Look at all that a training is told of itself; what it is not told is as by default."""
    own = {"model": asked["model"] or DEFAULT_MODEL, "overrides": parse_overrides(asked["set"] or ())}
    told = {field.name: asked[field.name] for field in fields(TrainConfig) if asked.get(field.name) is not None}
    TrainConfig(**told | own).check()
    if asked["init"]:
        describe(Path(asked["init"]))
    if not asked["resume"]:
        require_fresh(Path(asked["out"]))


def _check_network(name: str, asked: argparse.Namespace) -> None:
    """Look at what a checkpoint says of itself, and for an inspection, whether it can be had from it."""
    given = asked.checkpoint
    if not Path(given).exists() and given not in shipped():
        legal = f"a file, or shipped weights: {', '.join(shipped())}"
        raise DataError(f"{given}: no such checkpoint{suggestion(given, shipped())}; legal: {legal}")
    about = describe(Path(given) if Path(given).is_file() else WEIGHTS / f"{given}.pt")
    if about and name == "inspect":
        choose(asked, about)


def _check_folder(folder: Path, classes: Sequence[str]) -> None:
    """Look at a folder's index or its classes; the images are read later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said once, by the command
        rows = find_images(folder)
    if classes:
        of_classes(folder, rows, classes)
