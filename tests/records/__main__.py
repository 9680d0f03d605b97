"""Write the records again, when what they hold was meant to change: `python -m tests.records`."""

import benchmarks.usage  # isort: skip  # noqa: F401

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from finn_build.finn.environment import prepare_finn


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.records", description=__doc__)
    parser.add_argument("--networks", action="store_true", help="draw those that are not there, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="signflow_records_") as folder:
        prepare_finn(Path(folder))
        from tests.records import changed, formulas, graphs, hands, ops, windows
        from tests.records.record import write

        if options.networks:
            graphs.write_networks()
        write("ops", {name: said for stem in ops.OPS for name, said in ops.said_of(stem).items()})
        write("formulas", formulas.said_of_formulas())
        write("windows", windows.said_of_windows())
        write("integers", {name: graphs.integers_of(name, Path(folder)) for name in graphs.names()})
        groups = (changed.said_of_changed(group, Path(folder)) for group in range(changed.GROUPS))
        write("changed", {name: said for group in groups for name, said in group.items()})
        write("hands", hands.said_of_hands(Path(folder)))
        write("streams", {name: graphs.streams_of(name, Path(folder)) for name in graphs.names()})


if __name__ == "__main__":
    main()
