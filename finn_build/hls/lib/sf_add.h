// The sum of two streams, each times a positive integer: out = a * A_SCALE + b * B_SCALE.
//
// Loop    BEATS trips, II 1.
// Order   PE elements a beat, any shape.
#ifndef SF_ADD_H
#define SF_ADD_H

#include "sf_types.h"

namespace sf {

template <class N, int A, int B, int OUT>
void add(Stream<A>& in0, Stream<B>& in1, Stream<OUT>& out0) {
#pragma HLS INLINE
    SF_LOOP;
    for (int i = 0; i < N::BEATS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<A> a = in0.read();
        const ap_uint<B> b = in1.read();
        ap_uint<OUT> sums = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const Integer<N::OUT_BITS + 1> sum = element<N::A_BITS, N::A_KIND>(a, p) * Integer<N::A_SCALE_BITS>(N::A_SCALE) +
                                                 element<N::B_BITS, N::B_KIND>(b, p) * Integer<N::B_SCALE_BITS>(N::B_SCALE);
            set_lane<N::OUT_BITS>(sums, p, sum);
        }
        out0.write(sums);
    }
}

}  // namespace sf

#endif
