// A border of the image's own pixels around it: reflected at the edge, or the edge repeated.
//
// Loop    the words before the first row of output, and OH * OW * FOLDS trips, II 1.
// Order   PE channels a beat.
// Memory  a ring of rows: a word is read in a later trip than that of its row's last word.
#ifndef SF_BORDER_H
#define SF_BORDER_H

#include "sf_types.h"

namespace sf {

/// Source of a place of the output along one side, SIZE pixels long behind BEFORE places.
template <int SIZE, int BEFORE, bool REFLECT>
int border_source(int place) {
#pragma HLS INLINE
    const int at = place - BEFORE;
    if (at < 0) return REFLECT ? -at : 0;
    if (at < SIZE) return at;
    return REFLECT ? 2 * (SIZE - 1) - at : SIZE - 1;
}

template <class N, int WIDTH>
void border(Stream<WIDTH>& in0, Stream<WIDTH>& out0, Memory<WIDTH, N::WORDS>& rows) {
#pragma HLS INLINE
    const int ROW = N::W * N::FOLDS, ROWS = N::WORDS / ROW, AHEAD = (N::REFLECT ? N::PT + 1 : 1) * ROW;
    const int KEPT = N::REFLECT ? N::OH - N::H - N::PT + 1 : 1;  // rows that are read until the end
    int fold = 0, x = 0, y = 0, free = 0;                        // free: rows that are not read again
    int words = 0, write = 0;                                    // that are in; where the next one goes
    SF_LOOP;
    for (int i = 0; i < AHEAD + 1 + N::OH * N::OW * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const int freed = free;
        if (i > AHEAD) {
            const int row = border_source<N::H, N::PT, N::REFLECT>(y) % ROWS;
            const int column = border_source<N::W, N::PL, N::REFLECT>(x);
            out0.write(rows[row * ROW + column * N::FOLDS + fold]);
            if (++fold == N::FOLDS) {
                fold = 0;
                if (++x == N::OW) {
                    x = 0;
                    if (y >= N::PT && y < N::PT + N::H - KEPT) ++free;
                    ++y;
                }
            }
        }
        if (words < N::H * ROW && words < (freed + ROWS) * ROW) {
            rows[write] = in0.read();
            ++words;
            if (++write == N::WORDS) write = 0;
        }
    }
}

}  // namespace sf

#endif
