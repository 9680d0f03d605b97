"""What `build.py` does once its options are known: network and frames in, steps with progress, report out."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from brevitas_models.data.images import summary
from finn_build.board.steps import require_tools
from finn_build.combinations import wants_timing
from finn_build.config import Board, BuildConfig, write_build
from finn_build.dataflow.folding import folding_of
from finn_build.errors import BitstreamError, GateError, SignflowError, TimingError
from finn_build.evaluate.timing.report import misses_clock, timing_sheet
from finn_build.frontend import network as networks
from finn_build.frontend.input_checks import require_frames
from finn_build.given import Given
from finn_build.kept import forget, kept
from finn_build.pipeline import BITSTREAMS, STEPS, STEPS_FINN_HLS, STEPS_HLS, TIMING, YOSYS, Step, run
from finn_build.progress import progress
from finn_build.report.frames import write_frames, write_masks
from finn_build.report.page import PAGE, redraw
from finn_build.report.sheet import make_report, write_report
from finn_build.report.tables import print_report
from finn_build.resume import asked_for, begin
from finn_build.rtl.lint import VERSIONS
from finn_build.state import Build
from finn_build.terminal import open_console, plain
from sim.verilator import Stalls

_FILE_WIDTH = 132


def run_build(
    options: argparse.Namespace, config: BuildConfig, board: Board, folder: Path, out: Path, given: Given, began: float
) -> Build:
    """Build into `folder`, which becomes `out` when all is well.

    Args:
        options: of the command line.
        config, board: what is built, and for what.
        folder, out: where it is made, and what that becomes.
        given: what stands for files that the options would name.
        began: `time.monotonic()` when the command did; libraries take seconds to load.

    Raises:
        SignflowError: whatever is wrong with the input, or GateError when two levels disagree.
    """
    log = open_console(_FILE_WIDTH, stderr=True)
    steps = _steps(options, board)
    network = _network(options, config, folder, given)
    if given.images is None:
        images = networks.load_images(options.images, network, config.frames, options.seed)
    else:
        images = networks.as_images(given.images, network)
    source = options.images if given.images is None else "images"
    require_frames(source, len(images), config.frames)  # again: a network of masks leaves out what has none
    if options.images != networks.SYNTHETIC:
        log.print(summary(Path(options.images), images), markup=False, highlight=False)
    images, foreign = networks.without_foreign_classes(images, network)
    what = f"{network.name}: {network.origin}, for {board.name} at {board.clk_mhz:g} MHz, into {out}"
    log.print(plain(what), highlight=False)
    stalls = Stalls(options.seed) if options.stalls else None
    linted = options.lint or (VERSIONS[-1] if options.bitstream == "vivado" else "")
    build = Build(config, board, network, images, folder, stalls, options.waves, options.rtl, linted)
    found = begin(folder, steps, asked_for(options, config, board, network), options.resume)
    if options.resume:
        place = f"goes on with {found}" if found else "there is nothing to go on with, so from the start"
        log.print(f"--resume: {place}", highlight=False)
    start = found or options.start
    build.not_run += [foreign] if foreign else []
    if not network.trained:
        build.not_run.append("training: no trained weights are shipped for this model; these are random")
    if levels := kept(folder):
        log.print(f"Simulated already, and taken as it is if nothing has changed: {'; '.join(levels)}", highlight=False)
    last = options.stop or steps[-1].name
    with _kept_once_verified(build, options.impl, folder):
        with progress(log, _names(options, steps, start, last), _earlier(out)) as on_step:
            run(build, steps, start, last, on_step)
            if options.yosys and build.has("design"):
                YOSYS.run(build, on_step(YOSYS))
            if wants_timing(options):
                TIMING.run(build, on_step(TIMING))
        if options.write_config:
            write_build(replace(config, folding=folding_of(build.streams)), options.write_config)
        forget(folder)
        build.seconds["total"] = round(time.monotonic() - began, 2)
        missed = _finish(build, options.impl, folder, out)
        if missed and options.require_timing:
            raise TimingError(missed)
    return build


@contextmanager
def _kept_once_verified(build: Build, impl: str, folder: Path) -> Iterator[None]:
    """Whatever fails behind a passed gate, design and figures are kept.

    Raises:
        BitstreamError: something did; such a build goes to its folder for failures.
    """
    try:
        yield
    except (GateError, TimingError):
        raise
    except Exception as error:
        if build.verdict is None or not build.verdict.passed:
            raise
        with suppress(Exception):  # it may be these that fail
            _write_sheets(build, impl, folder)
        if isinstance(error, BitstreamError):
            raise
        said = str(error) if isinstance(error, SignflowError) else f"{type(error).__name__}: {error}"
        raise BitstreamError(f"behind the gate, which has passed: {said}") from error


def _steps(options: argparse.Namespace, board: Board) -> tuple[Step, ...]:
    """Steps of the flow asked for, a bitstream between gate and deployment.

    Raises:
        ConfigError: the tools for the bitstream are not there.
    """
    if options.impl != "rtl":
        return STEPS_HLS if options.impl == "hls" else STEPS_FINN_HLS
    if not options.bitstream:
        return STEPS
    require_tools(options.bitstream, options.shell, board)
    return (*STEPS[:-1], BITSTREAMS[options.bitstream, options.shell], STEPS[-1])


def _names(options: argparse.Namespace, steps: Sequence[Step], start: str, last: str) -> list[str]:
    """The steps that will run, in order; those on request behind them."""
    names = [step.name for step in steps]
    asked = [step.name for step, wanted in ((YOSYS, options.yosys), (TIMING, wants_timing(options))) if wanted]
    return [*dict.fromkeys((names[0], *names[names.index(start) : names.index(last) + 1])), *asked]


def _earlier(out: Path) -> dict[str, float]:
    """Seconds of each step in the build that is there."""
    try:
        found = json.loads((out / "report.json").read_text())["wall_seconds"]
        return {name: float(seconds) for name, seconds in found.items() if name != "total"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # none, or another's


def _network(options: argparse.Namespace, config: BuildConfig, folder: Path, given: Given) -> networks.ImportedNetwork:
    if given.module is not None:
        return networks.from_module(given.module, given.input_shape, given.classes, folder)
    if options.onnx:
        return networks.from_qonnx(options.onnx)
    size = options.input_size if options.checkpoint else config.input_size
    overrides = {"image_size": size} if size else {}
    if options.checkpoint:
        return networks.from_checkpoint(options.checkpoint, folder, **overrides)
    return networks.from_zoo(config.model, folder, **overrides)


def _finish(build: Build, impl: str, folder: Path, out: Path) -> str:
    """Report a finished build; of one that was stopped early, what can be predicted once its FIFOs stand.

    Returns:
        By how much the clock is missed, in words, or nothing.
    """
    console = open_console(_FILE_WIDTH)
    if build.verdict is None:
        if "buffer" in build.seconds:
            estimate = make_report(build, impl)
            write_report(estimate, folder)
            print_report(estimate, console)
            redraw(folder)
            console.print(plain(f"Page: {out / PAGE}"), highlight=False)
        stopped = f"Stopped before the gate, as asked: nothing is verified. Models of the steps: {out / 'steps'}"
        console.print(plain(stopped))
        return _say_missed(build, console)
    print_report(_write_sheets(build, impl, folder), console)
    try:
        redraw(folder)
    finally:  # a fault of the page hides no difference
        build.verdict.require()
    console.print(f"\nMade: a verified accelerator for {build.board.name} in {build.seconds['total']:.0f} s.")
    for line in _contents(build, impl, out):
        console.print(plain(line), highlight=False, soft_wrap=True)
    return _say_missed(build, console)


def _write_sheets(build: Build, impl: str, folder: Path) -> dict[str, Any]:
    """Write all that a build through the gate says of itself; returns its report."""
    report = make_report(build, impl)
    write_report(report, folder)
    write_frames(build, folder)
    if build.mask:
        write_masks(build, folder)
    return report


def _say_missed(build: Build, console: Console) -> str:
    """The last line of a build whose clock is missed by the estimate."""
    missed = misses_clock(timing_sheet(build.timing, build.board.clk_mhz)) if build.timing else ""
    if missed:
        console.print(f"Note: {missed}", highlight=False)
    return missed


def _contents(build: Build, impl: str, out: Path) -> tuple[str, ...]:
    if impl != "rtl":
        code = "C++ of FINN's layers, for Vitis HLS"
        if impl == "hls":
            code = "accelerator.cpp with its library, a testbench, and run_hls.tcl for Vitis HLS"
        return (
            f"  {out}/hls          {code}",
            f"  {out}/{PAGE}  all of it to look at",
            f"  {out}/report.json  every figure",
            f"  {out}/frames.npz   the frames of the gate and the outputs for them",
        )
    bit = f"bitstream ({build.bitstream.tool})" if build.bitstream else "no bitstream yet"
    deployed = f"  {out}/deploy       for the board: driver, notebook, images, expected results; {bit}"
    if build.bitstream and not build.bitstream.ours:
        deployed = f"  {out}/finn         bitstream and handoff file of FINN's Zynq build, for FINN's driver"
    masks = (f"  {out}/masks        the frames with the accelerator's masks, as PNG",) if build.mask else ()
    recorded = [path for path in build.out.glob("waves.*") if path.suffix != ".gtkw"]
    waves = tuple(
        f"  {out}/{path.name}    the stitched design's waves: gtkwave {out}/waves.gtkw opens every op's streams"
        for path in recorded
    )
    make = (
        () if build.bitstream else ("  make the bitstream with Vivado: again with --start deploy --bitstream vivado",)
    )
    return (
        f"  {out}/{PAGE}  all of it to look at, in any browser",
        deployed,
        f"  {out}/stitched     RTL, memory files and the top `accelerator` (AXI streams): files in sources.f",
        f"  {out}/vivado       build.tcl, which makes the bitstream in Vivado",
        f"  {out}/package      the same as an IP with AXI streams, for a design of yours: script, testbench, lint",
        f"  {out}/report.json  every figure of this build, for scripts",
        f"  {out}/frames.npz   the frames of the gate and the accelerator's outputs for them",
        *masks,
        *waves,
        f"  {out}/steps        the graph after each step, as ONNX: netron {out}/steps/buffer.onnx shows it",
        "Next:",
        f"  run its notebook on the simulated board: signflow notebook {out}",
        *make,
        "  build it from your own images with --images DIR, for your own network with --onnx FILE, or for zcu104",
    )
