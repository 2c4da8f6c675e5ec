// Elementary functions of complex numbers, with the special cases of the Array API standard 2025.12
// (C99's Annex G almost everywhere) and continuous up to the branch cuts from the side that the sign
// of zero names. The C library supplies real functions only: its complex ones differ between
// libraries and versions (ctanh(0 + inf j), ctanh(inf + y j)), and glibc's cpow loses up to 10 bits.
//
// Methods:
//   asin, acos: T. E. Hull, T. F. Fairgrieve, P. T. P. Tang, "Implementing the Complex Arcsine and
//     Arccosine Functions Using Exception Handling", ACM TOMS 23(3), 1997; asinh, acosh by rotation.
//   tanh, atanh, signed zeros: W. Kahan, "Branch Cuts for Complex Elementary Functions, or Much Ado
//     About Nothing's Sign Bit", 1987.
//   log, log1p: x^2 + y^2 - 1 summed exactly (Dekker products, Knuth sums) where it cancels.
//
// Measured errors in ulp (of the modulus; of the worse component), Complex<double> against mpmath on
// random points of all magnitudes, near |z| = 1, |1 + z| = 1, +-1, +-j, on both axes and both sides
// of the cuts; all but pow give the same bits on the three instruction sets:
//   exp 1.7; 2.0    expm1 2.5; unbounded where re = 0 crosses    log 2.4; 2.4    log1p 3.8; 3.8
//   log2 2.1; 2.4   log10 2.4; 2.5    sin, cos, sinh, cosh 2.8; 3.8    tan, tanh 6.0; 6.4
//   asin, acos, asinh, acosh 4.0; 4.2    atan, atanh 2.6; 2.9    pow 2.5; unbounded likewise
// Complex<float> is computed through double, which leaves each component one rounding error: 0.5 ulp
// (0.51 with the rare double rounding), except expm1 and pow where a component all but cancels.
#pragma once
#include "complex_basic.h"

COREPY_BEGIN

