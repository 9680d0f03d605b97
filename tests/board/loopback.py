"""A shell around an accelerator that gives back what it takes: what the shell does, alone, with beats of any width."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from qonnx.core.datatype import DataType

from finn_build._stitched_top import DesignStream
from finn_build.config import load_board
from finn_build.ops.base import RTL_DIR, Stream
from finn_build.shell import Shell, write_shell
from finn_build.stitch import StitchedDesign
from sim.board import BASE, BoardTraffic, SimulatedBoard

ROOM = 1 << 20  # bytes between the buffers of two streams
BEATS = 50  # of a frame


def make_loopback(folder: Path, beat_bytes: Sequence[int], board: str) -> Shell:
    """A shell with as many inputs and outputs as there are widths, output i giving back input i."""
    shutil.copyfile(Path(__file__).parent / "rtl" / "loopback.sv", folder / "loopback.sv")
    shutil.copyfile(RTL_DIR / "fifo" / "fifo.sv", folder / "fifo.sv")
    streams = [Stream((1, BEATS, count), count, DataType["UINT8"]) for count in beat_bytes]
    inputs = tuple(DesignStream("loopback", f"in{i}", f"s_axis_{i}", s) for i, s in enumerate(streams))
    outputs = tuple(DesignStream("loopback", f"out{i}", f"m_axis_{i}", s) for i, s in enumerate(streams))
    (folder / "accelerator.v").write_text(_accelerator(beat_bytes))
    sources = tuple(folder / name for name in ("fifo.sv", "loopback.sv", "accelerator.v"))
    design = StitchedDesign("accelerator", sources, inputs, outputs, (), folder, BEATS)
    return write_shell(design, load_board(board))


def _accelerator(beat_bytes: Sequence[int]) -> str:
    width = 8 * max(beat_bytes)
    lines = ["module accelerator (input wire ap_clk, input wire ap_rst_n"]
    for i, count in enumerate(beat_bytes):
        for name, into, out in ((f"s_axis_{i}", "input", "output"), (f"m_axis_{i}", "output", "input")):
            lines.append(f", {into} wire [{8 * count - 1}:0] {name}_tdata, {into} wire {name}_tvalid")
            lines.append(f", {out} wire {name}_tready")
    lines.append(");")
    lines += [f"wire [{width - 1}:0] out{i}; assign m_axis_{i}_tdata = out{i};" for i in range(len(beat_bytes))]

    def joined(pattern: str) -> str:
        return "{" + ", ".join(pattern.format(i) for i in reversed(range(len(beat_bytes)))) + "}"

    padded = ", ".join(f"{width}'(s_axis_{i}_tdata)" for i in reversed(range(len(beat_bytes))))
    lines += [
        f"loopback #(.STREAMS({len(beat_bytes)}), .WIDTH({width})) core (.clk(ap_clk), .rst(!ap_rst_n),",
        f".in_data({{{padded}}}), .in_valid({joined('s_axis_{}_tvalid')}), .in_ready({joined('s_axis_{}_tready')}),",
        f".out_data({joined('out{}')}), .out_valid({joined('m_axis_{}_tvalid')}),",
        f".out_ready({joined('m_axis_{}_tready')}));",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


class LoopbackBench:
    """A loopback on the simulated board, driven register by register."""

    def __init__(self, shell: Shell, traffic: BoardTraffic | None = None):
        self.board = SimulatedBoard(shell.folder, traffic, cycles_per_access=0)
        self.shell, self.streams = shell, shell.inputs + shell.outputs
        self.board.run(50)  # the reset of the accelerator lasts longer than the pin's

    def address(self, stream: int, offset: int = 0) -> int:
        """Physical address of a stream's buffer."""
        return BASE + stream * ROOM + offset

    def start(self, counts: Sequence[int], offset: int = 0, received: Sequence[int] = ()) -> None:
        """Queue a job of so many bytes by input, and as many or `received` by output."""
        for i, count in enumerate((*counts, *(received or counts))):
            base = 0x100 + 0x40 * i
            self.board.write(base, self.address(i, offset))
            self.board.write(base + 4, 0)
            self.board.write(base + 8, count)
        self.board.write(0x0C, 1)

    def fill(self, counts: Sequence[int], rng: np.random.Generator, offset: int = 0) -> list[np.ndarray]:
        """Random input; the outputs' buffers are set to 0xEE around and at the place of the result."""
        sent = []
        for i, count in enumerate(counts):
            sent.append(rng.integers(0, 256, count, dtype=np.uint8))
            self._buffer(i, offset, count)[:] = sent[-1]
            self._buffer(i + self.shell.inputs, 0, ROOM)[:] = 0xEE
        return sent

    def received(self, counts: Sequence[int], offset: int = 0) -> list[np.ndarray]:
        """What was written, and nothing beside it.

        Raises:
            AssertionError: a byte outside of the job's buffer changed.
        """
        found = []
        for i, count in enumerate(counts):
            whole = self._buffer(i + self.shell.inputs, 0, ROOM)
            assert (whole[:offset] == 0xEE).all() and (whole[offset + count :] == 0xEE).all(), f"output {i}: outside"
            found.append(whole[offset : offset + count].copy())
        return found

    def _buffer(self, stream: int, offset: int, count: int) -> np.ndarray:
        return self.board.memory[stream * ROOM + offset : stream * ROOM + offset + count]

    def until_done(self, jobs: int = 1, cycles: int = 200_000) -> None:
        """Let time pass until so many jobs are done in all."""
        for _ in range(cycles // 100):
            if self.board.read(0x14) >= jobs:
                return
            assert not self.board.read(0x10) & 4, f"error {self.board.read(0x24):#x}"
            self.board.run(100)
        raise AssertionError(f"{self.board.read(0x14)} of {jobs} jobs after {cycles} cycles")
