"""Write the records again, when what they hold was meant to change: `python -m tests.records [--networks]`."""

import benchmarks.usage  # isort: skip  # noqa: F401

import sys
import tempfile
from pathlib import Path

from finn_build.finn.environment import prepare_finn

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="signflow_records_") as folder:
        prepare_finn(Path(folder))
        from tests.records import graphs, ops, windows
        from tests.records.record import write

        if "--networks" in sys.argv:
            graphs.write_networks()
        write("ops", {name: said for stem in ops.OPS for name, said in ops.said_of(stem).items()})
        write("windows", windows.said_of_windows())
        write("integers", {name: graphs.integers_of(name, Path(folder)) for name in graphs.names()})
        write("streams", {name: graphs.streams_of(name, Path(folder)) for name in graphs.names()})
