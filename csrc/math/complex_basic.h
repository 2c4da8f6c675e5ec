// Complex numbers: the type and its arithmetic. All public functions are branch-free (selects only),
// so that a loop over them vectorises on each instruction set.
//
// Complex<float> divides, inverts and takes roots through double, where neither overflow nor underflow
// can happen; Complex<double> scales its operands by powers of two, which is exact.
//
// Measured errors against mpmath in ulp of the modulus, over the whole exponent range (float in
// parentheses, whose components are also each within 0.51 ulp of their own, abs aside):
//   abs 0.86 (0.86)      sqrt 1.7 (0.71)      divide 2.4 (0.71)      reciprocal 2.0 (0.71)
//   sign 1.9 (0.71)      multiply, square: the plain formula, as NumPy
#pragma once
#include "../scalar.h"

COREPY_BEGIN

// Laid out as C's complex and as an array T[2].
template <class T>
struct Complex {
  T re, im;
};
static_assert(sizeof(Complex<float>) == 8 && sizeof(Complex<double>) == 16, "padding in Complex");

namespace math {

COREPY_INLINE Complex<double> widen(Complex<float> z) { return {static_cast<double>(z.re), static_cast<double>(z.im)}; }
COREPY_INLINE Complex<float> narrow(Complex<double> z) { return {static_cast<float>(z.re), static_cast<float>(z.im)}; }

namespace complex_detail {

COREPY_INLINE double magnitude(double x) { return __builtin_fabs(x); }
COREPY_INLINE float magnitude(float x) { return __builtin_fabsf(x); }
COREPY_INLINE double with_sign(double x, double sign) { return __builtin_copysign(x, sign); }
COREPY_INLINE float with_sign(float x, float sign) { return __builtin_copysignf(x, sign); }

// Comparisons, not classification builtins: these become vector compares on every target.
template <class T>
COREPY_INLINE bool nan(T x) {
  return x != x;
}
template <class T>
COREPY_INLINE bool infinite(T x) {
  return magnitude(x) == static_cast<T>(__builtin_inf());
}
template <class T>
COREPY_INLINE bool finite(T x) {
  return magnitude(x) < static_cast<T>(__builtin_inf());
}

// max(|re|, |im|); not meaningful with a NaN.
COREPY_INLINE double larger(double re, double im) {
  double a = magnitude(re), b = magnitude(im);
  return a > b ? a : b;
}

// 2^-4 next to the overflow threshold, 2^200 where squares or quotients lose bits to underflow, else
// 1. Scaling down by 2^-4 only keeps a small component beside a huge one.
COREPY_INLINE double mild_scale(double size) { return size >= 0x1p1020 ? 0x1p-4 : size < 0x1p-900 ? 0x1p200 : 1.0; }

// sqrt(a^2 + b^2). The sum of squares is formed in double-double and rounded once, which costs at
// most 0.354 ulp of the root; the root's own rounding adds 0.5. Powers of two keep squares in range.
template <class T>
COREPY_INLINE T hypot_scaled(T a, T b, T big_from, T small_below, T down, T up) {
  T x = magnitude(a), y = magnitude(b);
  T high = x > y ? x : y, low = x > y ? y : x;
  bool big = high >= big_from, small = high < small_below;
  T scale = big ? down : small ? up : T(1);
  T unscale = big ? T(1) / down : small ? T(1) / up : T(1);  // constants
  high *= scale;
  low *= scale;
  Pair<T> p = two_product(high, high), q = two_product(low, low);
  Pair<T> sum = fast_two_sum(p.high, q.high);
  T square = sum.high + (sum.low + (p.low + q.low));
  T root = static_cast<T>(sizeof(T) == 8 ? __builtin_sqrt(square) : __builtin_sqrtf(square)) * unscale;
  // An infinity makes the corrections NaN; a NaN must lose against an infinity.
  bool infinity = infinite(a) | infinite(b);
  return infinity ? static_cast<T>(__builtin_inf()) : nan(a) | nan(b) ? static_cast<T>(__builtin_nan("")) : root;
}
COREPY_INLINE double hypot(double a, double b) { return hypot_scaled(a, b, 0x1p500, 0x1p-400, 0x1p-600, 0x1p600); }
COREPY_INLINE float hypot(float a, float b) {
#if defined(__FMA__) || defined(__aarch64__)
  return hypot_scaled(a, b, 0x1p60f, 0x1p-50f, 0x1p-80f, 0x1p100f);
#else
  // Without fma the detour through double, which holds the squares exactly, is the faster one.
  double x = static_cast<double>(a), y = static_cast<double>(b);
  float root = static_cast<float>(__builtin_sqrt(x * x + y * y));
  bool infinity = infinite(a) | infinite(b);
  return infinity ? __builtin_inff() : root;
#endif
}

// Smith's algorithm ("Algorithm 116: Complex division", CACM 5, 1962) on operands scaled as Baudin
// and Smith ("A Robust Complex Division in Scilab", 2012) recommend, so that the quotient is right
// wherever it is representable. The formula decides the special cases, which are thus NumPy's: a zero
// divisor gives re/0 and im/0 with the divisor's sign ignored. True divisions instead of NumPy's
// product with a reciprocal: 3/10 is then 0.3.
template <bool kScale>
COREPY_INLINE Complex<double> smith_divide(Complex<double> z, Complex<double> w) {
  double a = z.re, b = z.im, c = w.re, d = w.im, unscale = 1.0;
  if (kScale) {
    // Half exponents: `unscale` is applied twice, so that no factor of it over- or underflows alone.
    double z_size = larger(a, b), w_size = larger(c, d);
    bool z_big = z_size >= 0x1p1020, z_small = z_size < 0x1p-400;
    bool w_big = w_size >= 0x1p500, w_small = w_size < 0x1p-400;
    double z_scale = z_big ? 0x1p-4 : z_small ? 0x1p600 : 1.0;
    double w_scale = w_big ? 0x1p-500 : w_small ? 0x1p600 : 1.0;
    unscale = (z_big ? 0x1p2 : z_small ? 0x1p-300 : 1.0) * (w_big ? 0x1p-250 : w_small ? 0x1p300 : 1.0);
    a *= z_scale;
    b *= z_scale;
    c *= w_scale;
    d *= w_scale;
  }
  bool swap = !(magnitude(c) >= magnitude(d));
  double p = swap ? d : c, q = swap ? c : d;
  double u = swap ? b : a, v = swap ? a : b;
  double ratio = q / p;
  // Fused by intent, see multiply. `swapped` is no negation, so that zeros keep NumPy's sign.
  double divisor = mul_add(q, ratio, p);
  double imaginary = mul_add(-u, ratio, v), swapped = mul_add(u, ratio, -v);
  bool zero = (w.re == 0.0) & (w.im == 0.0);
  double re = zero ? z.re : mul_add(v, ratio, u), im = zero ? z.im : swap ? swapped : imaginary;
  divisor = zero ? 0.0 : divisor;
  if (kScale) return {re / divisor * unscale * unscale, im / divisor * unscale * unscale};
  double inverse = 1.0 / divisor;  // 24 bits can do with one division
  return {re * inverse, im * inverse};
}

// 1 / z by the same algorithm. 1 / 0 is NaN + NaN j, as NumPy's reciprocal has it.
template <bool kScale>
COREPY_INLINE Complex<double> smith_reciprocal(Complex<double> z) {
  double c = z.re, d = z.im, scale = 1.0;
  if (kScale) {
    double size = larger(c, d);
    scale = size >= 0x1p500 ? 0x1p-500 : size < 0x1p-400 ? 0x1p500 : 1.0;
    c *= scale;
    d *= scale;
  }
  bool swap = !(magnitude(c) >= magnitude(d));
  double p = swap ? d : c, q = swap ? c : d;
  double ratio = q / p;
  double divisor = mul_add(q, ratio, p);
  double inverse = 1.0 / divisor, other = ratio * inverse;
  return {(swap ? other : inverse) * scale, -(swap ? inverse : other) * scale};
}

// z / |z|, where the caller has brought z into a range in which |z| keeps its bits.
template <class T>
COREPY_INLINE Complex<T> sign_of(Complex<T> z, Complex<double> scaled, double modulus) {
  bool zero = (z.re == 0) & (z.im == 0);
  bool re_infinite = infinite(z.re), im_infinite = infinite(z.im);
  // A direction of infinity is known if one component alone is infinite (NumPy's choice, too).
  bool infinity = re_infinite | im_infinite;
  bool undefined = nan(z.re) | nan(z.im) | (re_infinite & im_infinite);
  double divisor = zero | infinity ? 1.0 : modulus;
  T re = static_cast<T>(scaled.re / divisor), im = static_cast<T>(scaled.im / divisor);
  re = infinity ? (re_infinite ? with_sign(T(1), z.re) : T(0)) : zero ? T(0) : re;
  im = infinity ? (im_infinite ? with_sign(T(1), z.im) : T(0)) : zero ? T(0) : im;
  T none = static_cast<T>(__builtin_nan(""));
  return {undefined ? none : re, undefined ? none : im};
}

// sqrt(z) = t + y / (2t) j with
// t = sqrt((|z| + |x|) / 2), and the components exchanged left of the imaginary axis.
template <bool kScale>
COREPY_INLINE Complex<double> sqrt_core(Complex<double> z) {
  double scale = kScale ? mild_scale(larger(z.re, z.im)) : 1.0;
  double unscale = scale > 1.0 ? 0x1p-100 : scale < 1.0 ? 4.0 : 1.0;
  double x = magnitude(z.re) * scale, y = magnitude(z.im) * scale;
  double modulus = kScale ? hypot(x, y) : __builtin_sqrt(x * x + y * y);
  double twice = __builtin_sqrt(2.0 * (modulus + x));
  double t = 0.5 * twice * unscale, u = y / twice * unscale;
  bool zero = (z.re == 0.0) & (z.im == 0.0), left = z.re < 0.0;
  bool re_infinite = infinite(z.re), im_infinite = infinite(z.im), re_nan = nan(z.re), im_nan = nan(z.im);
  t = re_infinite ? __builtin_inf() : t;
  u = re_infinite ? (im_nan ? z.im : 0.0) : zero ? 0.0 : u;
  double re = left ? u : t, im = left ? t : u;
  re = im_infinite ? __builtin_inf() : re_nan ? z.re : re;
  im = im_infinite ? __builtin_inf() : re_nan ? z.re : im;
  return {re, with_sign(im, z.im)};
}

// Half to even by adding and subtracting 2^52 (2^23), which no build with SSE2 only can do in one
// instruction; the sign is put back because -0.4 must round to -0.
COREPY_INLINE double round_even(double x) {
#ifdef __SSE4_1__
  return __builtin_rint(x);
#else
  double size = magnitude(x), shifted = (size + 0x1p52) - 0x1p52;
  return size < 0x1p52 ? with_sign(shifted, x) : x;
#endif
}
COREPY_INLINE float round_even(float x) {
#ifdef __SSE4_1__
  return __builtin_rintf(x);
#else
  float size = magnitude(x), shifted = (size + 0x1p23f) - 0x1p23f;
  return size < 0x1p23f ? with_sign(shifted, x) : x;
#endif
}

}  // namespace complex_detail

template <class T>
COREPY_INLINE Complex<T> add(Complex<T> z, Complex<T> w) {
  return {z.re + w.re, z.im + w.im};
}
template <class T>
COREPY_INLINE Complex<T> subtract(Complex<T> z, Complex<T> w) {
  return {z.re - w.re, z.im - w.im};
}
// The textbook formula: infinities are not recovered as C99's Annex G would. Fused by intent where the
// machine can, as NumPy's loop is: GCC 12 makes vfmaddsub of the unfused formula even under
// -ffp-contract=off, but not in a loop's remainder, so that a result would depend on its position.
template <class T>
COREPY_INLINE Complex<T> multiply(Complex<T> z, Complex<T> w) {
  return {mul_add(z.re, w.re, -(z.im * w.im)), mul_add(z.re, w.im, z.im * w.re)};
}
template <class T>
COREPY_INLINE Complex<T> square(Complex<T> z) {
  return multiply(z, z);
}
COREPY_INLINE Complex<double> divide(Complex<double> z, Complex<double> w) {
  return complex_detail::smith_divide<true>(z, w);
}
COREPY_INLINE Complex<float> divide(Complex<float> z, Complex<float> w) {
  return narrow(complex_detail::smith_divide<false>(widen(z), widen(w)));
}
COREPY_INLINE Complex<double> reciprocal(Complex<double> z) { return complex_detail::smith_reciprocal<true>(z); }
COREPY_INLINE Complex<float> reciprocal(Complex<float> z) {
  return narrow(complex_detail::smith_reciprocal<false>(widen(z)));
}

template <class T>
COREPY_INLINE Complex<T> positive(Complex<T> z) {
  return z;
}
template <class T>
COREPY_INLINE Complex<T> negative(Complex<T> z) {
  return {-z.re, -z.im};
}
template <class T>
COREPY_INLINE Complex<T> conj(Complex<T> z) {
  return {z.re, -z.im};
}
template <class T>
COREPY_INLINE T real(Complex<T> z) {
  return z.re;
}
template <class T>
COREPY_INLINE T imag(Complex<T> z) {
  return z.im;
}

// hypot(re, im): an infinite component wins over a NaN.
template <class T>
COREPY_INLINE T abs(Complex<T> z) {
  return complex_detail::hypot(z.re, z.im);
}
COREPY_INLINE Complex<double> sign(Complex<double> z) {
  double scale = complex_detail::mild_scale(complex_detail::larger(z.re, z.im));
  Complex<double> scaled{z.re * scale, z.im * scale};
  return complex_detail::sign_of(z, scaled, complex_detail::hypot(scaled.re, scaled.im));
}
COREPY_INLINE Complex<float> sign(Complex<float> z) {
  Complex<double> w = widen(z);
  return complex_detail::sign_of(z, w, __builtin_sqrt(w.re * w.re + w.im * w.im));
}
COREPY_INLINE Complex<double> sqrt(Complex<double> z) { return complex_detail::sqrt_core<true>(z); }
COREPY_INLINE Complex<float> sqrt(Complex<float> z) { return narrow(complex_detail::sqrt_core<false>(widen(z))); }
template <class T>
COREPY_INLINE Complex<T> round(Complex<T> z) {
  return {complex_detail::round_even(z.re), complex_detail::round_even(z.im)};
}

// `&` and `|`, not `&&` and `||`: a short circuit is a branch.
template <class T>
COREPY_INLINE bool equal(Complex<T> z, Complex<T> w) {
  return (z.re == w.re) & (z.im == w.im);
}
template <class T>
COREPY_INLINE bool not_equal(Complex<T> z, Complex<T> w) {
  return (z.re != w.re) | (z.im != w.im);
}
template <class T>
COREPY_INLINE bool isnan(Complex<T> z) {
  return complex_detail::nan(z.re) | complex_detail::nan(z.im);
}
template <class T>
COREPY_INLINE bool isinf(Complex<T> z) {
  return complex_detail::infinite(z.re) | complex_detail::infinite(z.im);
}
template <class T>
COREPY_INLINE bool isfinite(Complex<T> z) {
  return complex_detail::finite(z.re) & complex_detail::finite(z.im);
}

// Arithmetic that only pow needs, with branches.
namespace complex_detail {

// The product as C99's Annex G defines it: infinite if a factor is, where the textbook's is NaN.
inline Complex<double> annex_g_product(Complex<double> z, Complex<double> w) {
  Complex<double> product = multiply(z, w);
  if (!nan(product.re) || !nan(product.im) || !(isinf(z) || isinf(w))) return product;
  auto direction = [](Complex<double> v, bool infinity) {  // unit components for an infinity, no NaN
    auto component = [infinity](double x) {
      return with_sign(infinity ? (infinite(x) ? 1.0 : 0.0) : nan(x) ? 0.0 : x, x);
    };
    return Complex<double>{component(v.re), component(v.im)};
  };
  product = multiply(direction(z, isinf(z)), direction(w, isinf(w)));
  return {__builtin_inf() * product.re, __builtin_inf() * product.im};
}

// A complex number with components in double-double.
struct Precise {
  Pair<double> re, im;
};
// a.x b.y + sign c.x d.y, to ~100 bits of the larger product.
COREPY_INLINE Pair<double> two_products(Pair<double> a, Pair<double> b, double sign, Pair<double> c, Pair<double> d) {
  Pair<double> p = two_product(a.high, b.high), q = two_product(sign * c.high, d.high);
  Pair<double> sum = two_sum(p.high, q.high);
  double low = (a.high * b.low + a.low * b.high) + sign * (c.high * d.low + c.low * d.high);
  return fast_two_sum(sum.high, sum.low + ((p.low + q.low) + low));
}
inline Precise multiply_precise(Precise z, Precise w) {
  return {two_products(z.re, w.re, -1.0, z.im, w.im), two_products(z.re, w.im, 1.0, z.im, w.re)};
}

inline Complex<double> multiply_plain(Complex<double> z, Complex<double> w) { return multiply(z, w); }

// z^n for n >= 1 by squaring. Gaussian integers stay exact as long as they fit.
template <class Number, Number (*kMultiply)(Number, Number)>
inline Number power_by_squaring(Number z, unsigned n) {
  Number square = z, power = z;
  bool started = false;
  for (;; square = kMultiply(square, square)) {
    if (n & 1) {
      power = started ? kMultiply(power, square) : square;
      started = true;
    }
    if ((n >>= 1) == 0) return power;
  }
}
// Double-double keeps up to 100 rounding errors from adding up; 24 bits need no such care, nor do three
// multiplications.
template <bool kDouble>
inline Complex<double> integer_power(Complex<double> z, unsigned n) {
  if (!kDouble || n <= 4) return power_by_squaring<Complex<double>, multiply_plain>(z, n);
  Precise power = power_by_squaring<Precise, multiply_precise>({{z.re, 0.0}, {z.im, 0.0}}, n);
  return {power.re.high, power.im.high};
}

}  // namespace complex_detail

}  // namespace math

COREPY_END
