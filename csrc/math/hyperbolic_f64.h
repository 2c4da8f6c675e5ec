// Hyperbolic functions and their inverses in double.
//
// Measured against 64-bit long double over every regime, 12 million points each (avx2 = avx512 / baseline,
// ulp): tanh 0.77 / 0.77, sinh 0.82 / 0.88, cosh 0.91 / 0.93, asinh 0.61 / 0.63, acosh 0.60 / 0.60, atanh
// 0.59 / 0.59. There is no rare path: large, subnormal, infinite and NaN arguments and domain errors are
// selects.
#pragma once
#include "exp_f64.h"
#include "log_f64.h"

COREPY_BEGIN
namespace math {
namespace hyperbolic64 {

// numerator - quotient * denominator, rounded once.
COREPY_INLINE double residual(double quotient, double denominator, double numerator) {
#if defined(__FMA__) || defined(__aarch64__)
  return mul_add(-quotient, denominator, numerator);
#else
  Pair<double> p = two_product(quotient, denominator);
  return (numerator - p.high) - p.low;
#endif
}

// For x = n ln2 + r: sinh r = high + odd and cosh r = 1 + even, and 2^(n-1), 2^(-n-1). sinh(x) and cosh(x)
// follow by the addition theorem without a division. Polynomials in r^2 of degree 4 each, relative error
// below 2^-61. Above 709 the powers are halved (n reaches 1025) and the caller doubles the result.
struct Halves {
  double high, odd, even;
  double power, inverse;  // 2^(n-1), 2^(-n-1)
};
COREPY_INLINE Halves split_hyperbolic(double a, bool big) {
  using namespace exp64;
  Reduced v = reduce<1022>(a);
  double r = v.high + v.low;
  double z = r * r;
  double o = mul_add(z, 0x1.af5f55fc1e14dp-26, 0x1.71ddf7fa54040p-19);
  double e = mul_add(z, 0x1.1f8bc7235b5eap-29, 0x1.27e4cc1d632b4p-22);
  o = mul_add(o, z, 0x1.a01a01b00a43cp-13);
  e = mul_add(e, z, 0x1.a01a01ad7a60bp-16);
  o = mul_add(o, z, 0x1.111111110f64ap-7);
  e = mul_add(e, z, 0x1.6c16c16c15005p-10);
  o = mul_add(o, z, 0x1.5555555555559p-3);
  e = mul_add(e, z, 0x1.5555555555558p-5);
  e = mul_add(e, z, 0.5);
  uint64_t k = v.biased << 52;
  // Past 2^30 the other exponential is below a quarter of an ulp; its power of two must not leave the range.
  uint64_t inverse = a < 30.0 ? (uint64_t{2044} << 52) - k : 0;
  k = big ? k - (uint64_t{1} << 52) : k;
  return {v.high, mul_add(z * r, o, v.low), z * e, from_bits(k), from_bits(inverse)};
}

// (power + inverse) * high with its rounding error; c is that sum rounded (the difference only matters below
// 2^-53). Dekker's splitting would overflow for a large power, but the two products are exact.
COREPY_INLINE Pair<double> product(Halves v, double c) {
#if defined(__FMA__) || defined(__aarch64__)
  return two_product(c, v.high);
#else
  Pair<double> p = fast_two_sum(v.power * v.high, v.inverse * v.high);
  bool subnormal = __builtin_fabs(v.high) < 0x1p-1000;  // halving would round; c is 1 there
  return {subnormal ? c * v.high : p.high, subnormal ? 0.0 : p.low};
#endif
}

constexpr double kOverflow = 0x1.633ce8fb9f87dp+9;  // the largest x with finite sinh and cosh

// (num.high + num.low) / (den.high + den.low) to about 2^-100; one division.
COREPY_INLINE Pair<double> quotient(Pair<double> num, Pair<double> den) {
  double inverse = 1.0 / den.high;
  double q = num.high * inverse;
  double rest = residual(q, den.high, num.high) + mul_add(-q, den.low, num.low);
  return {q, rest * inverse};
}

// scale * (2 atanh(s) + k ln2) for |s| <= 0.2, scale a power of two: R of degree 7, relative error 2^-62.6.
COREPY_INLINE double atanh_sum(Pair<double> s, double k, double scale) {
  double z = s.high * s.high;
  double p = mul_add(z, 0x1.1b8270dff046ep-3, 0x1.0dcb7aeb98bf2p-3);
  p = mul_add(p, z, 0x1.3b35c20aebe42p-3);
  p = mul_add(p, z, 0x1.745c4ad462f64p-3);
  p = mul_add(p, z, 0x1.c71c748fd5465p-3);
  p = mul_add(p, z, 0x1.24924921e43bep-2);
  p = mul_add(p, z, 0x1.999999999c17ap-2);
  p = mul_add(p, z, 0x1.555555555554fp-1);
  double two = 2.0 * scale * s.high;
  Pair<double> h = log64::add_exponent(k, scale * log64::kLn2High, two);
  double low = mul_add(k, scale * log64::kLn2Low, mul_add(2.0 * scale, s.low, h.low));
  return h.high + mul_add(scale * s.high, z * p, low);
}

// 1 / (2 s) to 12 %, for the low part of a square root: exponent arithmetic instead of a division.
COREPY_INLINE double half_reciprocal(double s) { return from_bits(0x7fce623822fc16e6u - bits(s)); }

// The square root of h + l, h >= |l|, to about 2^-56.
COREPY_INLINE Pair<double> root(double h, double l) {
  double r = __builtin_sqrt(h);
  return {r, (residual(r, r, h) + l) * half_reciprocal(r)};
}

}  // namespace hyperbolic64

// tanh|x| = -t / (2 + t) with t = expm1(-2|x|) in (-1, 0], as an unevaluated sum of two doubles; one
// division, whose rounding error and the low parts are put back by one Newton step.
COREPY_INLINE double tanh(double x) {
  using namespace exp64;
  double a = __builtin_fabs(x);
  Reduced v = reduce<1023>(-2.0 * a);
  double s = from_bits(v.biased << 52);
  double one = s - 1.0;
  double lost = s - (one + 1.0);  // s itself once it is below half an ulp of 1
  Pair<double> t = fast_two_sum(one, s * v.high);
  double t_low = mul_add(s, expm1_rest(v.high, v.low), t.low + lost);
  double t_sum = t.high + t_low;
  double d = (2.0 + t.high) + t_low;
  double d_low = (t.high - (d - 2.0)) + t_low;
  double inverse = 1.0 / d;
  double q = t_sum * inverse;
  double rest = hyperbolic64::residual(q, d, t.high) + mul_add(-q, d_low, t_low);
  double y = mul_add(rest, inverse, q);
  y = a > 20.0 ? 1.0 : y;  // 1 - tanh(20) = 2^-56.7
  return __builtin_copysign(y, x);
}

// sinh = S (1 + even) + C (high + odd) with S, C = 2^(n-1) -+ 2^(-n-1); C * high with its rounding error,
// since it cancels against S for n = 1.
COREPY_INLINE double sinh(double x) {
  using namespace hyperbolic64;
  double a = __builtin_fabs(x);
  bool big = a > 709.0;
  Halves v = split_hyperbolic(a, big);
  Pair<double> s = fast_two_sum(v.power, -v.inverse);
  double c = v.power + v.inverse;
  Pair<double> p = product(v, c);
  Pair<double> h = fast_two_sum(s.high, p.high);
  double low = mul_add(c, v.odd, p.low + (s.low + h.low));
  double y = h.high + mul_add(s.high, v.even, low);
  y = big ? y + y : y;
  y = a > kOverflow ? __builtin_inf() : y;
  return __builtin_copysign(y, x);
}

COREPY_INLINE double cosh(double x) {
  using namespace hyperbolic64;
  double a = __builtin_fabs(x);
  bool big = a > 709.0;
  Halves v = split_hyperbolic(a, big);
  double s = v.power - v.inverse;
  Pair<double> c = fast_two_sum(v.power, v.inverse);
  Pair<double> h = fast_two_sum(c.high, s * v.high);
  double low = mul_add(s, v.odd, c.low + h.low);
  double y = h.high + mul_add(c.high, v.even, low);
  y = big ? y + y : y;
  return a > kOverflow ? __builtin_inf() : y;
}

// atanh = 1/2 log(p / q), p = 1 + |x| and q = 1 - |x| as sums of two doubles. k is about log2(p / q), from
// the difference of the bit patterns, and s = (p 2^-k - q) / (p 2^-k + q); for k = 0 that is |x| itself.
COREPY_INLINE double atanh(double x) {
  using namespace hyperbolic64;
  double a = __builtin_fabs(x);
  Pair<double> p = fast_two_sum(1.0, a);
  Pair<double> q = fast_two_sum(1.0, -a);
  uint64_t u = bits(p.high) - bits(q.high) + 0x4338000000000000u;  // + 1/2 in the exponent: rounds
  uint64_t e = u & 0xfff0000000000000u;
  double k = from_bits((u >> 52) | 0x4330000000000000u) - (0x1p52 + 0x433);
  double scale = from_bits(0x4330000000000000u + log64::kOneBits - e);
  double ph = p.high * scale, pl = p.low * scale;
  double n0 = ph - q.high, n1 = pl - q.low;
  Pair<double> num = fast_two_sum(n0, n1);
  Pair<double> d = fast_two_sum(ph, q.high);
  double y = atanh_sum(quotient(num, {d.high, d.low + (pl + q.low)}), k, 0.5);
  y = a < 0x1p-54 ? a : y;
  y = a == 1.0 ? __builtin_inf() : y;
  y = a > 1.0 ? __builtin_nan("") : y;
  return __builtin_copysign(y, x);
}

namespace hyperbolic64 {
// log(u) + k0 ln2 as 2 atanh(s) + k ln2 with s = (u 2^-k - 1) / (u 2^-k + 1); for u < 1.375 with the quotient
// `small`, which is the same number without cancellation.
COREPY_INLINE double log_of_sum(Pair<double> u, Pair<double> small_num, Pair<double> small_den, double k0) {
  log64::Split<double> v = log64::split_normal(u.high, 0x1p52 + 1023);
  double scale = from_bits((uint64_t{2046} << 52) - (v.shifted & ~log64::kFractionMask));
  double low = u.low * scale;
  Pair<double> num = fast_two_sum(v.mantissa - 1.0, low);
  Pair<double> den = fast_two_sum(1.0, v.mantissa);  // exact: the exponents are equal or 1 has the larger
  den.low += low;
  bool near = u.high < 1.375;
  num.high = near ? small_num.high : num.high;
  num.low = near ? small_num.low : num.low;
  den.high = near ? small_den.high : den.high;
  den.low = near ? small_den.low : den.low;
  return atanh_sum(quotient(num, den), v.exponent + k0, 1.0);
}
}  // namespace hyperbolic64

// log(a + sqrt(a^2 + 1)), a = |x|; for a + sqrt < 1.375 s = a / (1 + sqrt(a^2 + 1)). Above 2^30 sqrt(a^2 + 1)
// is a.
COREPY_INLINE double asinh(double x) {
  using namespace hyperbolic64;
  double a = __builtin_fabs(x);
  bool big = a > 0x1p30;
  double b = big ? 1.0 : a;
  Pair<double> t = two_product(b, b);
  Pair<double> h = two_sum(1.0, t.high);
  Pair<double> r = root(h.high, h.low + t.low);
  Pair<double> u = fast_two_sum(r.high, b);
  u.high = big ? 0.5 * a : u.high;
  u.low = big ? 0.0 : u.low + r.low;
  Pair<double> den = fast_two_sum(r.high, 1.0);
  double y = log_of_sum(u, {b, 0.0}, {den.high, den.low + r.low}, big ? 2.0 : 0.0);
  y = a < 0x1p-28 ? a : y;
  y = a < __builtin_inf() ? y : a;
  return __builtin_copysign(y, x);
}

// log(x + sqrt(x^2 - 1)); near 1 s = sqrt(x^2 - 1) / (x + 1).
COREPY_INLINE double acosh(double x) {
  using namespace hyperbolic64;
  bool big = x > 0x1p30;
  double b = big ? 2.0 : x;
  Pair<double> t = two_product(b, b);
  double g = t.high - 1.0;
  Pair<double> h = fast_two_sum(g, t.low + ((t.high - g) - 1.0));
  Pair<double> r = root(h.high, h.low);
  Pair<double> u = fast_two_sum(b, r.high);
  u.high = big ? 0.5 * x : u.high;
  u.low = big ? 0.0 : u.low + r.low;
  double y = log_of_sum(u, r, fast_two_sum(b, 1.0), big ? 2.0 : 0.0);
  y = x == 1.0 ? 0.0 : y;
  y = x < 1.0 ? __builtin_nan("") : y;
  return x < __builtin_inf() ? y : x;
}

}  // namespace math
COREPY_END
