// Step functions of one value: how many steps it has reached, by binary search, by displacements, or by division.
//
// All are loops of fixed length without memory of their own, to be unrolled in a pipelined loop: a stage reads its own
// memory once, so that II 1 needs one port each. `row` is the place of the value's channel in the memories.
#ifndef SF_STEPS_H
#define SF_STEPS_H

#include "sf_types.h"

namespace sf {

/// Binary search: the number of thresholds that `x`, counted from the least value of its type, has reached.
///
/// Memory  N::threshold(stage, address, lane): of row * 2^stage + the bits found so far, one bit wider than x.
template <class N, int BITS>
Word<N::STAGES> search(const Word<BITS>& x, int row, int lane) {
#pragma HLS INLINE
    Word<N::STAGES> count = 0;
    for (int stage = 0; stage < N::STAGES; ++stage) {
#pragma HLS UNROLL
        const int address = (row << stage) + int(count);
        const bool reached = Word<BITS + 1>(x) >= N::threshold(stage, address, lane);
        count = Word<N::STAGES>(count << 1) + reached;
    }
    return count;
}

/// The level of a count: from a table, or the count and what the lowest level is.
template <class N>
Word<N::OUT_BITS> level(const Word<N::STAGES>& count, int row, int lane) {
#pragma HLS INLINE
    if (N::TABLE) return N::table((row << N::STAGES) + int(count), lane);
    return bits_of<N::OUT_BITS>(Integer<N::OUT_BITS + 2>(count) + N::BIAS);
}

/// Two lines a channel, see arithmetic/affine.py: count = #{j >= 1 : x * 2^F >= A + (j - H) * D / H}, or "<" where D < 0.
///
/// The bits of the count come from the highest: r, here half * (x * 2^F - A - (j - H) * D / H) for the j that is tried.
///
/// Memory  N::knee(row, lane); N::line(2 * row + right, lane): A in the low bits, D above.
template <class N, int BITS>
Word<N::STAGES> divide(const Integer<BITS>& x, int row, int lane) {
#pragma HLS INLINE
    const int AD = N::A_BITS > N::D_BITS ? N::A_BITS : N::D_BITS, X = BITS + N::FRACTION;
    const int R = (X > AD ? X : AD) + 1 + N::STAGES;
    const bool right = x >= value<BITS, SIGNED>(N::knee(row, lane));
    const Word<N::A_BITS + N::D_BITS> line = N::line(2 * row + right, lane);
    const Integer<R> a = value<N::A_BITS, SIGNED>(Word<N::A_BITS>(line));
    const Integer<R> up = value<N::D_BITS, SIGNED>(Word<N::D_BITS>(line >> N::A_BITS)), down = -up;
    const bool falls = up < 0;
    Integer<R> r = Integer<R>(Integer<R>(x) << N::FRACTION) - a;
    Word<N::STAGES> count = 0;
    for (int stage = 0; stage < N::STAGES; ++stage) {
#pragma HLS UNROLL
        const bool one = (r < 0) == falls;
        count = Word<N::STAGES>(count << 1) + one;
        r = Integer<R>(r << 1) - (one ? up : down);
    }
    return count;
}

/// Displacements, see arithmetic/midpoint.py: thresholds as what they are off the middle of their neighbours.
///
/// Memory  N::displaced(stage, address, lane); N::ends(row, lane): start, span and (CAPPED) cap, start lowest;
///         N::dip(stage, address, lane), a search tree; N::turn(row, lane): floor below, turn above;
///         N::mirror(row, lane).
template <class N, int BITS>
ap_uint<N::OUT_BITS> displaced_level(const Word<BITS>& given, int row, int lane) {
#pragma HLS INLINE
    const bool mirrored = N::MIRRORED && N::mirror(row, lane);
    using Offset = ap_int<N::OFFSET_BITS>;  // the window may reach far beyond the input's type
    const Offset x = Offset(mirrored ? ap_uint<BITS>(~given) : ap_uint<BITS>(given)) - N::BASE;
    const Offset limit = N::LIMIT;
    const Offset within = x < 0 ? Offset(0) : x > limit ? limit : x;
    const ap_uint<N::ENDS_BITS> ends = N::ends(row, lane);
    const Offset start = ap_uint<N::X_BITS>(ends);
    ap_int<N::SPAN_BITS + 2> span = ap_uint<N::SPAN_BITS>(ends >> N::X_BITS), cap = span;
    if (N::CAPPED) cap = ap_uint<N::SPAN_BITS>(ends >> (N::X_BITS + (N::CAPPED ? N::SPAN_BITS : 0)));
    const Offset beyond = within > start ? Offset(within - start) : Offset(0);
    ap_int<N::SPAN_BITS + 2> v = beyond > cap ? cap : ap_int<N::SPAN_BITS + 2>(beyond);
    ap_uint<N::STAGES> count = 0;
    for (int stage = 0; stage < N::STAGES; ++stage) {
#pragma HLS UNROLL
        const int address = (row << stage) + int(count);
        const ap_int<N::SPAN_BITS + 2> middle = ap_int<N::SPAN_BITS + 2>(span >> 1) + N::displaced(stage, address, lane);
        const bool reached = v >= middle;
        if (reached) {
            v -= middle;
            span -= middle;
        } else {
            span = middle;
        }
        count = ap_uint<N::STAGES>(count << 1) + reached;
    }
    const ap_int<N::OUT_BITS + 2> risen = ap_int<N::OUT_BITS + 2>(count) + N::BIAS;
    if (!N::DIPS) return risen;
    ap_int<N::DIP_BITS + 2> steps = 0;
    for (int stage = 0; stage < N::DIP_BITS; ++stage) {
#pragma HLS UNROLL
        const bool reached = within >= Offset(N::dip(stage, (row << stage) + int(steps), lane));
        steps = ap_int<N::DIP_BITS + 2>(steps << 1) + reached;
    }
    const ap_uint<N::OUT_BITS + N::DIP_BITS> turn = N::turn(row, lane);
    const ap_int<N::DIP_BITS + 2> off = steps - ap_int<N::DIP_BITS + 2>(ap_uint<N::DIP_BITS>(turn >> N::OUT_BITS));
    const ap_int<N::OUT_BITS + 2> dipped = ap_int<N::OUT_BITS + 2>(ap_uint<N::OUT_BITS>(turn)) + (off < 0 ? ap_int<N::DIP_BITS + 2>(-off) : off);
    return steps < (1 << N::DIP_BITS) - 1 ? dipped : risen;
}

}  // namespace sf

#endif
