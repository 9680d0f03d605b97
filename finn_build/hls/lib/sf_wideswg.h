// Sliding window of a first layer: a whole window a beat, in the order (ky, kx, c); padded places are 0.
//
// Loop    max(H, reach down) * max(W, reach to the right) trips, II 1; a reach ends with the last window.
// Order   a pixel of C channels a beat in, a window of KH * KW * C elements a beat out.
// Memory  the latest (KH - 1) * DY rows, side by side in one word a column, the pixel right above the present one lowest. The
//         window is kept in registers.
#ifndef SF_WIDESWG_H
#define SF_WIDESWG_H

#include "sf_types.h"

namespace sf {

template <class N, int IN, int OUT, int ABOVE>
void wideswg(Stream<IN>& in0, Stream<OUT>& out0, Memory<ABOVE, N::W>& rows) {
#pragma HLS INLINE
    const int TO_LAST_Y = (N::KH - 1) * N::DY, TO_LAST_X = (N::KW - 1) * N::DX;  // from a window's first place to its last
    const int FIRST_Y = TO_LAST_Y - N::PT, FIRST_X = TO_LAST_X - N::PL;          // trips to the first window
    ap_uint<IN> window[N::KH][TO_LAST_X + 1];
#pragma HLS ARRAY_PARTITION variable=window complete dim=0
    int x = 0, y = 0, ox = 0, oy = 0, wait_x = FIRST_X, wait_y = FIRST_Y;
    SF_LOOP;
    for (int i = 0; i < N::DOWN * N::ACROSS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        ap_uint<IN> column[TO_LAST_Y + 1];  // 0 is the present row
#pragma HLS ARRAY_PARTITION variable=column complete
        column[0] = 0;
        if (x < N::W && y < N::H) column[0] = in0.read();
        ap_uint<ABOVE> above = 0;
        if (x < N::W) {
            above = rows[x];
            rows[x] = TO_LAST_Y > 1 ? ap_uint<ABOVE>(above << IN | column[0]) : ap_uint<ABOVE>(column[0]);
        }
        for (int k = 1; k <= TO_LAST_Y; ++k) {
#pragma HLS UNROLL
            column[k] = 0;
            if (x < N::W && y >= k && y - k < N::H) column[k] = lane_bits<IN>(above, k - 1);
        }
        ap_uint<OUT> beat = 0;
        for (int ky = 0; ky < N::KH; ++ky) {
#pragma HLS UNROLL
            for (int k = 0; k <= TO_LAST_X; ++k) {
#pragma HLS UNROLL
                const ap_uint<IN> left = x == 0 ? ap_uint<IN>(0) : window[ky][k < TO_LAST_X ? k + 1 : k];
                window[ky][k] = k == TO_LAST_X ? column[TO_LAST_Y - ky * N::DY] : left;
                if (k % N::DX == 0) set_lane<IN>(beat, ky * N::KW + k / N::DX, window[ky][k]);
            }
        }
        if (wait_y == 0 && oy < N::OH && wait_x == 0 && ox < N::OW) out0.write(beat);
        if (wait_x > 0) {
            --wait_x;
        } else {
            wait_x = N::SW - 1;
            ++ox;
        }
        if (++x == N::ACROSS) {
            x = ox = 0;
            wait_x = FIRST_X;
            ++y;
            if (wait_y > 0) {
                --wait_y;
            } else {
                wait_y = N::SH - 1;
                ++oy;
            }
        }
    }
}

}  // namespace sf

#endif
