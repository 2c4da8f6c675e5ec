// Hyperbolic functions and their inverses in double.
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

}  // namespace hyperbolic64

// tanh|x| = -t / (2 + t) with t = expm1(-2|x|) in (-1, 0], as an unevaluated sum of two doubles; one division, whose
// rounding error and the low parts are put back by one Newton step.
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

}  // namespace math
COREPY_END
