"""Driver of signflow accelerators on PYNQ boards."""

from .accelerator import Accelerator
from .description import Description, HostStep, HostTail, StreamFormat, load_description
from .errors import BusError, DriverError, InputError, MismatchError, StallError
from .frames import folder_frames
from .inspection import Inspection, Verdict
from .performance import Performance

__all__ = [
    "Accelerator",
    "BusError",
    "Description",
    "DriverError",
    "HostStep",
    "HostTail",
    "InputError",
    "Inspection",
    "MismatchError",
    "Performance",
    "StallError",
    "StreamFormat",
    "Verdict",
    "folder_frames",
    "load_description",
]
