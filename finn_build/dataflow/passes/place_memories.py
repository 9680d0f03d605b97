"""PlaceMemories: memories move between block RAM and LUTs, op by op, until the design fits both.

Every op puts each of its memories where that takes the smaller share of the chip. Where the design then has too many
RAMB18, ops are told that one is worth more LUTs (`bramPrice`), those that free a block for the fewest LUTs first.
Where it has too many LUTs, the other way round, as far as there are blocks. Before that, the deepest FIFOs go to
UltraRAM where the chip has it, and in a design that does not fit so the rows that windows keep: only these can, as it
starts empty. Skips that are named, or with "auto" as few as make the design fit, those with the most blocks first, go
to the memory of the board. Streams, cycles and values stay.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import inf

from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp
from qonnx.transformation.base import Transformation

from finn_build.config import MAX_STREAMS
from finn_build.dataflow.ops.base import StreamOp, Trait, area_of, traits_of
from finn_build.dataflow.stream import Resources
from finn_build.errors import ConfigError

_DEARER = (200, 215, 235, 260, 300, 400)  # prices of a RAMB18 that free blocks, where its share of the chip is 190 LUTs
_SHARE = 190
_BLOCKS_PER_URAM = 4  # RAMB18 that an UltraRAM has to free; it holds as much as 16
_CHEAPER = (170, 140, 110, 80, 50)  # that free LUTs


class PlaceMemories(Transformation):
    """Sets `bramPrice` and `ram_style`. Before: 320 RAMB18 of 280. After: 276, as seven ops keep theirs in LUTs.

    Comes last. Skips designs that fit already; what cannot be made to fit is left as near as it gets.
    """

    def __init__(self, lut: float, bram18: float, uram: float = 0, ddr_skips: str | Sequence[str] = "off"):
        """Args: `lut`, `bram18`, `uram`, the budget of the whole design; `ddr_skips`, as in a build configuration."""
        super().__init__()
        self.lut, self.bram18, self.uram, self.ddr_skips = lut, bram18, uram, ddr_skips

    def apply(self, model: ModelWrapper) -> tuple[ModelWrapper, bool]:
        """Change prices until both budgets hold; one application is enough.

        Raises:
            ConfigError: `ddr_skips` names no skip, or more than the shell has room for.
        """
        skips = {n.name: n for n in model.graph.node if _is_skip(n)}
        room = (MAX_STREAMS - len(model.graph.input) - len(model.graph.output)) // 2
        if not isinstance(self.ddr_skips, str):
            for name in self.ddr_skips:
                if name not in skips:
                    raise ConfigError(f"ddr_skips: no skip is called {name}; legal: {', '.join(skips) or 'none'}")
                getCustomOp(skips[name]).set_nodeattr("ram_style", "ddr")
            if len(self.ddr_skips) > room:
                raise ConfigError(f"ddr_skips: {len(self.ddr_skips)} skips; the shell has room for {room}")
        rows = False
        placed = self._place(model, rows)
        if self.uram and not self._fits(placed):
            rows = True
            placed = self._place(model, rows)
        if self.ddr_skips == "auto":
            deepest = sorted(skips.values(), key=lambda n: (-getCustomOp(n).resources().bram18, n.name))
            for skip in deepest[:room]:
                if self._fits(placed):
                    break
                getCustomOp(skip).set_nodeattr("ram_style", "ddr")
                placed = self._place(model, rows)
        return placed, False

    def _fits(self, model: ModelWrapper) -> bool:
        areas = _areas(model).values()
        return sum(a.bram18 for a in areas) <= self.bram18 and sum(a.lut for a in areas) <= self.lut

    def _place(self, unplaced: ModelWrapper, rows: bool) -> ModelWrapper:
        """A copy in which both budgets hold, or as nearly as it gets; FIFOs, and `rows`, may use UltraRAM."""
        model = copy.deepcopy(unplaced)
        for buffers in ((True, False) if rows else (True,)) if self.uram else ():
            self._to_uram(model, buffers)
        areas = _areas(model)
        blocks, luts = sum(a.bram18 for a in areas.values()), sum(a.lut for a in areas.values())
        if blocks > self.bram18:
            _trade(model, areas, _DEARER, ("bram18", blocks - self.bram18), ("lut", inf))
        elif luts > self.lut:
            _trade(model, areas, _CHEAPER, ("lut", luts - self.lut), ("bram18", self.bram18 - blocks))
        return model

    def _to_uram(self, model: ModelWrapper, buffers: bool) -> None:
        """Move FIFOs, or the rows of windows, those that free the most block RAM first."""
        offers, left = [], self.uram - sum(area.uram for area in _areas(model).values())
        for node in model.graph.node:
            op = getCustomOp(node)
            if "ultra" not in op.ram_styles or (Trait.BUFFERS in op.traits) != buffers:
                continue
            if op.get_output_datatype() != op.get_input_datatype():
                continue  # padded ±1: padding is ones, and UltraRAM's output resets to zeros only
            freed = op.resources().bram18
            blocks = op.changed(ram_style="ultra").resources().uram
            if freed >= _BLOCKS_PER_URAM * blocks:
                offers.append((-freed, blocks, node.name, node))
        for _, blocks, _, node in sorted(offers, key=lambda offer: offer[:3]):
            if blocks <= left:
                left -= blocks
                getCustomOp(node).set_nodeattr("ram_style", "ultra")


def _areas(model: ModelWrapper) -> dict[str, Resources]:
    return {n.name: area_of(n) for n in model.graph.node if isinstance(getCustomOp(n), StreamOp)}


def _trade(
    model: ModelWrapper, areas: dict[str, Resources], prices: Sequence[int], wanted: tuple[str, float],
    paid: tuple[str, float],
) -> None:  # fmt: skip
    """Change the prices that free the wanted amount of one resource for the least of the other, which is limited."""
    (scarce, excess), (other, room) = wanted, paid
    offers = []
    for node in model.graph.node:
        before = areas.get(node.name)
        for level in prices if before is not None else ():
            price = round(level * getCustomOp(node).attr("lutsPerBram18") / _SHARE)
            after = area_of(getCustomOp(node).changed(bramPrice=price).onnx_node)
            freed = getattr(before, scarce) - getattr(after, scarce)
            if freed > 0:
                cost = getattr(after, other) - getattr(before, other)
                offers.append((cost / freed, price, freed, node))
    taken: set[str] = set()
    for rate, price, freed, node in sorted(offers, key=lambda offer: (offer[0], offer[3].name, offer[1])):
        if excess <= 0:
            break
        if node.name not in taken and rate * freed <= room:
            taken.add(node.name)
            getCustomOp(node).set_nodeattr("bramPrice", price)
            excess -= freed
            room -= rate * freed


def _is_skip(node: NodeProto) -> bool:
    return Trait.BUFFERS in traits_of(node) and bool(getCustomOp(node).attr("leastDepth"))
