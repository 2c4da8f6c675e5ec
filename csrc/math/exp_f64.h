// exp and expm1 in double, and the pieces of them that the other double kernels build on.
//
// Range reduction: x = n ln2 + r, n the nearest integer (magic-number rounding), |r| <= ln2 / 2. ln2 is split
// so that n * ln2_high is exact for |n| < 2^11; on every instruction set x - n * ln2_high is then exact too.
// Minimax polynomials (Remez, coefficients rounded one by one and the rest refitted).
//
// Measured against 64-bit long double over every regime, 12 million points each (avx2 = avx512 / baseline,
// ulp): exp 0.89 / 0.76, expm1 0.82 / 0.93. There is no rare path: overflow, underflow, infinities and NaN
// are selects.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {
namespace exp64 {

constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kLn2High = 0x1.62e42fefa3000p-1;  // 41 bits
constexpr double kLn2Low = 0x1.3de6af278ece6p-42;
constexpr double kRound = 0x1.8p52;  // adding it leaves the nearest integer in the low mantissa bits

// (e^r - 1 - r - r^2 / 2) / r^3 on |r| <= ln2 / 2: degree 9, relative error of e^r - 1 2^-61.5. Even and odd
// powers apart: a single Horner chain is so long that the scheduler cannot hold enough iterations to hide it.
COREPY_INLINE double expm1_tail(double r, double r2) {
  double even = mul_add(r2, 0x1.af5f3608118d2p-26, 0x1.71ddf80af17ebp-19);
  double odd = mul_add(r2, 0x1.1f104a868b179p-29, 0x1.27e5197b7c045p-22);
  even = mul_add(even, r2, 0x1.a01a01b004c92p-13);
  odd = mul_add(odd, r2, 0x1.a01a018b45630p-16);
  even = mul_add(even, r2, 0x1.111111110f653p-7);
  odd = mul_add(odd, r2, 0x1.6c16c16c1b326p-10);
  even = mul_add(even, r2, 0x1.5555555555559p-3);
  odd = mul_add(odd, r2, 0x1.555555555554cp-5);
  return mul_add(odd, r, even);
}

// x = n ln2 + high + low with |high| <= ln2 / 2 (a bit more) exact and |low| tiny; power = 2^(n + shift).
struct Reduced {
  double high, low;
  uint64_t biased;  // low 11 bits: n + bias
};
template <int kBias>
COREPY_INLINE Reduced reduce(double x) {
  constexpr double magic = kRound + kBias;
  double t = mul_add(x, kLog2E, magic);
  double n = t - magic;
  return {mul_add(n, -kLn2High, x), n * -kLn2Low, bits(t)};
}

// e^(high + low) - 1 - high for |low| <= 2^-40. high * low and high^2 / 2 enter unrounded: rounding high +
// low first would cost a quarter of an ulp where e^x - 1 cancels.
COREPY_INLINE double expm1_rest(double high, double low) {
  double r = high + low;
  double r2 = r * r;
  double quadratic = mul_add(high, 0.5 * high, mul_add(high, low, low));
  return mul_add(r2 * r, expm1_tail(r, r2), quadratic);
}

// e^(x + tail) to about 0.51 ulp before the last rounding, for |tail| <= 2^-50 |x|; every x, saturating.
COREPY_INLINE double exp_pair(double x, double tail) {
  Reduced v = reduce<1022 + 1023>(x);
  double low = v.low + tail;
  Pair<double> s = fast_two_sum(1.0, v.high);
  double p = s.high + (s.low + expm1_rest(v.high, low));
  double shrink = x < -707.0 ? 0x1p-64 : 1.0;
  double y = (p + p) * from_bits((v.biased << 52) - bits(shrink)) * shrink;
  y = x > 709.79 ? __builtin_inf() : y;
  return x < -745.2 ? 0.0 : y;
}

}  // namespace exp64

// Negative unless |x| < 707: e^x is a normal number there.
COREPY_INLINE int64_t exp_strange(double x) {
  return bit_cast<int64_t>(bits(707.0) - 1 - (bits(x) & 0x7fffffffffffffffu));
}

// e^x. 2 e^r by a polynomial of degree 11 in r (relative error 2^-57.9), times 2^(n-1): the spare factor 2
// keeps 2^(n-1) finite for n = 1024. Below e^-707 the power of two is taken 2^64 too large and the product is
// scaled back, so that a subnormal result is rounded once.
template <bool ordinary = false>
COREPY_INLINE double exp(double x) {
  using namespace exp64;
#if !defined(__FMA__) && !defined(__aarch64__)
  return exp_pair(x, 0.0);  // without fma the last steps below add up to 1.14 ulp
#endif
  constexpr double magic = kRound + 1022 + 1023;  // 1023 << 52 goes again with bits(shrink)
  double t = mul_add(x, kLog2E, magic);
  double n = t - magic;
  double r = mul_add(n, -kLn2Low, mul_add(n, -kLn2High, x));
  double r2 = r * r;
  double even = mul_add(r2, 0x1.28ae03f10950fp-21, 0x1.a019995b133fbp-15);
  double odd = mul_add(r2, 0x1.adae4d669aa3cp-25, 0x1.71df064347f62p-18);
  even = mul_add(even, r2, 0x1.6c16c184771bap-9);
  odd = mul_add(odd, r2, 0x1.a01a013921c60p-12);
  even = mul_add(even, r2, 0x1.55555555506c0p-4);
  odd = mul_add(odd, r2, 0x1.1111111124c7fp-6);
  even = mul_add(even, r2, 0x1.000000000000ap+0);
  odd = mul_add(odd, r2, 0x1.5555555555507p-2);
  double q = mul_add(odd, r, even);
  q = mul_add(q, r, 2.0);
  q = mul_add(q, r, 2.0);
  if constexpr (ordinary) return q * from_bits((bits(t) << 52) - bits(1.0));
  double shrink = x < -707.0 ? 0x1p-64 : 1.0;
  double y = q * from_bits((bits(t) << 52) - bits(shrink)) * shrink;
  y = x > 0x1.62e42fefa39efp+9 ? __builtin_inf() : y;  // 709.78...: above it e^x rounds to infinity
  return x < -745.2 ? 0.0 : y;
}

// e^x - 1 = (2^n - 1) + 2^n r + 2^n r^2 tail(r). The first two terms are added with their rounding error,
// since they cancel for n = 1; so is the error of 2^n - 1 for n > 53. For x near 709.7 n = 1024 does not fit:
// half of it.
COREPY_INLINE double expm1(double x) {
  using namespace exp64;
  Reduced v = reduce<1023 + 1023>(x);
  double w = expm1_rest(v.high, v.low);
  double grow = x > 709.0 ? 2.0 : 1.0;
  double s = from_bits((v.biased << 52) - bits(grow));
  double a = s - 1.0;
  double a_low = (s - a) - 1.0;
  Pair<double> h = fast_two_sum(a, s * v.high);
  double y = (h.high + (h.low + mul_add(s, w, a_low))) * grow;
  y = x > 0x1.62e42fefa39efp+9 ? __builtin_inf() : y;
  y = x < -40.0 ? -1.0 : y;
  return from_bits(bits(y) | (bits(x) & 0x8000000000000000u));  // -0 stays -0
}

}  // namespace math
COREPY_END
