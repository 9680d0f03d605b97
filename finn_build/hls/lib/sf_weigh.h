// Each pixel times a factor of its row and one of its column.
//
// Loop    H * W * FOLDS trips, II 1.
// Order   PE channels a beat.
// Memory  the factors, read only.
#ifndef SF_WEIGH_H
#define SF_WEIGH_H

#include "sf_types.h"

namespace sf {

template <class N, int IN, int OUT>
void weigh(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    int fold = 0, x = 0, y = 0;
    SF_LOOP;
    for (int i = 0; i < N::H * N::W * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> word = in0.read();
        const Integer<N::FACTOR_BITS> factor = Integer<N::FACTOR_BITS>(N::row_factor(y, 0)) *
                                               Integer<N::FACTOR_BITS>(N::column_factor(x, 0));
        ap_uint<OUT> products = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const Integer<N::OUT_BITS + 1> product = element<N::BITS, N::KIND>(word, p) * factor;
            set_lane<N::OUT_BITS>(products, p, product);
        }
        out0.write(products);
        if (++fold == N::FOLDS) {
            fold = 0;
            if (++x == N::W) {
                x = 0;
                ++y;
            }
        }
    }
}

}  // namespace sf

#endif
