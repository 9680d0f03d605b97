"""Products of k-bit weights in DSP slices (`rtl/mvau/sf_mvau_dots.sv`): how many rows share one, and how they chain."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

import numpy as np

from finn_build.dataflow.ops._memory import hex_words
from finn_build.dataflow.stream import Resources
from finn_build.errors import ConfigError

_FACTOR_BITS, _OTHER_FACTOR_BITS, _SUM_BITS = 25, 18, 48  # of a DSP48E1
_LONGEST_CHAIN = 8  # longer ones delay operands by more than the slice's own registers
_SEGMENT = 3  # slices that sum in one cycle, as in sf_mvau.sv


@dataclass(frozen=True)
class ProductPlan:
    """How the dot products of one beat map to DSP slices.

    Attributes:
        simd: Lanes.
        rows: Rows (PE).
        shift: Distance of two rows in a slice, in bits; 0 where every row has its own slices.
        guard: Whether the lower row's sum may be one bit wider than its field.
        chain: Slices that add up before the rows are separated.
        part_bits: Bits of such a sum.
    """

    simd: int
    rows: int
    shift: int
    guard: bool
    chain: int
    part_bits: int

    @property
    def pairs(self) -> int:
        """Pairs of rows that share slices."""
        return self.rows // 2 if self.shift else 0

    @property
    def chains(self) -> int:
        """Chains of a row."""
        return ceil(self.simd / self.chain)

    @property
    def slices(self) -> int:
        """DSP slices."""
        return self.simd * (self.rows - self.pairs)

    @property
    def cycles(self) -> int:
        """Latency of the dot products."""
        return 1 + ceil(self.chain / _SEGMENT) + ceil(log2(self.chains))

    @property
    def adder_bits(self) -> int:
        """Bits of all adders of one row's tree."""
        bits, count, width = 0, self.chains, self.part_bits + 1
        while count > 1:
            bits, count, width = bits + count // 2 * width, ceil(count / 2), width + 1
        return bits

    @property
    def tree_registers(self) -> int:
        """Flip-flops of one row's tree."""
        bits, count, width = 0, self.chains, self.part_bits + 1
        while count > 1:
            count = ceil(count / 2)
            bits, width = bits + count * width, width + 1
        return bits

    @property
    def parity_luts(self) -> int:
        """LUTs that find the signs of lower sums with a guard bit: parity of two lanes, of the chain, then the sign."""
        if not self.guard:
            return 0
        lanes = [self.chain] * (self.simd // self.chain)
        return self.pairs * sum(ceil(n / 2) + 2 for n in lanes)


def plan_products(x_bits: int, weight_bits: int, narrow: bool, simd: int, pe: int, dsp: bool = True) -> ProductPlan:
    """Put two rows into each slice where they fit, with the longest chain.

    Args:
        x_bits: Bits of an activation as a signed factor.
        weight_bits: Bits of a weight.
        narrow: No weight is -2^(weight_bits - 1).
        simd: Lanes.
        pe: Rows.
        dsp: Products are made in slices; of LUTs each row has its own.
    """
    largest = (2 ** (weight_bits - 1) - narrow) * 2 ** (x_bits - 1)
    longest = min(_LONGEST_CHAIN, simd)
    shift_limit = _FACTOR_BITS - weight_bits - (not narrow)
    shift, guard, chain = 0, False, longest
    if dsp and pe > 1 and x_bits <= _OTHER_FACTOR_BITS:
        for guard in (False, True):
            chain = min(longest, (2 ** (shift_limit - 1 + guard) - 1) // largest)
            if chain == longest:
                break
        shift = max(weight_bits, (chain * largest).bit_length() + 1 - guard) if chain else 0
    if not shift:
        guard, chain = False, longest
    part_bits = x_bits + weight_bits + ceil(log2(chain))
    return ProductPlan(simd, pe, shift, guard, chain, part_bits)


def product_area(x_bits: int, weight_bits: int, plan: ProductPlan) -> Resources:
    """Products in LUTs with the sums of their chains, the registers of both, and operands that meet them."""
    chain, lanes, bits = plan.chain, plan.simd * plan.rows, x_bits + weight_bits
    waits = sum(place // _SEGMENT for place in range(chain)) * bits / chain
    kept = ceil(chain / _SEGMENT) / chain * plan.part_bits
    return Resources(
        lut=lanes * lut_product(x_bits, weight_bits) + (lanes - plan.chains * plan.rows) * plan.part_bits,
        ff=round(lanes * (bits + waits + kept)),
    )


def lut_product(x_bits: int, y_bits: int) -> int:
    """LUTs of a product of two signed numbers; Yosys 0.70, 4 to 9 bits: within 7%."""
    return round(x_bits * y_bits * (1.1 + min(x_bits, y_bits) / 8))


def channel_distance(largest: int, x_bits: int, weight_bits: int, sum_bits: int) -> int:
    """Bits between two channels in a slice (`rtl/vvau/sf_vvau_slice.sv`); 0 where two do not fit.

    Args:
        largest: magnitude of a channel's sum.
        x_bits, weight_bits: of the upper channel's factors.
        sum_bits: of a sum.
    """
    shift = (2 * largest).bit_length() + 1
    factors = sorted((shift + x_bits, shift + weight_bits))
    fits = factors[0] <= _OTHER_FACTOR_BITS and factors[1] <= _FACTOR_BITS and 2 * shift + sum_bits <= _SUM_BITS
    return shift if fits else 0


def packed_pairs(node: str, weights: np.ndarray, pairs: int, bits: int, narrow: bool) -> list[str]:
    """Words of a memory of weights of several bits, pairs that share a slice first, then those with one of their own.

    Args:
        node: name of the node, for the message.
        weights: [words, rows or channels, lanes].
        pairs: how many share a slice, of the first rows or channels.
        bits: of a weight.
        narrow: that none is the most negative value, which saves a bit a pair.

    Raises:
        ConfigError: `narrow` does not hold.
    """
    if narrow and weights.min() == -(2 ** (bits - 1)):
        raise ConfigError(f"{node}: NarrowWeights=1, but a weight is {weights.min()}; set it to 0")
    lower, upper = weights[:, 0 : 2 * pairs : 2], weights[:, 1 : 2 * pairs : 2]
    both = (lower & (2**bits - 1)) + ((upper - (lower < 0)) << bits)
    columns = [
        (values.reshape(len(values), -1)[:, :, None] >> np.arange(width) & 1).reshape(len(values), -1)
        for values, width in ((both, 2 * bits + (not narrow)), (weights[:, 2 * pairs :], bits))
    ]
    return hex_words(np.concatenate(columns, axis=1), 1)
