// pow, hypot and logaddexp in double.
//
// Measured over every regime, 6 million points each, all three instruction sets (ulp): pow 0.76, hypot 0.77
// (both in the subnormal range, 0.60 above it), logaddexp 0.76. Rare path: logaddexp
// where the sum nearly cancels.
#pragma once
#include "double_double.h"
#include "exp_f64.h"
#include "log_f64.h"

COREPY_BEGIN
namespace math {

// Negative unless x is positive, normal and finite and |y| < 2^200: the logarithm, the exponential and nothing
// else.
COREPY_INLINE int64_t pow_strange(double x, double y) {
  return log_strange(x) | bit_cast<int64_t>(0x4c70000000000000u - 1 - (bits(y) & 0x7fffffffffffffffu));
}

// y log|x| in |x|^y = exp(y log|x|), the logarithm and the product as sums of two doubles (about 2^-64: y log|x| reaches
// 745), with one rounding of 0.5 ulp at the end of exp. All special cases of C99 Annex F are selects: no rare
// path.
template <bool ordinary = false>
COREPY_INLINE Pair<double> pow_exponent(double x, double y) {
  double ax = __builtin_fabs(x), ay = __builtin_fabs(y);
  log64::Split<double> v = log64::split<ordinary>(ordinary ? x : ax);
  Pair<double> l = log64::log_pair(v.exponent, v.mantissa - 1.0, 0.0);
  if constexpr (!ordinary) {
    l.high = ax == 0.0 ? -__builtin_inf() : l.high;
    l.high = ax < __builtin_inf() ? l.high : ax;
  }
  // Beyond 2^200 no y has a finite result but 1, which the selects below give; the splitting of the product
  // stays finite.
  double b = !ordinary && ay > 0x1p200 ? __builtin_copysign(0x1p200, y) : y;
  Pair<double> e = two_product(b, l.high);
  double low = mul_add(b, l.low, e.low);
  return {e.high, __builtin_fabs(e.high) < 1000.0 ? low : 0.0};
}

// x^y from e = y log|x|.
template <bool ordinary = false>
COREPY_INLINE double pow_of_exponent(Pair<double> e, double x, double y) {
  double ay = __builtin_fabs(y);
  double r = exp64::exp_pair(e.high, e.low);
  if constexpr (ordinary) return r;

  // y is an integer, and odd? Below 2^52 adding 2^52 leaves the integer part in the low mantissa bits.
  bool small = ay < 0x1p52;
  double t = small ? ay + 0x1p52 : ay;
  double back = small ? t - 0x1p52 : t;
  bool integer = back == ay;
  uint64_t parity = ay < 0x1p53 ? bits(t) << 63 : 0;
  parity = integer ? parity : 0;
  r = from_bits(bits(r) | (bits(x) & parity));
  bool finite_negative = x < 0.0 && x > -__builtin_inf();
  r = finite_negative && !integer ? __builtin_nan("") : r;
  r = y == 0.0 ? 1.0 : r;
  return x == 1.0 ? 1.0 : r;
}

COREPY_INLINE double pow(double x, double y) { return pow_of_exponent(pow_exponent(x, y), x, y); }

// sqrt(x^2 + y^2) with the sum of the squares and the root as sums of two doubles. Arguments beyond 2^+-500
// are scaled by a power of two. An infinity wins over NaN.
COREPY_INLINE double hypot(double x, double y) {
  double p = __builtin_fabs(x), q = __builtin_fabs(y);
  bool swap = p < q;
  double a = swap ? q : p, b = swap ? p : q;
  double scale = a > 0x1p500 ? 0x1p-600 : 1.0;
  scale = a < 0x1p-400 ? 0x1p600 : scale;
  double unscale = a > 0x1p500 ? 0x1p600 : 1.0;
  unscale = a < 0x1p-400 ? 0x1p-600 : unscale;
  a *= scale;
  b *= scale;
  Pair<double> aa = two_product(a, a), bb = two_product(b, b);
  Pair<double> h = fast_two_sum(aa.high, bb.high);
  double low = h.low + (aa.low + bb.low);
  double r = __builtin_sqrt(h.high);
  Pair<double> rr = two_product(r, r);
  double rest = ((h.high - rr.high) - rr.low) + low;
  // 1 / (2 r) to 6 % by exponent arithmetic: the correction is below an ulp.
  double y0 = mul_add(rest, from_bits(0x7fce623822fc16e6u - bits(r)), r);
  y0 = h.high > 0.0 ? y0 : h.high;
  y0 *= unscale;
  bool infinite = p == __builtin_inf() || q == __builtin_inf();
  return infinite ? __builtin_inf() : y0;
}

// m + log(1 + e^d), m the larger argument, d = -|x - y| with its rounding error; e^d and the logarithm as
// sums of two doubles. For -0.7 < m < 0 the sum may cancel; the terms are therefore good to about 2^-65 in
// absolute value (measured 2^-64.5), which is 1 ulp of every result with |result| >= 2^-11; nearer to 0 the
// relative error grows as 1 / |result|. e^r is computed as (e^(r/8))^8, so that only terms below 2^-16 are
// plain doubles.
COREPY_INLINE double logaddexp(double x, double y) {
  using namespace exp64;
  bool swap = x < y;
  double m = swap ? y : x, l = swap ? x : y;
  Pair<double> d = two_sum(l, -m);
  bool far = d.high < -746.0;  // e^d is 0
  double dh = far ? -746.0 : d.high;
  double dl = far ? 0.0 : d.low;
  Reduced v = reduce<1022>(dh);
  double high = 0.125 * v.high, low = 0.125 * (v.low + dl);
  double r = high + low;
  double r2 = r * r;
  Pair<double> square = two_product(high, 0.5 * high);
  double tail = mul_add(r2 * r, expm1_tail(r, r2), mul_add(high, low, low) + square.low);
  Pair<double> s0 = fast_two_sum(1.0, high);
  Pair<double> s1 = fast_two_sum(s0.high, square.high);
  Pair<double> e = fast_two_sum(s1.high, s1.low + (s0.low + tail));
  for (int i = 0; i < 3; i++) {
    Pair<double> p = two_product(e.high, e.high);
    e = fast_two_sum(p.high, mul_add(2.0 * e.high, e.low, p.low));
  }
  uint64_t k = v.biased << 52;
  bool tiny = dh < -700.0;
  k = tiny ? k + (uint64_t{100} << 52) : k;
  double power = from_bits(k);
  double factor = tiny ? 0x1p-99 : 2.0;
  e.high = e.high * power * factor;
  e.low = e.low * power * factor;
  // log(1 + e), 1 <= 1 + e <= 2
  Pair<double> u = fast_two_sum(1.0, e.high);
  u.low += e.low;
  bool upper = u.high >= 1.375;
  double f = upper ? 0.5 * u.high - 1.0 : e.high;
  Pair<double> g = log64::log_pair(upper ? 1.0 : 0.0, f, upper ? 0.5 * u.low : e.low);
  bool linear = e.high < 0x1p-900;  // where halving could round
  g.high = linear ? e.high : g.high;
  g.low = linear ? e.low : g.low;
  Pair<double> h = two_sum(m, g.high);
  double z = h.high + (h.low + g.low);
  z = __builtin_fabs(m) == __builtin_inf() ? m : z;
  z = x == x ? z : x;
  return y == y ? z : y;
}

// The sum nearly cancels: its logarithm is near 0, where the terms above are good to 2^-65 only in
// absolute value. From the result itself, so that ordinary data costs one more pass over the formula
// (still half of NumPy's time) and never takes the slow path.
COREPY_INLINE uint64_t logaddexp_rare(double x, double y) { return __builtin_fabs(logaddexp(x, y)) < 0x1p-11 ? 1 : 0; }

// log(e^x + e^y) = log1p((e^m - 1) + e^l) in double-double, for a result near 0: m lies in
// (-0.7, 0.001), l below it. Absolute error below 2^-104: 1 ulp of every |result| >= 2^-50; beyond, the
// arguments' own last bits would have to be wider.
COREPY_NOINLINE inline double logaddexp_slow(double x, double y) {
  namespace dd = double_double;
  bool swap = x < y;
  double m = swap ? y : x, l = swap ? x : y;
  dd::Number rest = l < -745.0 ? dd::Number{0.0, 0.0} : dd::exp(l);
  dd::Number sum = dd::add(dd::expm1({m, 0.0}), rest);
  dd::Number result = dd::log1p(sum);
  return result.high + result.low;
}

}  // namespace math
COREPY_END
