"""Which signals GTKWave opens waves with: the streams of a stitched design, op by op."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from finn_build.rtl.stitch import DesignStream, StitchedDesign

_OPENED, _CLOSED, _BIT, _HEX = "@800200", "@1000200", "@28", "@22"  # flags: ends of a group, radix of what follows


def write_layout(design: StitchedDesign, waves: Path) -> Path:
    """Write `<waves>.gtkw`: for each op what it sends, of each stream valid, ready and data; inputs first.

    Args:
        design: What is simulated.
        waves: Its waves, of either format; a name in the same folder.

    Returns:
        The layout.
    """
    sent: dict[str, list[DesignStream]] = {}
    for stream in (*design.taps, *design.outputs):
        sent.setdefault(stream.node, []).append(stream)
    lines = [f'[dumpfile] "{waves.name}"', "[timestart] 0"]
    for name, streams in {"inputs": list(design.inputs), **sent}.items():
        signals = [line for stream in streams for line in _signals(design.top, stream)]
        lines += [_OPENED, f"-{name}", *signals, _CLOSED, f"-{name}"]
    path = waves.with_suffix(".gtkw")
    path.write_text("\n".join(lines) + "\n")
    return path


def _signals(top: str, stream: DesignStream) -> Iterator[str]:
    signal, last = f"TOP.{top}.{stream.signal}", stream.stream.width_padded - 1
    yield from (_BIT, f"{signal}_tvalid", f"{signal}_tready", _HEX, f"{signal}_tdata[{last}:0]")
