"""What a command says on a terminal: errors on one line; of files and folders no control character, no markup."""

from __future__ import annotations

import argparse
import errno
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from rich.console import Console
from rich.markup import escape
from signflow_driver.errors import DriverError

from finn_build.errors import SignflowError, suggestion, visible

P = ParamSpec("P")
T = TypeVar("T")
_FIRST_S, _LINE_EVERY_S = 5.0, 20.0


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

    def _unknown(self) -> str:
        """The first of the words that begins no option."""
        options = (word.partition("=")[0] for word in self._asked if word.startswith("--") and word != "--")
        known = tuple(self._option_string_actions)
        return next((name for name in options if not any(of.startswith(name) for of in known)), "")


def tells_errors(command: Callable[P, int]) -> Callable[P, int]:
    """A command's function, which gives 1 where its input is wrong, and has said why."""

    @wraps(command)
    def telling(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except SignflowError as error:
            said = str(error)
        except DriverError as error:
            said = visible(str(error))
        except OSError as error:
            said = visible(f"{error.filename or 'output'}: {in_words(error)}")
        except MemoryError:
            said = "not enough memory"
        print(f"error: {said}", file=sys.stderr)
        return 1

    return telling


@contextmanager
def warned_in_a_line() -> Iterator[None]:
    """Warnings of the project are lines without a place in its code; what libraries warn of is not said."""

    def say(message: Warning | str, *_: object, **__: object) -> None:
        print(f"warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore")
        warnings.filterwarnings("default", module="brevitas_models")
        warnings.showwarning = say
        yield


def in_words(error: OSError) -> str:
    """What the system refused."""
    return "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)


def told(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Items one by one; a bar on stderr says how far it is, in a pipe a line after seconds, then now and again."""
    console, began = Console(stderr=True), time.monotonic()
    if console.is_terminal:
        from rich.progress import track  # here: most commands do without

        yield from track(items, what, total, console=console, transient=True)
        return
    due = began + _FIRST_S
    for done, item in enumerate(items):
        if (now := time.monotonic()) >= due and done:
            due = now + _LINE_EVERY_S
            left = (now - began) / done * (total - done)
            print(f"{what}: {done:,} of {total:,}, about {left:.0f} s left", file=sys.stderr, flush=True)
        yield item


def plain(value: Any) -> Any:
    """A text as it is printed letter by letter; of a mapping or a sequence, all texts in it."""
    if isinstance(value, str):
        return escape(visible(value))
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def open_console(file_width: int, stderr: bool = False) -> Console:
    """A terminal at its own width, a file or pipe at one that holds a table."""
    found = Console(stderr=stderr, emoji=False)
    return found if found.is_terminal else Console(stderr=stderr, width=file_width, emoji=False)
