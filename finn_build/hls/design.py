"""From the hardware graph to C++ for Vitis HLS: one dataflow function, its processes and their memories.

FIFOs of the graph become depths of streams; what is left are processes. A process for each end of the accelerator
copies between an AXI stream, padded to whole bytes, and a stream of payload bits.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper

from finn_build.config import Board
from finn_build.errors import UnsupportedModelError
from finn_build.hls.kernel import Inner
from finn_build.hls.ops import KERNELS
from finn_build.hls.process import ENVIRONMENT, HLS_DIR, Process
from finn_build.hls.streams import AxiPort, Channel, Top, in_order, is_fifo
from finn_build.identifiers import is_identifier
from finn_build.licence import license_files

LIBRARY = HLS_DIR / "lib"
TOP = "accelerator"
SCRIPT = "run_hls.tcl"
WIDEST_STREAM = 4096  # bits that Vitis HLS takes, in a stream and in an ap_uint
_MOST_PARTS = 1024  # of an array that is partitioned


@dataclass(frozen=True)
class HlsDesign:
    """C++ on disk.

    Attributes:
        folder: where it lies.
        sources: C++ files of the accelerator, the top last.
        inputs, outputs: ports of the top, in the order of the graph's inputs and outputs.
        skips: ports of each FIFO in the board's memory, out and back.
        channels: streams by tensor; two tensors with a FIFO between them are one stream.
        inner: streams between the loops of each op, by node.
        written: text of each source, by its path in the folder.
    """

    folder: Path
    sources: tuple[Path, ...]
    inputs: tuple[AxiPort, ...]
    outputs: tuple[AxiPort, ...]
    skips: tuple[tuple[AxiPort, AxiPort], ...]
    channels: dict[str, Channel]
    inner: dict[str, Sequence[Inner]]
    written: dict[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> tuple[AxiPort, ...]:
        """All ports, in the order of the top's arguments."""
        return (*self.inputs, *self.outputs, *(port for skip in self.skips for port in skip))


def write_hls(model: ModelWrapper, folder: Path, board: Board) -> HlsDesign:
    """Write the C++ of a hardware graph with its FIFOs.

    Args:
        model: graph of hardware ops, with unique node names.
        folder: replaced.
        board: its part and clock, for the script.

    Returns:
        The design: `accelerator.cpp`, `accelerator.h`, a file per process, and the library.

    Raises:
        UnsupportedModelError: an op has no form for HLS, a stream is too wide for it, or a name cannot stand in code.
    """
    refuse_unknown(model)
    _refuse_names(model)
    top = Top(model)
    processes = [Process(node, model) for node in model.graph.node if not is_fifo(node)]
    _refuse_wide(processes)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(LIBRARY, folder / "lib")
    (folder / "processes").mkdir()
    sources = [folder / "processes" / f"{process.name}.cpp" for process in processes]
    for process, source in zip(processes, sources, strict=True):
        source.write_text(process.source())
    _write_top(folder, top, processes)
    _write_script(folder, [process.name for process in processes], board, cosim=not top.skips)
    license_files(folder, folder.rglob("*"))
    inner = {process.name: process.kernel.inner for process in processes}
    sources.append(folder / f"{TOP}.cpp")
    written = {str(source.relative_to(folder)): source.read_text() for source in sources}
    return HlsDesign(folder, tuple(sources), top.inputs, top.outputs, top.skips, top.channels, inner, written)


def refuse_unknown(model: ModelWrapper) -> None:
    """Raise UnsupportedModelError with every op of a hardware graph that HLS has no form of."""
    unknown = [f"{n.name} ({n.op_type})" for n in model.graph.node if n.op_type not in KERNELS and not is_fifo(n)]
    if unknown:
        raise UnsupportedModelError(f"HLS has no form of {', '.join(unknown)}; build with --impl rtl")


def _refuse_names(model: ModelWrapper) -> None:
    names = [node.name for node in model.graph.node]
    if len({TOP, *names}) != len(names) + 1 or not all(map(is_identifier, names)):
        raise UnsupportedModelError("HLS needs nodes with unique names of letters, digits and single underscores")


def _write_top(folder: Path, top: Top, processes: Sequence[Process]) -> None:
    calls = [*top.arrivals, *(process.call(top.channels) for process in processes), *top.departures]
    values = {
        "top": TOP,
        "ports": top.ports,
        "processes": processes,
        "copies": [*top.arrivals, *top.departures],
        "streams": list({c.name: c for c in top.channels.values()}.values()),
        "calls": in_order(calls),
    }
    for name in (f"{TOP}.h", f"{TOP}.cpp"):
        (folder / name).write_text(ENVIRONMENT.get_template(f"{name}.j2").render(values))


def _refuse_wide(processes: Sequence[Process]) -> None:
    """Raise with every stream and every word of a memory that an op writes, or else every array, that is too wide."""
    wide = [
        f"{process.name}.{name}: {bits} bits"
        for process in processes
        for name, bits in (process.widths | process.arrays).items()
        if bits > WIDEST_STREAM
    ]
    many = [
        f"{process.name}.{memory.array}: {memory.shape[1]:,}"
        for process in processes
        for memory in process.kernel.memories
        if not memory.one_word and memory.shape[1] > _MOST_PARTS
    ]
    if many:
        raise UnsupportedModelError(
            f"Vitis HLS takes arrays of {_MOST_PARTS:,} parts at most: {', '.join(many)}; give these ops "
            "fewer lanes (PE, SIMD) or build with --impl rtl"
        )
    if wide:
        raise UnsupportedModelError(
            f"Vitis HLS takes words of {WIDEST_STREAM:,} bits at most: {', '.join(wide)}; give these ops fewer "
            "lanes (PE, SIMD) or build with --impl rtl"
        )


def _write_script(folder: Path, names: Sequence[str], board: Board, *, cosim: bool) -> None:
    """The Tcl; a skip in the board's memory comes back within a call, which co-simulation does not do."""
    values = {"top": TOP, "part": board.part, "clk_ns": f"{board.clk_period_ns:g}", "cosim": cosim}
    sources = [f"processes/{name}.cpp" for name in names]
    script = ENVIRONMENT.get_template(f"{SCRIPT}.j2").render(values, sources=sources)
    (folder / SCRIPT).write_text(script)
