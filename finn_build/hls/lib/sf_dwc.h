// The same tensor with more or fewer elements a beat; one width divides the other.
//
// Loop    as many trips as the narrow side has beats, II 1.
#ifndef SF_DWC_H
#define SF_DWC_H

#include "sf_types.h"

namespace sf {

template <class N, int IN, int OUT>
void dwc(Stream<IN>& in0, Stream<OUT>& out0) {
#pragma HLS INLINE
    const int PARTS = IN > OUT ? IN / OUT : OUT / IN, NARROW = IN < OUT ? IN : OUT, WIDE = IN > OUT ? IN : OUT;
    const int LOW = WIDE - NARROW, BY = PARTS > 1 ? NARROW : 0;
    ap_uint<WIDE> word = 0;
    int part = 0;
    SF_LOOP;
    for (int i = 0; i < N::BEATS; ++i) {
#pragma HLS PIPELINE II=1 style=flp
        SF_TRIP;
        if (IN > OUT) {
            if (part == 0) {
                word = in0.read();
            } else {
                word = word >> BY;
            }
            out0.write(ap_uint<OUT>(word));
        } else {
            const ap_uint<WIDE> rest = PARTS > 1 ? ap_uint<WIDE>(word >> BY) : ap_uint<WIDE>(0);
            word = rest | ap_uint<WIDE>(ap_uint<WIDE>(in0.read()) << LOW);
            if (part == PARTS - 1) out0.write(ap_uint<OUT>(word));
        }
        part = part == PARTS - 1 ? 0 : part + 1;
    }
}

}  // namespace sf

#endif
