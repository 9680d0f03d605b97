"""What can go wrong, by whose fault it is, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DriverError(Exception):
    """Base of all errors of the driver."""


class InputError(DriverError):
    """Images of a wrong shape or data type."""


class MismatchError(DriverError):
    """The bitstream on the chip is not the one that the description was written for."""


class StallError(DriverError):
    """No stream moved for too long; the message names the one that waits."""


class BusError(DriverError):
    """The memory answered a transfer with an error."""


def visible(text: str) -> str:
    """A text on one line, whatever a file or a folder is called: what is not printable as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def suggestion(name: str, legal: Iterable[str]) -> str:
    """What a name may have been meant for, behind the sentence that refuses it; empty where nothing is like it."""
    close = get_close_matches(name, list(legal), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
