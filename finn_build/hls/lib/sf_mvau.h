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
Uncut<BITS> product(const Word<SIMD>& a, const Word<SIMD>& b) {
#pragma HLS INLINE
    return 2 * Uncut<BITS + 1>(equal_bits<SIMD>(a, b)) - SIMD;
}

#if SF_BY_WORDS
/// Vector and weights as arrays of the machine's numbers, each taken from its bits once: sums over them are its vector units'.
template <class N>
class Numbers {
    static_assert(N::WEIGHT_BITS <= 16, "a weight of more bits than are kept of it");
    static const int SF = N::MW / N::SIMD, PLACES = N::MH / N::PE * SF;
    typedef typename std::conditional<(N::IN_BITS < 16), short, long long>::type Element;
    typedef typename std::conditional<(N::ACC_BITS <= 32), int, long long>::type Sum;
    Element vector[SF][N::SIMD];
    short weights[PLACES][N::PE][N::SIMD];

  public:
    Numbers() {
        for (int place = 0; place < PLACES; ++place)
            for (int p = 0; p < N::PE; ++p)
                for (int s = 0; s < N::SIMD; ++s)
                    weights[place][p][s] = N::WEIGHT_BITS > 1
                        ? value<N::WEIGHT_BITS, SIGNED>(lane_bits<N::WEIGHT_BITS>(N::weights(place, p * N::SIMD + s), 0))
                        : value<1, BIPOLAR>(lane_bits<1>(N::weights(place, p), s));
    }

    template <int IN>
    void take(const ap_uint<IN>& x, int sf) {
        for (int s = 0; s < N::SIMD; ++s) vector[sf][s] = element<N::IN_BITS, N::IN_KIND>(x, s);
    }

    Sum dot(int place, int p) const {
        const Element* const x = vector[place % SF];
        Sum sum = 0;
        for (int s = 0; s < N::SIMD; ++s) sum += x[s] * weights[place][p][s];
        return sum;
    }
};

/// Those of an op; a vector of signs has none.
template <class N>
Numbers<N>& numbers() {
    static Numbers<N> kept;
    return kept;
}

template <class N, int WIDTH>
Uncut<N::ACC_BITS> dot(const ap_uint<WIDTH>& x, bool fresh, int place, int p) {
    if (N::IN_KIND == BIPOLAR && N::WEIGHT_BITS == 1) return product<N::SIMD, N::ACC_BITS>(N::weights(place, p), ap_uint<N::SIMD>(x));
    if (fresh && p == 0) numbers<N>().take(x, place);
    return numbers<N>().dot(place, p);
}
#else
/// Dot product of one beat with the weights of row `p` of the fold.
template <class N, int WIDTH>
Uncut<N::ACC_BITS> dot(const ap_uint<WIDTH>& x, bool, int place, int p) {
#pragma HLS INLINE
    Uncut<N::ACC_BITS> sum = 0;
    if (N::WEIGHT_BITS > 1) {
        for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
            const Uncut<N::WEIGHT_BITS> weight = ap_int<N::WEIGHT_BITS>(N::weights(place, p * N::SIMD + s));
            sum += element<N::IN_BITS, N::IN_KIND>(x, s) * weight;
        }
        return sum;
    }
    const ap_uint<N::SIMD> signs = N::weights(place, p);
    if (N::IN_KIND == BIPOLAR) {
        return product<N::SIMD, N::ACC_BITS>(signs, ap_uint<N::SIMD>(x));
    }
    for (int s = 0; s < N::SIMD; ++s) {
#pragma HLS UNROLL
        const Uncut<N::IN_BITS + 2> number = element<N::IN_BITS, N::IN_KIND>(x, s);
        sum += lane_bits<1>(signs, s) != 0 ? number : Uncut<N::IN_BITS + 2>(-number);
    }
    return sum;
}
#endif

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
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            if (sf == 0) sums[p] = 0;
            sums[p] += dot<N>(x, nf == 0, nf * SF + sf, p);
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
