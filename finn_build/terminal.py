"""What a command says on a terminal: errors on one line; of files and folders no control character, no markup."""

from __future__ import annotations

import errno
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec, TypeVar

from rich.console import Console
from rich.markup import escape
from signflow_driver.errors import DriverError, visible
from signflow_driver.options import Parser

from finn_build.errors import ConfigError, SignflowError

__all__ = ("Parser",)
P = ParamSpec("P")
T = TypeVar("T")
_FIRST_S, _LINE_EVERY_S = 5.0, 20.0


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


def say_loading(what: str) -> None:
    """Say what is about to load: 10 to 20 seconds, where PyTorch is not yet there."""
    if "torch" not in sys.modules:
        print(f"Loading {what}", file=sys.stderr, flush=True)


def require_place(path: Path, what: str) -> None:
    """Make a folder where something is to be written, and take it away: whether one may, only the system knows.

    Raises:
        ConfigError: it refused; `what` names the option and its value.
    """
    try:
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        with TemporaryDirectory(dir=nearest):
            pass
    except OSError as error:
        raise ConfigError(f"{what}: cannot be written ({in_words(error)}); choose another place") from error


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
