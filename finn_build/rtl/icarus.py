"""Icarus Verilog reads the plain form: `python -m finn_build.rtl.icarus out/<build>/stitched`, after `--rtl verilog`.

Icarus Verilog comes from the system's packages, no wheel of it exists, so the tests run it where it is installed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from finn_build import processes
from finn_build.terminal import Parser

_INSTALL = "iverilog is not on PATH; install it: apt-get install iverilog"


def read_with_icarus(folder: Path) -> list[str]:
    """Errors and warnings of Icarus Verilog on a plain design and, where there is one, its shell.

    Args:
        folder: Folder of the design, with its memory files.

    Raises:
        FileNotFoundError: Icarus is not installed, or the design is not plain.
    """
    tool = shutil.which("iverilog")
    if tool is None:
        raise FileNotFoundError(_INSTALL)
    manifest = next((folder / name for name in ("shell.f", "sources.f") if (folder / name).is_file()), None)
    sources = [line for line in manifest.read_text().splitlines() if line[:2] != "//"] if manifest else []
    if not sources or not all(source.endswith(".v") for source in sources):
        raise FileNotFoundError(f"{folder}: no plain design; build it with --rtl verilog")
    command = [tool, "-g2005", "-Wall", "-t", "null", "-s", Path(sources[-1]).stem, *sources]
    ran = processes.run(command, cwd=folder)
    return (ran.stdout + ran.stderr).splitlines()


if __name__ == "__main__":
    options = Parser("python -m finn_build.rtl.icarus", description=(__doc__ or "").split("\n")[0])
    options.add_argument("folder", type=Path, help="stitched/ of a build")
    try:
        said = read_with_icarus(options.parse_args().folder)
    except FileNotFoundError as error:
        sys.exit(f"error: {error}")
    print("\n".join(said) or "Icarus Verilog: no error, no warning")
    sys.exit(bool(said))
