"""Chip families, from `hw_configs/families`: what the shell, the block design and the open flow have to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from finn_build.config import FAMILY_DIR, Board, from_mapping, load_yaml


@dataclass(frozen=True)
class ProcessingSystem:
    """One kind of processing system (PS) as a cell of a block design.

    Attributes:
        ip: name in Vivado's IP catalogue.
        automation: options of its block automation, but for the board preset.
        parameters: what the shell needs switched on; `{clk_mhz}` and `{axi_bits}` stand for the design's.
        clock, reset: pins of the clock for the fabric and its reset.
        control, memory: interfaces: the master for registers, the slave in front of the DDR memory.
        interface_clocks: clock pins of these two.
        interrupt: pin for interrupts from the fabric.
        control_base: first address of the registers.
        needs_preset: 1 where a design without the board's preset is refused.
        pll, pll_mhz: parameter with the frequency of the PLL behind the clock, and what the boards' boot images set it
            to; empty where the board's preset, which is needed then, decides it.
    """

    ip: str
    automation: str
    parameters: Mapping[str, str]
    clock: str
    reset: str
    control: str
    memory: str
    interface_clocks: Sequence[str]
    interrupt: str
    control_base: int
    needs_preset: int
    pll: str = ""
    pll_mhz: int = 0

    def settings(self, clk_mhz: float, axi_bits: int) -> dict[str, str]:
        """`parameters` for a design."""
        return {k: v.format(clk_mhz=f"{clk_mhz:g}", axi_bits=axi_bits) for k, v in self.parameters.items()}


@dataclass(frozen=True)
class Family:
    """A chip family.

    Attributes:
        name: as Yosys names it; delays of its cells are in the file of this name in `evaluate/timing/delays`.
        data_bits, addr_bits: of a port to the memory.
        prjxray: Project X-Ray's name of it; empty where there is no open place and route.
        ps: its processing system.
    """

    name: str
    data_bits: int
    addr_bits: int
    prjxray: str
    ps: ProcessingSystem


@cache
def _family(name: str) -> Family:
    path = FAMILY_DIR / f"{name}.yaml"
    content = load_yaml(path)
    ps = from_mapping(content.pop("ps", {}), ProcessingSystem, f"{path}: ps")
    found = from_mapping({**content, "ps": {}}, Family, str(path))
    return replace(found, ps=ps)


def family_of(board: Board) -> Family:
    """The family of a board's chip.

    Raises:
        ConfigError: its file has unknown or missing keys, or wrong types.
    """
    return _family(board.family)
