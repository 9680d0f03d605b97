"""The command lines of Vitis HLS, old (`vitis_hls -f FILE`) and new (`vitis-run --mode hls --tcl FILE`)."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.hls.vitis.session import Session, VitisError

parser = ArgumentParser(allow_abbrev=False)
if Path(sys.argv[1]).name == "vitis_hls":
    parser.add_argument("-f", dest="script", type=Path, required=True)
else:
    parser.add_argument("--mode", choices=("hls",), required=True)
    parser.add_argument("--tcl", dest="script", type=Path, required=True)
session = Session()
try:
    session.source(parser.parse_args(sys.argv[2:]).script.absolute())
except VitisError as error:
    sys.exit(print(f"ERROR: [HLS 200-1] {error}") or 1)
finally:
    Path(os.environ["RECORDER_LOG"]).write_text("\n".join(session.log) + "\n")
