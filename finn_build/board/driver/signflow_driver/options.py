"""What a command says of its options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import suggestion, visible


class Parser(argparse.ArgumentParser):
    """A command's options; of wrong ones it says what is meant, in a line instead of behind the whole usage."""

    _asked: Sequence[str] = ()

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        """As argparse does, and keeps the words."""
        self._asked = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say it and stop, with exit code 2; a misspelt option is named before one that is missing, which it may be."""
        what, _, words = message.partition(": ")
        if what == "the following arguments are required" and (unknown := self._unknown()):
            what, words = "unrecognized arguments", unknown
            message = f"{what}: {words}"
        if what == "unrecognized arguments":
            message += suggestion(words.split()[0].partition("=")[0], self._option_string_actions)
        self.exit(2, f"{self.prog}: error: {visible(message)}; `{self.prog} --help` says more\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += suggestion(str(value), map(str, action.choices or ()))
            raise

    def _unknown(self) -> str:
        """The first of the words that begins no option."""
        options = (word.partition("=")[0] for word in self._asked if word.startswith("--") and word != "--")
        known = tuple(self._option_string_actions)
        return next((name for name in options if not any(of.startswith(name) for of in known)), "")
