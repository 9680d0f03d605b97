"""Memories of step functions (`lib/sf_steps.h`): search trees stage by stage, tables, displacements, lines."""

from __future__ import annotations

import numpy as np

from finn_build.dataflow.ops._memory import rom_in_block_ram
from finn_build.hls.kernel import Memory


def by_lane(rows: np.ndarray, lanes: int) -> np.ndarray:
    """Values [channels, entries] as [channels / lanes * entries, lanes, 1]: channel c in lane c % lanes."""
    channels, entries = rows.shape
    words = rows.reshape(channels // lanes, lanes, entries).transpose(0, 2, 1)
    return words.reshape(-1, lanes)[..., None]


def rom(name: str, values: np.ndarray, bits: int, price: int, stage: int | None = None) -> Memory:
    """A memory a lane, in block RAM where LUTs would cost more."""
    block = rom_in_block_ram("auto", len(values), bits, price)
    return Memory(name, values, bits, "bram" if block else "lutram", stage=stage)


def search_tree(name: str, steps: np.ndarray, bits: int, lanes: int, price: int) -> list[Memory]:
    """Steps [channels, 2^stages - 1], ascending, each stage of their search as a memory."""
    count = steps.shape[1] + 1
    halves = [count >> stage + 1 for stage in range(count.bit_length() - 1)]
    return [
        rom(name, by_lane(steps[:, half - 1 :: 2 * half], lanes), bits, price, stage)
        for stage, half in enumerate(halves)
    ]


def padded_steps(thresholds: np.ndarray, channels: int, stages: int, least: int, codes: int) -> np.ndarray:
    """Thresholds [channels or 1, steps] counted from `least`, clipped to 0..codes; further ones are never reached."""
    steps = np.full((channels, 2**stages - 1), codes, np.int64)
    steps[:, : thresholds.shape[1]] = np.clip(thresholds - least, 0, codes)
    return steps


def padded_table(table: np.ndarray, channels: int, stages: int, bipolar: bool) -> np.ndarray:
    """Levels [channels or 1, steps + 1] as bits of the output, with zeros for counts that never occur."""
    levels = np.zeros((channels, 2**stages), np.int64)
    levels[:, : table.shape[1]] = (table + 1) // 2 if bipolar else table
    return levels
