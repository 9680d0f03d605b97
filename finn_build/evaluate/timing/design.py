"""Timing of a whole design with its shell: ops synthesised one by one, joined, and the longest paths of the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from finn_build.errors import SimulationError
from finn_build.evaluate.synthesis import Job, netlists
from finn_build.evaluate.timing import opensta
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph, Wires
from finn_build.evaluate.timing.join import join
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import PortDepths, TimingPath, port_depths, worst_paths

PATHS = 10
_AGREE_NS = 0.001


@dataclass(frozen=True)
class Timing:
    """Post-synthesis estimate of a design's clock.

    Attributes:
        paths: the longest paths, the longest first; from clock to clock, ports of the design taken as registers.
        ops: depths of each op alone.
        engine: what found the longest path: `OpenSTA`, or `own` where it is not installed.
    """

    paths: tuple[TimingPath, ...]
    ops: Mapping[str, PortDepths]
    engine: str

    @property
    def worst_ns(self) -> float:
        """Delay of the longest path."""
        return self.paths[0].ns

    @property
    def mhz(self) -> float:
        """Highest clock by the estimate."""
        return 1000.0 / self.worst_ns


def time_design(
    top: str,
    sources: Sequence[Path],
    folder: Path,
    ops: Sequence[str],
    family: str,
    wires: Wires,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> Timing:
    """Synthesise a design op by op, join it, and find its longest paths.

    Args:
        top: top module, of the shell or of the bare accelerator.
        sources: HDL files, each module in a file of its name.
        folder: of the memory files.
        ops: modules of the ops.
        family: `synth_xilinx -family`.
        wires: delays of nets.
        on_progress: called with the fraction done.

    Raises:
        SimulationError: Yosys or OpenSTA failed, a cell has no figures, there is a combinational loop, or OpenSTA's
            longest path is another one than ours.
    """
    jobs = [Job(top, family, sources, folder, tuple(ops)), *(Job(op, family, sources, folder) for op in ops)]
    found = dict(zip((top, *ops), netlists(jobs, lambda f: on_progress(0.9 * f)), strict=True))
    parts = {name: read_netlist(module, name) for name, module in found.items()}
    whole = TimingGraph(join(parts[top], {op: parts[op] for op in ops}), figures(family), wires)
    paths = tuple(worst_paths(whole, PATHS))
    depths = {op: port_depths(TimingGraph(parts[op], figures(family), wires)) for op in ops}
    return Timing(paths, depths, _checked(whole, paths[0].ns))


def _checked(graph: TimingGraph, worst_ns: float) -> str:
    """Name of the engine that vouches for the longest path."""
    if not opensta.found():
        return "own"
    (theirs,) = opensta.longest_paths(graph, 1)
    if abs(theirs - worst_ns) > _AGREE_NS:
        raise SimulationError(f"timing: the longest path has {worst_ns:.4f} ns, by OpenSTA {theirs:.4f} ns")
    return "OpenSTA"
