// asin, acos, atan and atan2 of doubles, written to be vectorised by the loop around them.
//
// All four add a polynomial term to an exact base angle (0, pi/2 or pi, held as a pair); the sum is
// a FastTwoSum, whose rounding error and the base's low part go into the polynomial term.
//
// Measured maximum, in ULP, over some 2e7 points each (atan2: 6.7e6) against long double libm (random
// bit patterns, every binade, around 1/2, 1 and the diagonal) and 6000 or more against mpmath; avx2
// and avx512 agree bit for bit, and so do their scalar tails:
//            baseline   avx2   avx512
//   atan     0.91       0.84   0.84
//   atan2    0.91       0.84   0.84
//   asin     0.67       0.65   0.65
//   acos     0.65       0.62   0.62
// asin and atan give f(x) = x for tiny x, subnormals and -0 included. No input of asin, acos and atan
// is rare.
#pragma once
#include "trig_f64.h"

COREPY_BEGIN
namespace math {

constexpr double kHalfPiHigh = 0x1.921fb54442d18p+0;  // pi/2 as a pair
constexpr double kHalfPiLow = 0x1.1a62633145c07p-54;
constexpr uint64_t kSignBit = 0x8000000000000000;

// x with the sign bit of `flip` (other bits zero) toggled.
COREPY_INLINE double flip_sign(double x, uint64_t flip) { return from_bits(bits(x) ^ flip); }

// 1/x within 5.1 % for normal x below 2^1021: negating the exponent in the bit pattern and tuning
// the offset for the mantissa. Enough to scale a rounding error, for one integer subtraction.
COREPY_INLINE double rough_reciprocal(double x) { return from_bits(0x7fde623800000000 - bits(x)); }

// W in atan(t) = t (7/8 + W(t^2 - 1/2)) on [0, 1]: degree 20, relative error 2^-57.6. The slope in the
// middle of the range and the centred variable keep W and its partial sums small, and their
// roundings with them (t + t z P(z), the usual form, reaches 1.2 ULP). W(-1/2) evaluates to exactly
// 1/8, so that atan(t) = t for tiny t.
constexpr double kAtanSlope = 0.875;
COREPY_INLINE double atan_polynomial(double t) {
  return trig_polynomial(exact_mul_add(t, t, -0.5), //
                         -0x1.2c2bd215f9a43p-8, //
                         -0x1.a1494c19fadd3p-3, //
                         0x1.55a300bfb7b24p-4, //
                         -0x1.49b3e2e43363dp-5, //
                         0x1.58df7a83d8485p-6, //
                         -0x1.7a846422211acp-7, //
                         0x1.acfa9f08d4804p-8, //
                         -0x1.f171f48e7a39dp-9, //
                         0x1.256e745f6eb1ep-9, //
                         -0x1.5edad9ca88cd7p-10, //
                         0x1.a80de9d454d12p-11, //
                         -0x1.028e8f58323f3p-11, //
                         0x1.3d9d2019c438ep-12, //
                         -0x1.87cd61d041f15p-13, //
                         0x1.e684a958c50eap-14, //
                         -0x1.37c69d2ef05abp-14, //
                         0x1.894b8491b5bf2p-15, //
                         -0x1.881282334ac6dp-16, //
                         0x1.dc2c61e4d78b8p-17, //
                         -0x1.4d645b128b612p-16, //
                         0x1.b6072f86c8a26p-17);
}

// |x| < 1: atan(|x|) directly; |x| >= 1: pi/2 + atan(-1/|x|). The quotient's rounding error would
// cost a quarter ULP up to |x| = 2: it is kept there, times the derivative; from 2 on it does not
// count, and for huge |x| the residue would be wrong (NaN at infinity), so it is masked. More
// intervals would shorten the polynomial, but their quotient (x - c) / (1 + c x) is never exact, and
// the division (16 cycles per zmm) already hides most of these 20 steps.
COREPY_INLINE double atan(double x) {
  double a = __builtin_fabs(x);
  uint64_t above = mask_at_least(a, 1.0);
  uint64_t far = mask_at_least(a, 2.0);
  double quotient = -1.0 / a;
  double t = select(above, quotient, a);
  double w = atan_polynomial(t);
  double base = masked(above, kHalfPiHigh);
  double residue = exact_mul_add(quotient, a, 1.0);
  double base_low = masked(above, mul_add(masked(~far, residue), -0.48, kHalfPiLow));
  double high = mul_add(t, kAtanSlope, base);
  double low = exact_mul_add(t, kAtanSlope, base - high) + base_low;
  double result = high + mul_add(t, w, low);
  return __builtin_copysign(result, x);
}

// Rare: the larger magnitude above 2^500 (infinities included), or the smaller one below 2^-500 and
// not zero: beyond that the quotient or its residue may leave the normal range. bits(small) - 1 is
// negative for zero only.
COREPY_INLINE uint64_t atan2_rare(double y, double x) {
  double ay = __builtin_fabs(y), ax = __builtin_fabs(x);
  double small = ay < ax ? ay : ax;
  double large = ax > ay ? ax : ay;
  uint64_t tiny = bits(small - 0x1p-500) & ~(bits(small) - 1);
  return (tiny | bits(0x1p500 - large)) >> 63;
}
COREPY_NOINLINE inline double atan2_slow(double y, double x) { return __builtin_atan2(y, x); }

// The angle of min / max of the magnitudes, in [0, pi/4], then unfolded by octant; the quotient's
// rounding error is kept, since it would cost half a ULP where the result is the quotient itself.
COREPY_INLINE double atan2(double y, double x) {
  double ay = __builtin_fabs(y), ax = __builtin_fabs(x);
  double numerator = ay < ax ? ay : ax;  // these two forms keep a NaN of either side
  double denominator = ax > ay ? ax : ay;
  // 0/0 must be 0; a nonzero denominator below this bound is rare, or comes with a zero numerator.
  denominator = 0x1p-500 > denominator ? 0x1p-500 : denominator;
  double t = numerator / denominator;
  double residue = exact_mul_add(-t, denominator, numerator);
  double w = atan_polynomial(t);
  // atan' = 1 / (1 + t^2), here as the line 1 - t^2 / 2.
  double t_low = residue * rough_reciprocal(denominator) * mul_add(t * t, -0.5, 1.0);
  uint64_t flat = mask_at_least(ax, ay);
  uint64_t x_sign = bits(x) & kSignBit;
  uint64_t right = mask_sign_clear(x);
  double base = select(flat, masked(~right, 2.0 * kHalfPiHigh), kHalfPiHigh);
  double base_low = select(flat, masked(~right, 2.0 * kHalfPiLow), kHalfPiLow);
  uint64_t flip = (~flat & kSignBit) ^ x_sign;
  double signed_t = flip_sign(t, flip);
  double high = mul_add(signed_t, kAtanSlope, base);
  double low = exact_mul_add(signed_t, kAtanSlope, base - high) + (base_low + flip_sign(t_low, flip));
  double result = high + mul_add(signed_t, w, low);
  return __builtin_copysign(result, y);
}

// What asin and acos share: m + correction = asin(a) for a <= 1/2, and 2 asin(sqrt((1 - a) / 2)) =
// acos(a) above. asin(s) = s + s z P(z), z = s^2 in [0, 1/4], P of degree 12 (relative error 2^-60).
// The square root's rounding error (z - s^2) / 2s is kept, with a rough reciprocal. 1 < a gives NaN.
COREPY_INLINE Pair<double> asin_folded(double a, uint64_t above) {
  double half = mul_add(a, -0.5, 0.5);
  double root = __builtin_sqrt(half);
  double residue = exact_mul_add(-root, root, half);
  double z = select(above, half, a * a);
  double m = select(above, root + root, a);
  double p = trig_polynomial(z, 0x1.5555555555577p-3,   // ~ 1/6
                             0x1.333333332e138p-4,      // ~ 3/40
                             0x1.6db6db7211e87p-5,      // ~ 15/336, and so on
                             0x1.f1c71a952c7a7p-6,      //
                             0x1.6e8bded93e055p-6,      //
                             0x1.1c49f0e251b4ep-6,      //
                             0x1.ca1f808382140p-7,      //
                             0x1.7585f546045d7p-7,      //
                             0x1.613a2d1d7d553p-7,      //
                             0x1.e6195b85cfbe6p-9,      //
                             0x1.63919cff7ca22p-6,      //
                             -0x1.57ee4d9e78d85p-6,     //
                             0x1.0b420da29fe0dp-5);
  double m_low = masked(above, residue * rough_reciprocal(root));
  return {m, mul_add(m * z, p, m_low)};
}

COREPY_INLINE double asin(double x) {
  double a = __builtin_fabs(x);
  uint64_t above = mask_at_least(a, 0.5);
  Pair<double> folded = asin_folded(a, above);
  double base = masked(above, kHalfPiHigh);
  double base_low = masked(above, kHalfPiLow);
  uint64_t flip = above & kSignBit;
  double signed_m = flip_sign(folded.high, flip);
  double high = base + signed_m;
  double low = ((base - high) + signed_m) + base_low;
  double result = high + (low + flip_sign(folded.low, flip));
  return __builtin_copysign(result, x);
}

// acos(x) is pi/2 - asin(x) in the middle, 2 asin(sqrt((1 - x) / 2)) above 1/2 and pi minus that of
// -x below -1/2.
COREPY_INLINE double acos(double x) {
  double a = __builtin_fabs(x);
  uint64_t above = mask_at_least(a, 0.5);
  Pair<double> folded = asin_folded(a, above);
  uint64_t x_sign = bits(x) & kSignBit;
  uint64_t right = mask_sign_clear(x);
  double base = select(above, masked(~right, 2.0 * kHalfPiHigh), kHalfPiHigh);
  double base_low = select(above, masked(~right, 2.0 * kHalfPiLow), kHalfPiLow);
  uint64_t flip = x_sign ^ (~above & kSignBit);
  double signed_m = flip_sign(folded.high, flip);
  double high = base + signed_m;
  double low = ((base - high) + signed_m) + base_low;
  return high + (low + flip_sign(folded.low, flip));
}

}  // namespace math
COREPY_END
