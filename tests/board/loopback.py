"""A shell around an accelerator that gives back what it takes: what the shell does, alone, with beats of any width."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.board.shell import Shell, write_shell
from finn_build.config import load_board
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.finn.environment import prepare_finn
from finn_build.rtl.stitch import stitch
from sim.board import BASE, BoardTraffic, SimulatedBoard

ROOM = 1 << 20  # bytes between the buffers of two streams
BEATS = 50  # of a frame


def make_loopback(folder: Path, beat_bytes: Sequence[int], board: str) -> Shell:
    """A shell around FIFOs, one for each width in bytes: output i gives back input i."""
    prepare_finn(folder / ".finn")
    pairs = [(f"in{i}", f"out{i}", (1, BEATS, count)) for i, count in enumerate(beat_bytes)]
    nodes = [
        helper.make_node(
            "StreamFIFO_rtl", [into], [out], name=f"FIFO_{into}", domain=DOMAIN, backend="fpgadataflow",
            shape=list(shape), lanes=shape[-1], dataType="UINT8", depth=4,
        )
        for into, out, shape in pairs
    ]  # fmt: skip
    inputs = [helper.make_tensor_value_info(into, TensorProto.FLOAT, shape) for into, _, shape in pairs]
    outputs = [helper.make_tensor_value_info(out, TensorProto.FLOAT, shape) for _, out, shape in pairs]
    model = ModelWrapper(qonnx_make_model(helper.make_graph(nodes, "loopback", inputs, outputs)))
    return write_shell(stitch(model, folder), load_board(board))


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
