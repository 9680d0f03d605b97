"""The same longest paths by OpenSTA, a static timing analyser of its own: run where it is on PATH."""

from __future__ import annotations

import re
import shutil

from finn_build import processes
from finn_build.errors import SimulationError
from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.liberty import CLOCK, write_for_opensta

_PERIOD_NS = 100.0  # beyond any path: slacks stay positive, and delays are what is left of it
_COMMANDS = """read_liberty cells.lib
read_verilog design.v
link_design design
read_sdf wires.sdf
create_clock -name {clock} -period {period} [get_ports {clock}]
set_input_delay {launch} -clock {clock} [all_inputs]
set_output_delay {setup} -clock {clock} [all_outputs]
report_checks -path_delay max -format full -digits 4 -group_count {count}
exit
"""


def found() -> bool:
    """Whether OpenSTA is installed."""
    return shutil.which("sta") is not None


def longest_paths(graph: TimingGraph, count: int) -> list[float]:
    """Delays of the longest paths to `count` different ends, the longest first, in ns.

    Raises:
        SimulationError: OpenSTA failed, or read something else than was written.
    """
    with processes.scratch() as folder:
        write_for_opensta(graph, folder)
        commands = _COMMANDS.format(
            clock=CLOCK,
            period=_PERIOD_NS,
            launch=graph.figures.port_launch,
            setup=graph.figures.port_setup,
            count=count,
        )
        (folder / "commands.tcl").write_text(commands)
        ran = processes.run(["sta", "-no_splash", "-exit", "commands.tcl"], cwd=folder)
    slacks = re.findall(r"^\s*(-?[\d.]+)\s+slack", ran.stdout, re.MULTILINE)
    if ran.returncode or not slacks or "Error" in ran.stdout + ran.stderr:
        raise SimulationError(f"OpenSTA failed: {(ran.stderr or ran.stdout).strip()[-500:]}")
    return [round(_PERIOD_NS - float(slack), 4) for slack in slacks]
