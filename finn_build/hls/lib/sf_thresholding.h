// Step function per channel: levels by the thresholds that a value has reached, with or without a table, or by
// displacements. BIPOLAR input and output read 0 and 1 as -1 and +1.
//
// Loop    VECTORS * FOLDS trips, II 1.
// Order   PE elements a beat.
// Memory  those of the steps, sf_steps.h, a row for each fold; SHARED: one row.
#ifndef SF_THRESHOLDING_H
#define SF_THRESHOLDING_H

#include "sf_steps.h"

namespace sf {

/// A value counted from the least of its type.
template <int BITS, Kind KIND>
Word<BITS> from_least(const Word<BITS>& bits) {
#pragma HLS INLINE
    if (KIND != SIGNED) return bits;
    return bits ^ (Word<BITS>(1) << (BITS - 1));
}

template <class N, int IN, int OUT>
void thresholding(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    int fold = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> beat = in0.read();
        const int row = N::SHARED ? 0 : fold;
        ap_uint<OUT> levels = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const Word<N::IN_BITS> x = from_least<N::IN_BITS, N::IN_KIND>(lane_bits<N::IN_BITS>(beat, p));
            set_lane<N::OUT_BITS>(levels, p, level<N>(search<N, N::IN_BITS>(x, row, p), row, p));
        }
        out0.write(levels);
        if (++fold == N::FOLDS) fold = 0;
    }
}

template <class N, int IN, int OUT>
void thresholding_midpoint(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    int fold = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> beat = in0.read();
        ap_uint<OUT> levels = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const Word<N::IN_BITS> x = from_least<N::IN_BITS, N::IN_KIND>(lane_bits<N::IN_BITS>(beat, p));
            set_lane<N::OUT_BITS>(levels, p, displaced_level<N, N::IN_BITS>(x, fold, p));
        }
        out0.write(levels);
        if (++fold == N::FOLDS) fold = 0;
    }
}

}  // namespace sf

#endif
