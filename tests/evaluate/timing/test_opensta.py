"""Our longest paths against OpenSTA's, on two ops after synthesis.

OpenSTA is Debian's package `opensta`; its answers are in `recorded/`, so that they are compared on every machine, and
made again where it is installed. `python -m tests.evaluate.timing.test_opensta` records them.
"""

import gzip
import heapq
import json
from pathlib import Path

import pytest

from finn_build.evaluate.timing import opensta
from finn_build.evaluate.timing.figures import figures
from finn_build.evaluate.timing.graph import TimingGraph
from finn_build.evaluate.timing.netlist import read_netlist
from finn_build.evaluate.timing.paths import ends, settled
from tests.evaluate.timing.cells import WIRES, graph

_RECORDED = Path(__file__).parent / "recorded"
_NAMES = sorted(path.name.removesuffix(".json.gz") for path in _RECORDED.glob("*.json.gz"))
_COUNT = 500
_PRINTED_NS = 0.0002  # OpenSTA counts in single precision


def _graph(name: str) -> TimingGraph:
    module = json.loads(gzip.decompress((_RECORDED / f"{name}.json.gz").read_bytes()))
    return TimingGraph(read_netlist(module, name), figures("xc7"), WIRES)


def _ours(graph: TimingGraph) -> list[float]:
    return heapq.nlargest(_COUNT, (end.ns for end in ends(graph, settled(graph))))


@pytest.mark.parametrize("name", _NAMES)
def test_the_longest_paths_are_opensta_s(name: str) -> None:
    graph = _graph(name)
    recorded = json.loads((_RECORDED / f"{name}.opensta.json").read_text())
    assert len(recorded) == _COUNT
    assert _ours(graph) == pytest.approx(recorded, abs=_PRINTED_NS)
    if opensta.found():
        assert opensta.longest_paths(graph, _COUNT) == pytest.approx(recorded, abs=_PRINTED_NS)


def test_an_address_that_reads_at_once_and_is_captured_to_write_makes_no_latch() -> None:
    address = ",".join("2" * 7)
    memory = graph(
        "FDRE first C=1 D=5 Q=2",
        f"RAM128X1D memory WCLK=1 WE=c1 D=2 A={address} DPRA={address} SPO=3 DPO=4",
        "FDRE left C=1 D=3 Q=6",
        "FDRE right C=1 D=4 Q=7",
        inputs={"d": 5},
        outputs={"q": 6, "p": 7},
    )
    longest = _ours(memory)[:10]
    assert longest[0] == pytest.approx(2.2477, abs=_PRINTED_NS)  # into it, through it and out
    if opensta.found():
        assert opensta.longest_paths(memory, 10) == pytest.approx(longest, abs=_PRINTED_NS)


def test_both_kinds_of_memory_arithmetic_and_selectors_are_among_the_cells() -> None:
    kinds = {cell.kind for name in _NAMES for cell in _graph(name).netlist.cells}
    assert kinds >= {"RAMB18E1", "RAM64M", "RAM32M", "DSP48E1", "CARRY4", "MUXF7", "MUXF8", "SRL16E", "FDRE", "FDSE"}


if __name__ == "__main__":
    for name in _NAMES:
        path = _RECORDED / f"{name}.opensta.json"
        path.write_text(json.dumps(opensta.longest_paths(_graph(name), _COUNT)) + "\n")
