"""From a binary network to a verified accelerator: the ordered steps. To learn the architecture, read this file.

Each step takes the build's state and adds to it; models go to `steps/` in the output folder as they are made. Every
pass over the hardware graph stands here, with the reason for its place. Five come before, as a file is read
(`frontend/import_qonnx.py`): FoldConstants, as what follows asks which inputs are constant, BatchNormToAffine,
which wants constant parameters and stands before level 1 of the gate, which executes what it made, then MovesFirst,
which takes batch norm, by now plain operations, for what it exchanges with what only moves; around them
InferShapes, which they ask for shapes, each with Tidy behind it, as all that follows wants nodes in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from finn.util.verification import despecialize_model
from qonnx.core.modelwrapper import ModelWrapper

from finn_build.board.steps import add_shell, bitstream_finn, bitstream_open, bitstream_vivado, deploy, package
from finn_build.config import Board, BuildConfig
from finn_build.dataflow.budget import budget, limits, memory_budget
from finn_build.dataflow.folding import Flow, search_folding
from finn_build.dataflow.graph import transformed
from finn_build.dataflow.passes._skips import too_shallow
from finn_build.dataflow.passes.check_widths import CheckWidths
from finn_build.dataflow.passes.compact_steps import CompactSteps
from finn_build.dataflow.passes.fuse_conv_units import FuseConvUnits
from finn_build.dataflow.passes.insert_duplicates import InsertDuplicates
from finn_build.dataflow.passes.insert_fifos import InsertFIFOs
from finn_build.dataflow.passes.insert_width_converters import InsertWidthConverters
from finn_build.dataflow.passes.limit_streams import LimitStreams
from finn_build.dataflow.passes.lower_to_streams import LowerToStreams
from finn_build.dataflow.passes.place_memories import PlaceMemories
from finn_build.dataflow.passes.place_products import PlaceProducts
from finn_build.dataflow.passes.set_chip import SetChip
from finn_build.dataflow.passes.set_folding import SetFolding
from finn_build.dataflow.passes.widen_windows import WidenWindows
from finn_build.errors import ConfigError, SimulationError, UnsupportedModelError
from finn_build.evaluate.area import area_by_op
from finn_build.evaluate.timing.design import time_design
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import Wires
from finn_build.finn.hls_layers import lower_to_finn_hls, synthesis_blocker
from finn_build.frontend.export import read_taps
from finn_build.frontend.integers import to_integers
from finn_build.frontend.integers.float_chain import ELEMENTWISE_OPS, MOVES
from finn_build.frontend.meaning import meanings
from finn_build.hls.design import WIDEST_STREAM, refuse_unknown
from finn_build.hls.steps import simulate_cpp, write_cpp
from finn_build.kept import Figures, simulated
from finn_build.processes import Progress
from finn_build.proof import levels
from finn_build.proof.accuracy import Accuracy, measure_accuracy
from finn_build.proof.gate import compare
from finn_build.proof.whole_file import whole_file_values
from finn_build.proof.whole_module import module_values
from finn_build.rtl.plain import plain_design
from finn_build.rtl.stitch import stitch
from finn_build.saved_graphs import TARGET_CYCLES, blaming, read_streams
from finn_build.state import Build
from sim._toolchain import runtime_key
from sim.isolated import OpResult, simulate_ops
from sim.stitched import simulate
from sim.verilator import SimResult, read_stats

_SMALL = {"ArgMax", "LogSoftmax", "Softmax"}  # of what the host computes behind the accelerator


def compile_integers(build: Build, progress: Progress) -> None:
    """Compile every float chain into step functions; list every node that cannot be built before anything is."""
    build.integers = to_integers(build.network.qonnx)
    if build.integers.problems:
        problems = build.integers.problems
        raise UnsupportedModelError(
            f"{build.network.origin}: {len(problems)} node(s) cannot be built:", map(str, problems)
        )
    if build.integers.of_the_host:
        build.not_run.append(f"on the accelerator: {build.integers.of_the_host}")
    for name, tail in build.integers.tails.items():
        plain = _SMALL | (MOVES if tail.beside else ELEMENTWISE_OPS | MOVES)
        if ops := sorted({n.op_type for n in tail.nodes} - plain):
            build.not_run.append(f"on the accelerator: {', '.join(ops)} before output {name}, which the host runs")
    build.meanings = meanings(build.integers, len(build.network.classes), build.config.output)


def _chip(build: Build) -> SetChip:
    return SetChip(budget(build.config, build.board), figures(build.board.family).scale)


def lower(build: Build, progress: Progress) -> None:
    """Lower onto stream ops, one lane each, fuse binary convolutions, and give every fork its duplicates."""
    build.streams = transformed(
        build.integers.model,
        LowerToStreams(),  # needs integers alone: no float scale is left to move
        _chip(build),  # before all that counts area
        FuseConvUnits(),  # before duplicates: an identity shortcut is one tensor with two readers in one unit
        CompactSteps(),  # behind fusing, which gives steps their op; before folding, which counts their area and cycles
        CheckWidths(),  # behind all that makes or changes parameters; what follows changes lanes and memories
        InsertDuplicates(),  # every reader is known now, and widening wants one each
    )


def lower_for_cpp(build: Build, progress: Progress) -> None:
    """Lower, and list every op that C++ has no form of before any is folded."""
    lower(build, progress)
    refuse_unknown(build.streams)
    build.streams = transformed(build.streams, LimitStreams(WIDEST_STREAM))  # before folding, which keeps to it


def lower_finn_hls(build: Build, progress: Progress) -> None:
    """Lower onto FINN's own HLS layers and write their C++."""
    board = build.board
    build.streams = lower_to_finn_hls(build.integers.model, board.part, board.clk_period_ns, build.out / "hls")
    build.not_run.append(f"HLS synthesis and simulation: {synthesis_blocker()}")


