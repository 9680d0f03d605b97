// Depthwise convolution: sums of products within each channel, windows from a ring; padded places add nothing.
//
// Loop    as many trips as the busier side has beats, and those until the first window stands, II 1.
// Order   PE channels a beat; a window in the order (fold, ky, kx).
// Memory  weights(fold * KH * KW + ky * KW + kx, channel of the beat); the ring of the image's latest words.
// Carried the accumulators, one addition.
#ifndef SF_VVAU_H
#define SF_VVAU_H

#include "sf_window.h"

namespace sf {

template <class N, int IN, int OUT>
void vvau(Stream<IN>& in0, Stream<OUT>& out0, Memory<IN, N::DEPTH>& ring) {
#pragma HLS INLINE
    Uncut<N::ACC_BITS> sums[N::PE];
#pragma HLS ARRAY_PARTITION variable=sums complete
    int word = 0;
    Place<N> place;
    Arrival<N> arrival;
    ap_uint<OUT> line[COMPUTED];
#pragma HLS ARRAY_PARTITION variable=line complete
    There<COMPUTED> there = 0;
    SF_LOOP;
    while (!place.done || there != 0 || arrival.words < Place<N>::WORDS) {
#pragma HLS PIPELINE II=1 style=flp
#pragma HLS LOOP_TRIPCOUNT min=N::LEAST_TRIPS max=N::MOST_TRIPS
        SF_TRIP;
        const bool room = arrival.room(place);
        if (moved_on(out0, line, there) && !place.done && arrival.holds(place)) {
            ap_uint<IN> beat;
            if (!place.padded()) beat = ring[place.address];
            for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
                if (place.starts()) sums[p] = 0;
                if (!place.padded()) {
                    sums[p] += element<N::BITS, N::KIND>(beat, p) * value<N::WEIGHT_BITS, N::WEIGHT_KIND>(N::weights(word, p));
                }
            }
            if (place.ends()) {
                leave(line, there, beat_of<N::ACC_BITS, OUT>(sums));
            }
            word = word == N::WORDS - 1 ? 0 : word + 1;
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
