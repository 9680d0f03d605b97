"""Writes finn_build/commands.json: options of every command, for completion; of those that load PyTorch all, so that
help and typos need not wait for it.
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from finn_build.console import COMMANDS

PAGE = Path(__file__).resolve().parent.parent / "finn_build" / "commands.json"
SLOW = ("train", "evaluate", "inspect", "complexity", "experiments")
_COLUMNS = "100"


class _Parsed(Exception):
    """Carries the parser of a command that was about to parse."""


def page() -> str:
    """The file as it has to be."""
    return json.dumps({name: _described(name) for name in COMMANDS}, indent=1) + "\n"


def _described(name: str) -> dict[str, Any]:
    parser = _parser(name)
    options = {"options": [option for action in parser._actions for option in action.option_strings]}
    return options | (_taken(parser) if name in SLOW else {})


def _taken(parser: argparse.ArgumentParser) -> dict[str, Any]:
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        said = {"usage": parser.format_usage().removeprefix("usage: ").rstrip(), "help": parser.format_help()}
    finally:
        os.environ.pop("COLUMNS") if columns is None else os.environ.update(COLUMNS=columns)
    return said | {"arguments": [_argument(action) for action in parser._actions if action.dest != "help"]}


def _parser(name: str) -> argparse.ArgumentParser:
    """The parser that a command makes for itself."""
    taken = argparse.ArgumentParser.parse_args

    def caught(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _Parsed(self)

    argparse.ArgumentParser.parse_args = caught  # type: ignore[assignment,method-assign]
    try:
        import_module(COMMANDS[name][0]).main([])
    except _Parsed as found:
        parser: argparse.ArgumentParser = found.args[0]
        return parser
    finally:
        argparse.ArgumentParser.parse_args = taken  # type: ignore[method-assign]
    raise AssertionError(f"{name}: parses nothing")


def _argument(action: argparse.Action) -> dict[str, Any]:
    """What `add_argument` needs to take the same words."""
    kind = {"_StoreTrueAction": "store_true", "_StoreFalseAction": "store_false", "_AppendAction": "append"}
    flagged = action.nargs == 0
    said: dict[str, Any] = {"names": action.option_strings or [action.dest]}
    said |= {"action": kind[type(action).__name__]} if type(action).__name__ in kind else {}
    said |= {} if action.nargs is None or flagged else {"nargs": action.nargs}
    said |= {"type": action.type.__name__} if action.type in (int, float) else {}  # type: ignore[union-attr]
    said |= {"choices": list(action.choices)} if action.choices is not None else {}
    said |= {"dest": action.dest, "required": action.required} if action.option_strings else {}
    return said


if __name__ == "__main__":
    PAGE.write_text(page())
