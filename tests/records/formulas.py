"""What the formulas beside the ops say on grids of their arguments: memories, products, popcounts, fits of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from finn_build.arithmetic.affine import fit_affine
from finn_build.arithmetic.datatypes import integer_range_dtype
from finn_build.arithmetic.midpoint import fit_midpoint
from finn_build.arithmetic.step_function import LevelFunction, StepFunction, compile_steps
from finn_build.dataflow.ops import _dsp, _folds, _memory, _popcount, _ram
from finn_build.dataflow.ops.fifo import fifo_area
from finn_build.errors import SignflowError
from tests.records.record import Said

_POWERS = [1 << n for n in range(16)]
_WORDS = sorted({n + d for n in _POWERS for d in (-1, 0, 1)} - {0})
_WIDTHS = (1, 2, 3, 4, 6, 7, 9, 10, 17, 18, 19, 36, 37, 72, 73, 144)
_Row = np.ndarray  # of an integer a channel


def said_of_formulas() -> dict[str, Said]:
    """Figures by module."""
    memories = list(product(_WORDS, _WIDTHS))
    products = list(product(range(2, 21), range(2, 10), (False, True), (1, 2, 3, 8, 9), (1, 2, 3)))
    plans = [_dsp.plan_products(x, w, narrow, simd, pe, dsp) for x, w, narrow, simd, pe in products for dsp in (0, 1)]
    return {
        "formulas of memories": {
            name: [formula(*at) for at in memories]
            for name, formula in (
                ("lutram", _ram.lutram_luts),
                ("single port", _ram.single_port_luts),
                ("blocks", _ram.bram18_blocks),
                ("multiplexers", _ram.bram_multiplexers),
                ("ultra", _ram.uram_blocks),
                (
                    "fifo",
                    lambda w, b: [fifo_area(w + 1, b, style) for style in ("distributed", "block", "ultra", "ddr")],
                ),
                ("style", lambda w, b: [_ram.memory_style(w, b, "auto", price) for price in (1, 60, 190)]),
                ("rom", lambda w, b: [_memory.rom_area(w, b, block=block) for block in (False, True)]),
                (
                    "rom in block",
                    lambda w, b: [_memory.rom_in_block_ram("auto", w, b, price) for price in (1, 60, 190)],
                ),
                ("rom as asked", lambda w, b: [_memory.rom_in_block_ram(s, w, b, 1) for s in ("block", "distributed")]),
            )
        },
        "formulas of words": {
            "few": [_memory.hex_words(np.arange(n * 3).reshape(n, 3), 5) for n in range(1, 4)],
            "at the ends": [_answer(lambda v=v: _memory.hex_words(np.array([[v]]), 3)) for v in range(-6, 10)],
        },
        "formulas of products": {
            "plans": plans,
            "derived": [[p.pairs, p.chains, p.slices, p.cycles, p.adder_bits] for p in plans],
            "area": [_dsp.product_area(x, w, p) for (x, w, *_), p in zip(products, plans[::2], strict=True)],
            "distances": [
                _dsp.channel_distance(largest, x, w, 12)
                for largest, x, w in product((1, 2, 3, 4, 31, 32, 127, 128, 2047, 2048), range(1, 10), range(2, 10))
            ],
        },
        "formulas of popcounts": {
            f"{path} ns": [
                _popcount.plan_popcount(simd, planes, path, rows)
                for simd, planes, rows in product((*range(1, 40), 48, 64, 65, 96, 128), (1, 2, 4, 8), (0, 1, 8))
            ]
            for path in (3.2, 4.8, 6.4, 8.0, 20.0)
        },
        "formulas of folds": {
            "divisors": [_folds.divisors(n) for n in range(1, 65)],
            "folds": [
                _answer(lambda n=n, k=k: _folds.folds("n", "PE", k, "MH", n)) for n in (12, 35) for k in range(37)
            ],
            "patterns": [[_folds.period(row), _folds.pattern_lanes(row)] for row in _patterns()],
        },
        "formulas of steps": {
            "types": [
                integer_range_dtype(low, low + n).name for low in (-129, -128, -3, -1, 0, 1) for n in _WORDS[:12]
            ],
            **{what: [fit(each) for each in _functions()] for what, fit in _FITS.items()},
            "by halves": [_parts(_bounded(*each)) for each in _levels()],
        },
    }


def _answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except SignflowError as error:
        return f"refused: {error}"


def _parts(found: Any) -> object:
    """Of what is found, its fields."""
    return found and [getattr(found, field.name) for field in fields(found)]


def _patterns() -> Iterable[list[int]]:
    return (list(row) for n in range(1, 7) for row in product((0, 1), repeat=n))


def _functions() -> list[StepFunction]:
    """Step functions of two channels over integers of 7 bits: two lines each with a knee, some with a dip at it."""
    return [compile_steps(*each) for each in _levels()]


def _levels() -> list[tuple[LevelFunction, np.ndarray, np.ndarray]]:
    rng, found = np.random.default_rng(5), []
    for number in range(60):
        slope, bend, knee, offset = (rng.integers(-end, end, 2) for end in (10, 10, 50, 40))
        found.append(
            (partial(_two_lines, slope, bend, knee, offset, number % 3 == 2), np.full(2, -60), rng.integers(50, 64, 2))
        )
    for jump in range(1, 6):
        levels = partial(_jump, np.array([-7, 9]), jump)
        found += [(levels, np.full(2, -60), np.full(2, 60)), (levels, np.array([-60, -5]), np.array([-8, 60]))]
    return found


def _jump(place: _Row, levels: int, x: np.ndarray) -> np.ndarray:
    return levels * (x >= place)


def _two_lines(slope: _Row, bend: _Row, knee: _Row, offset: _Row, dips: bool, x: np.ndarray) -> np.ndarray:
    line = np.where(x < knee, slope * (x - knee), bend * (x - knee)) // 16 + offset // 8
    return np.clip(line - (dips & (x == knee)), -4, 3)


def _bounded(function: LevelFunction, low: np.ndarray, high: np.ndarray) -> StepFunction:
    """By halves, with what its levels are between two integers."""

    def bounds(begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        every = np.arange(low.min(), high.max() + 1)[:, None, None]
        levels = function(np.broadcast_to(every, (len(every), *begin.shape)).reshape(-1, len(low))).reshape(
            -1, *begin.shape
        )
        inside = (every >= begin) & (every <= end)
        return np.where(inside, levels, 99).min(axis=0), np.where(inside, levels, -99).max(axis=0)

    return compile_steps(function, low, high, bounds=bounds)


_FITS: dict[str, Callable[[StepFunction], object]] = {
    "steps": lambda steps: [_parts(steps), steps.levels],
    "affine": lambda steps: [_parts(fit_affine(steps, np.full(2, -60), np.full(2, 49), 3, low)) for low in (-4, 0)],
    "midpoint": lambda steps: [_parts(fit_midpoint(steps, 2, -64, 63, bits)) for bits in (0, 2)],
}
