// The channels of several streams go to one, each input times a power of two.
//
// Loop    VECTORS * FOLDS trips, II 1.
// Order   PE elements a beat; N::select(fold, 0): the input of the pixel's beat of that number.
#ifndef SF_CONCAT_H
#define SF_CONCAT_H

#include "sf_types.h"

namespace sf {

template <class N, int FIRST>
ap_uint<N::PE * N::OUT_BITS> read_one(int) {
    return 0;
}

/// A beat of the input of a number, in the output's type; the first of those given has number FIRST.
template <class N, int FIRST, int IN, typename... REST>
ap_uint<N::PE * N::OUT_BITS> read_one(int number, Stream<IN>& stream, REST&... rest) {
#pragma HLS INLINE
    if (number != FIRST) return read_one<N, FIRST + 1>(number, rest...);
    const int BITS = IN / N::PE;
    const ap_uint<IN> beat = stream.read();
    ap_uint<N::PE * N::OUT_BITS> out = 0;
    for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
        const Integer<N::OUT_BITS + 1> x = N::kind(FIRST) == BIPOLAR  ? element<BITS, BIPOLAR>(beat, p)
                                          : N::kind(FIRST) == SIGNED ? element<BITS, SIGNED>(beat, p)
                                                                     : element<BITS, UNSIGNED>(beat, p);
        set_lane<N::OUT_BITS>(out, p, Integer<N::OUT_BITS + 1>(x << N::shift(FIRST)));
    }
    return out;
}

template <class N, int OUT, typename... INS>
void concat(Stream<OUT>& out0, INS&... ins) {
#pragma HLS INLINE
    int fold = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        out0.write(read_one<N, 0>(N::select(fold, 0), ins...));
        fold = fold == N::FOLDS - 1 ? 0 : fold + 1;
    }
}

}  // namespace sf

#endif
