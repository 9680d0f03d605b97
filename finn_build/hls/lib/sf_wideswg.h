// Sliding window of a first layer: a whole window a beat, in the order (ky, kx, c); padded places are 0.
//
// Loop    max(H, reach down) * max(W, reach to the right) trips, II 1; a reach ends with the last window.
// Order   a pixel of C channels a beat in, a window of KH * KW * C elements a beat out.
// Memory  the latest KH - 1 rows, side by side in one word a column: rows[x][k] is the pixel k rows above the present
//         one, k from 1 on. The window is kept in registers.
#ifndef SF_WIDESWG_H
#define SF_WIDESWG_H

#include "sf_types.h"

namespace sf {

template <class N, int IN, int OUT>
void wideswg(Stream<IN>& in0, Stream<OUT>& out0, ap_uint<IN> (&rows)[N::W][N::KH]) {
#pragma HLS INLINE
    const int ABOVE = N::KH - 1, PIXEL = IN;
    ap_uint<PIXEL> window[N::KH][N::KW];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
#pragma HLS DEPENDENCE variable=rows type=inter direction=RAW distance=N::W true
    int x = 0, y = 0;
    SF_LOOP;
    for (int i = 0; i < N::DOWN * N::ACROSS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        ap_uint<PIXEL> column[N::KH];  // 0 is the present row
#pragma HLS ARRAY_PARTITION variable=column complete
        column[0] = 0;
        if (x < N::W && y < N::H) column[0] = in0.read();
        for (int k = 1; k < N::KH; ++k) {
#pragma HLS UNROLL
            column[k] = 0;
            if (x < N::W && y >= k && y - k < N::H) column[k] = rows[x][k];
        }
        if (x < N::W) {
            for (int k = 1; k < N::KH; ++k) {
#pragma HLS UNROLL
                rows[x][k] = column[k - 1];
            }
        }
        ap_uint<OUT> beat = 0;
        for (int ky = 0; ky < N::KH; ++ky) {
#pragma HLS UNROLL
            for (int kx = 0; kx < N::KW; ++kx) {
#pragma HLS UNROLL
                const ap_uint<PIXEL> left = x == 0 ? ap_uint<PIXEL>(0) : window[ky][kx < N::KW - 1 ? kx + 1 : kx];
                window[ky][kx] = kx == N::KW - 1 ? column[ABOVE - ky] : left;
                set_lane<PIXEL>(beat, ky * N::KW + kx, window[ky][kx]);
            }
        }
        const int oy = y + N::PT - ABOVE, ox = x + N::PL - (N::KW - 1);
        const bool row = oy >= 0 && oy % N::SH == 0 && oy / N::SH < N::OH;
        if (row && ox >= 0 && ox % N::SW == 0 && ox / N::SW < N::OW) out0.write(beat);
        if (++x == N::ACROSS) {
            x = 0;
            ++y;
        }
    }
}

}  // namespace sf

#endif
