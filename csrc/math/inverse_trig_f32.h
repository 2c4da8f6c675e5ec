// asin, acos, atan and atan2 in single precision.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {

// 1 / x within 12 % for positive normal x, from the exponent and mantissa bits read as a logarithm:
// enough to scale a rounding error. Without an FMA other errors are larger and a Newton step pays.
COREPY_INLINE float reciprocal_estimate(float x) {
  float y = from_bits(0x7ef311c7u - bits(x));
#ifndef __FMA__
  y = y * (2.0f - x * y);
#endif
  return y;
}

// c - a * b for a * b close to c, where the difference is (nearly) exact.
COREPY_INLINE float residual(float a, float b, float c) {
#ifdef __FMA__
  return mul_add(-a, b, c);
#else
  return static_cast<float>(static_cast<double>(c) - static_cast<double>(a) * static_cast<double>(b));
#endif
}

COREPY_INLINE float with_sign_of(float magnitude, float sign) {
  return from_bits(bits(magnitude) | (bits(sign) & 0x80000000u));
}

// (atan(t) - t) / t^3 in z = t^2 on [0, 1]: degree 8, relative error of atan 2^-28.5.
COREPY_INLINE float atan_tail(float z) {
  float p = mul_add(z, -0x1.d3614ep-10f, 0x1.6427e0p-7f);
  p = mul_add(p, z, -0x1.fd8004p-6f);
  p = mul_add(p, z, 0x1.da2aa0p-5f);
  p = mul_add(p, z, -0x1.580930p-4f);
  p = mul_add(p, z, 0x1.c08c50p-4f);
  p = mul_add(p, z, -0x1.242086p-3f);
  p = mul_add(p, z, 0x1.9991e4p-3f);
  return mul_add(p, z, -0x1.55553ep-2f);
}

// t^3 p + c with z = t^2 rounded; without an FMA in double, as every rounding error would count.
COREPY_INLINE float plus_cube(float t, float z, float p, float c) {
#ifdef __FMA__
  return mul_add(t * z, p, c);
#else
  double d = t;
  (void)z;
  return static_cast<float>(d * d * d * static_cast<double>(p) + static_cast<double>(c));
#endif
}

// base + atan(t) + low with |base| >= |t| or base = 0.
COREPY_INLINE float atan_sum(float base, float t, float low) {
  float z = t * t;
  float s = base + t;
  float e = (t - (s - base)) + low;
  return s + plus_cube(t, z, atan_tail(z), e);
}

COREPY_INLINE float atan(float x) {
  // |x| <= 1 directly; above, atan(x) = pi/2 + atan(-1 / x). One division either way.
  float a = from_bits(bits(x) & 0x7fffffffu);
  bool above = a > 1.0f;
  float numerator = above ? -1.0f : a;
  float denominator = above ? a : 1.0f;
  float t = numerator / denominator;
  float base = above ? 0x1.921fb6p0f : 0.0f;         // pi/2, rounded
  float base_low = above ? -0x1.777a5cp-25f : 0.0f;  // and its rounding error
  // The quotient's error: the residual, divided by the denominator 1 / |t| and times the derivative
  // 1 / (1 + t^2), which is 1/2 near |t| = 1, where it matters.
  float half_residual = -0.5f * residual(t, denominator, numerator);
  float y = atan_sum(base, t, mul_add(half_residual, t, base_low));
  return from_bits(bits(y) ^ (bits(x) & 0x80000000u));
}

