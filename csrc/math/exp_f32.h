// exp and expm1 in single precision, in float arithmetic throughout.
//
// exp: x = n ln2 + r with e^r in [3/4, 3/2], e^r - 1 = r + r^2 q(r) with q of degree 4, 2^n in two
// factors. expm1: the same reduction, q of degree 5, 2^n - 1 + 2^n (e^r - 1).
// Largest errors in ulp, baseline / avx2 = avx512: exp 0.88 / 0.91, expm1 0.992 / 0.96. Every input
// was tried (one sign for odd and even functions), except that where the result is x, a constant or
// NaN one in 32 was.
// No rare path: subnormal results, overflow and NaN are selects or come out of the arithmetic.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {

// x = n ln2 + r with e^r in [3/4, 3/2], up to rounding. n comes out of the magic-number addition both
// as a float and, in the low bits of `shifted`, as the integer n + bias: with a bias of 127 these are
// the exponent bits of 2^n. The interval is not symmetric about
// r = 0 so that |r|, hence its ulp, is smaller below 1, where the result's ulp is smaller too.
struct ExpReducedF32 {
  float n, r;
  uint32_t shifted;
};

template <int max_n, int bias>
COREPY_INLINE ExpReducedF32 exp_reduce(float x) {
  const float magic = 0x1.8p23f + bias;
  float t = mul_add(x, 0x1.715476p0f /* log2(e) */, -0x1.5cp-4f) + magic;
  // As integers, positive floats are in order: one min instruction; a NaN in x survives in r.
  int32_t shifted = bit_cast<int32_t>(t);
  const int32_t max_shifted = 0x4b400000 + bias + max_n;
  shifted = shifted < max_shifted ? shifted : max_shifted;
  float n = bit_cast<float>(shifted) - magic;
#if defined(__FMA__) || defined(__aarch64__)
  // x - n * high is exact. The low part is only 2^-29, so for small n (where expm1 needs it) r is far
  // better than half an ulp.
  float r = mul_add(n, -0x1.62e430p-1f, x);
  r = mul_add(n, 0x1.05c610p-29f, r);
#else
  // 0x1.62e43p-1 as 15 + 9 bits: these products and differences are exact without an FMA.
  float r = (x - n * 0x1.62e4p-1f) - n * 0x1.8p-20f;
  r = r + n * 0x1.05c610p-29f;
#endif
  return {n, r, static_cast<uint32_t>(shifted)};
}

// e^r - 1 from q = (e^r - 1 - r) / r^2; without an FMA in double, for the sake of expm1.
COREPY_INLINE float exp_sum(float r, float q) {
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(r * r, q, r);
#else
  double d = r;
  return static_cast<float>(d * d * static_cast<double>(q) + d);
#endif
}

COREPY_INLINE float exp(float x) {
  // e^-104 rounds to 0, and the clamp keeps n >= -151; a NaN passes. Above 89, where n stops at 128,
  // the polynomial grows until the result overflows.
  x = x < -104.0f ? -104.0f : x;
  ExpReducedF32 a = exp_reduce<128, 254>(x);
  // (e^r - 1 - r) / r^2: degree 4, minimax for the relative error of e^r (2^-28.2).
  float r = a.r;
  float q = mul_add(r, 0x1.7deceep-10f, 0x1.120cc0p-7f);
  q = mul_add(q, r, 0x1.5544f0p-5f);
  q = mul_add(q, r, 0x1.5554bap-3f);
  q = mul_add(q, r, 0x1.000006p-1f);
  float g = exp_sum(r, q);
  // 2^n as a product of two powers of two, so that 2^128 and subnormal results need no branch: the
  // multiplication by the second one is the only rounding of a subnormal result. n + 254 splits into
  // the two biased exponents.
  uint32_t half = (a.shifted << 22) & 0xff800000u;
  float s1 = from_bits(half);
  float s2 = from_bits((a.shifted << 23) - half);
  return mul_add(s1, g, s1) * s2;
}

COREPY_INLINE float expm1(float x0) {
  // The result is -1 below -18 and inf above 89. As bits, the first minimum clamps what is above 89
  // and the second, unsigned one what is below -18; NaNs are put back at the end.
  int32_t upper = bit_cast<int32_t>(x0) < 0x42b20000 ? bit_cast<int32_t>(x0) : 0x42b20000;
  uint32_t lower = static_cast<uint32_t>(upper);
  float x = from_bits(lower < 0xc1900000u ? lower : 0xc1900000u);
  ExpReducedF32 a = exp_reduce<127, 127>(x);
  // (e^r - 1 - r) / r^2: degree 5, minimax for the relative error of e^r - 1 (2^-28.2), up to
  // r = 0.7 because n stops at 127.
  float r = a.r;
  float q = mul_add(r, 0x1.ea1c16p-13f, 0x1.69fdep-10f);
  q = mul_add(q, r, 0x1.10ead8p-7f);
  q = mul_add(q, r, 0x1.555802p-5f);
  q = mul_add(q, r, 0x1.55556ap-3f);
  q = mul_add(q, r, 0x1.fffffep-2f);
  float g = exp_sum(r, q);
  // e^x - 1 = (u - 1) + u g with u = 2^n, where the interval of r keeps u g small enough beside the
  // result. u - 1 is exact up to n = 24 and rounds to u above: there g takes the 1.
  float u = from_bits(a.shifted << 23);
  g = u >= 0x1p25f ? g - from_bits(0x7f000000u - bits(u)) : g;
  float y = mul_add(u, g, u - 1.0f);
  // The sum loses the sign of -0.
  return __builtin_islessgreater(x0, 0.0f) ? y : x0;
}

}  // namespace math
COREPY_END
