"""Sweep: predicted designs over networks, boards and target rates, as a table and a plot of rate against LUTs.

  signflow sweep --models cnv_w1a1 cnv_w1a2 --boards pynq-z2 --targets 500 1000 2000 4000 max --out out/sweep
      networks of the zoo by their bits; "max" is the fastest design that fits
  signflow sweep --models u_binet_w1a4 --size 224 --boards zcu104 --targets 50 100 200 max --workers 2 --out out/masks
      in two processes, or on any cluster: --scheduler tcp://host:8786

Nothing is simulated. OUT gets results.jsonl, a line a design, sweep.md, sweep.svg and sweep.png. Interrupted, the same
command goes on where it stopped; with more targets, it computes those alone.

Exit code: 0 all computed, 1 some network could not be built (a line each on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from brevitas_models.networks.names import require_model
from finn_build.config import load_board
from finn_build.errors import ConfigError, SignflowError
from finn_build.options import limit_option, rate_option
from finn_build.sweep.points import Line, Row, compute
from finn_build.terminal import Parser, tells_errors

Asked = tuple[Line, list[float | str]]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = Parser(prog="signflow sweep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--models", nargs="+", required=True, metavar="NAME", help="networks of the zoo")
    p.add_argument("--boards", nargs="+", default=["pynq-z2"], metavar="BOARD", help="(default: pynq-z2)")
    p.add_argument(
        "--targets", nargs="+", type=rate_option, default=["max"], metavar="FPS|max", help="rates (default: max)"
    )
    p.add_argument("--size", type=int, default=0, metavar="PX", help="of the input (default: each network's own)")
    p.add_argument("--clk", type=float, default=0, metavar="MHZ", help="(default: each board's)")
    p.add_argument("--limit", type=limit_option, nargs="+", default=[], metavar="NAME=N|N%", help="as in build.py")
    p.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes, a network on a board each (default: 1)"
    )
    p.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster to use instead")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    return p


@tells_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.workers < 1:
        raise ConfigError(f"--workers {options.workers}; legal: 1 and more")
    for model in options.models:
        require_model(model)
    for board in options.boards:
        load_board(board)
    limit = tuple(options.limit)
    lines = [Line(m, b, options.size, options.clk, limit) for m, b in product(options.models, options.boards)]
    options.out.mkdir(parents=True, exist_ok=True)
    results = options.out / "results.jsonl"
    rows = read(results)
    known = [(row["model"], row["board"], row["size"], row["clk_mhz"], row["limit"], row["target"]) for row in rows]
    asked: list[Asked] = []
    for line in lines:
        left = [target for target in options.targets if tuple(line.row(target).values()) not in known]
        asked += [(line, left)] if left else []
    wrong = run(asked, options, results)
    write(read(results), options.out)
    print(f"{options.out / 'sweep.md'}, sweep.svg and sweep.png: {len(read(results))} designs")
    return 1 if wrong else 0


def run(asked: Sequence[Asked], options: argparse.Namespace, results: Path) -> int:
    """Compute what is asked, a line of results as soon as it is there; returns how many networks failed."""
    wrong, console = 0, Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as bars,
        results.open("a") as file,
    ):
        task = bars.add_task("designs", total=sum(len(targets) for _, targets in asked))
        for line, row in _rows(asked, options):
            if isinstance(row, SignflowError):
                wrong += 1
                console.print(f"error: {line.name}: {row}", markup=False, highlight=False, soft_wrap=True)
                continue
            file.write(json.dumps(row) + "\n")
            file.flush()
            found = f"{row['fps']:,.0f} frames/s, {row['lut']:,g} LUT" if "fps" in row else row["error"]
            console.print(f"{line.name}, {row['target']}: {found}", markup=False, highlight=False, soft_wrap=True)
            bars.advance(task)
    return wrong


def _rows(asked: Sequence[Asked], options: argparse.Namespace) -> Iterator[tuple[Line, Row | SignflowError]]:
    """One by one in this process, or a network on a board at a time on a cluster."""
    if options.workers == 1 and not options.scheduler:
        for line, targets in asked:
            try:
                yield from ((line, row) for row in compute(line, targets))
            except SignflowError as error:
                yield line, error
        return
    from distributed import as_completed

    from brevitas_models.experiments.runner import Runner

    with Runner(options.out, options.workers, options.scheduler).client() as client:
        waiting = {client.submit(_listed, line, targets, pure=False): line for line, targets in asked}
        for future in as_completed(list(waiting)):
            line, lost = waiting[future], future.exception()
            if lost is not None and not isinstance(lost, SignflowError):
                lost = SignflowError(f"{type(lost).__name__}: {lost}")
            yield from ((line, row) for row in ([lost] if lost is not None else future.result()))


def _listed(line: Line, targets: Sequence[float | str]) -> list[Row]:
    return list(compute(line, targets))


def read(results: Path) -> list[Row]:
    """The rows that are there; a last line that was cut off is left out."""
    rows = []
    for text in results.read_text().splitlines() if results.is_file() else []:
        try:
            row = json.loads(text)
        except ValueError:
            continue
        rows.append(row | {"limit": [list(pair) for pair in row["limit"]]})
    return rows


def write(rows: Sequence[Row], out: Path) -> None:
    """Table and plots."""
    from finn_build.sweep.chart import plot, table  # here: matplotlib is slow to load

    (out / "sweep.md").write_text(table(rows))
    plot(rows, [out / "sweep.svg", out / "sweep.png"])


if __name__ == "__main__":
    sys.exit(main())
