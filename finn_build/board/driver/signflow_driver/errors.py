"""What can go wrong, by whose fault it is."""


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
