// The integer model's inner loops, on float32 maps in rows of C channels (channels last); all values are whole numbers.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace {

constexpr long LANES = 8;  // channels that are worked on at once
constexpr long BITS = 32;  // of a word

typedef float Floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Counts __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef uint32_t Words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef int16_t Pairs __attribute__((vector_size(LANES * sizeof(int32_t))));  // two factors a lane

template <typename Vector, typename T> Vector load(const T* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
}
template <typename Vector, typename T> void store(T* to, Vector vector) { std::memcpy(to, &vector, sizeof vector); }

// -1 in each lane where a >= b.
inline Counts at_least(Floats a, Floats b) {
#ifdef __AVX2__
    return (Counts)_mm256_cmp_ps(a, b, _CMP_GE_OQ);
#else
    return a >= b;
#endif
}

// The signs of a few lanes as bits, +1 as 1.
inline uint32_t signs(Floats x) {
#ifdef __AVX2__
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ)));
#else
    const Counts bits = (x > 0.0f) & Counts{1, 2, 4, 8, 16, 32, 64, 128};
    return bits[0] | bits[1] | bits[2] | bits[3] | bits[4] | bits[5] | bits[6] | bits[7];
#endif
}

// How many bits of each lane are 1.
inline Counts ones(Words bits) {
#if defined(__AVX512VPOPCNTDQ__) && defined(__AVX512VL__)
    return (Counts)_mm256_popcnt_epi32((__m256i)bits);
#else
    bits -= bits >> 1 & 0x55555555u;
    bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0Fu;
    bits += bits >> 8;
    return (Counts)((bits + (bits >> 16)) & 0x3Fu);
#endif
}

// sums + the two products of each lane.
inline Counts multiply_add(Counts sums, Pairs a, Pairs b) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    return (Counts)_mm256_dpwssd_epi32((__m256i)sums, (__m256i)a, (__m256i)b);
#elif defined(__AVX2__)
    return sums + (Counts)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
    const auto second = [](Pairs pairs) { return (Counts)pairs >> 16; };
    const auto first = [](Pairs pairs) { return (Counts)pairs << 16 >> 16; };
    return sums + first(a) * first(b) + second(a) * second(b);
#endif
}

// A pixel's signs, one bit a channel; the bits beyond C are 0.
void pack(long pixels, long C, const float* x, uint32_t* words) {
    const long count = (C + BITS - 1) / BITS;
    for (long p = 0; p < pixels; ++p, x += C, words += count) {
        std::fill_n(words, count, 0u);
        long c = 0;
        for (; c + LANES <= C; c += LANES) words[c / BITS] |= signs(load<Floats>(x + c)) << c % BITS;
        for (; c < C; ++c) words[c / BITS] |= static_cast<uint32_t>(x[c] > 0.0f) << c % BITS;
    }
}

// The first `lanes` of a vector.
inline Floats load_some(const float* from, long lanes) {
    if (lanes >= LANES) return load<Floats>(from);
    Floats vector = {};
    for (long l = 0; l < lanes; ++l) vector[l] = from[l];
    return vector;
}
inline void store_some(float* to, Floats vector, long lanes) {
    if (lanes >= LANES) return store(to, vector);
    for (long l = 0; l < lanes; ++l) to[l] = vector[l];
}

// Of so many rows at once, for each count waits for the one before.
template <long ROWS>
void count_lanes(long steps, long C, const float* x, const float* thresholds, float scale, float bias, float* out,
                 long lanes) {
    Floats value[ROWS];
    Counts count[ROWS] = {};
    for (long r = 0; r < ROWS; ++r) value[r] = load_some(x + r * C, lanes);
    for (long s = 0; s < steps; ++s) {
        const Floats step = load<Floats>(thresholds + s * LANES);
        for (long r = 0; r < ROWS; ++r) count[r] -= at_least(value[r], step);
    }
    for (long r = 0; r < ROWS; ++r)
        store_some(out + r * C, __builtin_convertvector(count[r], Floats) * scale + bias, lanes);
}

// The taps of a window that lie within the map, along one side.
struct Taps {
    long first, end;
    Taps(long at, long K, long size) : first(std::max(0L, -at)), end(std::min(K, size - at)) {}
};

