// One stream to several equal ones.
//
// Loop    BEATS trips, II 1.
#ifndef SF_DUPLICATE_H
#define SF_DUPLICATE_H

#include "sf_types.h"

namespace sf {

template <typename WORD>
void write_all(const WORD&) {}

/// Write a word to every stream.
template <typename WORD, typename FIRST, typename... REST>
void write_all(const WORD& word, FIRST& first, REST&... rest) {
#pragma HLS INLINE
    first.write(word);
    write_all(word, rest...);
}

template <class N, int IN, typename... OUTS>
void duplicate(Stream<IN>& in0, OUTS&... outs) {
#pragma HLS INLINE
    SF_LOOP;
    for (int i = 0; i < N::BEATS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        const ap_uint<IN> word = in0.read();
        write_all(word, outs...);
    }
}

}  // namespace sf

#endif
