// Ops of several types on random beats and memories; what leaves them is printed, to be compared between forms of numbers.
#include "scheduler.h"
#include "sf_bitconv.h"
#include "sf_eltwise.h"
#include "sf_labelselect.h"
#include "sf_pool.h"
#include "sf_weigh.h"

using namespace sf;

static const int TRIPS = 12, FOLDS_EACH = 2;

static unsigned long long mixed(unsigned long long x) {
    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9ULL;
    return x ^ x >> 32;
}

/// The same bits for the same place, and others for another one.
template <int BITS>
ap_uint<BITS> random_bits(int a, int b) {
    ap_uint<BITS> word = 0;
    for (int k = 0; k < BITS; ++k) word[k] = mixed(a * 0x9E3779B97F4A7C15ULL ^ b * 0xC2B2AE3D27D4EB4FULL ^ k) >> 17 & 1;
    return word;
}

template <int BITS>
Word<BITS> memory(int a, int b) {
    return lane_bits<BITS>(random_bits<BITS>(a, b), 0);
}

template <int WIDTH>
void fill(Stream<WIDTH>& stream, int beats) {
    static int seed = 1;
    for (int k = 0; k < beats; ++k) stream.write(random_bits<WIDTH>(++seed, WIDTH));
}

template <int WIDTH>
void show(Stream<WIDTH>& stream) {
    while (stream.held) std::puts(stream.read().to_string(16).c_str());
}

/// Steps and signs of IN_BITS, by search, displacements and lines.
template <int IN, Kind KIND, int OUT, int STEPS, int MORE>
struct StepsOf {
    static const int VECTORS = TRIPS / FOLDS_EACH, PE = 3, FOLDS = FOLDS_EACH, IN_BITS = IN, OUT_BITS = OUT, STAGES = STEPS;
    static const int BIAS = -1, TABLE = MORE, SHARED = MORE, CAPPED = MORE, MIRRORED = MORE, DIPS = MORE, DIP_BITS = 1 + MORE;
    static const int X_BITS = IN - 1, SPAN_BITS = IN - 2, ENDS_BITS = X_BITS + 2 * SPAN_BITS, BASE = 3, LIMIT = 7,
                     OFFSET_BITS = IN + 2;
    static const int LANES = 3, ACC_BITS = IN - 3, TOTAL_BITS = IN, AFFINE = MORE, A_BITS = IN + 3, D_BITS = IN, FRACTION = 3;
    static const int SUM_SCALE = 3, SUM_SCALE_BITS = 3, SHORTCUT_SCALE = 5, SHORTCUT_SCALE_BITS = 4, IN_LANES = 3, SIGN_STEPS = 1;
    static const Kind IN_KIND = KIND, SHORTCUT_KIND = KIND;

    static Word<IN + 1> threshold(int stage, int at, int lane) { return memory<IN + 1>(stage * 99 + at, lane); }
    static Word<IN + 1> sign(int at, int lane) { return memory<IN + 1>(at, lane); }
    static Word<OUT> table(int at, int lane) { return memory<OUT>(at, lane); }
    static int displaced(int stage, int at, int lane) { return int(memory<3>(stage * 99 + at, lane)) - 4; }
    static Word<ENDS_BITS> ends(int row, int lane) { return memory<ENDS_BITS>(row, lane); }
    static Word<X_BITS> dip(int stage, int at, int lane) { return memory<X_BITS>(stage * 99 + at, lane); }
    static Word<OUT + DIP_BITS> turn(int row, int lane) { return memory<OUT + DIP_BITS>(row, lane); }
    static Word<1> mirror(int row, int lane) { return memory<1>(row, lane); }
    static Word<IN> knee(int row, int lane) { return memory<IN>(row, lane); }
    static Word<A_BITS + D_BITS> line(int row, int lane) { return memory<A_BITS + D_BITS>(row, lane); }
};

template <class N>
void steps() {
    Stream<3 * N::IN_BITS> in0("in0");
    Stream<3 * N::OUT_BITS> out0("out0");
    fill(in0, 3 * TRIPS);
    thresholding<N>(in0, out0);
    thresholding_midpoint<N>(in0, out0);
    for (int k = 0; k < TRIPS; ++k) {
        const ap_uint<3 * N::IN_BITS> beat = in0.read();
        out0.write(signs_of<N>(beat, k % 2));
        out0.write(bitconv_levels<N, 3 * N::OUT_BITS>(ap_uint<3 * N::ACC_BITS>(beat), beat, k % 2));
    }
    show(out0);
}

/// Pools, products, factors and labels of two types.
template <int A, Kind AS, int B, Kind BS, int OPTION>
struct Pair {
    static const int H = 2, W = TRIPS / 4, FOLDS = 2, KH = 2, KW = 1, OH = 1, OW = W, PE = 3, BEATS = TRIPS, FUNCTION = OPTION, SUM = OPTION;
    static const int BITS = A, OUT_BITS = B, A_BITS = A, B_BITS = B, FACTOR_BITS = 5, VECTORS = TRIPS / 2, LABELS = 6;
    static const Kind KIND = AS, OUT_KIND = BS, A_KIND = AS, B_KIND = BS;

    static Word<FACTOR_BITS> row_factor(int at, int) { return memory<2>(at, 1); }
    static Word<FACTOR_BITS> column_factor(int at, int) { return memory<2>(at, 2); }
};

template <class N>
void pairs() {
    Stream<3 * N::A_BITS> in0("in0");
    Stream<3 * N::B_BITS> in1("in1"), out0("out0");
    fill(in0, 4 * TRIPS), fill(in1, TRIPS);
    SF_MEMORY(3 * N::B_BITS, row, N::OW * N::FOLDS, 0);
    SF_MEMORY(3 * N::B_BITS, pixel, N::FOLDS, 0);
    pool_tiles<N>(in0, out0, row, pixel);
    weigh<N>(in0, out0);
    eltwise<N>(in0, in1, out0);
    labelselect<N>(in0, out0);
    show(out0);
}

int main() {
    steps<StepsOf<12, SIGNED, 4, 4, 0> >(), steps<StepsOf<12, SIGNED, 4, 4, 1> >(), steps<StepsOf<30, UNSIGNED, 8, 3, 1> >();
    pairs<Pair<1, BIPOLAR, 2, SIGNED, 0> >(), pairs<Pair<8, UNSIGNED, 16, SIGNED, 1> >(), pairs<Pair<23, SIGNED, 38, SIGNED, 0> >();
}