def fold_for(model: ModelWrapper, config: BuildConfig, cycles: int) -> ModelWrapper:
    """The graph with the windows and the lanes that a frame every `cycles` cycles takes."""
    return transformed(
        model,
        WidenWindows(cycles, config.folding),  # first: which op a window is decides which lanes there are to choose
        SetFolding(cycles, config.folding),
    )


def buffer_for(model: ModelWrapper, config: BuildConfig, board: Board, cycles: int) -> ModelWrapper:
    """The folded graph with its width converters and FIFOs, its memories placed within the board's budget."""
    return transformed(
        model,
        InsertWidthConverters(),  # behind folding: they bridge what it leaves unequal
        InsertFIFOs(cycles, config.fifos),  # behind converters: depths count the beats that arrive
        PlaceMemories(*memory_budget(config, board), config.ddr_skips),  # last: FIFOs are memories too
    )


FLOW = Flow(fold_for, buffer_for)


def fold(build: Build, progress: Progress) -> None:
    """Find the fewest lanes that reach the target rate within the board's budget."""
    slices = limits(build.config, build.board).dsp
    streams = transformed(
        build.streams,
        _chip(build),  # again: a build may go on from here with another clock
        PlaceProducts(slices, build.config.products),  # before folding, which counts area
    )
    found = search_folding(streams, build.config, build.board, FLOW)
    build.target_cycles, build.next_step = found.cycles, found.next_step
    build.streams = fold_for(streams, build.config, build.target_cycles)
    build.streams.set_metadata_prop(TARGET_CYCLES, str(build.target_cycles))  # for a build that goes on from here


def buffer(build: Build, progress: Progress) -> None:
    """Match stream widths, then size the FIFOs and place memories; they count beats, so the widths have to stand."""
    build.streams = buffer_for(build.streams, build.config, build.board, build.target_cycles)


def stitch_design(build: Build, progress: Progress) -> None:
    """Write RTL, memory files and the stitched top."""
    board = build.board
    build.design = stitch(build.streams, build.out / "stitched", part=board.part, clk_ns=board.clk_period_ns)
    if build.rtl == "verilog":
        build.design = plain_design(build.design)


