// Two streams joined element by element: product (FUNCTION 0), greater (1) or lesser one (2).
//
// Loop    BEATS trips, II 1.
// Order   PE elements a beat, any shape.
#ifndef SF_ELTWISE_H
#define SF_ELTWISE_H

#include "sf_types.h"

namespace sf {

template <class N, int A, int B, int OUT>
void eltwise(Stream<A>& in0, Stream<B>& in1, Stream<OUT>& out0) {
#pragma HLS INLINE
    typedef Integer<N::A_BITS + N::B_BITS + 2> Number;  // any result, and both operands
    SF_LOOP;
    for (int i = 0; i < N::BEATS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<A> as = in0.read();
        const ap_uint<B> bs = in1.read();
        ap_uint<OUT> results = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const Integer<N::A_BITS + 1> x = element<N::A_BITS, N::A_KIND>(as, p);
            const Integer<N::B_BITS + 1> y = element<N::B_BITS, N::B_KIND>(bs, p);
            const Number a = x, b = y;
            const Number result = N::FUNCTION == 0 ? Number(x * y) : (a > b) == (N::FUNCTION == 1) ? a : b;
            set_lane<N::OUT_BITS>(results, p, result);
        }
        out0.write(results);
    }
}

}  // namespace sf

#endif
