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

template <class N, int IN, int OUT>
void swg(Stream<IN>& in0, Stream<OUT>& out0, ap_uint<IN> (&ring)[N::DEPTH]) {
#pragma HLS INLINE
#pragma HLS DEPENDENCE variable=ring type=inter direction=RAW distance=LAG true
    Place<N> place;
    Arrival<N> arrival;
    SF_LOOP;
    while (!place.done || arrival.words < Place<N>::WORDS) {
#pragma HLS PIPELINE II=1 style=flp
#pragma HLS LOOP_TRIPCOUNT min=N::LEAST_TRIPS max=N::MOST_TRIPS
        SF_TRIP;
        const bool room = arrival.room(place);
        if (!place.done && arrival.holds(place) && !out0.full()) {
            const ap_uint<IN> word = place.padded() ? ap_uint<IN>(0) : ring[place.address];
            if (!N::TERNARY) {
                out0.write(word);
            } else if (place.padded()) {
                out0.write(0);
            } else {
                out0.write(three_valued<IN>(word));
            }
            place.advance();
        }
        if (room && !in0.empty()) {
            ring[arrival.address] = in0.read();
            arrival.take();
        }
        arrival.remember();
    }
}

}  // namespace sf

#endif
