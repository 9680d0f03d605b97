// Maximum or sum over windows, channel by channel. Padded places are passed over by the maximum and add 0 to the sum.
//
// pool    reads windows from a ring, a place a trip: as many trips as the busier side has beats, and those until the
//         first window stands, II 1.
// tiles   windows that neither overlap nor leave gaps nor are padded: H * W * FOLDS trips, II 1.
// Order   PE channels a beat.
// Memory  pool: the ring of the image's latest words. tiles: `row`, results of the rows above, and `pixel`, those of the
//         pixels to the left.
#ifndef SF_POOL_H
#define SF_POOL_H

#include "sf_window.h"

namespace sf {

/// Results so far with one more pixel.
template <class N, int IN, int OUT>
ap_uint<OUT> pooled(const ap_uint<OUT>& before, const ap_uint<IN>& beat, bool first) {
#pragma HLS INLINE
    ap_uint<OUT> after = 0;
    for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
        const Integer<N::OUT_BITS + 1> x = element<N::BITS, N::KIND>(beat, p);
        const Integer<N::OUT_BITS + 1> y = element<N::OUT_BITS, N::OUT_KIND>(before, p);
        Integer<N::OUT_BITS + 2> result = x;
        if (!first) result = N::SUM ? Integer<N::OUT_BITS + 2>(x + y) : Integer<N::OUT_BITS + 2>(x > y ? x : y);
        if (!N::SUM && N::KIND == BIPOLAR) result = result > 0 ? 1 : 0;
        set_lane<N::OUT_BITS>(after, p, result);
    }
    return after;
}

template <class N, int IN, int OUT>
void pool(Stream<IN>& in0, Stream<OUT>& out0, Memory<IN, N::DEPTH>& ring) {
#pragma HLS INLINE
    ap_uint<OUT> result = 0;
    bool fresh = true;  // no place of the window lay in the image yet
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
            if (place.starts()) fresh = true;
            if (!place.padded()) {
                result = pooled<N>(result, ap_uint<IN>(ring[place.address]), fresh);
                fresh = false;
            }
            if (place.ends()) {
                leave(line, there, fresh ? ap_uint<OUT>(0) : result);
            }
            place.advance();
        }
        ap_uint<IN> word = 0;
        if (room && in0.read_nb(word)) {
            ring[arrival.address] = word;
            arrival.take();
        }
        arrival.remember();
    }
}

template <class N, int IN, int OUT>
void pool_tiles(
    Stream<IN>& in0, Stream<OUT>& out0, Memory<OUT, N::OW * N::FOLDS>& row, Memory<OUT, N::FOLDS>& pixel
) {
#pragma HLS INLINE
    int fold = 0, kx = 0, ox = 0, ky = 0, oy = 0;
    SF_LOOP;
    for (int i = 0; i < N::H * N::W * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> beat = in0.read();
        const bool inside = ox < N::OW && oy < N::OH;  // what no window reaches passes
        const int at = inside ? ox * N::FOLDS + fold : 0;
        const ap_uint<OUT> before = inside && kx == 0 ? ap_uint<OUT>(row[at]) : ap_uint<OUT>(pixel[fold]);
        const ap_uint<OUT> result = pooled<N>(before, beat, ky == 0 && kx == 0);
        pixel[fold] = result;
        if (kx == N::KW - 1 && inside) {
            if (ky == N::KH - 1) {
                out0.write(result);
            } else {
                row[at] = result;
            }
        }
        if (++fold == N::FOLDS) {
            fold = 0;
            const bool end_of_row = ox * N::KW + kx == N::W - 1;
            if (end_of_row) {
                kx = ox = 0;
                if (++ky == N::KH) {
                    ky = 0;
                    ++oy;
                }
            } else if (++kx == N::KW) {
                kx = 0;
                ++ox;
            }
        }
    }
}

}  // namespace sf

#endif
