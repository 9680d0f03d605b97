"""Help and typos of the commands that load PyTorch, told before it is: what they take is in `commands.json`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from brevitas_models.networks.names import require_model, shipped
from finn_build.errors import DataError, suggestion
from finn_build.terminal import Parser

COMMANDS = Path(__file__).with_name("commands.json")
_TYPES = {"int": int, "float": float}
_READ = ("data", "init", "neu", "magnetic_tile")  # options that name what has to be there
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


def check(name: str, words: Sequence[str]) -> None:
    """Look at the words of a command; one that is not told of here passes.

    Raises:
        SystemExit: after its help, or with what is wrong with its options, as argparse says it.
        ConfigError: the zoo has no such network.
        DataError: a file or folder that has to be there is not.
    """
    about = commands().get(name, {})
    if "help" not in about:
        return
    parser = Parser(f"signflow {name}", usage=about["usage"], add_help=False)
    parser.add_argument("-h", "--help", action=_Help, text=about["help"])
    for argument in about["arguments"]:
        names, argument["type"] = argument.pop("names"), _TYPES.get(argument.get("type"))
        parser.add_argument(*names, **{key: value for key, value in argument.items() if value is not None})
    asked = vars(parser.parse_args(words))
    if asked.get("model"):
        require_model(asked["model"])
    for option in _READ:
        if (asked.get(option) or "") not in _FREE and not Path(asked[option]).exists():
            raise DataError(f"--{option.replace('_', '-')} {asked[option]}: no such file or folder")
    given = asked.get("checkpoint")
    if given and not Path(given).exists() and given not in shipped():
        legal = f"a file, or shipped weights: {', '.join(shipped())}"
        raise DataError(f"{given}: no such checkpoint{suggestion(given, shipped())}; legal: {legal}")
