// What leaves an op that waits neither for input nor for room: a line of words, the last of which leaves.
//
// A trip asks for room as it begins and has its word stages later, when others have asked too: room that full() promised
// may be gone by then, and a write that waits stops the pipeline, input and all, which a skip around the op may need.
// So a word goes down a line, as many trips as its pipeline may have stages, and leaves by write_nb() as a trip begins;
// without room no trip goes a step further, but its input comes in.
// A pipeline that is longer than the line costs rate alone: the word is carried from trip to trip, so the tool then asks for
// an interval above 1 ([HLS 200-880]); order and number of beats are the program's at any latency. By the record a memory
// is read in 2 cycles (pp4fpgas-cn 25), a product of 16 x 16 takes 4 (finn-hlslib 17), a loop between streams 4 (gemm_hls 7).
#ifndef SF_LEAVING_H
#define SF_LEAVING_H

#include "sf_types.h"

namespace sf {

static const int READ = 4, COMPUTED = 8;  // trips from reading a memory to its word, and to a result of it

/// Bit k: whether word k of a line holds one.
#if SF_BY_WORDS
template <int TRIPS>
struct There {
    unsigned bits = 0, first = 0;  // place of word 0: words stand where they are, and the line moves

    There(int) {}
    operator unsigned() const { return bits; }
};
#else
template <int TRIPS>
using There = ap_uint<TRIPS>;
#endif

/// Let the last word leave, if there is one, and the others go on; whether there is room for a step.
template <int WIDTH, int TRIPS>
bool moved_on(Stream<WIDTH>& out0, ap_uint<WIDTH> (&line)[TRIPS], There<TRIPS>& there) {
#pragma HLS INLINE
#if SF_BY_WORDS
    if (there.bits >> (TRIPS - 1) != 0 && !out0.write_nb(line[(there.first + 1) % TRIPS])) return false;
    if (there.bits == 0) return true;
    SF_STEP;
    ++there.first;
    there.bits = there.bits << 1 & ((1u << TRIPS) - 1);
#else
    if (there >> (TRIPS - 1) != 0 && !out0.write_nb(line[TRIPS - 1])) return false;
    if (there == 0) return true;
    SF_STEP;
    for (int k = TRIPS - 1; k > 0; --k) {
#pragma HLS UNROLL
        line[k] = line[k - 1];
    }
    there = there << 1;
#endif
    return true;
}

/// Put a word at the beginning of the line.
template <int WIDTH, int TRIPS>
void leave(ap_uint<WIDTH> (&line)[TRIPS], There<TRIPS>& there, const ap_uint<WIDTH>& word) {
#pragma HLS INLINE
#if SF_BY_WORDS
    line[there.first % TRIPS] = word;
    there.bits |= 1;
#else
    line[0] = word;
    there[0] = 1;
#endif
}

}  // namespace sf

#endif
