// Forward and backward of what surrounds a convolution in training, in two passes over its map instead of some thirty.
//
// Maps are float32 in rows of C channels (channels last), `rows` = N H W; `stride` is the distance of two rows where a
// map may be part of a wider one. Sums run row by row in blocks of BLOCK rows, the blocks in double: no order depends on
// the width of this processor's vectors.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr long BLOCK = 64;

// What follows batch norm, by number.
enum Activation { NONE, PRELU, SILU };

// exp by 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes' expf), without branches, so that it vectorises.
inline float exponential(float x) {
    x = std::min(std::max(x, -87.0f), 88.0f);
    const float n = std::rint(x * 1.44269504088896341f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

struct Unit {  // per channel, and of the quantizer
    std::vector<float> mean, scale;  // v = (t - mean) * scale + bias is batch norm, with the moments of this batch
    std::vector<double> inverse;     // of its standard deviation
    const float *bias, *zeta, *eta, *beta;
    float step, low, high;  // of the quantizer, step 0 for none

    Unit(long C, const double* mean, const double* variance, const float* weight, const float* bias, double eps,
         const float* zeta, const float* eta, const float* beta, float step, float low, float high)
        : mean(mean, mean + C), scale(C), inverse(C), bias(bias), zeta(zeta), eta(eta), beta(beta), step(step), low(low), high(high) {
        #pragma omp simd
        for (long c = 0; c < C; ++c) {
            inverse[c] = 1.0 / std::sqrt(variance[c] + eps);
            scale[c] = static_cast<float>(weight[c] * inverse[c]);
        }
    }
};

template <int KIND>
inline void activate(float d, float beta, float eta, float& value, float& slope) {
    if (KIND == PRELU) {
        slope = d > 0.0f ? 1.0f : beta;
        value = d * slope + eta;
    } else if (KIND == SILU) {
        const float sigmoid = 1.0f / (1.0f + exponential(-d));
        slope = sigmoid * (1.0f + d * (1.0f - sigmoid));
        value = d * sigmoid + eta;
    } else {
        slope = 1.0f;
        value = d;
    }
}

template <int KIND, bool QUANT>
void forward(long rows, long C, const float* total, const Unit& u, float* out) {
    const float inverse = QUANT ? 1.0f / u.step : 0.0f;
    const float* mean = u.mean.data();
    const float* scale = u.scale.data();
    for (long r = 0; r < rows; ++r) {
        const float* t = total + r * C;
        float* o = out + r * C;
        #pragma omp simd
        for (long c = 0; c < C; ++c) {
            float value, slope;
            activate<KIND>((t[c] - mean[c]) * scale[c] + u.bias[c] - u.zeta[c], u.beta[c], u.eta[c], value, slope);
            o[c] = QUANT ? std::min(std::max(std::rint(value * inverse), u.low), u.high) * u.step : value;
        }
    }
}

// Gradients behind batch norm, and per channel the sums [4][C] of those of eta, beta, v and v * (t - mean).
template <int KIND, bool QUANT>
void backward(long rows, long C, const float* total, const float* grad, const Unit& u,
              float* grad_v, double* sums) {
    const float inverse = QUANT ? 1.0f / u.step : 0.0f;
    const float* mean = u.mean.data();
    const float* scale = u.scale.data();
    const float low = u.low, high = u.high;
    std::vector<float> block(4 * C);
    float* eta = block.data();
    float* beta = eta + C;
    float* v = eta + 2 * C;
    float* moved = eta + 3 * C;
    std::fill_n(sums, 4 * C, 0.0);
    for (long first = 0; first < rows; first += BLOCK) {
        std::fill(block.begin(), block.end(), 0.0f);
        for (long r = first; r < std::min(first + BLOCK, rows); ++r) {
            const float* t = total + r * C;
            const float* g = grad + r * C;
            float* gv = grad_v + r * C;
            #pragma omp simd
            for (long c = 0; c < C; ++c) {
                const float centred = t[c] - mean[c];
                const float d = centred * scale[c] + u.bias[c] - u.zeta[c];
                float value, slope;
                activate<KIND>(d, u.beta[c], u.eta[c], value, slope);
                const float level = QUANT ? std::rint(value * inverse) : 0.0f;
                const float passed = (!QUANT) | ((level >= low) & (level <= high)) ? g[c] : 0.0f;
                const float of_v = passed * slope;
                gv[c] = of_v;
                eta[c] += passed;
                if (KIND == PRELU) beta[c] += passed * std::min(d, 0.0f);
                v[c] += of_v;
                moved[c] += of_v * centred;
            }
        }
        for (long i = 0; i < 4 * C; ++i) sums[i] += block[i];
    }
}

void add(long rows, long C, float* total, const float* shortcut, long stride, float gain) {
    for (long r = 0; r < rows; ++r) {
        float* t = total + r * C;
        const float* s = shortcut + r * stride;
        #pragma omp simd
        for (long c = 0; c < C; ++c) t[c] += gain * s[c];
    }
}

// Mean and variance of each channel; squares are of the distance from the first row, so that they do not cancel.
void measure(long rows, long C, const float* total, double* mean, double* variance) {
    const std::vector<float> pivot(total, total + C);
    std::vector<float> block(2 * C);
    std::fill_n(mean, C, 0.0);
    std::fill_n(variance, C, 0.0);
    for (long first = 0; first < rows; first += BLOCK) {
        std::fill(block.begin(), block.end(), 0.0f);
        float* sum = block.data();
        float* square = sum + C;
        const float* from = pivot.data();
        for (long r = first; r < std::min(first + BLOCK, rows); ++r) {
            const float* t = total + r * C;
            #pragma omp simd
            for (long c = 0; c < C; ++c) {
                const float d = t[c] - from[c];
                sum[c] += d;
                square[c] += d * d;
            }
        }
        #pragma omp simd
        for (long c = 0; c < C; ++c) {
            mean[c] += sum[c];
            variance[c] += square[c];
        }
    }
    #pragma omp simd
    for (long c = 0; c < C; ++c) {
        mean[c] /= rows;
        variance[c] = std::max(variance[c] / rows - mean[c] * mean[c], 0.0);
        mean[c] += pivot[c];
    }
}

// From gradients behind batch norm to those before it, in place, and the shortcut's.
void norm_backward(long rows, long C, const float* total, float* grad, const Unit& u, const float* offset,
                   const float* factor, float gain, float* grad_shortcut) {
    const float* mean = u.mean.data();
    const float* scale = u.scale.data();
    for (long r = 0; r < rows; ++r) {
        const float* t = total + r * C;
        float* g = grad + r * C;
        #pragma omp simd
        for (long c = 0; c < C; ++c) g[c] = scale[c] * (g[c] - offset[c] - (t[c] - mean[c]) * factor[c]);
        if (grad_shortcut) {
            float* s = grad_shortcut + r * C;
            #pragma omp simd
            for (long c = 0; c < C; ++c) s[c] = gain * g[c];
        }
    }
}

}  // namespace

extern "C" {

// y = +1 where x >= gamma, else -1.
void sign_forward(long rows, long C, const float* x, long stride, const float* gamma, float* y) {
    for (long r = 0; r < rows; ++r) {
        const float* in = x + r * stride;
        float* out = y + r * C;
        #pragma omp simd
        for (long c = 0; c < C; ++c) out[c] = in[c] - gamma[c] >= 0.0f ? 1.0f : -1.0f;
    }
}

// The gradient passes where |x - gamma| <= 1.
void sign_backward(long rows, long C, const float* x, long stride, const float* gamma, const float* grad, float* grad_x,
                   float* grad_gamma) {
    std::vector<double> sums(C, 0.0);
    std::vector<float> block(C);
    for (long first = 0; first < rows; first += BLOCK) {
        std::fill(block.begin(), block.end(), 0.0f);
        for (long r = first; r < std::min(first + BLOCK, rows); ++r) {
            const float* in = x + r * stride;
            const float* g = grad + r * C;
            float* out = grad_x + r * C;
            float* sum = block.data();
            #pragma omp simd
            for (long c = 0; c < C; ++c) {
                const float passed = std::fabs(in[c] - gamma[c]) <= 1.0f ? g[c] : 0.0f;
                out[c] = passed;
                sum[c] += passed;
            }
        }
        #pragma omp simd
        for (long c = 0; c < C; ++c) sums[c] += block[c];
    }
    #pragma omp simd
    for (long c = 0; c < C; ++c) grad_gamma[c] = static_cast<float>(-sums[c]);
}

// total + gain * shortcut (null for none; kept in `total`), batch norm over the rows, activation function, quantizer.
// moments [2][C]: mean and variance.
void unit_forward(long rows, long C, float* total, const float* shortcut, long stride, float gain, const float* weight,
                  const float* bias, double eps, const float* zeta, const float* eta, const float* beta, int kind,
                  float step, float low, float high, float* out, double* moments) {
    if (shortcut) add(rows, C, total, shortcut, stride, gain);
    measure(rows, C, total, moments, moments + C);
    const Unit u(C, moments, moments + C, weight, bias, eps, zeta, eta, beta, step, low, high);
    static constexpr decltype(&forward<NONE, true>) VERSIONS[3][2] = {
        {forward<NONE, false>, forward<NONE, true>},
        {forward<PRELU, false>, forward<PRELU, true>},
        {forward<SILU, false>, forward<SILU, true>}};
    VERSIONS[kind][step > 0.0f](rows, C, total, u, out);
}

// Gradients: of `total`, of the shortcut (null for none), and [5][C] of weight, bias, zeta, eta and beta.
void unit_backward(long rows, long C, const float* total, const double* moments, float gain, const float* weight,
                   const float* bias, double eps, const float* zeta, const float* eta, const float* beta, int kind,
                   float step, float low, float high, const float* grad, float* grad_total, float* grad_shortcut,
                   float* grads) {
    const Unit u(C, moments, moments + C, weight, bias, eps, zeta, eta, beta, step, low, high);
    std::vector<double> sums(4 * C);
    static constexpr decltype(&backward<NONE, true>) VERSIONS[3][2] = {
        {backward<NONE, false>, backward<NONE, true>},
        {backward<PRELU, false>, backward<PRELU, true>},
        {backward<SILU, false>, backward<SILU, true>}};
    VERSIONS[kind][step > 0.0f](rows, C, total, grad, u, grad_total, sums.data());
    std::vector<float> offset(C), factor(C);
    #pragma omp simd
    for (long c = 0; c < C; ++c) {
        const double of_v = sums[2 * C + c], moved = sums[3 * C + c] * u.inverse[c];
        grads[c] = static_cast<float>(moved);
        grads[C + c] = static_cast<float>(of_v);
        grads[2 * C + c] = static_cast<float>(-of_v);
        grads[3 * C + c] = static_cast<float>(sums[c]);
        grads[4 * C + c] = static_cast<float>(sums[C + c]);
        factor[c] = static_cast<float>(moved * u.inverse[c] / rows);
        offset[c] = static_cast<float>(of_v / rows);
    }
    norm_backward(rows, C, total, grad_total, u, offset.data(), factor.data(), gain, grad_shortcut);
}

// left 0, right 0, left 1, right 1, ...
void interleave(long rows, long C, const float* left, long left_stride, const float* right, long right_stride,
                float* out) {
    for (long r = 0; r < rows; ++r) {
        const float* a = left + r * left_stride;
        const float* b = right + r * right_stride;
        float* o = out + 2 * r * C;
        #pragma omp simd
        for (long c = 0; c < C; ++c) o[2 * c] = a[c], o[2 * c + 1] = b[c];
    }
}

void separate(long rows, long C, const float* both, float* left, float* right) {
    for (long r = 0; r < rows; ++r) {
        const float* o = both + 2 * r * C;
        float* a = left + r * C;
        float* b = right + r * C;
        #pragma omp simd
        for (long c = 0; c < C; ++c) a[c] = o[2 * c], b[c] = o[2 * c + 1];
    }
}
}
