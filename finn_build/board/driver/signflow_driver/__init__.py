"""Driver of signflow accelerators on PYNQ boards."""

from .accelerator import Accelerator
from .description import Description, HostStep, HostTail, StreamFormat, load_description
from .errors import BusError, DriverError, InputError, MismatchError, StallError
from .frames import folder_frames
from .performance import Performance

__all__ = [
    "Accelerator",
    "BusError",
    "Description",
    "DriverError",
    "HostStep",
    "HostTail",
    "InputError",
    "MismatchError",
    "Performance",
    "StallError",
    "StreamFormat",
    "folder_frames",
    "load_description",
]
