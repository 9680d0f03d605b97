"""Which wave format this machine can compile."""

from __future__ import annotations

import logging
import subprocess
from functools import cache

from sim._toolchain import compiler


@cache
def wave_format() -> str:
    """Return "fst", or "vcd" with a warning where zlib's header or library is missing."""
    program = "#include <zlib.h>\nint main() { return zlibVersion() == nullptr; }\n"
    command = [compiler(), "-x", "c++", "-", "-lz", "-o", "/dev/null"]
    if subprocess.run(command, input=program, text=True, capture_output=True, check=False).returncode == 0:
        return "fst"
    logging.getLogger("signflow").warning("waves are written as VCD: FST needs zlib's header (apt install zlib1g-dev)")
    return "vcd"