COREPY_INLINE float atan2(float y, float x) {
  float ax = from_bits(bits(x) & 0x7fffffffu), ay = from_bits(bits(y) & 0x7fffffffu);
  // Both are scaled so that the residual of the quotient neither underflows nor overflows where it
  // matters; positive floats are in order as integers.
  uint32_t larger = bits(ax) > bits(ay) ? bits(ax) : bits(ay);
  uint32_t smaller = bits(ax) > bits(ay) ? bits(ay) : bits(ax);
  float scale = larger < 0x30000000u ? 0x1p64f : (larger > 0x60000000u ? 0x1p-30f : 1.0f);
  float den = from_bits(larger) * scale;
  float num = from_bits(smaller) * scale;
  float q = num / den;
  float q_low = residual(q, den, num) * reciprocal_estimate(den);
  q = larger == 0u ? 0.0f : q;
  q = larger == smaller && larger != 0u ? 1.0f : q;  // also inf / inf
  // The derivative 1 / (1 + q^2) is about 1 - q^2 / 2. In the other cases of a zero or infinite
  // operand the quotient is exact.
  q_low = mul_add(-0.5f * q_low, q * q, q_low);
  q_low = q > 0x1p-60f && larger != smaller ? q_low : 0.0f;
  // pi/2 - q above the diagonal, then pi - that for x < 0.
  uint32_t steep = bits(ay) > bits(ax) ? ~0u : 0u;
  uint32_t left = static_cast<uint32_t>(bit_cast<int32_t>(x) >> 31);
  uint32_t flip = (steep ^ left) & 0x80000000u;
  uint32_t exponent = left & ~steep & 0x00800000u;  // pi instead of pi/2
  float base = from_bits(((steep | left) & 0x3fc90fdbu) + exponent);
  float base_low = from_bits(((steep | left) & 0xb33bbd2eu) + exponent);
  float r = atan_sum(base, from_bits(bits(q) ^ flip), base_low + from_bits(bits(q_low) ^ flip));
  r = with_sign_of(from_bits(bits(r) & 0x7fffffffu), y);
  return __builtin_isunordered(x, y) ? x + y : r;
}

// Both functions use asin(s) = s + s^3 p(s^2) for s <= 1/2: s = |x|, or s = sqrt((1 - |x|) / 2) with
// asin(|x|) = pi/2 - 2 asin(s).
struct AsinFolded {
  float s, tail;  // asin(s) = s + tail
};

COREPY_INLINE AsinFolded asin_fold(float a, bool large) {
  float t = large ? 0.5f - 0.5f * a : a * a;
  float root = __builtin_sqrtf(t);
  float s = large ? root : a;
  // The rounding error of the root, by one Newton step.
  float low = residual(root, root, t) * (0.5f * reciprocal_estimate(root));
  low = large ? low : 0.0f;
  // Degree 4 in t on [0, 1/4]: relative error of asin 2^-27.6.
  float p = mul_add(t, 0x1.595c92p-5f, 0x1.8c3e28p-6f);
  p = mul_add(p, t, 0x1.747bbap-5f);
  p = mul_add(p, t, 0x1.330204p-4f);
  p = mul_add(p, t, 0x1.5555c8p-3f);
  return {s, mul_add(s * t, p, low)};
}

COREPY_INLINE float asin(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  bool large = a > 0.5f;
  AsinFolded h = asin_fold(a, large);
  float factor = large ? -2.0f : 1.0f;
  float base = large ? 0x1.921fb6p0f : 0.0f;         // pi/2
  float base_low = large ? -0x1.777a5cp-25f : 0.0f;  // its rounding error
  float t = factor * h.s;
  float sum = base + t;
  float e = (t - (sum - base)) + base_low;
  return from_bits(bits(sum + mul_add(factor, h.tail, e)) ^ (bits(x) & 0x80000000u));
}

COREPY_INLINE float acos(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  bool large = a > 0.5f;
  AsinFolded h = asin_fold(a, large);
  // 2 asin(s) for x > 1/2, pi - 2 asin(s) for x < -1/2, pi/2 - asin(x) between.
  uint32_t negative = static_cast<uint32_t>(bit_cast<int32_t>(x) >> 31);
  float magnitude = large ? 2.0f : -1.0f;
  float factor = from_bits(bits(magnitude) ^ (bits(x) & 0x80000000u));
  float base = large ? from_bits(negative & 0x40490fdbu) : 0x1.921fb6p0f;
  float base_low = large ? from_bits(negative & 0xb3bbbd2eu) : -0x1.777a5cp-25f;
  float t = factor * h.s;
  float sum = base + t;
  float e = (t - (sum - base)) + base_low;
  return sum + mul_add(factor, h.tail, e);
}

}  // namespace math
COREPY_END
