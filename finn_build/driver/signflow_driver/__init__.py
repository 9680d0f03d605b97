"""Driver of signflow accelerators on PYNQ boards."""

from .accelerator import Accelerator
from .description import Description, load_description
from .errors import BusError, DriverError, InputError, MismatchError, StallError

__all__ = [
    "Accelerator",
    "BusError",
    "Description",
    "DriverError",
    "InputError",
    "MismatchError",
    "StallError",
    "load_description",
]
