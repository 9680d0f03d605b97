"""Depths of streams as the C++ states them, compared with those of the hardware graph and of its ops.

One that is too shallow stalls for ever in hardware, and in the first frame of our C simulation, which holds streams to
what the C++ states.
"""

from __future__ import annotations

import re
from pathlib import Path

from finn_build.errors import GateError
from finn_build.hls.design import TOP, HlsDesign

_DEPTH = re.compile(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)\n")


def check_depths(design: HlsDesign) -> None:
    """Read the top and the processes as Vitis HLS does.

    Raises:
        GateError: a stream has another depth than the graph's FIFO, or than its op asks for, or none.
    """
    top, stated = design.folder / f"{TOP}.cpp", stated_depths(design)
    for channel in design.channels.values():
        least = f"; with less than {channel.least_depth} its skip stalls for ever" if channel.least_depth else ""
        wanted = f"the graph's FIFO {channel.depth}{least}"
        _require(top, channel.fifo or channel.name, channel.name, stated.get(channel.name), channel.depth, wanted)
    for node, streams in design.inner.items():
        path = design.folder / "processes" / f"{node}.cpp"
        for inner in streams:
            found = stated.get(f"{node}_{inner.name}")
            _require(path, node, inner.name, found, inner.depth, f"its op needs {inner.depth}")


def stated_depths(design: HlsDesign) -> dict[str, int]:
    """Depths by stream, as the C++ states them; those within an op behind the op's name."""
    found = _stated(design.folder / f"{TOP}.cpp")
    for node, streams in design.inner.items():
        within = _stated(design.folder / "processes" / f"{node}.cpp") if streams else {}
        found |= {f"{node}_{name}": depth for name, depth in within.items()}
    return found


def _stated(path: Path) -> dict[str, int]:
    return {name: int(depth) for name, depth in _DEPTH.findall(path.read_text())}


def _require(path: Path, at: str, stream: str, found: int | None, depth: int, wanted: str) -> None:
    if found != depth:
        holds = "an unstated number of" if found is None else found
        raise GateError(f"the gate failed at {at}: stream {stream} of {path.name} holds {holds} beats, {wanted}")
