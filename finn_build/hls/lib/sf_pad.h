// Rows and columns of one value, its code FILL, around an image, or rows and columns less.
//
// Loop    CH * CW * FOLDS trips, II 1: every place of the canvas that holds both input and output.
// Order   PE channels a beat. Input lies at (IT, IL) with size IH x IW, output at (OT, OL) with OH x OW.
#ifndef SF_PAD_H
#define SF_PAD_H

#include "sf_types.h"

namespace sf {

template <class N, int WIDTH, int OUT>
void pad(Stream<WIDTH>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    int fold = 0, x = 0, y = 0;
    SF_LOOP;
    for (int i = 0; i < N::CH * N::CW * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        ap_uint<WIDTH> word = 0;
        for (int p = 0; p < N::PE; ++p) {
#pragma HLS UNROLL
            word.range((p + 1) * N::BITS - 1, p * N::BITS) = N::FILL;
        }
        if (y >= N::IT && y < N::IT + N::IH && x >= N::IL && x < N::IL + N::IW) word = in0.read();
        if (y >= N::OT && y < N::OT + N::OH && x >= N::OL && x < N::OL + N::OW) out0.write(word);
        if (++fold == N::FOLDS) {
            fold = 0;
            if (++x == N::CW) {
                x = 0;
                ++y;
            }
        }
    }
}

}  // namespace sf

#endif
