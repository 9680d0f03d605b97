"""Skips in the board's memory: what each saves on the chip, and what it asks of the memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finn_build.board.shell import ring_bytes
from finn_build.dataflow.ops.fifo import fifo_area, fifo_style
from finn_build.state import Build


def skip_rows(build: Build, fps: float) -> list[dict[str, Any]]:
    """One row per skip in memory, for the report.

    Args:
        build: with `design` and `streams`.
        fps: frames per second; each beat of a frame is written once and read once.

    Returns:
        The FIFO, the layer it skips to, its depth in beats, bytes of its buffer, the blocks that it would take on the
        chip (of UltraRAM where the chip has any), and MB/s at this rate.
    """
    rows = []
    for skip in build.design.skips:
        stream, board = skip.sent.stream, build.board
        style = "ultra" if board.uram else fifo_style(skip.depth, stream.width, board.luts_per_bram18)
        on_chip = fifo_area(skip.depth, stream.width, style)
        mb_s = stream.beats * stream.width_padded // 8 * fps / 1e6
        rows.append(
            {
                "fifo": skip.node,
                "layer": build.streams.get_node_from_name(skip.node).doc_string,
                "depth": skip.depth,
                "buffer_bytes": ring_bytes(stream, skip.depth, board),
                "bram36_saved": on_chip.bram18 / 2,
                "uram_saved": on_chip.uram,
                "write_mb_s": mb_s,
                "read_mb_s": mb_s,
            }
        )
    return rows


def skips_in_words(rows: Sequence[Mapping[str, Any]], port_mb_s: float) -> str:
    """The rows of a report as a sentence."""
    saved = ((sum(row[f"{kind}_saved"] for row in rows), kind.upper()) for kind in ("bram36", "uram"))
    names, blocks = ", ".join(row["fifo"] for row in rows), ", ".join(f"{n:,g} {kind}" for n, kind in saved if n)
    write, room = sum(row["write_mb_s"] for row in rows), sum(row["buffer_bytes"] for row in rows)
    return (
        f"Skips in memory: {names} in {room / 1e6:,.2f} MB save {blocks or 'no block'} (estimate); at this rate they "
        f"write {write:,.1f} MB/s and read as much, of the {port_mb_s:,.0f} MB/s each way of a port of the processor"
    )
