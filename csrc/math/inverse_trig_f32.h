// asin, acos, atan and atan2 in single precision, in float arithmetic throughout.
//
// asin, acos: odd polynomial of degree 11 on [0, 1/2], above through sqrt((1 - |x|) / 2).
// atan, atan2: odd polynomial of degree 19 on [0, 1], above through -1 / x. Square roots and
// quotients carry their rounding errors where the result could show them.
// Largest errors in ulp, baseline / avx2 = avx512: asin 0.72 / 0.72, acos 0.69 / 0.69, atan 0.87 /
// 0.95, atan2 0.90 / 0.94 (20 million pairs). Every input was tried (one sign for odd and even
// functions), except that where the result is x, a constant or NaN one in 32 was.
// No rare path.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {

// 1 / x within 12 % for positive normal x, from the exponent and mantissa bits read as a logarithm:
// enough to scale a rounding error. Without an FMA other errors are larger and a Newton step pays.
COREPY_INLINE float reciprocal_estimate(float x) {
  float y = from_bits(0x7ef311c7u - bits(x));
#if !defined(__FMA__) && !defined(__aarch64__)
  y = y * (2.0f - x * y);
#endif
  return y;
}

// All ones if a < b, for floats >= 0 and NaN (above inf). Masks rather than `bool`, because GCC copies
// everything that follows a select between two values into both of its arms.
COREPY_INLINE uint32_t mask_less(float a, float b) {
  return static_cast<uint32_t>((bit_cast<int32_t>(a) - bit_cast<int32_t>(b)) >> 31);
}
COREPY_INLINE float masked(uint32_t mask, float x) { return from_bits(mask & bits(x)); }
COREPY_INLINE float choose(uint32_t mask, float yes, float no) {
  return from_bits((mask & bits(yes)) | (~mask & bits(no)));
}

// c - a * b for a * b close to c, where the difference is (nearly) exact.
COREPY_INLINE float residual(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(-a, b, c);
#else
  return static_cast<float>(static_cast<double>(c) - static_cast<double>(a) * static_cast<double>(b));
#endif
}

COREPY_INLINE float with_sign_of(float magnitude, float sign) {
  return from_bits(bits(magnitude) | (bits(sign) & 0x80000000u));
}

// t^3 p + c with z = t^2 rounded; without an FMA in double, as every rounding error would count.
template <class P>
COREPY_INLINE float plus_cube(float t, float z, P p, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(t * z, p, c);
#else
  double d = t;
  (void)z;
  return static_cast<float>(d * d * d * static_cast<double>(p) + static_cast<double>(c));
#endif
}

// (atan(t) - t) / t^3 in z = t^2 on [0, 1]: degree 8, relative error of atan 2^-28.5.
COREPY_INLINE auto atan_tail(float z) {
  float p = mul_add(z, -0x1.d3614ep-10f, 0x1.6427e0p-7f);
  p = mul_add(p, z, -0x1.fd8004p-6f);
  p = mul_add(p, z, 0x1.da2aa0p-5f);
  p = mul_add(p, z, -0x1.580930p-4f);
  p = mul_add(p, z, 0x1.c08c50p-4f);
  p = mul_add(p, z, -0x1.242086p-3f);
  p = mul_add(p, z, 0x1.9991e4p-3f);
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(p, z, -0x1.55553ep-2f);
#else
  return static_cast<double>(p) * static_cast<double>(z) - 0x1.55553ep-2;  // for plus_cube
#endif
}

// base + atan(t) + low with |base| >= |t| or base = 0.
COREPY_INLINE float atan_sum(float base, float t, float low) {
  float z = t * t;
  float s = base + t;
  float e = (t - (s - base)) + low;
#if defined(__FMA__) || defined(__aarch64__)
  e = mul_add(0.21f, residual(t, z, t * z), e);  // the rounding error of t^3, near 1, where it counts
#endif
  return s + plus_cube(t, z, atan_tail(z), e);
}

COREPY_INLINE float atan(float x) {
  // |x| <= 1 directly; above, atan(x) = pi/2 + atan(-1 / x). One division either way.
  float a = from_bits(bits(x) & 0x7fffffffu);
  uint32_t above = mask_less(1.0f, a);
  float numerator = choose(above, -1.0f, a);
  float denominator = choose(above, a, 1.0f);
  float t = numerator / denominator;
  float base = masked(above, 0x1.921fb6p0f);         // pi/2, rounded
  float base_low = masked(above, -0x1.777a5cp-25f);  // and its rounding error
  // The quotient's error: the residual, divided by the denominator 1 / |t| and times the derivative
  // 1 / (1 + t^2), which is 1/2 near |t| = 1, where it matters.
  // The minimum, of floats in order as integers, keeps inf out.
  uint32_t finite = bits(denominator) < 0x7f7fffffu ? bits(denominator) : 0x7f7fffffu;
  float half_residual = -0.5f * residual(t, from_bits(finite), numerator);
  float y = atan_sum(base, t, mul_add(half_residual, t, base_low));
  return from_bits(bits(y) ^ (bits(x) & 0x80000000u));
}

