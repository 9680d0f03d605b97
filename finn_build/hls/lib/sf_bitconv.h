// A binary convolution as one unit: steps(SUM_SCALE * conv(sign(x)) + SHORTCUT_SCALE * shortcut), in three loops.
//
// signs   H * W * C / IN_LANES trips: x against a threshold a channel, or x itself where it is bipolar; SIMD signs to a
//         word. Where x is its own shortcut, a copy of it waits in a stream.
// sums    as many trips as the busier side has beats, OH * OW * NF * SF or the words of the image, and those until the
//         first window stands: windows from a ring, each read once for each of NF row folds; padded places add nothing.
// steps   OH * OW * MH / LANES trips: shortcut and step function of LANES channels.
// All have II 1.
// Order   IN_LANES channels a beat in, LANES a beat of the shortcut and out.
// Memory  sign(fold, lane), weights(nf * SF + sf, p), those of the steps (sf_steps.h) and the ring of signs.
#ifndef SF_BITCONV_H
#define SF_BITCONV_H

#include "sf_mvau.h"
#include "sf_steps.h"
#include "sf_thresholding.h"
#include "sf_window.h"

namespace sf {

/// Signs of one beat.
template <class N, int IN>
ap_uint<N::IN_LANES> signs_of(const ap_uint<IN>& beat, int fold) {
#pragma HLS INLINE
    if (!N::SIGN_STEPS) return beat;
    ap_uint<N::IN_LANES> signs = 0;
    for (int l = 0; l < N::IN_LANES; ++l) {
#pragma HLS UNROLL
        const Word<N::IN_BITS> x = from_least<N::IN_BITS, N::IN_KIND>(lane_bits<N::IN_BITS>(beat, l));
        set_lane<1>(signs, l, Word<N::IN_BITS + 1>(x) >= N::sign(fold, l));
    }
    return signs;
}

template <class N, int IN>
void bitconv_signs(Stream<IN>& in0, Stream<N::SIMD>& words) {
#pragma HLS INLINE
    const int FOLDS = N::C / N::IN_LANES, GATHER = N::SIMD / N::IN_LANES;
    ap_uint<N::SIMD> word = 0;
    int fold = 0, part = 0;
    SF_LOOP;
    for (int i = 0; i < N::H * N::W * FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<N::IN_LANES> signs = signs_of<N>(in0.read(), fold);
        const ap_uint<N::SIMD> rest = GATHER > 1 ? ap_uint<N::SIMD>(word >> N::IN_LANES) : ap_uint<N::SIMD>(0);
        word = rest | (ap_uint<N::SIMD>(signs) << (N::SIMD - N::IN_LANES));
        if (part == GATHER - 1) words.write(word);
        part = part == GATHER - 1 ? 0 : part + 1;
        fold = fold == FOLDS - 1 ? 0 : fold + 1;
    }
}

/// The same, and a copy of the input.
template <class N, int IN>
void bitconv_fork(Stream<IN>& in0, Stream<IN>& kept, Stream<IN>& passed) {
#pragma HLS INLINE
    SF_LOOP;
    for (int i = 0; i < N::H * N::W * N::C / N::IN_LANES; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> beat = in0.read();
        kept.write(beat);
        passed.write(beat);
    }
}

template <class N>
void bitconv_sums(Stream<N::SIMD>& words, Stream<N::PE * N::ACC_BITS>& sums, Memory<N::SIMD, N::DEPTH>& ring) {
#pragma HLS INLINE
    const int SF = N::KH * N::KW * N::FOLDS, NF = N::MH / N::PE;
    Uncut<N::ACC_BITS> acc[N::PE];
#pragma HLS ARRAY_PARTITION variable=acc complete
    int word = 0;
    Place<N> place;
    Arrival<N> arrival;
    ap_uint<N::PE * N::ACC_BITS> line[COMPUTED];
#pragma HLS ARRAY_PARTITION variable=line complete
    There<COMPUTED> there = 0;
    SF_LOOP;
    while (!place.done || there != 0 || arrival.words < Place<N>::WORDS) {
#pragma HLS PIPELINE II=1 style=flp
#pragma HLS LOOP_TRIPCOUNT min=N::LEAST_TRIPS max=N::MOST_TRIPS
        SF_TRIP;
        const bool room = arrival.room(place);
        if (moved_on(sums, line, there) && !place.done && arrival.holds(place)) {
            Word<N::SIMD> x = 0;
            if (!place.padded()) x = ap_uint<N::SIMD>(ring[place.address]);
            for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
                if (place.starts()) acc[p] = 0;
                if (!place.padded()) acc[p] += product<N::SIMD, N::ACC_BITS>(x, N::weights(word, p));
            }
            if (place.ends()) {
                leave(line, there, beat_of<N::ACC_BITS, N::PE * N::ACC_BITS>(acc));
            }
            word = word == NF * SF - 1 ? 0 : word + 1;
            place.advance();
        }
        ap_uint<N::SIMD> given = 0;
        if (room && words.read_nb(given)) {
            ring[arrival.address] = given;
            arrival.take();
        }
        arrival.remember();
    }
}

