// What every op of the library shares: streams, elements of a beat, read-only memories.
//
// Beats are ap_uint words, element 0 in the low bits, as in the RTL. An op is a function template over a struct that
// the generator writes for a node: its sizes as constants, its memories as functions. One loop makes a frame; the
// comment of each op states its trip count. Pipelines flush (style=flp), so that no beat waits in one for the next
// beat to come: a skip whose FIFO is just deep enough would stall for ever.
#ifndef SF_TYPES_H
#define SF_TYPES_H

#include "sf_lanes.h"
#include "sf_simulation.h"

namespace sf {

/// How the bits of an element read: one bit as -1/+1, two's complement, or plain.
enum Kind { UNSIGNED, SIGNED, BIPOLAR };

/// A number of so many bits that is no part of a word; in C simulation one of the machine, cut to them as ap_int is.
#if SF_BY_WORDS
template <int BITS>
class Integer {
    static_assert(BITS <= 64, "a number of more bits than a machine word");
    long long number;

  public:
    Integer() = default;
    template <typename T>
    Integer(T x) : number(static_cast<long long>((unsigned long long)(long long)x << (64 - BITS)) >> (64 - BITS)) {}
    operator long long() const { return number; }
    Integer& operator+=(long long x) { return *this = number + x; }
    Integer& operator-=(long long x) { return *this = number - x; }
    Integer& operator++() { return *this += 1; }
};

template <int BITS>
using Uncut = long long;
#else
template <int BITS>
using Integer = ap_int<BITS>;

/// A running sum of so many bits, which C simulation cuts where it leaves, to the same ones, or what its bits hold anyway.
template <int BITS>
using Uncut = ap_int<BITS>;
#endif

/// A counter up to MOST, and as far below 0, in as few bits: sums and comparisons carried from trip to trip have to fit
/// a cycle.
template <int MOST>
using Counter = Integer<bits_for(MOST) + 1>;

/// `a` modulo `b`, never negative.
constexpr int wrapped(int a, int b) { return (a % b + b) % b; }

/// Value of an element.
template <int BITS, Kind KIND>
Uncut<BITS + 1> value(const Word<BITS>& bits) {
#pragma HLS INLINE
    if (KIND == BIPOLAR) return bits != 0 ? 1 : -1;
    if (KIND == SIGNED) return Integer<BITS>(bits);
    return bits;
}

/// Value of one lane of a beat.
template <int BITS, Kind KIND, int WIDTH>
Uncut<BITS + 1> element(const ap_uint<WIDTH>& beat, int lane) {
#pragma HLS INLINE
    return value<BITS, KIND>(lane_bits<BITS>(beat, lane));
}

/// Words of `COLUMNS` machine words each: word `row` of a memory, entry `entry` of `BITS` bits in it.
template <int BITS, typename T, int ROWS, int COLUMNS>
Word<BITS> read_rom(const T (&memory)[ROWS][COLUMNS], int row, int entry) {
#pragma HLS INLINE
    const int size = 8 * sizeof(T), words = (BITS + size - 1) / size;
    if (words == 1) return memory[row][entry];
    ap_uint<words * size> word = 0;
    for (int k = 0; k < words; ++k) {
#pragma HLS UNROLL
        set_lane<size>(word, k, memory[row][entry * words + k]);
    }
    return word;
}

/// The bits of a number.
template <int BITS>
Word<BITS> bits_of(const Integer<BITS>& number) {
#pragma HLS INLINE
    return lane_bits<BITS>(ap_uint<BITS>(number), 0);
}

}  // namespace sf

#endif
