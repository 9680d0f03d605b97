"""The one tree of errors a user can meet. Every message says where, what, the legal values and the fix."""


class SignflowError(Exception):
    """Base of all errors raised on user input; the command prints its text as one line and exits non-zero."""


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


class GateError(SignflowError):
    """Two levels of the same network disagree; names layer, channel, row, column and both values."""


class TimingError(SignflowError):
    """The clock asked for is not reached by the estimate, and was required."""


class BitstreamError(SignflowError):
    """A tool on the way to the bitstream failed, or the bitstream would not work; names the tool and its log."""
