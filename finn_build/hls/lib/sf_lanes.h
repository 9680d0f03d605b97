// Lanes of a beat: read one, write one, count ones.
//
// In hardware these ranges of an ap_uint are wires. In C simulation the open headers shift the whole word for each, which
// was most of its time where a first layer's window is wide: -DSF_CSIM takes the same bits from the machine words of 64
// bits that those headers keep. A lane of at most so many bits lies in one or two of them. -DSF_STRICT takes ranges, as
// synthesis does.
#ifndef SF_LANES_H
#define SF_LANES_H

#define AP_INT_MAX_W 4096  // the most that Vitis HLS takes: windows of a first layer are wide
#include <ap_int.h>

#if defined(SF_CSIM) && !defined(SF_STRICT) && !defined(__SYNTHESIS__)
#define SF_BY_WORDS 1
#include <type_traits>
#else
#define SF_BY_WORDS 0
#endif

namespace sf {

/// Bits that hold 0 to `count`.
constexpr int bits_for(long long count) { return count < 2 ? 1 : 1 + bits_for(count / 2); }

/// A word that is only looked at; in C simulation one of the machine, if it is short enough.
#if SF_BY_WORDS
template <int BITS>
using Word = typename std::conditional<(BITS <= 64), unsigned long long, ap_uint<BITS> >::type;
#else
template <int BITS>
using Word = ap_uint<BITS>;
#endif

/// Bits of one lane of a beat.
template <int BITS, int WIDTH>
Word<BITS> lane_bits(const ap_uint<WIDTH>& beat, int lane) {
#pragma HLS INLINE
#if SF_BY_WORDS
    if (BITS <= 64) {
        const int word = lane * BITS / 64, low = lane * BITS % 64;
        unsigned long long bits = (unsigned long long)beat.V.get_pVal(word) >> low;
        if (low + BITS > 64) bits |= (unsigned long long)beat.V.get_pVal(word + 1) << (64 - low);
        return bits & ~0ULL >> (BITS < 64 ? 64 - BITS : 0);
    }
#endif
    return ap_uint<BITS>(beat.range((lane + 1) * BITS - 1, lane * BITS));
}

#if SF_BY_WORDS
template <int BITS>
Word<BITS> lane_bits(unsigned long long word, int lane) {
    return word >> (lane * BITS) & ~0ULL >> (64 - BITS);
}
#endif

/// Put a number, cut to its bits, into one lane of a beat.
template <int BITS, int WIDTH, typename NUMBER>
void set_lane(ap_uint<WIDTH>& beat, int lane, const NUMBER& number) {
#pragma HLS INLINE
#if SF_BY_WORDS
    if (BITS <= 64) {
        const int word = lane * BITS / 64, low = lane * BITS % 64;
        const unsigned long long ones = ~0ULL >> (BITS < 64 ? 64 - BITS : 0), given = (unsigned long long)number & ones;
        beat.V.set_pVal(word, ((unsigned long long)beat.V.get_pVal(word) & ~(ones << low)) | given << low);
        if (low + BITS > 64) {
            const unsigned long long kept = beat.V.get_pVal(word + 1) & ~(ones >> (64 - low));
            beat.V.set_pVal(word + 1, kept | given >> (64 - low));
        }
        return;
    }
#endif
    beat.range((lane + 1) * BITS - 1, lane * BITS) = ap_uint<BITS>(number);
}

/// A beat of numbers, each cut to its bits.
template <int BITS, int WIDTH, typename NUMBER, int LANES>
ap_uint<WIDTH> beat_of(const NUMBER (&numbers)[LANES]) {
#pragma HLS INLINE
    ap_uint<WIDTH> beat = 0;
    for (int l = 0; l < LANES; ++l) {
#pragma HLS UNROLL
        set_lane<BITS>(beat, l, numbers[l]);
    }
    return beat;
}

#if SF_BY_WORDS
template <int SIZE>
int equal_bits(unsigned long long a, unsigned long long b) {
    return SIZE - __builtin_popcountll(a ^ b);
}

/// Places in which two words are equal.
template <int SIZE>
int equal_bits(const ap_uint<SIZE>& a, const ap_uint<SIZE>& b) {
    int unequal = 0;
    for (int k = 0; k < (SIZE + 63) / 64; ++k) unequal += __builtin_popcountll(a.V.get_pVal(k) ^ b.V.get_pVal(k));
    return SIZE - unequal;
}
#else
/// A tree of adders, each as wide as its sum.
template <int SIZE>
struct Ones {
    static ap_uint<bits_for(SIZE)> of(const ap_uint<SIZE>& word) {
#pragma HLS INLINE
        const int HALF = SIZE / 2;
        return Ones<HALF>::of(ap_uint<HALF>(word)) + Ones<SIZE - HALF>::of(ap_uint<SIZE - HALF>(word >> HALF));
    }
};

template <>
struct Ones<1> {
    static ap_uint<1> of(const ap_uint<1>& word) {
#pragma HLS INLINE
        return word;
    }
};

/// Places in which two words are equal.
template <int SIZE>
ap_uint<bits_for(SIZE)> equal_bits(const ap_uint<SIZE>& a, const ap_uint<SIZE>& b) {
#pragma HLS INLINE
    return Ones<SIZE>::of(~(a ^ b));
}
#endif

}  // namespace sf

#endif
