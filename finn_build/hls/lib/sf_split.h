// The channels of one stream go to several, or nowhere.
//
// Loop    VECTORS * FOLDS trips, II 1.
// Order   N::select(fold, 0): the output of the pixel's beat of that number; one above the last output is nowhere.
#ifndef SF_SPLIT_H
#define SF_SPLIT_H

#include "sf_types.h"

namespace sf {

template <int FIRST, typename WORD>
void write_one(int, const WORD&) {}

/// Write a word to the stream of a number; the first of those given has number FIRST.
template <int FIRST, typename WORD, typename STREAM, typename... REST>
void write_one(int number, const WORD& word, STREAM& stream, REST&... rest) {
#pragma HLS INLINE
    if (number == FIRST) stream.write(word);
    write_one<FIRST + 1>(number, word, rest...);
}

template <class N, int IN, typename... OUTS>
void split(Stream<IN>& in0, OUTS&... outs) {
#pragma HLS INLINE
    int fold = 0;
    SF_LOOP;
    for (int i = 0; i < N::VECTORS * N::FOLDS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> word = in0.read();
        write_one<0>(N::select(fold, 0), word, outs...);
        fold = fold == N::FOLDS - 1 ? 0 : fold + 1;
    }
}

}  // namespace sf

#endif
