"""The shell around a stitched design: the thin top `signflow_top`, its sources and the build hash, in the same folder.

The RTL of the shell is static (`rtl/shell/`, see its README); only the top, which names the pins, is written here.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from math import lcm
from pathlib import Path

import jinja2
from signflow_driver.description import bound_hash

from finn_build.config import MAX_STREAMS, Board
from finn_build.dataflow.ops.base import FIFO_RTL
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.dataflow.stream import Stream
from finn_build.errors import UnsupportedModelError
from finn_build.families import family_of
from finn_build.licence import license_files
from finn_build.rtl.plain import write_plain
from finn_build.rtl.stitch import DesignStream, StitchedDesign

TOP = "signflow_top"
MANIFEST = "shell.f"
SHELL_SOURCES = (
    *FIFO_RTL,
    "shell/sf_shell_bursts.sv",
    "shell/sf_shell_gearbox.sv",
    "shell/sf_shell_reader.sv",
    "shell/sf_shell_writer.sv",
    "shell/sf_shell_axilite.sv",
    "shell/sf_shell_registers.sv",
    "shell/sf_shell_jobs.sv",
    "shell/sf_shell_clocks.sv",
    "shell/sf_shell_monitor.sv",
    "shell/sf_shell.sv",
)
SKIP_SOURCES = ("shell/sf_shell_skip.sv",)  # where there are skips in memory
_MODULE, _PLAIN = "sf_shell", "signflow_shell"  # as in the library, and as plain Verilog
_BURST_WORDS = 16
_HASH_FILE = "build_hash.mem"
_HASH_DIGITS = 32
_CONTROL = (
    *("awaddr", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bresp", "bvalid", "bready"),
    *("araddr", "arvalid", "arready", "rdata", "rresp", "rvalid", "rready"),
)
_MEMORY_SUFFIXES = (".mem", ".dat")


@dataclass(frozen=True)
class Shell:
    """A stitched design with its shell, on disk.

    Attributes:
        top: top module.
        sources: HDL files, dependencies first, the top last.
        folder: of the sources and memory files, where a simulation must run.
        data_bits: of the AXI masters.
        addr_bits: of the AXI masters.
        inputs: streams read from memory, those of skips last.
        outputs: streams written to memory, those of skips last; master i serves input i and output i.
        build_hash: 32 hexadecimal digits, of all RTL and memory files of the accelerator and of its description.
        memory_bits: no memory in block RAM or UltraRAM has more.
    """

    top: str
    sources: tuple[Path, ...]
    folder: Path
    data_bits: int
    addr_bits: int
    inputs: int
    outputs: int
    build_hash: str
    memory_bits: int = 0


@dataclass(frozen=True)
class _Pins:
    signal: str
    beat_bytes: int
    frame_bytes: int


def write_shell(design: StitchedDesign, board: Board, content_hash: str = "") -> Shell:
    """Write the shell into the folder of a stitched design.

    Args:
        design: what `stitch` returned.
        board: gives the width of the masters and the clock.
        content_hash: of the driver's description, which the build hash covers too.

    Raises:
        UnsupportedModelError: more streams than the registers have places for.
    """
    folder, inputs, outputs = design.mem_dir, len(shell_inputs(design)), len(shell_outputs(design))
    if inputs + outputs > MAX_STREAMS:
        raise UnsupportedModelError(
            f"shell: {inputs} inputs and {outputs} outputs, {len(design.skips)} of each for skips in memory; at most "
            f"{MAX_STREAMS} streams in all"
        )
    shell_sources = (*SHELL_SOURCES, *(SKIP_SOURCES if design.skips else ()))
    build_hash = bound_hash(hash_of(design), content_hash)
    words = [build_hash[i : i + 8] for i in range(0, _HASH_DIGITS, 8)]
    (folder / _HASH_FILE).write_text("\n".join(words) + "\n")
    for source in shell_sources:
        shutil.copyfile(RTL_DIR / source, folder / Path(source).name)
    (folder / f"{TOP}.v").write_text(top_source(design, board))
    bus = family_of(board)
    shared = [folder / Path(source).name for source in shell_sources]
    if design.is_plain:
        shared = _plain(design, board, shared)
    license_files(folder, [*shared, folder / f"{TOP}.v"])
    sources = (*design.sources, *(path for path in shared if path not in design.sources), folder / f"{TOP}.v")
    names = [*(path.name for path in sources), *(f"// memory file: {path.name}" for path in _memory_files(folder))]
    (folder / MANIFEST).write_text("\n".join(names) + "\n")
    return Shell(TOP, sources, folder, bus.data_bits, bus.addr_bits, inputs, outputs, build_hash, design.memory_bits)


def _plain(design: StitchedDesign, board: Board, shared: list[Path]) -> list[Path]:
    """The shell as one plain module without parameters, in place of its sources."""
    folder, top = design.mem_dir, design.mem_dir / f"{TOP}.v"
    origin = f"{_MODULE}${TOP}.shell_i"
    written = write_plain({_PLAIN: origin}, [*design.sources, *shared, top], folder, black_box=design.top)
    for path in shared:
        path.unlink()
    top.write_text(top_source(design, board, plain=True))
    return written


def shell_inputs(design: StitchedDesign) -> list[DesignStream]:
    """Streams that the shell sends, in the order of its registers."""
    return [*design.inputs, *(skip.taken for skip in design.skips)]


def shell_outputs(design: StitchedDesign) -> list[DesignStream]:
    """Streams that the shell takes, in the order of its registers."""
    return [*design.outputs, *(skip.sent for skip in design.skips)]


def memory_mb_s(board: Board) -> float:
    """What one port of the processor gives the masters in each direction: a word a cycle."""
    return family_of(board).data_bits / 8 * board.clk_mhz


def ring_bytes(stream: Stream, depth: int, board: Board) -> int:
    """Bytes in memory for a skip of `depth` beats: whole groups, the fewest beats that fill bursts to the last byte."""
    beat_bytes, burst_bytes = stream.width_padded // 8, _BURST_WORDS * family_of(board).data_bits // 8
    group_bytes = lcm(beat_bytes, burst_bytes)
    return -(-depth * beat_bytes // group_bytes) * group_bytes


def hash_of(design: StitchedDesign) -> str:
    """Hash of all RTL and memory files of a design."""
    return hash_of_files(design.sources, design.mem_dir)


def hash_of_files(sources: Iterable[Path], folder: Path) -> str:
    """Hash of a design that lies in a folder."""
    state = hashlib.sha256()
    memories = [path for path in _memory_files(folder) if path.name != _HASH_FILE]
    for path in sorted((*sources, *memories), key=lambda path: path.name):
        content = path.read_bytes()
        state.update(f"{path.name} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()[:_HASH_DIGITS]


def top_source(design: StitchedDesign, board: Board, plain: bool = False) -> str:
    """Verilog of `signflow_top`."""
    text = (RTL_DIR / "shell" / f"{TOP}.v.j2").read_text()
    template = jinja2.Template(text, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    inputs, outputs = _pins(shell_inputs(design)), _pins(shell_outputs(design))
    bus = family_of(board)
    return template.render(
        accelerator=design.top,
        shell=_PLAIN if plain else _MODULE,
        plain=plain,
        inputs=inputs,
        outputs=outputs,
        skips=len(design.skips),
        streams=[*inputs, *outputs],
        masters=range(max(len(inputs), len(outputs))),
        reads=range(len(inputs)),
        writes=range(len(outputs)),
        addr_bits=bus.addr_bits,
        data_bits=bus.data_bits,
        size=(bus.data_bits // 8).bit_length() - 1,
        control=_CONTROL,
        sized=_sized,
        joined=_joined,
    )


def _pins(streams: Iterable[DesignStream]) -> list[_Pins]:
    widths = [(s.signal, s.stream.width_padded // 8, s.stream.beats) for s in streams]
    return [_Pins(signal, beat_bytes, beat_bytes * beats) for signal, beat_bytes, beats in widths]


def _sized(values: Iterable[int]) -> str:
    """Numbers as a Verilog concatenation, number 0 in the low bits."""
    return ", ".join(f"32'd{value}" for value in reversed(list(values)))


def _joined(pattern: str, items: Iterable[object]) -> str:
    """Signals as a Verilog concatenation, item 0 in the low bits."""
    return "{" + ", ".join(pattern % item for item in reversed(list(items))) + "}"


def _memory_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _MEMORY_SUFFIXES)
