"""The command line of Vivado, as far as a batch run needs it."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.board.bitstream.vivado.block_design import VivadoError
from tests.board.bitstream.vivado.finn_session import FinnSession
from tests.board.bitstream.vivado.session import Session

parser = ArgumentParser("vivado", allow_abbrev=False)
parser.add_argument("-mode", choices=("batch",), required=True)
parser.add_argument("-source", type=Path, required=True)
parser.add_argument("-notrace", action="store_true")
options = parser.parse_args()
finn = options.source.name == "make_project.tcl"  # of CreateStitchedIP
session = FinnSession() if finn else Session(tuple(os.environ.get("RECORDER_BOARDS", "").split()))
try:
    session.source(options.source.absolute())
except VivadoError as error:
    sys.exit(print(f"ERROR: [Recorder 1-1] {error}") or 1)
finally:
    if log := os.environ.get("RECORDER_LOG"):
        Path(log).write_text("\n".join(session.log) + "\n")
