"""The processing systems of the two chip families: what the block design has to know of them.

Names of pins, interfaces and parameters are those of the vendor's IP: PG082 (Zynq-7000), PG201 (Zynq UltraScale+).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


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
        needs_preset: whether a design without the board's preset is refused.
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
    interface_clocks: tuple[str, ...]
    interrupt: str
    control_base: int
    needs_preset: bool
    pll: str = ""
    pll_mhz: int = 0

    def settings(self, clk_mhz: float, axi_bits: int) -> dict[str, str]:
        """`parameters` for a design."""
        return {k: v.format(clk_mhz=f"{clk_mhz:g}", axi_bits=axi_bits) for k, v in self.parameters.items()}


_ZYNQ_7000 = ProcessingSystem(
    ip="processing_system7",
    automation="make_external {FIXED_IO, DDR} Master Disable Slave Disable",
    parameters=MappingProxyType(
        {
            "PCW_FPGA0_PERIPHERAL_FREQMHZ": "{clk_mhz}",
            "PCW_USE_M_AXI_GP0": "1",
            "PCW_USE_S_AXI_HP0": "1",
            "PCW_S_AXI_HP0_DATA_WIDTH": "{axi_bits}",
            "PCW_USE_FABRIC_INTERRUPT": "1",
            "PCW_IRQ_F2P_INTR": "1",
        }
    ),
    clock="FCLK_CLK0",
    reset="FCLK_RESET0_N",
    control="M_AXI_GP0",
    memory="S_AXI_HP0",
    interface_clocks=("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"),
    interrupt="IRQ_F2P",
    control_base=0x4000_0000,
    needs_preset=False,
    pll="PCW_IO_IO_PLL_FREQMHZ",
    pll_mhz=1000,
)
_ZYNQ_ULTRASCALE = ProcessingSystem(
    ip="zynq_ultra_ps_e",
    automation="",
    parameters=MappingProxyType(
        {
            "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": "{clk_mhz}",
            "PSU__USE__M_AXI_GP0": "1",  # HPM0_FPD
            "PSU__USE__M_AXI_GP1": "0",  # HPM1_FPD and HPM0_LPD: on by default, and open clock pins are errors
            "PSU__USE__M_AXI_GP2": "0",
            "PSU__MAXIGP0__DATA_WIDTH": "32",
            "PSU__USE__S_AXI_GP2": "1",  # HP0_FPD
            "PSU__SAXIGP2__DATA_WIDTH": "{axi_bits}",
            "PSU__USE__IRQ0": "1",
        }
    ),
    clock="pl_clk0",
    reset="pl_resetn0",
    control="M_AXI_HPM0_FPD",
    memory="S_AXI_HP0_FPD",
    interface_clocks=("maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"),
    interrupt="pl_ps_irq0",
    control_base=0xA000_0000,
    needs_preset=True,
)
PROCESSING_SYSTEMS: Mapping[str, ProcessingSystem] = MappingProxyType({"xc7": _ZYNQ_7000, "xcup": _ZYNQ_ULTRASCALE})
"""By chip family, as the boards' YAML names it."""
