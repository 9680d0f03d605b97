// Channel (by * S + bx) * C + c of pixel (y, x) becomes channel c of pixel (y * S + by, x * S + bx).
//
// Loop    H * W * S * S * FOLDS trips for the input, and H * (S - 1) * W * S * FOLDS for what was stored, II 1.
// Order   PE channels a beat, FOLDS beats an output pixel.
// Memory  the rows of a block below its first, written before any of them is read: W * S * FOLDS trips and more.
#ifndef SF_DEPTHTOSPACE_H
#define SF_DEPTHTOSPACE_H

#include "sf_types.h"

namespace sf {

template <class N, int WIDTH, int OUT>
void depthtospace(Stream<WIDTH>& in0, Stream<OUT>& out0, Memory<WIDTH, N::STORED>& rows) {
#pragma HLS INLINE
    const int RUN = N::S * N::FOLDS;  // beats of an input pixel for one row of its block
    const int IN_ROW = N::W * N::S * RUN, STORED = N::STORED;
    int step = 0, beat = 0, by = 0, x = 0;
    SF_LOOP;
    for (int i = 0; i < N::H * (IN_ROW + STORED); ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        if (step < IN_ROW) {
            const ap_uint<WIDTH> word = in0.read();
            if (by == 0) {
                out0.write(word);
            } else {
                rows[(by - 1) * N::W * RUN + x * RUN + beat] = word;
            }
            if (++beat == RUN) {
                beat = 0;
                if (++by == N::S) {
                    by = 0;
                    ++x;
                }
            }
        } else {
            out0.write(rows[step - IN_ROW]);
            x = 0;
        }
        step = step == IN_ROW + STORED - 1 ? 0 : step + 1;
    }
}

}  // namespace sf

#endif
