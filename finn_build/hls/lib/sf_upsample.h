// Pixels repeated SY x SX times, or (ZEROS) followed by zeros. TERNARY: bipolar input leaves as numbers of two bits.
//
// Loop    H * SY * W * SX * FOLDS trips, II 1.
// Order   PE channels a beat.
// Memory  a row of the image, or a pixel where rows are not repeated; a word is read FOLDS trips after it was written, or
//         later.
#ifndef SF_UPSAMPLE_H
#define SF_UPSAMPLE_H

#include "sf_swg.h"

namespace sf {

template <class N, int WIDTH, int OUT>
void upsample(Stream<WIDTH>& in0, Stream<OUT>& out0, Memory<WIDTH, N::WORDS>& row) {
#pragma HLS INLINE
    int fold = 0, sx = 0, x = 0, sy = 0;
    SF_LOOP;
    for (int i = 0; i < N::H * N::SY * N::W * N::SX * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const int at = (N::SY > 1 ? x * N::FOLDS : 0) + fold;
        const bool fresh = sx == 0 && sy == 0;
        ap_uint<WIDTH> word = 0;
        if (fresh) {
            word = in0.read();
            if (!N::ZEROS) row[at] = word;
        } else if (!N::ZEROS) {
            word = row[at];
        }
        if (!N::TERNARY) {
            out0.write(ap_uint<OUT>(word));
        } else {
            out0.write(fresh ? ap_uint<OUT>(three_valued<WIDTH>(word)) : ap_uint<OUT>(0));
        }
        if (++fold == N::FOLDS) {
            fold = 0;
            if (++sx == N::SX) {
                sx = 0;
                if (++x == N::W) {
                    x = 0;
                    if (++sy == N::SY) sy = 0;
                }
            }
        }
    }
}

}  // namespace sf

#endif