/// Level of one total.
template <class N>
Word<N::OUT_BITS> bitconv_level(const Integer<N::TOTAL_BITS>& total, int row, int lane) {
#pragma HLS INLINE
    const int BITS = N::TOTAL_BITS;
    if (N::AFFINE) return level<N>(divide<N, BITS>(total, row, lane), row, lane);
    const Word<BITS> from = from_least<BITS, SIGNED>(bits_of<BITS>(total));
    return level<N>(search<N, BITS>(from, row, lane), row, lane);
}

/// Levels of LANES channels, from their sums and, each times its factor, what is added.
template <class N, int OUT, int SHORTCUT>
ap_uint<OUT> bitconv_levels(const ap_uint<N::LANES * N::ACC_BITS>& sums, const ap_uint<SHORTCUT>& added, int row) {
#pragma HLS INLINE
    const int BITS = SHORTCUT / N::LANES;
    ap_uint<OUT> levels = 0;
    for (int l = 0; l < N::LANES; ++l) {
#pragma HLS UNROLL
        const Integer<N::TOTAL_BITS> sum = element<N::ACC_BITS, SIGNED>(sums, l) * Integer<N::SUM_SCALE_BITS>(N::SUM_SCALE);
        const Integer<N::TOTAL_BITS> other =
            element<BITS, N::SHORTCUT_KIND>(added, l) * Integer<N::SHORTCUT_SCALE_BITS>(N::SHORTCUT_SCALE);
        set_lane<N::OUT_BITS>(levels, l, bitconv_level<N>(sum + other, row, l));
    }
    return levels;
}

/// Where the steps are: the row of their memories, and which part of a fold of sums leaves next.
template <class N>
struct StepPlace {
    static const int ROWS = N::MH / N::LANES, PARTS = N::PE / N::LANES, PART = N::LANES * N::ACC_BITS;
    ap_uint<N::PE * N::ACC_BITS> fold;
    int row, part;

    StepPlace() : fold(0), row(0), part(0) {}

    /// Sums of the next LANES channels.
    ap_uint<PART> next(Stream<N::PE * N::ACC_BITS>& sums) {
#pragma HLS INLINE
        if (part == 0) {
            fold = sums.read();
        } else {
            fold = fold >> (PARTS > 1 ? PART : 0);
        }
        return fold;
    }

    void advance() {
#pragma HLS INLINE
        part = part == PARTS - 1 ? 0 : part + 1;
        row = row == ROWS - 1 ? 0 : row + 1;
    }
};

template <class N, int SHORTCUT, int OUT>
void bitconv_steps(Stream<N::PE * N::ACC_BITS>& sums, Stream<SHORTCUT>& shortcut, Stream<OUT>& out0) {
#pragma HLS INLINE
    StepPlace<N> place;
    SF_LOOP;
    for (int i = 0; i < N::OH * N::OW * N::MH / N::LANES; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<N::LANES * N::ACC_BITS> part = place.next(sums);
        out0.write(bitconv_levels<N, OUT>(part, shortcut.read(), place.row));
        place.advance();
    }
}

/// The same without a shortcut.
template <class N, int OUT>
void bitconv_plain(Stream<N::PE * N::ACC_BITS>& sums, Stream<OUT>& out0) {
#pragma HLS INLINE
    StepPlace<N> place;
    SF_LOOP;
    for (int i = 0; i < N::OH * N::OW * N::MH / N::LANES; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<N::LANES * N::ACC_BITS> part = place.next(sums);
        out0.write(bitconv_levels<N, OUT>(part, ap_uint<N::LANES>(0), place.row));
        place.advance();
    }
}

}  // namespace sf

#endif
