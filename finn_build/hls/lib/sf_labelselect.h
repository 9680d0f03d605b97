// Index of the largest value of a vector, the lowest index among equals.
//
// Loop    VECTORS * LABELS / PE trips, II 1.
// Order   PE values a beat in, an index a vector out.
// Carried the largest value so far and its index, one comparison.
#ifndef SF_LABELSELECT_H
#define SF_LABELSELECT_H

#include "sf_types.h"

namespace sf {

template <class N, int IN, int OUT>
void labelselect(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    const int FOLDS = N::LABELS / N::PE;
    Integer<N::BITS + 1> largest = 0;
    int index = 0, fold = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> beat = in0.read();
        Integer<N::BITS + 1> best = element<N::BITS, N::KIND>(beat, 0);
        int lane = 0;
        for (int p = 1; p < N::PE; ++p) {  // within the beat first: only one comparison is carried from trip to trip
#pragma HLS UNROLL
            const Integer<N::BITS + 1> x = element<N::BITS, N::KIND>(beat, p);
            if (x > best) {
                best = x;
                lane = p;
            }
        }
        if (fold == 0 || best > largest) {
            largest = best;
            index = fold * N::PE + lane;
        }
        if (fold == FOLDS - 1) out0.write(index);
        fold = fold == FOLDS - 1 ? 0 : fold + 1;
    }
}

}  // namespace sf

#endif
