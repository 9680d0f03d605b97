// A border of the image's own pixels around it: reflected at the edge, or the edge repeated.
//
// Loop    as many trips as it has beats of output, those until the first row's source stands, and where rows are read
//         no more those of the image's last rows, II 1.
// Order   PE channels a beat.
// Memory  a ring of rows: a word is read two trips after its row's last word was written, or later.
#ifndef SF_BORDER_H
#define SF_BORDER_H

#include "sf_leaving.h"

namespace sf {

/// From the source of a place along one side, SIZE pixels long behind BEFORE places, to that of the next place.
template <int SIZE, int BEFORE, bool REFLECT>
int border_step(int place) {
#pragma HLS INLINE
    if (place >= BEFORE && place < BEFORE + SIZE - 1) return 1;
    return REFLECT ? -1 : 0;
}

/// Where the output stands: its place, and the word of the ring that it takes.
template <class N>
struct BorderPlace {
    static const int ROW = N::W * N::FOLDS, ALL = N::H * ROW;
    static const int TOP = N::REFLECT ? N::PT : 0, LEFT = N::REFLECT ? N::PL : 0;  // source of the first place
    static const int KEPT = N::REFLECT ? N::OH - N::H - N::PT + 1 : 1;             // rows that are read until the end
    typedef Counter<ALL + N::WORDS> Word;

    int fold, x, y, column, row;  // the source's pixel and row, as words of the ring
    Word need, limit;             // words of the image that are in for this row, and that the ring has room for

    BorderPlace() : fold(0), x(0), y(0), column(LEFT * N::FOLDS), row(TOP * ROW), need((TOP + 1) * ROW), limit(N::WORDS) {}

    bool done() const { return y == N::OH; }

    void advance() {
#pragma HLS INLINE
        SF_STEP;
        if (++fold < N::FOLDS) return;
        fold = 0;
        column += border_step<N::W, N::PL, N::REFLECT>(x) * N::FOLDS;
        if (++x < N::OW) return;
        x = 0;
        column = LEFT * N::FOLDS;
        const int next = row + border_step<N::H, N::PT, N::REFLECT>(y) * ROW;
        row = next < 0 ? next + N::WORDS : next >= N::WORDS ? next - N::WORDS : next;
        if (y >= N::PT && y < N::PT + N::H - KEPT) limit += ROW;  // that row is not read again
        ++y;
        if (y > N::PT + TOP && need < ALL) need += ROW;
    }
};

template <class N, int WIDTH>
void border(Stream<WIDTH>& in0, Stream<WIDTH>& out0, Memory<WIDTH, N::WORDS>& rows) {
#pragma HLS INLINE
    typedef BorderPlace<N> Place;
    Place place;
    typename Place::Word words = 0, last = 0, before = 0;  // that are in, now and one and two trips ago
    int write = 0;
    ap_uint<WIDTH> line[READ];
#pragma HLS ARRAY_PARTITION variable=line complete
    There<READ> there = 0;
    SF_LOOP;
    while (!place.done() || there != 0 || words < Place::ALL) {
#pragma HLS PIPELINE II=1 style=flp
#pragma HLS LOOP_TRIPCOUNT min=N::LEAST_TRIPS max=N::MOST_TRIPS
        SF_TRIP;
        const bool room = words < Place::ALL && (place.done() || words < place.limit);
        if (moved_on(out0, line, there) && !place.done() && before >= place.need) {
            leave(line, there, ap_uint<WIDTH>(rows[place.row + place.column + place.fold]));
            place.advance();
        }
        ap_uint<WIDTH> given = 0;
        if (room && in0.read_nb(given)) {
            rows[write] = given;
            ++words;
            write = write == N::WORDS - 1 ? 0 : write + 1;
        }
        before = last;
        last = words;
    }
}

}  // namespace sf

#endif
