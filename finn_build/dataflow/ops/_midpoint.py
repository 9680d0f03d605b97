"""Thresholds by midpoint displacement in hardware (`sf_thresholding_midpoint.sv`): formats, memories, area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from finn_build.arithmetic.midpoint import MidpointSteps
from finn_build.dataflow.stream import Bits

ATTRIBUTES: Mapping[str, tuple[str, bool, Any]] = {
    "dipBits": ("i", False, 0),
    "window": ("ints", False, []),  # lowest and highest input told apart; empty: no displacements are known
    "capped": ("i", False, 0),
    "mirrored": ("i", False, 0),
    "lowestLevel": ("i", False, 0),
    "spanBits": ("ints", False, []),  # stage by stage
    "displacementBits": ("ints", False, []),
    "lowestDisplacements": ("ints", False, []),
}
_MAX_STAGES = 10
_MAX_WORD = 62  # bits that `hex_words` packs


def midpoint_attributes(steps: MidpointSteps) -> dict[str, Any] | None:
    """Formats of a step function's memories, as attributes of its node; None where the RTL does not take them."""
    lowest, highest = ([int(f(d)) for d in steps.displacements] for f in (np.min, np.max))
    found = {
        "dipBits": steps.dip.shape[1].bit_length(),
        "window": list(steps.window),
        "capped": int((steps.caps < steps.spans).any()),
        "mirrored": int(steps.mirrored.any()),
        "lowestLevel": steps.bias,
        "spanBits": steps.span_bits(),
        "displacementBits": [(high - low).bit_length() for low, high in zip(lowest, highest, strict=True)],
        "lowestDisplacements": lowest,
    }
    form = MidpointForm(1, **found)
    fits = len(lowest) <= _MAX_STAGES and form.dipBits <= 2 * len(lowest) and form.ends_bits <= _MAX_WORD
    return found if fits else None


@dataclass(frozen=True)
class MidpointForm:
    """Formats of one node: `rows` channels a lane, and its attributes."""

    rows: int
    dipBits: int  # noqa: N815  the attributes' names
    window: list[int]
    capped: int
    mirrored: int
    lowestLevel: int  # noqa: N815
    spanBits: list[int]  # noqa: N815
    displacementBits: list[int]  # noqa: N815
    lowestDisplacements: list[int]  # noqa: N815

    @property
    def stages(self) -> int:
        """Bits of the count."""
        return len(self.spanBits)

    @property
    def x_bits(self) -> int:
        """Bits of an input within the window, and of what is never reached."""
        return int(self.window[1] - self.window[0] + 1).bit_length()

    @property
    def ends_bits(self) -> int:
        """Bits of start, span and cap."""
        return self.x_bits + (1 + self.capped) * self.spanBits[0]

    def parameters(self, lowest_input: int) -> dict[str, int]:
        """Parameters of the RTL; `lowest_input` of the input's type."""
        lowest = [d % 2**32 for d in self.lowestDisplacements]
        return {
            "STAGES": self.stages,
            "BIAS": self.lowestLevel,
            "TABLE": 0,
            "MIDPOINT": 1,
            "DIP_BITS": self.dipBits,
            "BASE": self.window[0] - lowest_input,
            "LIMIT": self.window[1] - self.window[0],
            "CAPPED": self.capped,
            "MIRRORED": self.mirrored,
            "SPAN_BITS": _packed(self.spanBits, 6),
            "DISPLACEMENT_BITS": _packed(self.displacementBits, 6),
            "LOWEST": _packed(lowest, 32),
        }

    def memories(self, out_bits: int) -> dict[str, tuple[int, int]]:
        """Depth and width of each memory of a lane: the stages', the ends', those of the dip, of the mirror."""
        stages = {str(k): (self.rows << k, bits) for k, bits in enumerate(self.displacementBits)}
        ends = {"ends": (self.rows, self.ends_bits)}
        dip = {f"dip{k}": (self.rows << k, self.x_bits) for k in range(self.dipBits)}
        turn = {"turn": (self.rows, self.dipBits + out_bits)} if self.dipBits else {}
        return stages | ends | dip | turn | ({"mirror": (self.rows, 1)} if self.mirrored else {})

    def images(self, steps: MidpointSteps, out_bits: int) -> dict[str, np.ndarray]:
        """Words of all memories by name, [channels, words of one]."""
        base, fields = self.window[0], [(steps.starts - self.window[0], self.x_bits), (steps.spans, self.spanBits[0])]
        images = {"ends": _joined(fields + [(steps.caps, self.spanBits[0])] * self.capped)}
        if self.mirrored:
            images["mirror"] = steps.mirrored[:, None].astype(np.int64)
        for k, (bits, low) in enumerate(zip(self.displacementBits, self.lowestDisplacements, strict=True)):
            if bits:
                images[str(k)] = steps.displacements[k] - low
        for k in range(self.dipBits):
            half = 2 ** (self.dipBits - 1 - k)
            images[f"dip{k}"] = steps.dip[:, half - 1 :: 2 * half] - base
        if self.dipBits:
            images["turn"] = _joined([(steps.floors % 2**out_bits, out_bits), (steps.turns, self.dipBits)])
        return images

    def logic(self, in_bits: int, out_bits: int) -> tuple[int, int]:
        """LUTs and flip-flops of one lane without its memories, as in Yosys 0.70 (see StepThresholding)."""
        span, x, dip = self.spanBits, self.x_bits, self.dipBits
        lut = 3 * in_bits + 2 * x + 2 * span[0] + 4 * sum(span[:-1]) + 2 * span[-1]
        ff = 2 * x + 2 * span[0] + sum(5 * b + 2 * k for k, b in enumerate(span)) + sum(self.displacementBits)
        wait = 2 * self.stages + 1 - dip
        if dip:
            lut += dip * (x // 2 + 1 + -(-wait // 16)) + 3 * out_bits
            ff += dip * (2 * x + dip + wait) + out_bits + 1
        return lut, ff + self.ends_bits + out_bits


def _packed(entries: list[int], bits: int) -> Bits:
    return Bits.of([*entries, *[0] * (_MAX_STAGES - len(entries))], bits)


def _joined(fields: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """One word of several fields, the first in the low bits."""
    words, at = np.zeros(len(fields[0][0]), np.int64), 0
    for values, bits in fields:
        words, at = words | values << at, at + bits
    return words[:, None]
