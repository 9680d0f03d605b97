"""Depths of streams as the C++ states them, compared with those of the hardware graph.

A C simulation has no depths: its streams hold whatever is written. In hardware one that is too shallow stalls for ever.
"""

from __future__ import annotations

import re

from finn_build.errors import GateError
from finn_build.hls.design import TOP, HlsDesign

_DEPTH = re.compile(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)\n")


def check_depths(design: HlsDesign) -> None:
    """Read `accelerator.cpp` as Vitis HLS does.

    Raises:
        GateError: a stream has another depth than the graph's FIFO, or none.
    """
    text = (design.folder / f"{TOP}.cpp").read_text()
    stated = {name: int(depth) for name, depth in _DEPTH.findall(text)}
    for channel in design.channels.values():
        found = stated.get(channel.name)
        if found != channel.depth:
            least = f"; with less than {channel.least_depth} its skip stalls for ever" if channel.least_depth else ""
            raise GateError(
                f"the gate failed at {channel.fifo or channel.name}: stream {channel.name} of {TOP}.cpp holds "
                f"{'an unstated number of' if found is None else found} beats, the graph's FIFO {channel.depth}{least}"
            )