// Sums of a window for VECTORS vectors of output channels. weights [K][K][words][O], O a multiple of LANES.
template <long VECTORS>
void window_of_signs(Taps rows, Taps columns, long K, long row, long words, long O, const uint32_t* pixel,
                     const uint32_t* weights, int all, float* out, long lanes) {
    Counts different[VECTORS] = {};
    for (long ky = rows.first; ky < rows.end; ++ky)
        for (long i = columns.first * words; i < columns.end * words; ++i) {
            const uint32_t* tap = weights + (ky * K * words + i) * O;
            const Words word = Words{} + pixel[ky * row + i];
#pragma GCC unroll 8
            for (long v = 0; v < VECTORS; ++v) different[v] += ones(word ^ load<Words>(tap + v * LANES));
        }
#pragma GCC unroll 8
    for (long v = 0; v < VECTORS; ++v)
        store_some(out + v * LANES, __builtin_convertvector(all - 2 * different[v], Floats), lanes - v * LANES);
}

// Sums of PIXELS windows for VECTORS vectors of output channels; weights [K][pairs][O][2].
template <long VECTORS, long PIXELS>
void window_of_products(long K, long row, long step, long pairs, long O, const int16_t* x, const int16_t* weights,
                        float* out, long channels, long lanes) {
    Counts sums[PIXELS][VECTORS] = {};
    for (long ky = 0; ky < K; ++ky)
        for (long j = 0; j < pairs; ++j) {
            const int16_t* tap = weights + 2 * (ky * pairs + j) * O;
#pragma GCC unroll 8
            for (long p = 0; p < PIXELS; ++p) {
                const Pairs both = (Pairs)(Counts{} + load<int32_t>(x + ky * row + p * step + 2 * j));
#pragma GCC unroll 8
                for (long v = 0; v < VECTORS; ++v)
                    sums[p][v] = multiply_add(sums[p][v], both, load<Pairs>(tap + 2 * v * LANES));
            }
        }
#pragma GCC unroll 8
    for (long p = 0; p < PIXELS; ++p)
#pragma GCC unroll 8
        for (long v = 0; v < VECTORS; ++v)
            store_some(out + p * channels + v * LANES, __builtin_convertvector(sums[p][v], Floats), lanes - v * LANES);
}

}  // namespace

