// Matrix-vector product: weights of one bit (-1/+1) or k bits, activations bipolar, three-valued, unsigned or signed.
//
// Loop    VECTORS * NF * SF trips, II 1; SF = MW / SIMD, NF = MH / PE.
// Order   a vector comes in once, SF beats of SIMD; its sums leave in NF beats of PE.
// Memory  weights of row nf * PE + p at place nf * SF + sf: weights(place, p), SIMD of one bit; wider ones one by one,
//         weights(place, p * SIMD + s). The vector, for NF > 1.
// Carried the accumulators, one addition; the vector, written SF trips before it is read again.
#ifndef SF_MVAU_H
#define SF_MVAU_H

#include "sf_types.h"

namespace sf {

/// Dot product of two words of -1 and +1.
template <int SIMD, int BITS>
Uncut<BITS> product(const ap_uint<SIMD>& a, const ap_uint<SIMD>& b) {
#pragma HLS INLINE
    return 2 * Uncut<BITS + 1>(equal_bits<SIMD>(a, b)) - SIMD;
}

/// Dot product of one beat, as a word and element by element, with the weights of row `p` of the fold.
template <class N, int WIDTH>
Uncut<N::ACC_BITS> dot(const ap_uint<WIDTH>& x, const Uncut<N::IN_BITS + 1> (&elements)[N::SIMD], int word, int p) {
#pragma HLS INLINE
    Uncut<N::ACC_BITS> sum = 0;
    if (N::WEIGHT_BITS > 1) {
        for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
            sum += elements[s] * Uncut<N::WEIGHT_BITS>(ap_int<N::WEIGHT_BITS>(N::weights(word, p * N::SIMD + s)));
        }
        return sum;
    }
    const ap_uint<N::SIMD> signs = N::weights(word, p);
    if (N::IN_KIND == BIPOLAR) {
        return product<N::SIMD, N::ACC_BITS>(signs, ap_uint<N::SIMD>(x));
    }
    for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
        sum += lane_bits<1>(signs, s) != 0 ? Uncut<N::IN_BITS + 2>(elements[s]) : Uncut<N::IN_BITS + 2>(-elements[s]);
    }
    return sum;
}

template <class N, int IN, int OUT>
void mvau(Stream<IN>& in0, Stream<OUT>& out0, Memory<IN, N::MW / N::SIMD>& vector) {
#pragma HLS INLINE
    const int SF = N::MW / N::SIMD, NF = N::MH / N::PE;
    Uncut<N::ACC_BITS> sums[N::PE];
#pragma HLS ARRAY_PARTITION variable=sums complete
    int sf = 0, nf = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * NF * SF; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        ap_uint<IN> x;
        if (nf == 0) {
            x = in0.read();
            vector[sf] = x;
        } else {
            x = vector[sf];
        }
        Uncut<N::IN_BITS + 1> elements[N::SIMD];
#pragma HLS ARRAY_PARTITION variable=elements complete
        for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
            elements[s] = element<N::IN_BITS, N::IN_KIND>(x, s);
        }
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            if (sf == 0) sums[p] = 0;
            sums[p] += dot<N>(x, elements, nf * SF + sf, p);
        }
        if (sf == SF - 1) out0.write(beat_of<N::ACC_BITS, OUT>(sums));
        if (++sf == SF) {
            sf = 0;
            if (++nf == NF) nf = 0;
        }
    }
}

}  // namespace sf

#endif
