// The integer model's inner loops, on float32 maps in rows of C channels (channels last); all values are whole numbers.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr long LANES = 8;  // channels whose counts stay in registers
constexpr long BITS = 32;  // of a word

// A pixel's signs, one bit a channel, +1 as 1; the bits beyond C are 0.
void pack(long pixels, long C, const float* x, uint32_t* words) {
    const long count = (C + BITS - 1) / BITS;
    for (long p = 0; p < pixels; ++p)
        for (long w = 0; w < count; ++w) {
            const float* from = x + p * C + w * BITS;
            const long bits = std::min(BITS, C - w * BITS);
            uint32_t word = 0;
            for (long b = 0; b < bits; ++b) word |= static_cast<uint32_t>(from[b] > 0.0f) << b;
            words[p * count + w] = word;
        }
}

typedef float Floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Counts __attribute__((vector_size(LANES * sizeof(int32_t))));

// Of so many rows at once, for each count waits for the one before.
template <long ROWS>
void count_lanes(long steps, long C, const float* x, const float* thresholds, float scale, float bias, float* out) {
    Floats value[ROWS], step;
    Counts count[ROWS] = {};
    for (long r = 0; r < ROWS; ++r) std::memcpy(&value[r], x + r * C, sizeof step);
    for (long s = 0; s < steps; ++s) {
        std::memcpy(&step, thresholds + s * LANES, sizeof step);
        for (long r = 0; r < ROWS; ++r) count[r] -= value[r] >= step;  // -1 where true
    }
    for (long r = 0; r < ROWS; ++r) {
        const Floats result = __builtin_convertvector(count[r], Floats) * scale + bias;
        std::memcpy(out + r * C, &result, sizeof result);
    }
}

}  // namespace

extern "C" {

// Convolution of +1 and -1 by XOR and popcount; what is padded adds nothing. weights [K][K][words][O], bit 1 for +1.
void binary_conv(long N, long H, long W, long C, long O, long K, long stride, long top, long left, long out_h,
                 long out_w, const float* x, const uint32_t* weights, float* out) {
    const long words = (C + BITS - 1) / BITS;
    std::vector<uint32_t> packed(H * W * words);
    std::vector<uint32_t> counts(O);
    uint32_t* different = counts.data();
    for (long n = 0; n < N; ++n) {
        pack(H * W, C, x + n * H * W * C, packed.data());
        for (long oy = 0; oy < out_h; ++oy)
            for (long ox = 0; ox < out_w; ++ox) {
                std::fill(counts.begin(), counts.end(), 0u);
                long taps = 0;
                for (long ky = 0; ky < K; ++ky)
                    for (long kx = 0; kx < K; ++kx) {
                        const long iy = oy * stride + ky - top, ix = ox * stride + kx - left;
                        if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
                        ++taps;
                        const uint32_t* pixel = packed.data() + (iy * W + ix) * words;
                        const uint32_t* tap = weights + (ky * K + kx) * words * O;
                        for (long w = 0; w < words; ++w) {
                            const uint32_t word = pixel[w];
                            const uint32_t* row = tap + w * O;
#pragma omp simd
                            for (long o = 0; o < O; ++o) different[o] += __builtin_popcount(word ^ row[o]);
                        }
                    }
                float* to = out + ((n * out_h + oy) * out_w + ox) * O;
                const int all = static_cast<int>(taps * C);
#pragma omp simd
                for (long o = 0; o < O; ++o) to[o] = static_cast<float>(all - 2 * static_cast<int>(different[o]));
            }
    }
}

// Thresholds reached, times scale, plus bias. thresholds [ceil(C / LANES)][steps][LANES], infinite beyond C.
void count_steps(long rows, long C, long steps, const float* x, const float* thresholds, float scale, float bias,
                 float* out) {
    if (steps == 1) {  // a sign
        for (long r = 0; r < rows; ++r)
#pragma omp simd
            for (long c = 0; c < C; ++c) out[r * C + c] = x[r * C + c] >= thresholds[c] ? scale + bias : bias;
        return;
    }
    for (long c = 0; c < C; c += LANES) {
        const float* table = thresholds + c * steps;
        if (c + LANES <= C) {
            long r = 0;
            for (; r + 4 <= rows; r += 4) count_lanes<4>(steps, C, x + r * C + c, table, scale, bias, out + r * C + c);
            for (; r < rows; ++r) count_lanes<1>(steps, C, x + r * C + c, table, scale, bias, out + r * C + c);
        } else
            for (long r = 0; r < rows; ++r) {
                float value[LANES] = {}, result[LANES];
                std::copy_n(x + r * C + c, C - c, value);
                count_lanes<1>(steps, C, value, table, scale, bias, result);
                std::copy_n(result, C - c, out + r * C + c);
            }
    }
}

// Channel `index[c]` of each row becomes channel c.
void take_channels(long rows, long C, long taken, const float* x, const int64_t* index, float* out) {
    for (long r = 0; r < rows; ++r)
        for (long c = 0; c < taken; ++c) out[r * taken + c] = x[r * C + index[c]];
}
}
