"""Cycle-accurate simulation: SystemVerilog to a native executable by Verilator, cached, run as a subprocess.

The executable's cycle loop (`harness.cpp`) drives input streams, takes output streams, records internal ones
and checks the protocol; Python passes whole arrays of beats. Memory files are read at run time from the current
folder, so a compiled simulator does not depend on weights.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.processes import Progress
from sim._binding import binding_source
from sim._cache import build_once, cache_dir, digest
from sim._toolchain import KEPT_SIMULATORS, runtime_key, runtime_library
from sim._verilate import FLAGS, build_simulator
from sim._waves import wave_format
from sim.switches import PUT, TAKE, with_switches

_LOG_LINES = 20
_SIGNAL = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True)
class TopStream:
    """A stream at the top: `<name>_tdata`, `_tvalid`, `_tready`.

    Attributes:
        name: Prefix of the port.
        width: Bits of tdata, a multiple of 8.
        beats: Beats per frame.
        upper: The pins are `<name>_TDATA` and so on, as in FINN's own RTL.
    """

    name: str
    width: int
    beats: int
    upper: bool = False


@dataclass(frozen=True)
class InnerStream:
    """An internal stream: nets of the top module marked `/* verilator public_flat_rd */`.

    Attributes:
        name: Name in results and messages.
        signal: Prefix of the nets `<signal>_tdata`, `_tvalid`, `_tready`.
        width: Bits of tdata, a multiple of 8.
        beats: Beats per frame.
    """

    name: str
    signal: str
    width: int
    beats: int
    upper: ClassVar[bool] = False


@dataclass(frozen=True)
class OuterFifo:
    """A FIFO outside of the design, in the board's memory: the harness holds its beats.

    Attributes:
        sent: Stream out of the top; its signal is that of the port.
        taken: Stream into the top, the same beats.
        depth: Beats that fit.
    """

    sent: InnerStream
    taken: InnerStream
    depth: int


@dataclass(frozen=True)
class Stalls:
    """Random pauses, the same for the same seed; unreset registers then start with random contents too.

    Every other output, by the seed, is ready only where valid is there: a sender that waits for ready never moves.

    Attributes:
        seed: Any integer >= 0.
        idle: Mean fraction of cycles in which an input offers nothing, 0 to 1.
        backpressure: Mean fraction of cycles in which an output takes nothing, 0 to 1.
    """

    seed: int
    idle: float = 0.3
    backpressure: float = 0.3


@dataclass(frozen=True)
class StreamStats:
    """What one stream did. Cycles count from the end of reset; a beat moves when valid and ready meet.

    Attributes:
        first_beat: Cycle of the first beat.
        frame_end: Cycle of the last beat of each frame.
        stalled: Cycles with valid and not ready, until the last beat.
        starved: Cycles with ready and not valid, until the last beat.
    """

    first_beat: int
    frame_end: tuple[int, ...]
    stalled: int
    starved: int


def read_stats(found: Mapping[str, Any]) -> dict[str, StreamStats]:
    """Statistics of streams, by name, from what JSON makes of them."""
    return {name: StreamStats(**s | {"frame_end": tuple(s["frame_end"])}) for name, s in found.items()}


@dataclass(frozen=True)
class SimResult:
    """A finished run.

    Attributes:
        outputs: uint8 [frames * beats, width / 8] by port.
        taps: The same by tap, and by stream of a skip.
        cycles: Cycles from the end of reset to the last beat.
        streams: Statistics of every port and tap.
        fills: Most beats that each FIFO held, by the stream out of it.
    """

    outputs: dict[str, np.ndarray]
    taps: dict[str, np.ndarray]
    cycles: int
    streams: dict[str, StreamStats]
    fills: dict[str, int]


class _Bound(NamedTuple):
    role: str
    signal: str
    stream: TopStream | InnerStream
    depth: int = 0
    apart: bool | None = None  # whether the ops run each by itself when it has a part; None: in any case


def compile_model(
    top: str,
    sources: Sequence[Path],
    inputs: Sequence[TopStream],
    outputs: Sequence[TopStream],
    taps: Sequence[InnerStream] = (),
    trace: bool = False,
    on_progress: Progress | None = None,
    skips: Sequence[OuterFifo] = (),
    switched: bool = False,
) -> Simulator:
    """Compile a design, or find it in the cache.

    Args:
        top: Top module, with ports ap_clk and ap_rst_n and the streams.
        sources: Verilog and SystemVerilog files, the top last; headers among them only lend their folder.
        inputs: Streams into the top.
        outputs: Streams out of the top.
        taps: Streams inside the top, recorded.
        trace: Compile with waves (FST, or VCD where zlib's header is missing).
        on_progress: Called with the fraction of the C++ compilation that is done.
        skips: FIFOs outside of the top, between two of its ports.
        switched: With a switch in every tap, so that ops can run each by itself too; the top is as `stitch` writes it.

    Raises:
        SimulationError: No compiler, no Verilator, or the sources do not compile.
    """
    bound = [
        *(_Bound("INPUT", port.name, port) for port in inputs),
        *(_Bound("OUTPUT", port.name, port) for port in outputs),
        *(_Bound("TAP", tap.signal, tap, apart=False if switched else None) for tap in taps),
    ]
    for tap in taps if switched else ():
        for role, name in (("INPUT", PUT), ("OUTPUT", TAKE)):
            port = TopStream(name.format(tap.name), tap.width, tap.beats)
            bound.append(_Bound(role, name.format(tap.signal), port, apart=True))
    for skip in skips:
        ends = (("SKIP_SENT", skip.sent), ("SKIP_TAKEN", skip.taken))
        bound += [_Bound(role, end.signal, end, skip.depth) for role, end in ends]
    for _, signal, stream, *_ in bound:
        if not _SIGNAL.fullmatch(signal):  # it becomes C++, as the top's name does; the stream's own does not
            raise SimulationError(f"stream {stream.name}: {signal!r} is no Verilog name")
        if stream.width % 8 or stream.width <= 0:
            raise SimulationError(f"stream {stream.name}: tdata of {stream.width} bits is not whole bytes")
    chosen = wave_format() if trace else ""
    binding = binding_source(top, [each[:3] for each in bound], chosen, switched)
    contents = _read(sources)
    text = contents.pop(Path(sources[-1])).decode() if switched else ""
    edited = with_switches(text, [(tap.signal, tap.width) for tap in taps]) if switched else ""
    named = (part for path, text in contents.items() for part in (path.name, text))
    key = digest([*named, top, edited, binding, runtime_key(chosen), *FLAGS])

    def build(folder: Path) -> None:
        with processes.scratch() as beside:
            if switched:
                path = beside / "top.v"
                path.write_text(edited)
                contents[path] = edited.encode()
            build_simulator(top, contents, binding, runtime_library(chosen), chosen, folder, on_progress)

    folder = build_once(cache_dir() / "verilated" / key, build, KEPT_SIMULATORS)
    return Simulator(folder / "simulator", tuple(bound), chosen)


def _read(sources: Sequence[Path]) -> dict[Path, bytes]:
    try:
        return {Path(path): Path(path).read_bytes() for path in sources}
    except OSError as error:
        raise SimulationError(f"source {error.filename}: {error.strerror}") from error


@dataclass(frozen=True)
class Simulator:
    """A compiled design. Runs are independent processes, so several may go side by side."""

    executable: Path
    bound: tuple[_Bound, ...]
    wave_format: str

    def run(
        self,
        inputs: Mapping[str, np.ndarray],
        frames: int,
        *,
        cwd: Path,
        watchdog_cycles: int,
        stalls: Stalls | None = None,
        trace_file: Path | None = None,
        on_progress: Progress | None = None,
        reset_at_cycle: int | None = None,
        fifos: Mapping[str, str] = MappingProxyType({}),
        apart: bool = False,
    ) -> SimResult:
        """Simulate `frames` frames, back to back.

        Args:
            inputs: uint8 [frames * beats, width / 8] by port.
            frames: Number of frames, >= 1.
            cwd: Folder of the memory files.
            watchdog_cycles: Stop when no stream moves for so many cycles.
            stalls: Random pauses; none means full speed.
            trace_file: Where to write waves; needs a design compiled with `trace`. The suffix becomes that of
                the format (.fst or .vcd).
            on_progress: Called with the fraction of beats that moved.
            reset_at_cycle: Reset in that cycle, then feed all frames again from the first.
            fifos: Of each FIFO whose fill is wanted the stream into it, by the stream out of it.
            apart: Run every op by itself, where the design was compiled with switches.

        Raises:
            SimulationError: Deadlock, broken protocol, failed assertion, missing memory file, wrong input sizes.
        """
        waves, active = self._wave_path(trace_file), [b for b in self.bound if b.apart in (None, apart)]
        pauses = stalls or Stalls(0, 0, 0)
        try:
            with processes.scratch() as folder:
                self._write_inputs(inputs, frames, folder, active)
                self._write_fifos(fifos, folder)
                if apart:
                    (folder / "apart").touch()
                arguments = [folder, frames, watchdog_cycles, pauses.seed, pauses.idle, pauses.backpressure]
                arguments += [-1 if reset_at_cycle is None else reset_at_cycle, waves]
                self._execute([str(item) for item in arguments], cwd, folder, on_progress)
                return self._read_results(frames, folder, fifos, active)
        except OSError as error:
            raise SimulationError(f"simulation: {error.filename or tempfile.gettempdir()}: {error.strerror}") from error

    def _wave_path(self, trace_file: Path | None) -> str:
        if trace_file is None:
            return ""
        if not self.wave_format:
            raise SimulationError(f"{trace_file}: waves need a design compiled with trace=True")
        return str(Path(trace_file).absolute().with_suffix(f".{self.wave_format}"))

    def _write_inputs(
        self, inputs: Mapping[str, np.ndarray], frames: int, folder: Path, active: Sequence[_Bound]
    ) -> None:
        expected = {bound.stream.name: bound.stream for bound in active if bound.role == "INPUT"}
        if set(inputs) != set(expected):
            raise SimulationError(f"inputs given: {sorted(inputs)}; the design has: {sorted(expected)}")
        (folder / "beats").write_text("".join(f"{b.stream.beats * (b in active)} {b.depth}\n" for b in self.bound))
        for index, bound in enumerate(self.bound):
            if bound.role != "INPUT" or bound not in active:
                continue
            stream = bound.stream
            beats = np.ascontiguousarray(inputs[stream.name])
            shape = (frames * stream.beats, stream.width // 8)
            if beats.dtype != np.uint8 or beats.shape != shape:
                raise SimulationError(
                    f"input {stream.name}: {beats.dtype} {beats.shape}; {frames} frames need uint8 {shape}"
                )
            beats.tofile(folder / f"{index}.in")

    def _write_fifos(self, fifos: Mapping[str, str], folder: Path) -> None:
        at = {bound.stream.name: index for index, bound in enumerate(self.bound)}
        (folder / "fifos").write_text("".join(f"{at[into]} {at[out]}\n" for out, into in fifos.items()))

    def _execute(self, arguments: list[str], cwd: Path, folder: Path, on_progress: Progress | None) -> None:
        log: deque[str] = deque(maxlen=_LOG_LINES)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
        with processes.started([str(self.executable), *arguments], cwd=cwd, **pipes) as process:
            for line in process.stdout or ():
                if not line.startswith("@progress "):
                    log.append(line.rstrip())
                elif on_progress:
                    on_progress(float(line.split()[1]))
        if process.returncode:
            error = folder / "error.txt"
            what = error.read_text() if error.is_file() else f"the simulator ended with exit {process.returncode}"
            what = re.sub(r"#(\d+)", lambda number: self.bound[int(number[1])].stream.name, what)
            raise SimulationError(f"simulation: {what}", log)

    def _read_results(self, frames: int, folder: Path, fifos: Iterable[str], active: Sequence[_Bound]) -> SimResult:
        text = json.loads((folder / "result.json").read_text())
        found: dict[str, dict[str, np.ndarray]] = {"OUTPUT": {}, "TAP": {}}
        streams = read_stats(dict(zip((b.stream.name for b in active), text["streams"], strict=True)))
        for index, bound in enumerate(self.bound):
            if bound.role != "INPUT" and bound in active:
                stream, beats = bound.stream, np.fromfile(folder / f"{index}.out", np.uint8)
                kind = "OUTPUT" if bound.role == "OUTPUT" else "TAP"
                found[kind][stream.name] = beats.reshape(frames * stream.beats, stream.width // 8)
        fills = dict(zip(fifos, text["fills"], strict=True))
        return SimResult(found["OUTPUT"], found["TAP"], text["cycles"], streams, fills)
