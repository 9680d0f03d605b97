"""Run the paper's experiments, table by table: train every system on every split, measure, write tables and plots.

A run is one system on one split of one data set. Its result is one line of results.jsonl, with seed, training,
versions and the hash of its split, whose file is in splits/. Interrupted, the same command goes on where it stopped;
runs that have a result are not run again. Protocol "paper" splits at random, as the paper did, and leaks; "grouped"
keeps images of one tile or strip together; their results are never blended. Preset "small" (64 pixels, short trainings,
patches of Magnetic Tile) is for a CPU, "full" is the paper's section 4.2, for a GPU. On a CPU a run gives the same
numbers on every x86 processor with AVX2; those with AVX-512 could train large networks faster, and to other numbers, if
the environment names ATEN_CPU_CAPABILITY=avx512 and ONEDNN_MAX_CPU_ISA=DEFAULT.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from brevitas_models.data.atomic import write_atomically
from brevitas_models.experiments.datasets import DATASETS, NEU, TILE
from brevitas_models.experiments.jobs import Job, split_rows, split_table
from brevitas_models.experiments.presets import PRESETS
from brevitas_models.experiments.protocols import PROTOCOLS, SPLIT_COUNT
from brevitas_models.experiments.report import write_report
from brevitas_models.experiments.results import Result, Results, kernels_of
from brevitas_models.experiments.runner import Runner, Tick
from brevitas_models.experiments.summary import metrics
from brevitas_models.experiments.systems import SYSTEMS, NetworkSystem
from brevitas_models.experiments.tables import TABLES
from brevitas_models.layers.fused import KERNELS
from finn_build.errors import ConfigError, visible
from finn_build.terminal import tells_errors

REPEATED = ("val", "test", "integer_model", "best_epoch")
"""What `--again` compares, as far as a result has it."""

EXAMPLES = """\
examples:
  signflow experiments table2 --neu FOLDER
  signflow experiments table2 --neu FOLDER --systems bi_shufflenet reactnet_a --splits 0 1
  signflow experiments all --neu FOLDER --magnetic-tile FOLDER --protocol paper --workers 8
  signflow experiments all --neu FOLDER --magnetic-tile FOLDER --preset full --accelerator gpu
  signflow experiments table4 --neu FOLDER --scheduler tcp://host:8786
  signflow experiments table2 --neu FOLDER --systems bi_shufflenet --splits 0 --seeds 3
  signflow experiments table2 --neu FOLDER --systems bi_shufflenet --splits 0 --again
  signflow experiments all --results docs/experiments --report
