"""A shell around a FIFO in memory that fills, as its reader is slower than its writer: a skip, register by register."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model

from finn_build.board.shell import Shell, ring_bytes, write_shell
from finn_build.config import load_board
from finn_build.dataflow.ops.base import DOMAIN
from finn_build.finn.environment import prepare_finn
from finn_build.rtl.stitch import StitchedDesign, stitch
from tests.board.loopback import BEATS, ROOM, LoopbackBench

TAKEN, OUT, SENT = 1, 2, 3  # streams beside the input


def skip_design(folder: Path, beat_bytes: int, depth: int) -> StitchedDesign:
    """One beat a cycle in, through the skip, one byte a cycle out; the bytes stay."""
    prepare_finn(folder / ".finn")
    shape = [1, BEATS, beat_bytes]
    tensors = ["in", "sent", "taken", "out"]
    common = {"domain": DOMAIN, "backend": "fpgadataflow", "shape": shape, "dataType": "UINT8"}
    fifo = {**common, "lanes": beat_bytes, "leastDepth": 1}
    nodes = [
        helper.make_node("StreamFIFO_rtl", ["in"], ["sent"], name="FIFO_0", depth=2, **fifo),
        helper.make_node("StreamFIFO_rtl", ["sent"], ["taken"], name="FIFO_1", depth=depth, ram_style="ddr", **fifo),
        helper.make_node("StreamDWC_rtl", ["taken"], ["out"], name="DWC_0", inLanes=beat_bytes, outLanes=1, **common),
    ]
    infos = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in tensors}
    graph = helper.make_graph(nodes, "skip", [infos["in"]], [infos["out"]])
    return stitch(ModelWrapper(qonnx_make_model(graph)), folder)


def make_skip(folder: Path, beat_bytes: int, board: str, depth: int) -> tuple[Shell, int]:
    """The design in its shell, and the bytes of its ring."""
    design, chip = skip_design(folder, beat_bytes, depth), load_board(board)
    (skip,) = design.skips
    return write_shell(design, chip), ring_bytes(skip.sent.stream, depth, chip)


class SkipBench(LoopbackBench):
    """The skip on the simulated board; its ring lies in the last of the buffers."""

    def start_skip(self, count: int, ring: int, offset: int = 0) -> None:
        """Queue a job of so many bytes from the input to the output, with the ring at a place of its room."""
        jobs = {0: (self.address(0), count), OUT: (self.address(OUT), count)}
        jobs |= dict.fromkeys((TAKEN, SENT), (self.address(SENT, offset), ring))
        for stream, (address, size) in jobs.items():
            base = 0x100 + 0x40 * stream
            self.board.write(base, address)
            self.board.write(base + 4, 0)
            self.board.write(base + 8, size)
        self.board.write(0x0C, 1)

    def fill_skip(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Random input; output and ring are set to 0xEE."""
        self.board.memory[OUT * ROOM :][: 2 * ROOM] = 0xEE
        sent = rng.integers(0, 256, count, dtype=np.uint8)
        self.board.memory[:count] = sent
        return sent

    def received_skip(self, count: int, ring: int, offset: int = 0) -> np.ndarray:
        """What was written.

        Raises:
            AssertionError: a byte outside of output and ring changed.
        """
        output, room = (self.board.memory[stream * ROOM :][:ROOM] for stream in (OUT, SENT))
        beside = (output[count:], room[:offset], room[offset + ring :])
        assert all((part == 0xEE).all() for part in beside), "written outside of output and ring"
        return output[:count]