extern "C" {

// Convolution of +1 and -1 by XOR and popcount; what is padded adds nothing. weights [K][K][words][O up to LANES].
void binary_conv(long N, long H, long W, long C, long O, long K, long stride, long top, long left, long out_h,
                 long out_w, const float* x, const uint32_t* weights, float* out) {
    const long words = (C + BITS - 1) / BITS, padded = (O + LANES - 1) / LANES * LANES;
    std::vector<uint32_t> packed(H * W * words);
    for (long n = 0; n < N; ++n) {
        pack(H * W, C, x + n * H * W * C, packed.data());
        for (long oy = 0; oy < out_h; ++oy)
            for (long ox = 0; ox < out_w; ++ox, out += O) {
                const long iy = oy * stride - top, ix = ox * stride - left;
                const Taps rows(iy, K, H), columns(ix, K, W);
                const int all = static_cast<int>(
                    std::max(0L, rows.end - rows.first) * std::max(0L, columns.end - columns.first) * C);
                const uint32_t* pixel = packed.data() + (iy * W + ix) * words;
                for (long o = 0; o < O;) {
                    const long left_over = padded - o, lanes = O - o;
                    const auto window = left_over >= 6 * LANES ? window_of_signs<6>
                                        : left_over >= 3 * LANES ? window_of_signs<3> : window_of_signs<1>;
                    window(rows, columns, K, W * words, words, padded, pixel, weights + o, all, out + o, lanes);
                    o += left_over >= 6 * LANES ? 6 * LANES : left_over >= 3 * LANES ? 3 * LANES : LANES;
                }
            }
    }
}

// Convolution of integers that fit 16 bits, as their weights do, and whose sums fit 32. weights [K][pairs][O up to LANES][2],
// the pairs those of K * C values of a row, 0 behind.
void integer_conv(long N, long H, long W, long C, long O, long K, long stride, long top, long left, long out_h,
                  long out_w, const float* x, const int16_t* weights, float* out) {
    constexpr long PIXELS = 4;
    const long pairs = (K * C + 1) / 2, padded = (O + LANES - 1) / LANES * LANES;
    const long height = (out_h - 1) * stride + K, width = (out_w - 1) * stride + K, row = width * C;
    const long rows = std::min(H, height - top), columns = std::min(W, width - left);
    std::vector<int16_t> framed(height * row + 1);
    for (long n = 0; n < N; ++n) {
        for (long y = 0; y < rows; ++y) {
            int16_t* to = framed.data() + (y + top) * row + left * C;
            const float* from = x + (n * H + y) * W * C;
#pragma omp simd
            for (long i = 0; i < columns * C; ++i) to[i] = static_cast<int16_t>(from[i]);
        }
        for (long o = 0; o < O;) {
            const bool wide = padded - o >= 3 * LANES;
            const auto several = wide ? window_of_products<3, PIXELS> : window_of_products<1, PIXELS>;
            const auto single = wide ? window_of_products<3, 1> : window_of_products<1, 1>;
            for (long oy = 0; oy < out_h; ++oy)
                for (long ox = 0; ox < out_w;) {
                    const bool more = ox + PIXELS <= out_w;
                    (more ? several : single)(K, row, stride * C, pairs, padded,
                                              framed.data() + oy * stride * row + ox * stride * C, weights + 2 * o,
                                              out + (oy * out_w + ox) * O + o, O, O - o);
                    ox += more ? PIXELS : 1;
                }
            o += wide ? 3 * LANES : LANES;
        }
        out += out_h * out_w * O;
    }
}

// The greatest of each window; what is padded is less than all.
void max_pool(long N, long H, long W, long C, long K_h, long K_w, long stride_h, long stride_w, long top, long left,
              long out_h, long out_w, const float* x, float* out) {
    for (long n = 0; n < N; ++n, x += H * W * C)
        for (long oy = 0; oy < out_h; ++oy)
            for (long ox = 0; ox < out_w; ++ox, out += C) {
                const long iy = oy * stride_h - top, ix = ox * stride_w - left;
                const Taps rows(iy, K_h, H), columns(ix, K_w, W);
                const float* from = x + (iy * W + ix) * C;
                for (long c = 0; c < C; c += LANES) {
                    const long some = std::min(LANES, C - c);
                    Floats best = -__builtin_inff() - Floats{};
                    for (long ky = rows.first; ky < rows.end; ++ky)
                        for (long kx = columns.first; kx < columns.end; ++kx) {
                            const Floats other = load_some(from + (ky * W + kx) * C + c, some);
                            best = other > best ? other : best;
                        }
                    store_some(out + c, best, some);
                }
            }
}

// Thresholds reached, times scale, plus bias. thresholds [ceil(C / LANES)][steps][LANES], infinite beyond C.
void count_steps(long all, long C, long steps, const float* x, const float* thresholds, float scale, float bias,
                 float* out) {
    constexpr long BLOCK = 64;  // rows, which stay in the cache for all channels
    for (; all > 0; all -= BLOCK, x += BLOCK * C, out += BLOCK * C)
        for (long c = 0; c < C; c += LANES) {
            const long rows = std::min(all, BLOCK);
            const float* table = thresholds + c * steps;
            const long some = std::min(LANES, C - c);
            long r = 0;
            for (; r + 4 <= rows; r += 4)
                count_lanes<4>(steps, C, x + r * C + c, table, scale, bias, out + r * C + c, some);
            for (; r < rows; ++r) count_lanes<1>(steps, C, x + r * C + c, table, scale, bias, out + r * C + c, some);
        }
}

// Entry `x` of each channel's row of a table. table [C][entries].
void look_up(long rows, long C, long entries, const float* x, const float* table, float* out) {
    for (long i = 0, c = 0; i < rows * C; ++i, c = c + 1 < C ? c + 1 : 0)
        out[i] = table[c * entries + static_cast<long>(x[i])];
}

// Channel `index[c]` of each row becomes channel c.
void take_channels(long rows, long C, long taken, const float* x, const int64_t* index, float* out) {
    long c = 1;
    while (c < taken && index[c] == index[0] + c) ++c;
    if (c == taken) {  // a part of a split
        for (long r = 0; r < rows; ++r) std::memcpy(out + r * taken, x + r * C + index[0], taken * sizeof(float));
        return;
    }
    for (long r = 0; r < rows; ++r)
        for (long c = 0; c < taken; ++c) out[r * taken + c] = x[r * C + index[c]];
}
}
