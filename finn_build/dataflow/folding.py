"""Folding as a search: the fastest design, or the smallest at a target rate, within the board's budget.

Only some intervals between frames can be had: that of the slowest op, whose lanes divide what they fold. At each the
ops choose their lanes, and the whole design with its FIFOs is counted. A faster one can be smaller, as its lanes need
fewer width converters, so a target rate takes the smallest of those that reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.config import CONFIG_DIR, Board, BuildConfig
from finn_build.dataflow.budget import Usage, budget, limits, port_cycles, usage
from finn_build.dataflow.ops.base import Trait, traits_of
from finn_build.errors import ConfigError

_BITS_PER_BRAM36 = 36 * 1024
_SLOWDOWN = 1.15  # step of the search for the fastest design that fits
_NARROWED = 1.01  # ratio of two intervals between which it looks no further
_HOPELESS = 2.0  # times the LUTs that there are, before FIFOs: no memory that moves makes up for it
_FASTER, _TRIED = 0.6, 10  # how far below a target, and at how many intervals, a smaller design is looked for


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
class Found:
    """What a search found.

    Attributes:
        cycles: to fold for, per frame.
        next_step: rate and area of the next faster design, in words; empty where there is none.
    """

    cycles: int
    next_step: str = ""


def search_folding(model: ModelWrapper, config: BuildConfig, board: Board, flow: Flow) -> Found:
    """Cycles per frame to fold for, and what the next step up would take.

    Args:
        model: unfolded hardware graph.
        config: target rate, utilization, overrides.
        board: clock and budget.
        flow: the passes that make a design.

    Raises:
        ConfigError: the target rate is out of reach, or nothing fits the board.
    """
    search = _Search(model, config, board, flow)
    fastest, port = search.interval(0), port_cycles(model, board)
    if not isinstance(config.target_fps, str):
        wanted = int(board.clk_mhz * 1e6 / config.target_fps)
        if wanted < fastest:
            slower = "the folding of the configuration" if config.folding else "the fully unfolded network"
            raise ConfigError(
                f"target_fps={config.target_fps:g} needs {wanted:,} cycles per frame; {slower} takes {fastest:,}: "
                f"at most {board.clk_mhz * 1e6 / fastest:,.0f} fps at {board.clk_mhz:g} MHz"
            )
        if wanted < port:
            raise ConfigError(
                f"target_fps={config.target_fps:g}: a frame takes the memory port {port:,} cycles: at most "
                f"{board.clk_mhz * 1e6 / port:,.0f} fps at {board.clk_mhz:g} MHz"
            )
        if _weights_beyond(model, config, board):
            _require_fit(search, wanted if config.folding else search.interval(wanted))
        cycles = wanted if config.folding else search.smallest(search.interval(wanted))
    else:
        slowest = _slowest_cycles(model)
        if _weights_beyond(model, config, board):
            _require_fit(search, slowest)  # said at once: the search could take minutes to get there
        cycles = search.fastest(max(fastest, port), slowest)
    _require_fit(search, cycles)
    return Found(cycles, search.step_above(cycles))


class _Search:
    """Designs of one network, each counted once."""

    def __init__(self, model: ModelWrapper, config: BuildConfig, board: Board, flow: Flow):
        self.model, self.config, self.board, self.flow = model, config, board, flow
        self.limits = limits(config, board)
        self._folded: dict[int, tuple[int, Usage]] = {}
        self._designs: dict[int, Usage] = {}

    def _fold(self, cycles: int) -> tuple[int, Usage]:
        if cycles not in self._folded:
            folded = self.flow.fold(self.model, self.config, cycles)
            self._folded[cycles] = _slowest_cycles(folded), usage(folded, self.board.part)
        return self._folded[cycles]

    def interval(self, cycles: int) -> int:
        """The interval of the design that is folded for one: the longest within it that can be had."""
        return self._fold(cycles)[0]

    def design(self, cycles: int) -> Usage:
        """Area of the whole design."""
        if cycles not in self._designs:
            design = self.flow.buffer(self.flow.fold(self.model, self.config, cycles), self.config, self.board, cycles)
            self._designs[cycles] = usage(design, self.board.part)
        return self._designs[cycles]

    def _fits(self, cycles: int) -> bool:
        folded = self._fold(cycles)[1]
        if folded.lut > _HOPELESS * self.limits.lut or folded.dsp > self.limits.dsp:
            return False
        return not self.design(cycles).exceeds(self.limits)

    def smallest(self, cycles: int) -> int:
        """The interval, up to so many cycles, of the smallest design; one that fits before others."""
        chip = budget(self.config, self.board)
        best = (not self._fits(cycles), self.design(cycles).luts(chip), cycles)
        for faster in self._faster(cycles):
            if faster < _FASTER * cycles:
                break
            if best[0] or self._fold(faster)[1].luts(chip) < best[1]:
                best = min(best, (not self._fits(faster), self.design(faster).luts(chip), faster))
        return best[-1]

    def fastest(self, cycles: int, slowest: int) -> int:
        """The shortest interval, from `cycles` on, whose design fits; `slowest` where none does."""
        failed = 0
        while cycles < slowest and not self._fits(self.interval(cycles)):
            failed, cycles = cycles, int(cycles * _SLOWDOWN) + 1
        found = self.interval(cycles)
        if not failed or not self._fits(found):
            return found
        while found > _NARROWED * failed:
            middle = (failed + found) // 2
            tried = self.interval(middle)
            if tried > failed and self._fits(tried):
                found = tried
            else:
                failed = middle
        return next((faster for faster in reversed(list(self._faster(found))) if self._fits(faster)), found)

    def _faster(self, cycles: int) -> Iterator[int]:
        """The next shorter intervals, a few."""
        for _ in range(_TRIED):
            before, cycles = cycles, self.interval(cycles - 1)
            if cycles >= before:
                return
            yield cycles

    def step_above(self, cycles: int) -> str:
        """What the next faster design would take, in words; empty where there is none."""
        faster = self.interval(self.interval(cycles) - 1)
        if self.config.folding or faster >= self.interval(cycles):
            return ""
        area = self.design(faster)
        listed = ", ".join(f"{value:,g} {name.upper()}" for name, value in vars(area).items())
        over = area.exceeds(self.limits)
        beyond = f", beyond the budget: {', '.join(over)}" if over else ""
        return f"{self.board.clk_mhz * 1e6 / faster:,.0f} frames/s would take {listed}{beyond}"


def _require_fit(search: _Search, cycles: int) -> None:
    config, board = search.config, search.board
    if over := search.design(cycles).exceeds(search.limits):
        asked = ", ".join(f"{name} up to {limit}" for name, limit in config.limit.items())
        raise ConfigError(
            f"{board.name}: at {cycles:,} cycles per frame the design needs {', '.join(over)} "
            f"({asked or f'{config.max_utilization:.0%} of the chip'}); lower target_fps, or choose a smaller network "
            f"or larger board{_weights_beyond(search.model, config, board)}"
        )


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


def _slowest_cycles(model: ModelWrapper) -> int:
    return max(getCustomOp(n).get_exp_cycles() for n in model.graph.node)
