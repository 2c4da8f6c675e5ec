// sinh, cosh, tanh and their inverses in single precision, in float arithmetic throughout.
//
// sinh, cosh: x = n ln2 + r as in exp, then 2^n (cosh(r) + sinh(r)) +- 2^-n (cosh(r) - sinh(r));
// sinh below 1, tanh below 1, asinh and atanh below 1/2 by odd polynomials of degree 9, 15, 11
// and 13. tanh above: 1 - 2 / (e^2x + 1). Inverses above, and acosh: the logarithm of an argument
// known to more than float precision.
// Largest errors in ulp, baseline / avx2 = avx512: sinh 0.97 / 0.97, cosh 0.96 / 0.94, tanh 0.97 /
// 0.98, asinh 0.62 / 0.71, acosh 0.91 / 0.96, atanh 0.60 / 0.66. Every input was tried (one sign for
// odd and even functions), except that where the result is x, a constant or NaN one in 32 was.
// No rare path.
#pragma once
#include "../scalar.h"
#include "exp_f32.h"
#include "inverse_trig_f32.h"
#include "log_f32.h"

COREPY_BEGIN
namespace math {

// The reduced argument r of exp with cosh(r) - 1 and sinh(r) - r (minimax, 2^-31.4 and
// 2^-36.7), and 2^n / 4, 2^-n / 4 (0 where negligible): the quarter keeps 2^129 in range.
struct HyperbolicReducedF32 {
  float r, cosh_m1, sinh_mr, up, down;
};

COREPY_INLINE HyperbolicReducedF32 hyperbolic_reduce(float a) {
  ExpReducedF32 e = exp_reduce<129, 125>(a);
  float z = e.r * e.r;
  float c = mul_add(z, 0x1.6dc32ep-10f, 0x1.555484p-5f);
  c = mul_add(c, z, 0.5f);
  float s = mul_add(z, 0x1.a272ccp-13f, 0x1.110fe8p-7f);
  s = mul_add(s, z, 0x1.555558p-3f);
  uint32_t up = e.shifted << 23;
  int32_t down = static_cast<int32_t>(2u * 0x3e800000u - up);
  return {e.r, c * z, s * (e.r * z), from_bits(up), bit_cast<float>(down < 0 ? 0 : down)};
}

// a * b + c, rounded (nearly) once.
COREPY_INLINE float hyperbolic_rest(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(a, b, c);
#else
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
#endif
}

COREPY_INLINE float cosh(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  a = a > 90.0f ? 90.0f : a;
  HyperbolicReducedF32 h = hyperbolic_reduce(a);
  // (2^n + 2^-n) cosh(r) + (2^n - 2^-n) sinh(r), smallest terms first.
  float sum = h.up + h.down, difference = h.up - h.down;
  float low = h.down - (sum - h.up);  // matters for n = 12 only, where the sum rounds
  low = mul_add(difference, h.sinh_mr, mul_add(sum, h.cosh_m1, low));
  float y = sum + hyperbolic_rest(difference, h.r, low);
  return y + y;
}

COREPY_INLINE float sinh(float x) {
  float a0 = from_bits(bits(x) & 0x7fffffffu);
  // Below 1 the odd polynomial of degree 9 (relative error 2^-31.6): no cancellation.
  float z = a0 * a0;
  float p = mul_add(z, 0x1.756c1ep-19f, 0x1.a022bcp-13f);
  p = mul_add(p, z, 0x1.1110e0p-7f);
  p = mul_add(p, z, 0x1.555556p-3f);
  float near = plus_cube(a0, z, p, a0);
  float a = a0 > 90.0f ? 90.0f : a0;
  HyperbolicReducedF32 h = hyperbolic_reduce(a);
  float sum = h.up + h.down, difference = h.up - h.down;
  float low = mul_add(h.down + h.down, h.r, (h.up - difference) - h.down);
  low = mul_add(sum, h.sinh_mr, mul_add(difference, h.cosh_m1, low));
  float y = difference + hyperbolic_rest(difference, h.r, low);
  y = y + y;
  return with_sign_of(a0 < 1.0f ? near : y, x);
}

COREPY_INLINE float tanh(float x) {
  float a0 = from_bits(bits(x) & 0x7fffffffu);
  // Below 1: x + x^3 p(x^2), degree 15, relative error 2^-27.7.
  float z = a0 * a0;
  float p = mul_add(z, -0x1.77cdc6p-12f, 0x1.2da034p-9f);
  p = mul_add(p, z, -0x1.045ff6p-7f);
  p = mul_add(p, z, 0x1.6009a6p-6f);
  p = mul_add(p, z, -0x1.b9623ap-5f);
  p = mul_add(p, z, 0x1.110be4p-3f);
  p = mul_add(p, z, -0x1.55553cp-2f);
  float near = plus_cube(a0, z, p, a0);
  // Above, 1 - 2 / (e^2x + 1): the larger x, the less the errors of e^2x weigh, so that n log(2) / 2
  // needs one constant and e^2r one polynomial (degree 6, 2^-28.2). n stops at 27, where the result is
  // 1 and a growing r changes nothing; the low bits of `shifted` are the exponent of 2^n.
  const float magic = 0x1.8p23f + 127.0f;
  int32_t shifted = bit_cast<int32_t>(mul_add(a0, 0x1.715476p1f /* 2 log2(e) */, magic));
  shifted = shifted < 0x4b40009a ? shifted : 0x4b40009a;
  float r = mul_add(bit_cast<float>(shifted) - magic, -0x1.62e430p-2f, a0);
  float q = mul_add(r, 0x1.6ab6c6p-4f, 0x1.123d5cp-2f);
  q = mul_add(q, r, 0x1.55585ap-1f);
  q = mul_add(q, r, 0x1.55548cp0f);
  q = mul_add(q, r, 0x1.fffffcp0f);
  q = mul_add(q, r, 2.0f);
  q = mul_add(q, r, 1.0f);
  float u = from_bits(static_cast<uint32_t>(shifted) << 23);
  float far = 1.0f - 2.0f / mul_add(u, q, 1.0f);
  return with_sign_of(a0 >= 1.0f ? far : near, x);
}

// log(x) + correction + extra ln2 for normal x and a correction far below log(x).
COREPY_INLINE float log_corrected(float x, float correction, float extra) {
  uint32_t i = bits(x) - 0x3f400000u;
  float f = from_bits((i & 0x007fffffu) + 0x3f400000u) - 1.0f;
  float k = static_cast<float>(static_cast<int32_t>(i) >> 23) + extra;
  float c = k * 0x1.62e4p-1f;
  float s = c + f;
  float e = mul_add(k, 0x1.7f7d1cp-20f, f - (s - c)) + correction;
  return log_sum(s, f, log1p_tail(f), e);
}

COREPY_INLINE float asinh(float x) {
  float a0 = from_bits(bits(x) & 0x7fffffffu);
  // Below 1/2: x + x^3 p(x^2), degree 11, relative error 2^-29.6.
  float z = a0 * a0;
  float p = mul_add(z, -0x1.b14f1ap-7f, 0x1.cd6422p-6f);
  p = mul_add(p, z, -0x1.6b95d0p-5f);
  p = mul_add(p, z, 0x1.3324f2p-4f);
  p = mul_add(p, z, -0x1.555536p-3f);
  float near = plus_cube(a0, z, p, a0);
  // Above, log(x + sqrt(x^2 + 1)), every rounding error carried along; log(2 x) from 2^14 on.
  uint32_t huge = mask_less(0x1p14f, a0);
  float a = choose(huge, 0x1p14f, a0);
  Pair<float> square = two_product(a, a);
  Pair<float> u = two_sum(square.high, 1.0f);
  float root = __builtin_sqrtf(u.high);
  float root_low = (residual(root, root, u.high) + (u.low + square.low)) * (0.5f * reciprocal_estimate(root));
  Pair<float> w = fast_two_sum(root, a);
  float w_low = (w.low + root_low) * reciprocal_estimate(w.high);
  float far = log_corrected(choose(huge, a0, w.high), masked(~huge, w_low), masked(huge, 1.0f));
  float y = a0 < 0.5f ? near : far;
  y = a0 < __builtin_inff() ? y : a0;
  return with_sign_of(y, x);
}

COREPY_INLINE float acosh(float x) {
  // log1p(v) with t = x - 1 (exact up to 2) and v = t + sqrt(t (t + 2)), every rounding error carried
  // along; log(2 x) from 2^60 on.
  uint32_t huge = mask_less(0x1p60f, from_bits(bits(x) & 0x7fffffffu));
  float xc = choose(huge, 0x1p60f, x);
  float t = xc - 1.0f;
  float t_low = xc - (t + 1.0f);
  Pair<float> sum = fast_two_sum(xc, 1.0f);
  Pair<float> product = two_product(t, sum.high);
  float product_low = product.low + mul_add(t, sum.low, t_low * sum.high);
  float root = __builtin_sqrtf(product.high);
  float root_low = (residual(root, root, product.high) + product_low) * (0.5f * reciprocal_estimate(root));
  Pair<float> v = fast_two_sum(root, t);
  float v_low = v.low + root_low + t_low;
  // As in log1p, from v itself. For huge x the 1 is lost and k is one more.
  float h = choose(huge, x, v.high);
  float h1 = h + 1.0f;
  uint32_t e = (bits(h1) - 0x3f400000u) & 0xff800000u;
  int32_t scale = static_cast<int32_t>(0x3f800000u - e);  // 2^-k, 0 instead of 2^-128
  float f = from_bits(bits(h) - e) + (bit_cast<float>(scale < 0 ? 0 : scale) - 1.0f);
  float k = static_cast<float>(static_cast<int32_t>(e) >> 23) + masked(huge, 1.0f);
  float c = k * 0x1.62e4p-1f;
  float s = c + f;
  float d = mul_add(k, 0x1.7f7d1cp-20f, f - (s - c)) + masked(~huge, v_low * reciprocal_estimate(h1));
  float y = log_sum(s, f, log1p_tail(f), d);
  y = x < __builtin_inff() ? y : x;
  return bits(x) - 0x3f800000u > 0x40000000u ? __builtin_nanf("") : y;  // x < 1 or NaN
}

COREPY_INLINE float atanh(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  // Below 1/2: x + x^3 p(x^2), degree 13, relative error 2^-29.4.
  float z = a * a;
  float p = mul_add(z, 0x1.6947dep-3f, 0x1.a6975ep-5f);
  p = mul_add(p, z, 0x1.e4045ep-4f);
  p = mul_add(p, z, 0x1.234d60p-3f);
  p = mul_add(p, z, 0x1.99a678p-3f);
  p = mul_add(p, z, 0x1.555540p-2f);
  float near = plus_cube(a, z, p, a);
  // Above, log((1 + x) / (1 - x)) / 2 with the quotient's error relative to it.
  Pair<float> numerator = fast_two_sum(1.0f, a);
  float denominator = 1.0f - a;  // exact
  float q = numerator.high / denominator;
  float error = residual(q, denominator, numerator.high) + numerator.low;
  float far = 0.5f * log_corrected(q, error * reciprocal_estimate(numerator.high), 0.0f);
  float y = a < 0.5f ? near : far;
  y = a < 1.0f ? y : (a == 1.0f ? __builtin_inff() : __builtin_nanf(""));
  return with_sign_of(y, x);
}

}  // namespace math
COREPY_END