def execute(build: Build, progress: Progress) -> None:
    """Levels 0 to 2: PyTorch or ONNX Runtime, QONNX, and the hardware graph in integers."""
    network, integers = build.network, build.integers
    build.values[1] = levels.qonnx_values(network.qonnx, integers, build.frames, lambda f: progress(f / 2))
    if network.torch is not None:
        taps = read_taps(network.qonnx)
        whole, said = module_values(network.torch, integers, build.frames, build.values[1], taps)
    else:
        whole, said = whole_file_values(network.file, integers, build.frames, build.values[1])
    build.values |= {0: whole} if whole else {}
    build.not_run += [said] if said else []
    ints = integers.quantize_images(build.frames)
    streams = build.streams
    needs_vitis = any(n.op_type.endswith("_hls") for n in streams.graph.node)
    runnable = despecialize_model(streams) if needs_vitis else streams
    values = levels.stream_values(runnable, ints, lambda f: progress((1 + f) / 2))
    build.values[2] = levels.decoded(values, streams, integers.model) if needs_vitis else values
    build.values[2] |= levels.output_values(integers, build.values[2])
    accuracy = measure_accuracy(integers, build.images, build.meanings)
    if isinstance(accuracy, Accuracy):
        build.accuracy = accuracy
    elif accuracy:
        build.not_run.append(accuracy)


def simulate_each_op(build: Build, progress: Progress) -> None:
    """Level 3: every op alone in cycle-accurate simulation, fed with level 2."""
    model, frames = build.streams, build.config.frames

    def run_ops() -> tuple[levels.Values, Figures]:
        fed = {i: build.values[2][i] for n in model.graph.node for i in n.input if i in build.values[2]}
        found = simulate_ops(
            model, fed, frames, build_dir=build.out / "ops", stalls=build.stalls, on_progress=progress,
            design=build.design if _one_simulator(build) else None,
        )  # fmt: skip
        values = {t: v.squeeze(1) for r in found.values() for t, v in r.outputs.items()}
        return values, {name: asdict(replace(result, outputs={})) for name, result in found.items()}

    build.values[3], figures = simulated(build, 3, build.design.files, _simulator(build), run_ops)
    build.ops = {name: OpResult(**f | {"streams": read_stats(f["streams"])}) for name, f in figures.items()}


def simulate_stitched(build: Build, progress: Progress) -> None:
    """Level 4: the stitched design with its real FIFOs, frames back to back."""
    image = build.streams.graph.input[0].name

    def run_stitched() -> tuple[levels.Values, Figures]:
        try:
            streams, result = simulate(
                build.design, {image: build.values[2][image]}, build.config.frames, stalls=build.stalls,
                trace=build.out / "waves.fst" if build.waves else None, on_progress=progress,
                switched=_one_simulator(build),
            )  # fmt: skip
        except SimulationError as error:
            what, log = error.args
            raise SimulationError("; ".join([what, *too_shallow(build.streams)]), log) from error
        figures = asdict(replace(result, outputs={}, taps={}))
        return {t: v.squeeze(1) for t, v in streams.items()}, figures  # frame by frame, each a batch of 1

    if build.waves:  # they are not kept
        build.values[4], f = run_stitched()
    else:
        build.values[4], f = simulated(build, 4, build.design.files, _simulator(build), run_stitched)
    build.simulation = SimResult(**f | {"streams": read_stats(f["streams"])})
    build.values[4] |= levels.output_values(build.integers, build.values[4])


def _one_simulator(build: Build) -> bool:
    """Whether one simulator does for levels 3 and 4: their RTL is the same, and all of it lies within the top."""
    return build.rtl == "systemverilog" and not build.waves and not build.design.skips


def _simulator(build: Build) -> tuple[object, ...]:
    """What simulations of a design follow from besides its files."""
    design = build.design
    return runtime_key(""), design.inputs, design.outputs, design.taps, design.skips


def gate(build: Build, progress: Progress) -> None:
    """Compare all levels for equality at every tap."""
    build.verdict = compare(levels.taps(build.streams, build.integers), build.values)


def synthesise(build: Build, progress: Progress) -> None:
    """Area of every op by Yosys, each by itself."""
    in_memory = {skip.node for skip in build.design.skips}  # of the shell
    names = [n.name for n in build.streams.graph.node if n.name not in in_memory]
    build.yosys = area_by_op(build.design, names, build.board.family, progress)


