// A window that slides over an image kept in a ring of its latest words: the core of swg, pool and bitconv.
//
// The ring holds all words from the first place of the present window on, padded places included, up to DEPTH. A word
// is read no sooner than two trips after it was written, which is what the processes state of the ring's dependence.
// Input comes by read_nb(), and room behind is asked for, neither is waited for: an op that waited for pixels while a
// window stands complete, or for room while the ring has some, would make a skip around it longer than the graph's FIFOs.
// Behind an AXI stream stands a copy, as read_nb() needs a FIFO.
// Results leave by a line (sf_leaving.h).
// Carried counters of few bits: whether a place is padded, or a word is there, is one comparison of what they held before.
#ifndef SF_WINDOW_H
#define SF_WINDOW_H

#include "sf_leaving.h"

namespace sf {

/// Where the window stands. G: H, W, KH, KW, SH, SW, DY, DX, PT, PL, OH, OW, FOLDS, DEPTH, REPEAT, and DEPTHWISE for the
/// order (fold, ky, kx) of its beats instead of (ky, kx, fold).
template <class G>
struct Place {
    static const int ROW = G::W * G::FOLDS;
    static const int WORDS = G::H * ROW;
    static const int FIRST = -(G::PT * G::W + G::PL) * G::FOLDS;
    static const int COLUMN = (G::DX - 1) * G::FOLDS + 1;  // from the last beat of a column to the first of the next
    static const int LINE = G::DY * ROW - (G::KW - 1) * G::DX * G::FOLDS;  // from a row's last column to the next row
    static const int NEXT = G::SW * G::FOLDS;              // from a window to the next one
    static const int DOWN = (G::SH * G::W - (G::OW - 1) * G::SW) * G::FOLDS;
    static const int LAST_X = (G::OW - 1) * G::SW - G::PL, LAST_Y = (G::OH - 1) * G::SH - G::PT;
    typedef Counter<WORDS + (G::KH * G::DY + G::SH) * ROW + G::DEPTH> Word;
    typedef Counter<2 * G::DEPTH> Address;
    typedef Counter<G::H + G::KH * G::DY + G::SH> Y;
    typedef Counter<G::W + G::KW * G::DX + G::SW> X;

    Counter<G::FOLDS> fold;
    Counter<G::KH> ky;
    Counter<G::KW> kx;
    Counter<G::REPEAT> repeat;
    Y top, y;                // pixel of the window's first place, and of this place, from the image's first one
    X left, x;
    bool in_rows, in_columns;  // whether this place lies in the image
    Word limit, at;            // end of what the ring may hold, and this word, from the image's first
    Address first_address, address;
    bool done;

    Place()
        : fold(0), ky(0), kx(0), repeat(0), top(-G::PT), y(-G::PT), left(-G::PL), x(-G::PL), in_rows(G::PT == 0),
          in_columns(G::PL == 0), limit(FIRST + G::DEPTH), at(FIRST), first_address(wrapped(FIRST, G::DEPTH)),
          address(wrapped(FIRST, G::DEPTH)), done(false) {}

    /// Whether the place lies outside of the image.
    bool padded() const {
#pragma HLS INLINE
        return !in_rows || !in_columns;
    }

    /// Whether this is the window's first, or last, beat (of one fold with DEPTHWISE).
    bool starts() const {
#pragma HLS INLINE
        return ky == 0 && kx == 0 && (G::DEPTHWISE || fold == 0);
    }
    bool ends() const {
#pragma HLS INLINE
        return ky == G::KH - 1 && kx == G::KW - 1 && (G::DEPTHWISE || fold == G::FOLDS - 1);
    }

    /// Go on to the next beat.
    void advance() {
#pragma HLS INLINE
        SF_STEP;
        if (!G::DEPTHWISE && fold < G::FOLDS - 1) {
            ++fold;
            step<1>();
            return;
        }
        if (!G::DEPTHWISE) fold = 0;
        if (kx < G::KW - 1) {
            ++kx;
            step<G::DEPTHWISE ? G::DX * G::FOLDS : COLUMN>();
            to_column(x + G::DX);
        } else if (ky < G::KH - 1) {
            ++ky;
            kx = 0;
            step<G::DEPTHWISE ? LINE : LINE - G::FOLDS + 1>();
            to_column(left);
            to_row(y + G::DY);
        } else {
            ky = kx = 0;
            next_window();
        }
    }

  private:
    void to_row(Y row) {
#pragma HLS INLINE
        y = row;
        in_rows = row >= 0 && row < G::H;
    }

    void to_column(X column) {
#pragma HLS INLINE
        x = column;
        in_columns = column >= 0 && column < G::W;
    }

    template <int BY>
    void step() {
#pragma HLS INLINE
        at += BY;
        address = moved<BY>(address);
    }

    template <int BY>
    static Address moved(Address address) {
#pragma HLS INLINE
        const Address sum = address + wrapped(BY, G::DEPTH);
        if (sum >= G::DEPTH) return sum - G::DEPTH;
        return sum;
    }

    void next_window() {
#pragma HLS INLINE
        if (G::DEPTHWISE && fold < G::FOLDS - 1) {
            ++fold;
        } else {
            fold = 0;
            if (repeat < G::REPEAT - 1) {
                ++repeat;
            } else {
                repeat = 0;
                if (left < LAST_X) {
                    left += G::SW;
                    limit += NEXT;
                    first_address = moved<NEXT>(first_address);
                } else {
                    done = top == LAST_Y;
                    left = -G::PL;
                    top += G::SH;
                    limit += DOWN;
                    first_address = moved<DOWN>(first_address);
                }
            }
        }
        to_column(left);
        to_row(top);
        at = limit - G::DEPTH;
        address = first_address;
        if (!G::DEPTHWISE) return;
        at += fold;
        address = first_address + fold;
        if (address >= G::DEPTH) address -= G::DEPTH;
    }
};

/// How far the image has come in.
template <class G>
struct Arrival {
    typedef typename Place<G>::Word Word;
    Word words, last, before;  // now, and what it was one and two trips ago
    typename Place<G>::Address address;

    Arrival() : words(0), last(0), before(0), address(0) {}

    /// Whether the ring has room for a word: behind the last window all that is left of the image passes.
    bool room(const Place<G>& place) const {
#pragma HLS INLINE
        return words < Place<G>::WORDS && (place.done || words < place.limit);
    }

    /// Whether the word at the window's place may be read; a padded one always.
    bool holds(const Place<G>& place) const {
#pragma HLS INLINE
        return place.padded() || place.at < before;
    }

    /// Count a word that has come in.
    void take() {
#pragma HLS INLINE
        ++words;
        ++address;
        if (address == G::DEPTH) address = 0;
    }

    /// End of a trip.
    void remember() {
#pragma HLS INLINE
        before = last;
        last = words;
    }
};

}  // namespace sf

#endif
