// Copies of a stream: one for every output, or the one between an AXI stream of whole bytes and the first or last op.
//
// Loop    BEATS trips, II 1.
#ifndef SF_COPY_H
#define SF_COPY_H

#include "sf_types.h"

namespace sf {

template <int BEATS, int IN, int OUT>
void copy(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    SF_LOOP;
    for (int i = 0; i < BEATS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        out0.write(in0.read());
    }
}

}  // namespace sf

#endif
