import pytest

from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.join import join
from finn_build.evaluate.timing.netlist import Netlist
from finn_build.evaluate.timing.paths import worst_paths
from tests.evaluate.timing.cells import WIRES, netlist

_TOP = netlist(
    "FDRE a C=1 CE=c1 D=9 R=c0 Q=2", "op u.first in=2 Q=3", "op u.second in=3 Q=4", "FDRE b C=1 CE=c1 D=4 R=c0 Q=9"
)
_Q, _NET, _SETUP, _LUT = 0.52, 0.45, 0.06, 0.124


def _worst(op: Netlist) -> tuple[float, tuple[str, ...]]:
    path = worst_paths(TimingGraph(join(_TOP, {"op": op}), figures("xc7"), WIRES), 1)[0]
    return path.ns, path.ops


def test_a_path_runs_through_two_instances() -> None:
    op = netlist("LUT1 l I0=7 O=5", inputs={"in": 7}, outputs={"Q": 5})
    assert _worst(op) == (pytest.approx(_Q + 3 * _NET + 2 * _LUT + _SETUP), ("first", "second"))


def test_an_input_that_is_an_output_joins_the_nets() -> None:
    op = netlist(inputs={"in": 7}, outputs={"Q": 7})
    assert _worst(op) == (pytest.approx(_Q + _NET + _SETUP), ())


def test_fan_out_counts_sinks_on_both_sides() -> None:
    op = netlist("FDRE q C=1 CE=c1 D=7 R=c0 Q=5", "FDRE r C=1 CE=c1 D=7 R=c0 Q=6", inputs={"in": 7}, outputs={"Q": 5})
    assert _worst(op)[0] == pytest.approx(_Q + _NET + 0.1 + _SETUP)  # two sinks, in another module than their driver


def test_a_constant_output_ends_no_path() -> None:
    op = Netlist("op", {"clk": (1,), "in": (7,)}, {"Q": ("0",)}, (), {})
    graph = TimingGraph(join(_TOP, {"op": op}), figures("xc7"), WIRES)
    assert not [c for c in graph.captures if c.cell.name == "b"]
