// Sliding window of a convolution: the windows' pixels in the order (ky, kx, c); padded places are 0.
//
// Loop    as many trips as the busier side has beats, and those until the first window stands, II 1.
// Order   SIMD channels a beat. TERNARY: bipolar input with padding leaves as two-bit numbers -1, 0, 1.
// Memory  the ring of the image's latest words.
#ifndef SF_SWG_H
#define SF_SWG_H

#include "sf_window.h"

namespace sf {

/// -1 and +1 of one bit each as two bits each.
template <int LANES>
ap_uint<2 * LANES> three_valued(const ap_uint<LANES>& signs) {
#pragma HLS INLINE
    ap_uint<2 * LANES> wide = 0;
    for (int s = 0; s < LANES; ++s) {
#pragma HLS UNROLL
        set_lane<2>(wide, s, lane_bits<1>(signs, s) != 0 ? 1 : 3);
    }
    return wide;
}

/// A word of the ring as it leaves.
template <class N, int OUT, int IN>
ap_uint<OUT> windowed(const ap_uint<IN>& word) {
#pragma HLS INLINE
    if (N::TERNARY) return three_valued<IN>(word);
    return word;
}

template <class N, int IN, int OUT>
void swg(Stream<IN>& in0, Stream<OUT>& out0, Memory<IN, N::DEPTH>& ring) {
#pragma HLS INLINE
    Place<N> place;
    Arrival<N> arrival;
    ap_uint<OUT> line[READ];
#pragma HLS ARRAY_PARTITION variable=line complete
    There<READ> there = 0;
    SF_LOOP;
    while (!place.done || there != 0 || arrival.words < Place<N>::WORDS) {
#pragma HLS PIPELINE II=1 style=flp
#pragma HLS LOOP_TRIPCOUNT min=N::LEAST_TRIPS max=N::MOST_TRIPS
        SF_TRIP;
        const bool room = arrival.room(place);
        if (moved_on(out0, line, there) && !place.done && arrival.holds(place)) {
            leave(line, there, place.padded() ? ap_uint<OUT>(0) : windowed<N, OUT>(ap_uint<IN>(ring[place.address])));
            place.advance();
        }
        ap_uint<IN> given = 0;
        if (room && in0.read_nb(given)) {
            ring[arrival.address] = given;
            arrival.take();
        }
        arrival.remember();
    }
}

}  // namespace sf

#endif
