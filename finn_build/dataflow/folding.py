"""Folding as a search: the fastest design, or the smallest at a target rate, within the board's budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from finn.custom_op.fpgadataflow.hwcustomop import HWCustomOp
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import CONFIG_DIR, Board, BuildConfig
from finn_build.dataflow.ops.base import StreamOp, Trait, traits_of
from finn_build.dataflow.stream import Resources
from finn_build.errors import ConfigError

_LUT_AIM = 0.9  # of the budget: small ops take up to a tenth more LUTs than their estimates
_BITS_PER_BRAM36 = 36 * 1024
_SLOWDOWN = 1.15  # step of the search for the fastest design that fits


@dataclass(frozen=True)
class Flow:
    """The passes that make a design, as `pipeline.py` lists them.

    Attributes:
        fold: the graph with the lanes that a frame every so many cycles takes.
        buffer: that with width converters and FIFOs, its memories placed within the board's budget.
    """

    fold: Callable[[ModelWrapper, BuildConfig, int], ModelWrapper]
    buffer: Callable[[ModelWrapper, BuildConfig, Board, int], ModelWrapper]


@dataclass(frozen=True)
class Usage:
    """Estimated area of a design. `bram36` counts half a block for a RAMB18."""

    lut: int
    ff: int
    bram36: float
    dsp: int
    uram: int

    def exceeds(self, board: Board, share: float) -> list[str]:
        """What goes beyond `share` of the board, in words."""
        return [
            f"{name} {value:g} of {share * getattr(board, name):g}"
            for name, value in vars(self).items()
            if value > share * getattr(board, name)
        ]


def op_area(node: NodeProto, part: str) -> Resources:
    """Estimated area of one op, of ours or of FINN's; a node without hardware takes none."""
    op = getCustomOp(node) if node.domain.startswith("finn.") else None
    if isinstance(op, StreamOp):
        return op.resources()
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


def find_folding(model: ModelWrapper, config: BuildConfig, board: Board, flow: Flow) -> int:
    """Cycles per frame to fold for.

    Args:
        model: unfolded hardware graph.
        config: target rate, utilization, overrides.
        board: clock and budget.
        flow: the passes that make a design.

    Returns:
        The target in cycles per frame.

    Raises:
        ConfigError: the target rate is out of reach, or nothing fits the board.
    """
    fastest = _slowest_cycles(flow.fold(model, config, 0))
    if not isinstance(config.target_fps, str):
        wanted = int(board.clk_mhz * 1e6 / config.target_fps)
        if wanted < fastest:
            slower = "the folding that is given" if config.folding else "the fully unfolded network"
            raise ConfigError(
                f"target_fps={config.target_fps:g} needs {wanted:,} cycles per frame; {slower} takes {fastest:,}: "
                f"at most {board.clk_mhz * 1e6 / fastest:,.0f} fps at {board.clk_mhz:g} MHz"
            )
        return _require_fit(model, config, board, flow, wanted)
    slowest, cycles = _slowest_cycles(model), fastest
    if _weights_beyond(model, config, board):
        _require_fit(model, config, board, flow, slowest)  # said at once: the search could take minutes to get there
    while cycles < slowest and _excess(model, config, board, flow, cycles):
        cycles = int(cycles * _SLOWDOWN) + 1
    return _require_fit(model, config, board, flow, cycles)


def _require_fit(model: ModelWrapper, config: BuildConfig, board: Board, flow: Flow, cycles: int) -> int:
    over = _excess(model, config, board, flow, cycles)
    if over:
        raise ConfigError(
            f"{board.name}: at {cycles:,} cycles per frame the design needs {', '.join(over)} "
            f"({config.max_utilization:.0%} of the chip); lower target_fps, or choose a smaller network or larger board"
            f"{_weights_beyond(model, config, board)}"
        )
    return cycles


def _weights_beyond(model: ModelWrapper, config: BuildConfig, board: Board) -> str:
    """What the weights alone take, where they are most of the chip's block RAM; no rate makes them smaller.

    With it the presets for this board, those first whose names are most like the network's.
    """
    weights = [name for n in model.graph.node if (name := getCustomOp(n).weights())]
    bits = sum(model.get_initializer(w).size * model.get_tensor_datatype(w).bitwidth() for w in weights)
    room = board.bram36 * _BITS_PER_BRAM36
    if 2 * bits < room:
        return ""
    wanted = f"{config.model}_{board.name}"
    names = sorted(preset.stem for preset in CONFIG_DIR.glob(f"*_{board.name}.yaml"))
    fitting = sorted(names, key=lambda name: -SequenceMatcher(None, wanted, name).ratio())
    return (
        f". Its weights alone are {bits / 1e6:.1f} Mbit, {bits / room:.0%} of the chip's block RAM "
        f"({room / 1e6:.1f} Mbit); presets that fit {board.name}, the most alike first: {', '.join(fitting)}"
    )


def folding_of(model: ModelWrapper) -> dict[str, dict[str, int]]:
    """Lanes of every op that has any to choose, by its name: what `BuildConfig.folding` takes."""
    found = {}
    for node in model.graph.node:
        if Trait.FOLDED in traits_of(node):
            op = getCustomOp(node)
            found[node.name] = {name: int(op.attr(name)) for name in op.lane_sizes}
    return found


def memory_budget(config: BuildConfig, board: Board) -> tuple[float, float, float]:
    """LUTs, RAMB18 and UltraRAM for PlaceMemories."""
    share = config.max_utilization
    return _LUT_AIM * share * board.lut, share * 2 * board.bram36, share * board.uram


def _excess(model: ModelWrapper, config: BuildConfig, board: Board, flow: Flow, cycles: int) -> list[str]:
    """What of the whole design goes beyond the budget, in words."""
    design = flow.buffer(flow.fold(model, config, cycles), config, board, cycles)
    return usage(design, board.part).exceeds(board, config.max_utilization)


def _slowest_cycles(model: ModelWrapper) -> int:
    return max(getCustomOp(n).get_exp_cycles() for n in model.graph.node)
