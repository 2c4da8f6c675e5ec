// sin, cos and tan in single precision, in float arithmetic (the baseline reduces in double).
//
// x = n pi/2 + r + low with |r| <= pi/4 and a little, pi/2 in three floats, low the rounding error of
// r. sin(r) and cos(r) by polynomials of degree 7 and 8; tan(r) by one of degree 15, or -1 / tan(r)
// corrected by the quotient's residual.
// Largest errors in ulp, baseline / avx2 = avx512: sin 0.91 / 0.87, cos 0.90 / 0.87, tan 0.93 / 0.96.
// Every input was tried (one sign for odd and even functions), except that where the result is x, a
// constant, libm's or NaN one in 32 was.
// Rare: 2^17 < |x| < inf, where libm computes in double.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {

// |x| beyond 2^17 (but finite) needs more bits of pi than the vector path has.
COREPY_INLINE uint32_t trig_rare(float x) { return (bits(x) & 0x7fffffffu) - 0x48000001u < 0x7f800000u - 0x48000001u; }

// x = n pi/2 + r + low with |r| <= pi/4 and low the rounding error of r; n in the low bits of
// `quadrant`. inf gives NaN.
struct TrigReducedF32 {
  float r, low;
  uint32_t quadrant;
};

COREPY_INLINE TrigReducedF32 trig_reduce(float x) {
  const float magic = 0x1.8p23f;
  float t = mul_add(x, 0x1.45f306p-1f /* 2 / pi */, magic);
  float n = t - magic;
#if defined(__FMA__) || defined(__aarch64__)
  // pi/2 in three parts. x - n * first is exact, and so is the error of the next difference, also
  // where it cancels (near a multiple of pi/2).
  float r1 = mul_add(n, -0x1.921fb4p0f, x);
  Pair<float> p = two_product(n, 0x1.4442d0p-24f);
  float r = r1 - p.high;
  float e = (r1 - r) - p.high;
  return {r, e - mul_add(n, 0x1.84698ap-48f, p.low), bits(t)};
#else
  // pi/2 as 33 bits, whose product with n is exact in double, and the rest.
  double nd = n;
  double d = (static_cast<double>(x) - nd * 0x1.921fb544p0) - nd * 0x1.0b4611a626331p-34;
  float r = static_cast<float>(d);
  return {r, static_cast<float>(d - static_cast<double>(r)), bits(t)};
#endif
}

// sin(r + low), minimax of degree 7 (relative error 2^-27.8), if `swap` is even, else cos(r + low),
// minimax of degree 8 (2^-32.8). Both polynomials cost less than selecting coefficients.
COREPY_INLINE float sin_or_cos(float r, float low, uint32_t swap) {
  float z = r * r;
  float s = mul_add(z, -0x1.991c26p-13f, 0x1.1106c6p-7f);
  s = mul_add(s, z, -0x1.555544p-3f);
  float sine = r + mul_add(r * z, s, low);
  // 1 - z/2 keeps its rounding error.
  float half = 0.5f * z;
  float w = 1.0f - half;
  float e = (1.0f - w) - half;
  float c = mul_add(z, -0x1.99e330p-16f, 0x1.6c0c1ep-10f);
  c = mul_add(c, -z, 0x1.55554ap-5f);
  float cosine = w + mul_add(c, z * z, mul_add(r, -low, e));
  return (swap & 1u) == 0 ? sine : cosine;
}

COREPY_INLINE uint32_t sin_rare(float x) { return trig_rare(x); }
COREPY_INLINE uint32_t cos_rare(float x) { return trig_rare(x); }
COREPY_INLINE uint32_t tan_rare(float x) { return trig_rare(x); }
COREPY_NOINLINE float sin_slow(float x) { return static_cast<float>(__builtin_sin(x)); }
COREPY_NOINLINE float cos_slow(float x) { return static_cast<float>(__builtin_cos(x)); }
COREPY_NOINLINE float tan_slow(float x) { return static_cast<float>(__builtin_tan(x)); }

COREPY_INLINE float sin(float x) {
  // The sign of x is put back at the end, so that -0 survives the reduction.
  TrigReducedF32 a = trig_reduce(from_bits(bits(x) & 0x7fffffffu));
  float y = sin_or_cos(a.r, a.low, a.quadrant);
  return from_bits(bits(y) ^ (((a.quadrant << 30) ^ bits(x)) & 0x80000000u));
}

COREPY_INLINE float cos(float x) {
  TrigReducedF32 a = trig_reduce(x);
  uint32_t quadrant = a.quadrant + 1u;
  float y = sin_or_cos(a.r, a.low, quadrant);
  return from_bits(bits(y) ^ ((quadrant << 30) & 0x80000000u));
}

COREPY_INLINE float tan(float x) {
  TrigReducedF32 a = trig_reduce(from_bits(bits(x) & 0x7fffffffu));
  // tan(r) = r + r^3 p(r^2): degree 15, relative error 2^-29.3.
  Pair<float> square = two_product(a.r, a.r);
  float z = square.high;
  float p = mul_add(z, 0x1.2477p-8f, -0x1.63066cp-14f);
  p = mul_add(p, z, 0x1.678960p-7f);
  p = mul_add(p, z, 0x1.5bd58cp-6f);
  p = mul_add(p, z, 0x1.baf0bap-5f);
  p = mul_add(p, z, 0x1.110d1ap-3f);
  p = mul_add(p, z, 0x1.555562p-2f);
  // d tan / dr = 1 + tan^2 is about 1 + 3/2 z here.
  float low = mul_add(a.low * 1.5f, z, a.low);
#if defined(__FMA__) || defined(__aarch64__)
  float cube = mul_add(a.r, z, a.r * square.low);
  float u = mul_add(cube, p, low);
#else
  double rd = a.r;
  float u = static_cast<float>(rd * rd * rd * static_cast<double>(p) + static_cast<double>(low));
#endif
  float s = a.r + u;
  float s_low = u - (s - a.r);
  // Odd quadrants: -1 / (s + s_low), the quotient corrected to first order.
  float q = -1.0f / s;
#if defined(__FMA__) || defined(__aarch64__)
  float e = mul_add(q, s_low, mul_add(q, s, 1.0f));
#else
  double product = static_cast<double>(q) * (static_cast<double>(s) + static_cast<double>(s_low));
  float e = static_cast<float>(product + 1.0);
#endif
  q = mul_add(q, e, q);
  float y = (a.quadrant & 1u) == 0 ? s : q;
  return from_bits(bits(y) ^ (bits(x) & 0x80000000u));
}

}  // namespace math
COREPY_END