namespace math {

namespace complex_detail {

constexpr double kPi = 0x1.921fb54442d18p+1, kHalfPi = 0x1.921fb54442d18p+0;
constexpr double kLn2 = 0x1.62e42fefa39efp-1;

COREPY_INLINE double infinity() { return __builtin_inf(); }
COREPY_INLINE double not_a_number() { return __builtin_nan(""); }
// A zero of x's sign; +0 for a NaN, whose sign is an accident.
COREPY_INLINE double zero_like(double x) { return nan(x) ? 0.0 : with_sign(0.0, x); }
// i * conj(z): turns sinh, tanh, asinh, atanh into their circular counterparts without a negation,
// as all four are odd and commute with conj.
COREPY_INLINE Complex<double> swap(Complex<double> z) { return {z.im, z.re}; }

// e^x * (c + s j). Beyond e^709 the factors go one by one: e^x may overflow where the product with a
// small c or s does not. The subtraction is exact.
inline Complex<double> exp_polar(double x, double c, double s) {
  const double e709 = 0x1.d422d2be5dc9bp+1022;
  for (int step = 0; step < 2 && x > 709.0; ++step) {
    c *= e709;
    s *= e709;
    x -= 709.0;
  }
  double e = __builtin_exp(x);
  return {c == 0.0 ? c : e * c, s == 0.0 ? s : e * s};
}

// Above this e^-2|x| vanishes beside 1: cosh, |sinh| = e^|x| / 2 and tanh = +-1.
constexpr double kLargeHyperbolic = 22.0;

struct CoshSinh {
  double cosh, sinh;
};
// Both from one expm1, for |x| <= kLargeHyperbolic.
COREPY_INLINE CoshSinh cosh_sinh(double x) {
  double e = __builtin_expm1(magnitude(x)), quotient = e / (e + 1.0);
  return {1.0 + 0.5 * e * quotient, with_sign(0.5 * (e + quotient), x)};
}

// t + x^2 + y^2 where t cancels against the squares; high + low holds it to ~100 bits.
COREPY_INLINE Pair<double> squares_plus(double t, double x, double y) {
  Pair<double> p = two_product(x, x), q = two_product(y, y);
  Pair<double> a = two_sum(p.high, t), b = two_sum(a.high, q.high);
  Pair<double> c = two_sum(p.low, q.low), d = two_sum(a.low, b.low);
  Pair<double> e = two_sum(c.high, d.high), f = two_sum(b.high, e.high);
  return fast_two_sum(f.high, f.low + (e.low + (c.low + d.low)));
}

// Within these bounds of |z|^2 the logarithm needs |z|^2 - 1 rather than |z|^2.
constexpr double kNearOneLow = 0.5, kNearOneHigh = 2.0;

// log|x + y j| in base e, 2 or 10. The base's own library function keeps log2(8) == 3.
enum class Base { e, two, ten };
template <Base kBase>
inline double log_modulus(double x, double y) {
  const double scaled_log = kBase == Base::e ? kLn2 : kBase == Base::two ? 1.0 : 0x1.34413509f79ffp-2;
  const double base_log = kBase == Base::e ? 1.0 : kBase == Base::two ? 0x1.71547652b82fep+0 : 0x1.bcb7b1526e50ep-2;
  if (infinite(x) || infinite(y)) return infinity();
  double size = larger(x, y), exponent = 0.0;
  if (size > 0x1p510) {
    x *= 0x1p-600, y *= 0x1p-600, exponent = 600.0;
  } else if (size < 0x1p-480) {
    x *= 0x1p600, y *= 0x1p600, exponent = -600.0;
  }
  double square = x * x + y * y;
  if (square > kNearOneLow && square < kNearOneHigh && exponent == 0.0) {
    return 0.5 * __builtin_log1p(squares_plus(-1.0, x, y).high) * base_log;
  }
  double log = kBase == Base::e     ? __builtin_log(square)
               : kBase == Base::two ? __builtin_log2(square)
                                    : __builtin_log10(square);
  return 0.5 * log + exponent * scaled_log;
}

template <Base kBase>
inline Complex<double> log_in_base(Complex<double> z) {
  const double base_log = kBase == Base::two ? 0x1.71547652b82fep+0 : 0x1.bcb7b1526e50ep-2;
  double angle = __builtin_atan2(z.im, z.re);
  return {log_modulus<kBase>(z.re, z.im), kBase == Base::e ? angle : angle * base_log};
}

struct ArcParts {
  double real, imaginary;  // both >= 0
};
// Hull, Fairgrieve and Tang: the real part of asin (kCosine: acos) and the shared imaginary part, for
// x, y >= 0, infinities included. r and s are the distances from the foci -1 and 1.
template <bool kCosine>
inline ArcParts arc_parts(double x, double y) {
  const double large = 0x1p28;  // 1 / |z|^2 vanishes beside 1 from here
  if (x > large || y > large) {
    return {kCosine ? __builtin_atan2(y, x) : __builtin_atan2(x, y), log_modulus<Base::e>(x, y) + kLn2};
  }
  double r = hypot(x + 1.0, y), s = hypot(x - 1.0, y);
  double a = 0.5 * (r + s), b = x / a;
  double real, imaginary;
  if (b <= 0.6417) {  // the paper's crossover: below, asin and acos are well conditioned
    real = kCosine ? __builtin_acos(b) : __builtin_asin(b);
  } else if (x <= 1.0) {
    double root = __builtin_sqrt(0.5 * (a + x) * (y * y / (r + x + 1.0) + (s + (1.0 - x))));
    real = kCosine ? __builtin_atan(root / x) : __builtin_atan(x / root);
  } else {
    double root = y * __builtin_sqrt(0.5 * ((a + x) / (r + x + 1.0) + (a + x) / (s + (x - 1.0))));
    real = kCosine ? __builtin_atan(root / x) : __builtin_atan(x / root);
  }
  if (x < 1.0 && y < 0x1p-53 * (1.0 - x)) {  // y^2 may underflow, and is not needed
    imaginary = y / __builtin_sqrt((1.0 - x) * (1.0 + x));
  } else if (a <= 1.5) {
    double beyond = x < 1.0 ? y * y / (s + (1.0 - x)) : s + (x - 1.0);
    double excess = y * y / (r + x + 1.0) + beyond;  // 2 (a - 1), not halved: it may be subnormal
    imaginary = __builtin_log1p(0.5 * excess + __builtin_sqrt(excess * (0.5 * (a + 1.0))));
  } else {
    imaginary = __builtin_log(a + __builtin_sqrt(a * a - 1.0));
  }
  return {real, imaginary};
}

}  // namespace complex_detail

inline Complex<double> exp(Complex<double> z) {
  using namespace complex_detail;
  if (z.im == 0.0) return {__builtin_exp(z.re), z.im};
  if (!finite(z.im) && infinite(z.re)) {
    return z.re < 0.0 ? Complex<double>{0.0, zero_like(z.im)} : Complex<double>{infinity(), not_a_number()};
  }
  return exp_polar(z.re, __builtin_cos(z.im), __builtin_sin(z.im));
}

// e^x cos y - 1 = expm1(x) cos y - 2 sin(y/2)^2: near 0 neither term swallows the other.
inline Complex<double> expm1(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (y == 0.0) return {__builtin_expm1(x) + 0.0, y};  // the standard wants +0 for -0 + 0j
  if (!finite(y) && infinite(x)) {
    return x < 0.0 ? Complex<double>{-1.0, zero_like(y)} : Complex<double>{infinity(), not_a_number()};
  }
  double c = __builtin_cos(y), s = __builtin_sin(y);
  if (x > 700.0) return exp_polar(x, c, s);
  double half = __builtin_sin(0.5 * y), e = __builtin_expm1(x);
  // e + 1 has lost digits of e^x only where e^x is small, and there it is not worth a second call.
  double power = x > -1.0 ? e + 1.0 : __builtin_exp(x);
  return {e * c - 2.0 * half * half, power * s};
}

inline Complex<double> log(Complex<double> z) { return complex_detail::log_in_base<complex_detail::Base::e>(z); }
inline Complex<double> log2(Complex<double> z) { return complex_detail::log_in_base<complex_detail::Base::two>(z); }
inline Complex<double> log10(Complex<double> z) { return complex_detail::log_in_base<complex_detail::Base::ten>(z); }

// |1 + z|^2 - 1 = 2x + x^2 + y^2, summed exactly where 1 + z is near the unit circle.
inline Complex<double> log1p(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im, shifted = 1.0 + x, square = shifted * shifted + y * y;
  double angle = __builtin_atan2(y, shifted);
  if (square > kNearOneLow && square < kNearOneHigh) {
    return {0.5 * __builtin_log1p(squares_plus(2.0 * x, x, y).high), angle};
  }
  return {log_modulus<Base::e>(shifted, y), angle};
}

inline Complex<double> cosh(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (y == 0.0) return {__builtin_cosh(x), with_sign(1.0, x) * y};
  if (!finite(y)) {
    if (x == 0.0) return {not_a_number(), with_sign(1.0, x) * zero_like(y)};
    return {infinite(x) ? infinity() : not_a_number(), not_a_number()};
  }
  double c = __builtin_cos(y), s = __builtin_sin(y);
  if (magnitude(x) > kLargeHyperbolic) return exp_polar(magnitude(x), 0.5 * c, with_sign(0.5, x) * s);
  CoshSinh h = cosh_sinh(x);
  return {h.cosh * c, h.sinh * s};
}

inline Complex<double> sinh(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (y == 0.0) return {__builtin_sinh(x), y};
  if (!finite(y)) return {x == 0.0 || infinite(x) ? x : not_a_number(), not_a_number()};
  double c = __builtin_cos(y), s = __builtin_sin(y);
  if (magnitude(x) > kLargeHyperbolic) return exp_polar(magnitude(x), with_sign(0.5, x) * c, 0.5 * s);
  CoshSinh h = cosh_sinh(x);
  return {h.sinh * c, h.cosh * s};
}

// sinh x cosh x + sin y cos y j over sinh^2 x + cos^2 y: a sum of squares cannot cancel.
inline Complex<double> tanh(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (y == 0.0) return {__builtin_tanh(x), y};
  // The standard's +-0 here takes the sign of y, where C99 asks for that of sin 2y.
  if (infinite(x)) return {with_sign(1.0, x), zero_like(y)};
  if (!finite(y)) return {x == 0.0 ? x : not_a_number(), not_a_number()};
  double c = __builtin_cos(y), s = __builtin_sin(y);
  if (magnitude(x) > kLargeHyperbolic) {
    return {with_sign(1.0, x), 4.0 * s * c * __builtin_exp(-2.0 * magnitude(x))};
  }
  CoshSinh h = cosh_sinh(x);
  double divisor = h.sinh * h.sinh + c * c;
  return {h.sinh * h.cosh / divisor, s * c / divisor};
}

// cos z = cosh(jz) with cosh even; the others turn by swap.
inline Complex<double> cos(Complex<double> z) { return cosh({-z.im, z.re}); }
inline Complex<double> sin(Complex<double> z) { return complex_detail::swap(sinh(complex_detail::swap(z))); }
inline Complex<double> tan(Complex<double> z) { return complex_detail::swap(tanh(complex_detail::swap(z))); }

inline Complex<double> acos(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (nan(x) || nan(y)) {
    if (infinite(x)) return {not_a_number(), x};
    if (infinite(y)) return {not_a_number(), -y};
    return {x == 0.0 ? kHalfPi : not_a_number(), not_a_number()};
  }
  ArcParts arc = arc_parts<true>(magnitude(x), magnitude(y));
  return {__builtin_signbit(x) ? kPi - arc.real : arc.real, with_sign(arc.imaginary, -y)};
}

// j acos(z) in the upper half-plane, continued by conj.
inline Complex<double> acosh(Complex<double> z) {
  Complex<double> w = acos(z);
  return {complex_detail::magnitude(w.im), complex_detail::with_sign(w.re, z.im)};
}

inline Complex<double> asinh(Complex<double> z) {
  using namespace complex_detail;
  double x = z.re, y = z.im;
  if (nan(x) || nan(y)) {
    if (infinite(x)) return {x, not_a_number()};
    if (infinite(y)) return {infinity(), not_a_number()};
    return {not_a_number(), y == 0.0 ? y : not_a_number()};
  }
  ArcParts arc = arc_parts<false>(magnitude(y), magnitude(x));
  return {with_sign(arc.imaginary, x), with_sign(arc.real, y)};
}
inline Complex<double> asin(Complex<double> z) { return complex_detail::swap(asinh(complex_detail::swap(z))); }

// log1p(4x / ((1-x)^2 + y^2)) / 4 and atan2(2y, (1-x)(1+x) - y^2) / 2 for x = |re|; neither argument
// cancels where its result does.
inline Complex<double> atanh(Complex<double> z) {
  using namespace complex_detail;
  double x = magnitude(z.re), y = magnitude(z.im), re, im;
  if (nan(x) || nan(y)) {
    if (infinite(x) || (x == 0.0)) return {with_sign(0.0, z.re), not_a_number()};
    if (infinite(y)) return {0.0, with_sign(kHalfPi, z.im)};
    return {not_a_number(), not_a_number()};
  }
  double size = larger(x, y);
  if (size > 0x1p60) {  // 1/z + j pi/2
    double a = x / size, b = y / size;
    re = infinite(size) ? 0.0 : a / (a * a + b * b) / size;
    im = kHalfPi;
  } else {
    double to_one = 1.0 - x;
    // At x = 1 the square of a tiny y would underflow; |log y| has all the information.
    re = to_one == 0.0 && y < 0x1p-40 ? 0.5 * (kLn2 - __builtin_log(y))
                                      : 0.25 * __builtin_log1p(4.0 * x / (to_one * to_one + y * y));
    im = 0.5 * __builtin_atan2(2.0 * y, to_one * (1.0 + x) - y * y);
  }
  return {with_sign(re, z.re), with_sign(im, z.im)};
}
inline Complex<double> atan(Complex<double> z) { return complex_detail::swap(atanh(complex_detail::swap(z))); }

namespace complex_detail {

// e^(w log z) for finite z != 0 and w. An error of log z counts |w| times, so that its 53 bits leave 43
// of a result near overflow; with long double's 64 (x86) the exponent is good to 54. Where long
// double is double, this is the C library's accuracy.
inline Complex<double> general_power(Complex<double> z, Complex<double> w) {
  using Wide = long double;
  double x = z.re, y = z.im, size = larger(x, y);
  int exponent = size > 0x1p510 ? 600 : size < 0x1p-480 ? -600 : 0;
  if (exponent != 0) {
    double scale = exponent > 0 ? 0x1p-600 : 0x1p600;
    x *= scale, y *= scale;
  }
  Wide square = static_cast<Wide>(x) * x + static_cast<Wide>(y) * y, log;
  if (square > kNearOneLow && square < kNearOneHigh && exponent == 0) {
    Pair<double> excess = squares_plus(-1.0, x, y);
    log = 0.5L * __builtin_log1pl(static_cast<Wide>(excess.high) + excess.low);
  } else {
    log = 0.5L * __builtin_logl(square) + exponent * 0.693147180559945309417232121458176568L;
  }
  Wide angle = __builtin_atan2l(static_cast<Wide>(y), static_cast<Wide>(x));
  Wide re = w.re * log - w.im * angle, im = w.im * log + w.re * angle;
  // Round to double and carry the remainder to first order.
  double re_high = static_cast<double>(re), im_high = static_cast<double>(im);
  double re_low = finite(re_high) ? static_cast<double>(re - re_high) : 0.0;
  double im_low = finite(im_high) ? static_cast<double>(im - im_high) : 0.0;
  double c = __builtin_cos(im_high), s = __builtin_sin(im_high);
  double turned = s == 0.0 ? s : s + (s * re_low + c * im_low);  // + 0.0 would lose a -0
  return exp_polar(re_high, c + (c * re_low - s * im_low), turned);
}
// The same for a result of 24 bits.
inline Complex<double> general_power_24(Complex<double> z, Complex<double> w) {
  double log = log_modulus<Base::e>(z.re, z.im), angle = __builtin_atan2(z.im, z.re);
  double re = w.re * log - w.im * angle, im = w.im * log + w.re * angle;
  return exp_polar(re, __builtin_cos(im), __builtin_sin(im));
}

// NumPy's cases: anything ^ 0 is 1; 0 ^ w is 0 for re(w) > 0, else NaN; small integer exponents
// multiply; infinities go through exp(w log z) with the product of C99's Annex G.
template <bool kDouble>
inline Complex<double> power(Complex<double> z, Complex<double> w) {
  if (w.re == 0.0 && w.im == 0.0) return {1.0, 0.0};
  if (z.re == 0.0 && z.im == 0.0) {
    double value = w.re > 0.0 ? 0.0 : not_a_number();
    return {value, value};
  }
  bool all_finite = isfinite(z) && isfinite(w);
  if (w.im == 0.0 && magnitude(w.re) < 100.0 && w.re == round_even(w.re)) {
    int n = static_cast<int>(w.re);
    if (n == 1) return z;
    Complex<double> result = integer_power<kDouble>(z, static_cast<unsigned>(n < 0 ? -n : n));
    // Outside this range low parts have underflowed or the splitting has overflowed.
    double size = larger(result.re, result.im);
    if (isfinite(result) && size > 0x1p-900 && size < 0x1p900) return n < 0 ? reciprocal(result) : result;
    if (!all_finite && n == 2) return result;  // as NumPy, whose ** 2 is square
  }
  if (all_finite && w.re == 0.5 && w.im == 0.0) return sqrt(z);
  if (all_finite) return kDouble ? general_power(z, w) : general_power_24(z, w);
  return exp(annex_g_product(w, log(z)));
}

}  // namespace complex_detail

inline Complex<double> pow(Complex<double> z, Complex<double> w) { return complex_detail::power<true>(z, w); }
inline Complex<float> pow(Complex<float> z, Complex<float> w) {
  return narrow(complex_detail::power<false>(widen(z), widen(w)));
}

#define COREPY_THROUGH_DOUBLE(name) \
  inline Complex<float> name(Complex<float> z) { return narrow(name(widen(z))); }
COREPY_THROUGH_DOUBLE(exp)
COREPY_THROUGH_DOUBLE(expm1)
COREPY_THROUGH_DOUBLE(log)
COREPY_THROUGH_DOUBLE(log1p)
COREPY_THROUGH_DOUBLE(log2)
COREPY_THROUGH_DOUBLE(log10)
COREPY_THROUGH_DOUBLE(sin)
COREPY_THROUGH_DOUBLE(cos)
COREPY_THROUGH_DOUBLE(tan)
COREPY_THROUGH_DOUBLE(sinh)
COREPY_THROUGH_DOUBLE(cosh)
COREPY_THROUGH_DOUBLE(tanh)
COREPY_THROUGH_DOUBLE(asin)
COREPY_THROUGH_DOUBLE(acos)
COREPY_THROUGH_DOUBLE(atan)
COREPY_THROUGH_DOUBLE(asinh)
COREPY_THROUGH_DOUBLE(acosh)
COREPY_THROUGH_DOUBLE(atanh)
#undef COREPY_THROUGH_DOUBLE

}  // namespace math

COREPY_END
