// Matrix-vector product: weights of one bit (-1/+1) or k bits, activations bipolar, three-valued, unsigned or signed.
//
// Loop    VECTORS * NF * SF trips, II 1; SF = MW / SIMD, NF = MH / PE.
// Order   a vector comes in once, SF beats of SIMD; its sums leave in NF beats of PE.
// Memory  weights(nf * SF + sf, p): the SIMD weights of row nf * PE + p; the vector, for NF > 1.
// Carried the accumulators, one addition; the vector, written SF trips before it is read again.
#ifndef SF_MVAU_H
#define SF_MVAU_H

#include "sf_types.h"

namespace sf {

/// Ones of a word.
template <int SIZE>
ap_uint<bits_for(SIZE)> popcount(const ap_uint<SIZE>& word) {
#pragma HLS INLINE
    ap_uint<bits_for(SIZE)> count = 0;
    for (int k = 0; k < SIZE; ++k) {
#pragma HLS UNROLL
        count += word[k];
    }
    return count;
}

/// Dot product of one beat with the weights of one row.
template <class N, int WIDTH>
ap_int<N::ACC_BITS> dot(const ap_uint<WIDTH>& x, const ap_uint<N::SIMD * N::WEIGHT_BITS>& weights) {
#pragma HLS INLINE
    if (N::WEIGHT_BITS == 1 && N::IN_KIND == BIPOLAR) {
        const ap_uint<N::SIMD> signs = x, same = ~(signs ^ ap_uint<N::SIMD>(weights));
        return 2 * ap_int<N::ACC_BITS + 1>(popcount<N::SIMD>(same)) - N::SIMD;
    }
    ap_int<N::ACC_BITS> sum = 0;
    for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
        const ap_int<N::IN_BITS + 1> a = element<N::IN_BITS, N::IN_KIND>(x, s);
        const ap_int<N::WEIGHT_BITS + 1> w = element<N::WEIGHT_BITS, N::WEIGHT_KIND>(weights, s);
        if (N::WEIGHT_BITS == 1) {
            sum += w > 0 ? ap_int<N::IN_BITS + 2>(a) : ap_int<N::IN_BITS + 2>(-a);
        } else {
            sum += a * w;
        }
    }
    return sum;
}

template <class N, int IN, int OUT>
void mvau(Stream<IN>& in0, Stream<OUT>& out0, ap_uint<IN> (&vector)[N::MW / N::SIMD]) {
#pragma HLS INLINE
    const int SF = N::MW / N::SIMD, NF = N::MH / N::PE;
    ap_int<N::ACC_BITS> sums[N::PE];
#pragma HLS ARRAY_PARTITION variable=sums complete
#pragma HLS DEPENDENCE variable=vector type=inter direction=RAW distance=SF true
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
        ap_uint<OUT> beat = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            const ap_int<N::ACC_BITS> before = sf == 0 ? ap_int<N::ACC_BITS>(0) : sums[p];
            sums[p] = before + dot<N>(x, N::weights(nf * SF + sf, p));
            beat.range((p + 1) * N::ACC_BITS - 1, p * N::ACC_BITS) = sums[p];
        }
        if (sf == SF - 1) out0.write(beat);
        if (++sf == SF) {
            sf = 0;
            if (++nf == NF) nf = 0;
        }
    }
}

}  // namespace sf

#endif