def estimate_clock(build: Build, progress: Progress) -> None:
    """Longest paths of the whole design with its shell, after synthesis."""
    made, board = build.shell or build.design, build.board
    in_memory = {skip.node for skip in build.design.skips}  # of the shell
    names = [n.name for n in build.streams.graph.node if n.name not in in_memory]
    wires = Wires(board.net_ns, board.net_doubling_ns)
    build.timing = time_design(made.top, made.sources, build.design.mem_dir, names, board.family, wires, progress)


@dataclass(frozen=True)
class Step:
    """One step: its name on the command line, what it does, and whether its hardware graph is saved."""

    name: str
    run: Callable[[Build, Progress], None]
    saves_streams: bool = False

    @property
    def text(self) -> str:
        """First line of the step's docstring, up to a semicolon."""
        return (self.run.__doc__ or "").splitlines()[0].partition(";")[0].rstrip(".")


STEPS: tuple[Step, ...] = (
    Step("integers", compile_integers),
    Step("lower", lower, saves_streams=True),  # needs an all-integer graph: no float scale is left to move
    Step("fold", fold, saves_streams=True),  # before the converters: they bridge what folding leaves unequal
    Step("buffer", buffer, saves_streams=True),  # after folding: depths are counted in folded beats
    Step("stitch", stitch_design),
    Step("shell", add_shell),  # beside the design: its hash covers every file of it
    Step("execute", execute),
    Step("rtlsim-ops", simulate_each_op),
    Step("rtlsim-stitched", simulate_stitched),
    Step("gate", gate),
    Step("package", package),  # the gate's frames are in its testbench
    Step("deploy", deploy),  # only what the gate has passed
)
YOSYS = Step("yosys", synthesise)  # on request: minutes, where all the others take seconds
TIMING = Step("timing", estimate_clock)  # on request too
BITSTREAMS: dict[tuple[str, str], Step] = {  # on request, before deploy; by tool and shell
    ("vivado", "signflow"): Step("bitstream", bitstream_vivado),
    ("vivado", "finn"): Step("bitstream", bitstream_finn),
    ("open", "signflow"): Step("bitstream", bitstream_open),
}
STEPS_HLS: tuple[Step, ...] = (
    STEPS[0],
    Step("lower", lower_for_cpp, saves_streams=True),
    *STEPS[2 : [s.name for s in STEPS].index("stitch")],  # one hardware graph with its FIFOs for both back ends
    Step("hls", write_cpp),
    Step("execute", execute),
    Step("csim", simulate_cpp),
    Step("gate", gate),
)
STEPS_FINN_HLS: tuple[Step, ...] = (
    Step("integers", compile_integers),
    Step("lower", lower_finn_hls, saves_streams=True),
    Step("execute", execute),
    Step("gate", gate),
)
OnStep = Callable[[Step], Progress]


def run(build: Build, steps: tuple[Step, ...], start: str, stop: str, on_step: OnStep) -> None:
    """Run `steps` from `start` to `stop`, both included; a saved hardware graph stands in for the steps skipped.

    Raises:
        ConfigError: no such step in this flow, or the saved graph that `start` needs is not there.
    """
    names = [s.name for s in steps]
    for option, name in (("--start", start), ("--stop", stop)):
        if name not in names:
            raise ConfigError(f"{option} {name}: not a step of this flow; legal: {', '.join(names)}")
    first, last = names.index(start), names.index(stop)
    source: Path | None = None  # of the hardware graph
    for index, step in enumerate(steps[: last + 1]):
        began, saved = time.monotonic(), build.out / "steps" / f"{step.name}.onnx"
        stands_in = index < first and step.saves_streams
        source = saved if stands_in else source
        with blaming(source):
            if stands_in:
                read_streams(build, saved)
            elif index >= first or index == 0:  # `integers` holds functions, which no file does, and is quick
                step.run(build, on_step(step))
        if index >= first and step.saves_streams:
            saved.parent.mkdir(parents=True, exist_ok=True)
            build.streams.save(f"{saved}.part")
            Path(f"{saved}.part").replace(saved)  # whole or not at all, whenever the build is ended
        build.seconds[step.name] = round(time.monotonic() - began, 2)
