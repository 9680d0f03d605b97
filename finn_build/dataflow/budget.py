"""What a design takes, by its ops' estimates, and what it may take of a board: area, and the port to the memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from finn.custom_op.fpgadataflow.hwcustomop import HWCustomOp
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import RESOURCES, Board, BuildConfig
from finn_build.dataflow.ops.base import StreamOp, area_of
from finn_build.dataflow.stream import Resources
from finn_build.families import family_of

_LUT_AIM = 0.9  # of the budget: small ops take up to a tenth more LUTs than their estimates


@dataclass(frozen=True)
class Usage:
    """Estimated area of a design. `bram36` counts half a block for a RAMB18."""

    lut: float
    ff: float
    bram36: float
    dsp: float
    uram: float

    def exceeds(self, limits: Usage) -> list[str]:
        """What goes beyond the limits, in words."""
        return [
            f"{name} {value:g} of {limit:g}"
            for (name, value), limit in zip(vars(self).items(), vars(limits).values(), strict=True)
            if value > limit
        ]

    def luts(self, chip: Board) -> float:
        """What it is worth in LUTs, where every resource is worth its share of the chip."""
        shares = [(self.bram36, chip.bram36), (self.dsp, chip.dsp), (self.uram, chip.uram)]
        return self.lut + sum(chip.lut * value / size for value, size in shares if size)


def budget(config: BuildConfig, board: Board) -> Board:
    """The board with what a design may take of it in place of what there is: a share of all, or limits one by one."""
    room = {name: config.max_utilization * getattr(board, name) for name in RESOURCES.values()}
    for name, limit in config.limit.items():
        resource = RESOURCES[name]
        room[resource] = getattr(board, resource) * float(limit[:-1]) / 100 if isinstance(limit, str) else limit
    return replace(board, **room)


def limits(config: BuildConfig, board: Board) -> Usage:
    """The budget as an area."""
    room = budget(config, board)
    return Usage(room.lut, room.ff, room.bram36, room.dsp, room.uram)


def op_area(node: NodeProto, part: str) -> Resources:
    """Estimated area of one op, of ours or of FINN's; a node without hardware takes none."""
    op = getCustomOp(node) if node.domain.startswith("finn.") else None
    if isinstance(op, StreamOp):
        return area_of(node)
    if not isinstance(op, HWCustomOp):
        return Resources()
    return Resources(
        int(op.lut_estimation(part)),
        0,
        int(op.bram_estimation(part)),
        int(op.dsp_estimation(part)),
        int(op.uram_estimation(part)),
    )


def usage(model: ModelWrapper, part: str) -> Usage:
    """Sum of all ops' estimates."""
    parts = [op_area(n, part) for n in model.graph.node]
    return Usage(
        sum(p.lut for p in parts),
        sum(p.ff for p in parts),
        sum(p.bram18 for p in parts) / 2,
        sum(p.dsp for p in parts),
        sum(p.uram for p in parts),
    )


def port_cycles(model: ModelWrapper, board: Board) -> int:
    """Cycles in which the board's memory carries a frame, in or out; each stream has a port of its own."""
    graph = model.graph
    nodes = [(node, getCustomOp(node)) for node in graph.node if node.domain.startswith("finn.")]
    ins = [s for n, op in nodes for t, s in zip(n.input, op.streams_in(), strict=False) if t == graph.input[0].name]
    ends = {value.name for value in graph.output}
    outs = [s for n, op in nodes for t, s in zip(n.output, op.streams_out(), strict=True) if t in ends]
    word = family_of(board).data_bits
    return max(-(-stream.beats * stream.width_padded // word) for stream in (*ins, *outs))


def memory_budget(config: BuildConfig, board: Board) -> tuple[float, float, float]:
    """LUTs, RAMB18 and UltraRAM for PlaceMemories."""
    room = limits(config, board)
    return _LUT_AIM * room.lut, 2 * room.bram36, room.uram
