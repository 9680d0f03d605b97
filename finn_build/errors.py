"""The one tree of errors a user can meet. Every message says where, what, the legal values and the fix."""

from collections.abc import Iterable

from signflow_driver.errors import suggestion, visible

__all__ = ("suggestion", "visible")
_LONGEST = 2000  # characters of a line


def _of_a_line(text: str) -> str:
    """Its begin and its end, where a name of the file is as long as a book."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} [...] {text[-_LONGEST // 4 :]}"


class SignflowError(Exception):
    """Base of all errors raised on user input; the command prints its text and exits non-zero.

    The text is one line, and a line for each of those listed; it holds no control character.
    """

    def __init__(self, what: str, listed: Iterable[str] = ()):
        super().__init__(what, tuple(listed))

    def __str__(self) -> str:
        what, listed = self.args
        return "\n  ".join(_of_a_line(visible(line)) for line in (what, *listed))


class ConfigError(SignflowError):
    """A YAML file, command-line option or folding is invalid."""


class UnsupportedModelError(SignflowError):
    """The network holds something that cannot be built; raised by the pre-flight with every offending node."""


class DataError(SignflowError):
    """Images, masks or checkpoints are missing, unreadable or of the wrong shape."""


class SimulationError(SignflowError):
    """The simulator failed to compile, stalled or broke a stream protocol."""


class LintError(SignflowError):
    """Files of the design hold what a tool that they are for refuses, by its public record."""


def require_clean(found: Iterable[object]) -> None:
    """Let nothing through that a lint has found.

    Raises:
        LintError: it found something.
    """
    if places := [str(finding) for finding in found]:
        raise LintError(f"--lint vivado: {len(places)} place(s) break a rule of docs/vivado.md:", places)


class GateError(SignflowError):
    """Two levels of the same network disagree; names layer, channel, row, column and both values."""


class TimingError(SignflowError):
    """The clock asked for is not reached by the estimate, and was required."""


class BitstreamError(SignflowError):
    """A tool on the way to the bitstream failed, or the bitstream would not work; names the tool and its log."""