COREPY_INLINE float atan2(float y, float x) {
  float ax = from_bits(bits(x) & 0x7fffffffu), ay = from_bits(bits(y) & 0x7fffffffu);
  uint32_t steep = mask_less(ax, ay);
  uint32_t larger = bits(choose(steep, ay, ax));
  uint32_t smaller = bits(choose(steep, ax, ay));
  // Scaled by a power of two near 1 / sqrt(larger), so that the residual of the quotient neither
  // overflows nor underflows where it matters. 2^-149 instead of 0 makes 0 / 0 a 0.
  float scale = from_bits(0x5f000000u - ((larger >> 1) & 0x7f800000u));
  float den = from_bits(larger > 1u ? larger : 1u) * scale;
  float num = from_bits(smaller) * scale;
  float q = num / den;
  float q_low = residual(q, den, num) * reciprocal_estimate(den);
  // The residual matters for q > 2^-30; 0 for inf / inf, which becomes 1.
  q_low = masked(mask_less(0x1p-30f, q) & mask_less(from_bits(smaller), from_bits(larger)), q_low);
  uint32_t infinite = mask_less(from_bits(0x7f7fffffu), from_bits(smaller));
  q = choose(infinite, 1.0f, q);
  // The derivative 1 / (1 + q^2) is about 1 - q^2 / 2; and the rounding error of z counts
  // near 1.
  float z = q * q;
  q_low = mul_add(-0.5f * q_low, z, q_low);
#if defined(__FMA__) || defined(__aarch64__)
  q_low = mul_add(0.21f * q, residual(q, q, z), q_low);
#endif
  // pi/2 - q above the diagonal, then pi - that for x < 0.
  uint32_t left = static_cast<uint32_t>(bit_cast<int32_t>(x) >> 31);
  uint32_t flip = (steep ^ left) & 0x80000000u;
  uint32_t exponent = left & ~steep & 0x00800000u;  // pi instead of pi/2
  float base = from_bits(((steep | left) & 0x3fc90fdbu) + exponent);
  float base_low = from_bits(((steep | left) & 0xb33bbd2eu) + exponent);
  float r = atan_sum(base, from_bits(bits(q) ^ flip), base_low + from_bits(bits(q_low) ^ flip));
  r = from_bits((bits(r) & 0x7fffffffu) | (bits(y) & 0x80000000u));
  return __builtin_isunordered(x, y) ? x + y : r;
}

// Both functions use asin(s) = s + s^3 p(s^2) for s <= 1/2: s = |x|, or s = sqrt((1 - |x|) / 2) with
// asin(|x|) = pi/2 - 2 asin(s).
struct AsinFolded {
  float s, tail;  // asin(s) = s + tail
};

COREPY_INLINE AsinFolded asin_fold(float a, uint32_t large) {
  float t = choose(large, 0.5f - 0.5f * a, a * a);
  float root = __builtin_sqrtf(t);
  float s = choose(large, root, a);
  // The rounding error of the root, by one Newton step.
  float low = residual(root, root, t) * (0.5f * reciprocal_estimate(root));
  // Degree 4 in t on [0, 1/4]: relative error of asin 2^-27.6.
  float p = mul_add(t, 0x1.595c92p-5f, 0x1.8c3e28p-6f);
  p = mul_add(p, t, 0x1.747bbap-5f);
  p = mul_add(p, t, 0x1.330204p-4f);
  p = mul_add(p, t, 0x1.5555c8p-3f);
  return {s, mul_add(s * t, p, masked(large, low))};
}

COREPY_INLINE float asin(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  uint32_t large = mask_less(0.5f, a);
  AsinFolded h = asin_fold(a, large);
  float factor = from_bits(0x3f800000u ^ (large & 0xff800000u));  // -2 or 1
  float base = masked(large, 0x1.921fb6p0f);                      // pi/2, rounded
  float base_low = masked(large, -0x1.777a5cp-25f);               // and its rounding error
  float t = factor * h.s;
  float sum = base + t;
  float e = (t - (sum - base)) + base_low;
  return from_bits(bits(sum + mul_add(factor, h.tail, e)) ^ (bits(x) & 0x80000000u));
}

COREPY_INLINE float acos(float x) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  uint32_t large = mask_less(0.5f, a);
  AsinFolded h = asin_fold(a, large);
  // 2 asin(s) for x > 1/2, pi - 2 asin(s) for x < -1/2, pi/2 - asin(x) between.
  uint32_t negative = static_cast<uint32_t>(bit_cast<int32_t>(x) >> 31);
  float factor = from_bits(0xbf800000u ^ (large & 0xff800000u) ^ (bits(x) & 0x80000000u));
  uint32_t shifted = ~large | negative;
  uint32_t exponent = large & negative & 0x00800000u;  // pi instead of pi/2
  float base = from_bits((shifted & 0x3fc90fdbu) + exponent);
  float base_low = from_bits((shifted & 0xb33bbd2eu) + exponent);
  float t = factor * h.s;
  float sum = base + t;
  float e = (t - (sum - base)) + base_low;
  return sum + mul_add(factor, h.tail, e);
}

}  // namespace math
COREPY_END
