"""Driver of signflow accelerators on PYNQ boards."""

from .accelerator import Accelerator
from .description import Description, HostStep, HostTail, StreamFormat, load_description
from .errors import BusError, DriverError, InputError, MismatchError, StallError
from .frames import folder_frames
from .inspection import Inspection, Verdict
from .meaning import Meaning, decide
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
    "Meaning",
    "MismatchError",
    "Performance",
    "StallError",
    "StreamFormat",
    "Verdict",
    "decide",
    "folder_frames",
    "load_description",
]
