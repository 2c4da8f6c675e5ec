// log, log2, log10 and log1p in single precision, in float arithmetic throughout.
//
// x = 2^k (1 + f) with f in [-0.32, 0.38] (log1p [-0.25, 0.5]), log(1 + f) = f + f^2 q(f) with q of
// degree 8; k log(2) + f keeps its rounding error, as does f log2(e) or f log10(e).
// Largest errors in ulp, baseline / avx2 = avx512: log 0.79 / 0.85, log2 0.87 / 0.91, log10 0.86 /
// 0.91, log1p 0.94 / 0.97. Every input was tried (one sign for odd and even functions), except that
// where the result is x, a constant or NaN one in 32 was.
// No rare path: subnormals are scaled, poles and NaN are selects.
#pragma once
#include "../vector.h"

COREPY_BEGIN
namespace math {

// x = 2^k (1 + f) with 1 + f in [a, 2a), where a is near 2/3 and `low` are its bits. The nearer a is
// to 2/3, the fewer bits cancel for k = -1; the nearer to 3/4, the fewer for k = 1.
struct LogReducedF32 {
  float k, f;
};

// The integer in the exponent's place, which may be negative.
COREPY_INLINE float exponent_f32(uint32_t i) { return static_cast<float>(static_cast<int32_t>(i) >> 23); }

template <uint32_t low, bool ordinary>
COREPY_INLINE LogReducedF32 log_reduce(float x) {
  if constexpr (ordinary) {
    uint32_t i = bits(x) - low;
    return {exponent_f32(i), from_bits((i & 0x007fffffu) + low) - 1.0f};
  }
  // Subnormals are scaled by 2^23. Integer arithmetic, because GCC copies the whole reduction into
  // both arms of a select. For x < 0 the result is replaced later.
  uint32_t adjust = static_cast<uint32_t>(static_cast<int32_t>(bits(x) - 0x00800000u) >> 31) & (23u << 23);
  float scaled = x * from_bits(adjust + 0x3f800000u);
  uint32_t i = bits(scaled) - low;
  float f = from_bits((i & 0x007fffffu) + low) - 1.0f;
  return {exponent_f32(i - adjust), f};
}

// The results that no polynomial gives: log(0) = -inf, log(negative) = NaN, log(inf) = inf, NaN.
template <bool ordinary>
COREPY_INLINE float log_special(float x, float y) {
  if constexpr (ordinary) return y;
  y = x < __builtin_inff() ? y : x;
  y = bit_cast<int32_t>(x) < 0 ? __builtin_nanf("") : y;
  return x == 0.0f ? -__builtin_inff() : y;
}

// Negative unless x is positive, normal and finite.
COREPY_INLINE int32_t log_strange(float x) {
  return bit_cast<int32_t>((bits(x) - 0x00800000u) | (0x7f7fffffu - bits(x)));
}

// s + f^2 q + e; without an FMA in double, as every rounding error of the middle term would count.
#if defined(__FMA__) || defined(__aarch64__)
COREPY_INLINE float log_sum(float s, float f, float q, float e) { return s + mul_add(f * f, q, e); }
#else
COREPY_INLINE float log_sum(float s, float f, float q, float e) {
  double fd = f;
  return s + static_cast<float>(fd * fd * static_cast<double>(q) + static_cast<double>(e));
}
#endif

// (log(1 + f) - f) / f^2 on [-1/4, 1/2]: degree 8, relative error of log(1 + f) 2^-27.5.
COREPY_INLINE float log1p_tail(float f) {
  float q = mul_add(f, -0x1.78c234p-5f, 0x1.b192fap-4f);
  q = mul_add(q, f, -0x1.0e7b0cp-3f);
  q = mul_add(q, f, 0x1.287494p-3f);
  q = mul_add(q, f, -0x1.54d776p-3f);
  q = mul_add(q, f, 0x1.99673ep-3f);
  q = mul_add(q, f, -0x1.000082p-2f);
  q = mul_add(q, f, 0x1.5555acp-2f);
  return mul_add(q, f, -0.5f);
}

constexpr uint32_t kLogLowest = 0x3f300000u;
COREPY_INLINE float log_of(LogReducedF32 a) {
  float f = a.f;
  float q = mul_add(f, -0x1.ab73f4p-4f, 0x1.1dce0cp-3f);
  q = mul_add(q, f, -0x1.04f9b8p-3f);
  q = mul_add(q, f, 0x1.1ed812p-3f);
  q = mul_add(q, f, -0x1.54c5dap-3f);
  q = mul_add(q, f, 0x1.99d1fep-3f);
  q = mul_add(q, f, -0x1.00023ep-2f);
  q = mul_add(q, f, 0x1.5554fep-2f);
  q = mul_add(q, f, -0x1.fffffcp-2f);
  // k * high is exact (15 bits), and its sum with f keeps its rounding error in e.
  float c = a.k * 0x1.62e4p-1f;
  float s = c + f;
  float e = mul_add(a.k, 0x1.7f7d1cp-20f, f - (s - c));
  return log_sum(s, f, q, e);
}
template <bool ordinary = false>
COREPY_INLINE float log(float x) {
  return log_special<ordinary>(x, log_of(log_reduce<kLogLowest, ordinary>(x)));
}

constexpr uint32_t kLog2Lowest = 0x3f2d0000u;
COREPY_INLINE float log2_of(LogReducedF32 a) {
  float f = a.f;
  float q = mul_add(f, -0x1.69b9e6p-3f, 0x1.a26dccp-3f);
  q = mul_add(q, f, -0x1.6c2354p-3f);
  q = mul_add(q, f, 0x1.9cba7cp-3f);
  q = mul_add(q, f, -0x1.ec8fdcp-3f);
  q = mul_add(q, f, 0x1.27a6c2p-2f);
  q = mul_add(q, f, -0x1.715488p-2f);
  q = mul_add(q, f, 0x1.ec7006p-2f);
  q = mul_add(q, f, -0x1.715476p-1f);
  Pair<float> p = two_product(f, 0x1.715476p0f);  // log2(e), rounded
  float low = mul_add(f, 0x1.4ae0c0p-26f, p.low);
  float s = a.k + p.high;
  float e = (p.high - (s - a.k)) + low;
  return log_sum(s, f, q, e);
}
template <bool ordinary = false>
COREPY_INLINE float log2(float x) {
  return log_special<ordinary>(x, log2_of(log_reduce<kLog2Lowest, ordinary>(x)));
}

constexpr uint32_t kLog10Lowest = 0x3f300000u;
COREPY_INLINE float log10_of(LogReducedF32 a) {
  float f = a.f;
  float q = mul_add(f, -0x1.7ca414p-5f, 0x1.f3f664p-5f);
  q = mul_add(q, f, -0x1.c39918p-5f);
  q = mul_add(q, f, 0x1.f1aa42p-5f);
  q = mul_add(q, f, -0x1.280b34p-4f);
  q = mul_add(q, f, 0x1.63fb86p-4f);
  q = mul_add(q, f, -0x1.bcbb52p-4f);
  q = mul_add(q, f, 0x1.287a22p-3f);
  q = mul_add(q, f, -0x1.bcb7aep-3f);
  Pair<float> p = two_product(f, 0x1.bcb7b2p-2f);  // log10(e), rounded
  float low = mul_add(f, -0x1.5b235ep-27f, p.low);
  float c = a.k * 0x1.344p-2f;  // high part of log10(2)
  float s = c + p.high;
  float e = mul_add(a.k, 0x1.3509f8p-18f, p.high - (s - c)) + low;
  return log_sum(s, f, q, e);
}
template <bool ordinary = false>
COREPY_INLINE float log10(float x) {
  return log_special<ordinary>(x, log10_of(log_reduce<kLog10Lowest, ordinary>(x)));
}

// Negative unless x is finite and above -1.
COREPY_INLINE int32_t log1p_strange(float x) {
  return bit_cast<int32_t>((bits(1.0f + x) - 1u) | (0x7f7fffffu - (bits(x) & 0x7fffffffu)));
}

// log1p by u = 1 + x (rounded), which only chooses k; f = 2^-k (1 + x) - 1 comes from x itself. With 1 + f in [3/4, 3/2)
// that f is exact for every k: both terms have an ulp no smaller than f's.
template <bool ordinary = false>
COREPY_INLINE float log1p(float x) {
  uint32_t e = (bits(1.0f + x) - 0x3f400000u) & 0xff800000u;  // k << 23
  uint32_t scale = 0x3f800000u - e;                           // 2^-k, 0 instead of 2^-128
  float f = from_bits(bits(x) - e) + (from_bits(bit_cast<int32_t>(scale) < 0 ? 0 : scale) - 1.0f);
  float k = exponent_f32(e);
  float c = k * 0x1.62e4p-1f;
  float s = c + f;
  float y = log_sum(s, f, log1p_tail(f), mul_add(k, 0x1.7f7d1cp-20f, f - (s - c)));
  // log1p has the sign of x, and the sum above loses that of -0.
  y = from_bits(bits(y) | (bits(x) & 0x80000000u));
  if constexpr (ordinary) return y;
  y = x < __builtin_inff() ? y : x;
  y = bits(x) > 0xbf800000u ? __builtin_nanf("") : y;  // x < -1, or a NaN with its sign set
  return x == -1.0f ? -__builtin_inff() : y;
}

}  // namespace math
COREPY_END
