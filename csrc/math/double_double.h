// Arithmetic on unevaluated sums of two doubles (106 bits), for rare paths where even long double is
// too short. After Hida, Li and Bailey, "Library for double-double and quad-double arithmetic" (2007).
#pragma once
#include "../scalar.h"

COREPY_BEGIN

namespace math {
namespace double_double {

using Number = Pair<double>;

inline Number add(Number a, Number b) {
  Number s = two_sum(a.high, b.high), t = two_sum(a.low, b.low);
  s = fast_two_sum(s.high, s.low + t.high);
  return fast_two_sum(s.high, s.low + t.low);
}

inline Number multiply(Number a, Number b) {
  Number p = two_product(a.high, b.high);
  return fast_two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

inline Number divide(Number a, double b) {
  double q = a.high / b;
  Number p = two_product(q, b);
  return fast_two_sum(q, ((a.high - p.high) - p.low + a.low) / b);
}

// e^x - 1 for |x| < 1 by its Taylor series: 32 terms end below 2^-106.
inline Number expm1(Number x) {
  Number sum = {1.0, 0.0};
  for (int k = 32; k >= 2; --k) sum = add({1.0, 0.0}, divide(multiply(x, sum), k));
  return multiply(x, sum);
}

// e^x for -745 <= x <= 0, relative error about 2^-96.
inline Number exp(double x) {
  double n = __builtin_rint(x * 0x1.71547652b82fep+0);
  // n ln 2 in three doubles
  Number high = two_product(n, 0x1.62e42fefa39efp-1), low = two_product(n, 0x1.abc9e3b39803fp-56);
  Number r = add({x, 0.0}, {-high.high, -high.low});
  r = add(r, {-low.high, -low.low});
  r = add(r, {-n * 0x1.7b57a079a1934p-111, 0.0});
  Number e = add({1.0, 0.0}, expm1(r));
  int half = static_cast<int>(n) / 2, rest = static_cast<int>(n) - half;
  double first = from_bits(static_cast<uint64_t>(1023 + half) << 52);
  double second = from_bits(static_cast<uint64_t>(1023 + rest) << 52);
  return {e.high * first * second, e.low * first * second};
}

// log(1 + s) for |s| < 2^-8 by its Taylor series: 14 terms end below 2^-110 of the first.
inline Number log1p(Number s) {
  Number sum = {0.0, 0.0}, minus = {-s.high, -s.low};
  for (int k = 14; k >= 2; --k) sum = multiply(minus, add(divide({1.0, 0.0}, k), sum));
  return multiply(s, add({1.0, 0.0}, sum));
}

}  // namespace double_double
}  // namespace math
COREPY_END