"""


@tells_errors
def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _again(options) if options.again else _run(options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    """Run what is missing, then write tables and plots."""
    results = Results(options.results or options.out)
    missing = [] if options.report else [job for job in _jobs(options) if results.get(job) is None]
    failed = 0
    for job, outcome in _outcomes(options, options.out, missing):
        if isinstance(outcome, Exception):
            failed += 1
            print(visible(f"error: {job.key}: {outcome}"), file=sys.stderr)
            continue
        results.add(outcome)
        _keep_split(job, options, results.path.parent)
        print(_line(outcome), flush=True)
    report = write_report(results, options.protocol, options.preset, results.path.parent)
    print(f"{report}: tables and plots" if report else f"no results of {options.protocol}, {options.preset} yet")
    return 1 if failed else 0


def _again(options: argparse.Namespace) -> int:
    """Run what has a result once more, in a folder of its own; every number has to come out the same."""
    results = Results(options.results or options.out)
    jobs = [job for job in _jobs(options) if results.get(job) is not None]
    if not jobs:
        raise ConfigError(f"--again: {results.path} has no result of these runs")
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        by_kernels = {name: [job for job in jobs if kernels_of(results.of([job])[0]) == name] for name in KERNELS}
        outcomes = (_outcomes(options, Path(folder), of, name) for name, of in by_kernels.items())
        for job, outcome in chain.from_iterable(outcomes):
            if isinstance(outcome, Exception):
                raise outcome
            before = results.of([job])[0]
            same = all(before.get(name) == outcome.get(name) for name in REPEATED)
            differing += not same
            print(f"{job.key}: {'the same' if same else 'differs'}: {before['test']}, {outcome['test']}", flush=True)
            if not same and (made := before.get("processor", "a processor not recorded")) != outcome["processor"]:
                print(f"  made on {made}; this is {outcome['processor']}, which may sum floats in another order")
    return 1 if differing else 0


def _jobs(options: argparse.Namespace) -> list[Job]:
    """The runs that are asked for, each once: seed after seed, split after split; classical methods have no seed."""
    tables = list(TABLES) if "all" in options.tables else options.tables
    wanted = [
        replace(job, seed=seed)
        for seed in range(options.seeds)
        for split in options.splits
        for name in tables
        for job in TABLES[name].jobs(options.protocol, options.preset, [split])
        if not options.systems or job.system in options.systems
        if not seed or isinstance(SYSTEMS[job.system], NetworkSystem)
    ]
    return list(dict.fromkeys(wanted))


def _outcomes(
    options: argparse.Namespace, out: Path, jobs: Sequence[Job], kernels: str = "fused"
) -> Iterator[tuple[Job, Result | Exception]]:
    """Run jobs under a progress bar."""
    placed = [(job, _folder(options, job)) for job in jobs]
    runner = Runner(out, options.workers, options.scheduler, options.accelerator, options.threads, kernels)
    with _progress(jobs) as tick:
        yield from runner.run(placed, tick)


def _folder(options: argparse.Namespace, job: Job) -> Path:
    folders: dict[str, Path | None] = {NEU: options.neu, TILE: options.magnetic_tile}
    name = DATASETS[job.dataset].folder
    folder = folders[name]
    if folder is None:
        raise ConfigError(f"{job.key}: its images are not named; add --{name.replace('_', '-')} FOLDER")
    return folder


def _keep_split(job: Job, options: argparse.Namespace, folder: Path) -> None:
    path = folder / "splits" / f"{job.dataset}_{job.protocol}{job.split}.csv"
    if not path.exists():
        images = _folder(options, job)
        text = split_table(split_rows(job, images), images)
        write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _line(result: Result) -> str:
    name = "dice" if DATASETS[result["dataset"]].masks else "accuracy"
    seed = f" seed {result['seed']}" if result.get("seed") else ""
    place = f"{result['dataset']} {result['protocol']} {result['split']}{seed}"
    return f"{place}: {result['system']} {name} {metrics(result)[name]:.4f} ({result['path']}, {result['seconds']} s)"


@contextmanager
def _progress(jobs: Sequence[Job]) -> Iterator[Tick]:
    """A bar over the epochs of all runs, with an estimate, on stderr."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("epochs"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        console=Console(stderr=True),
        speed_estimate_period=600,
        disable=not sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task(f"{len(jobs)} runs", total=sum(job.epochs for job in jobs))

        def tick(job: Job) -> None:
            progress.update(task, advance=1, description=f"{job.dataset} {job.system} {job.split}")

        yield tick


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signflow experiments",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = "\n".join(f"  {name}  {table.title}" for name, table in TABLES.items())
    parser.add_argument(
        "tables", nargs="+", choices=[*TABLES, "all"], metavar="TABLE", help=f"table1 to table7, or all: {choices}"
    )
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="grouped", help="(default: grouped)")
    parser.add_argument("--preset", choices=list(PRESETS), default="small", help="(default: small)")
    parser.add_argument(
        "--neu", type=Path, metavar="FOLDER", help="images of NEU, with index.csv or a folder per class"
    )
    parser.add_argument("--magnetic-tile", type=Path, metavar="FOLDER", help="images and masks of Magnetic Tile")
    every = list(range(SPLIT_COUNT))
    parser.add_argument("--splits", type=int, nargs="+", choices=every, default=every, help="(default: all five)")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each network on each split (default: 1)")
    parser.add_argument(
        "--systems",
        nargs="+",
        choices=list(SYSTEMS),
        default=[],
        metavar="SYSTEM",
        help=f"these only: {', '.join(SYSTEMS)}",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/experiments"),
        help="folder of trainings and results (default: runs/experiments)",
    )
    parser.add_argument(
        "--results", type=Path, help="folder of results, splits, tables and plots (default: that of --out)"
    )
    parser.add_argument(
        "--report", action="store_true", help="run nothing; write tables and plots of the results there are"
    )
    parser.add_argument(
        "--again", action="store_true", help="run those with a result once more; fails unless all numbers are the same"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine (default: 1)")
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="spread runs over the workers of this Dask scheduler"
    )
    parser.add_argument(
        "--accelerator",
        default="auto",
        help="cpu, gpu or auto, as in Lightning Fabric; workers share out the GPUs (default: auto)",
    )
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch in each run (default: 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
