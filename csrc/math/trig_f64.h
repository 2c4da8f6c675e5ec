// sin, cos and tan of doubles, written to be vectorised by the loop around them.
//
// Common ground: |x| <= 2^22 is reduced by n * pi (or n * pi/2) with n rounded by the magic-number
// addition; pi is held as 53 + 31 + 53 bits, so that n * kPi1 - x and n * kPi2 are exact under fma
// for every n of at most 22 bits (half-integers included). Beyond 2^22 (finite only: inf and NaN
// come out as NaN by themselves) the argument is rare and goes to libm.
//
// Measured maximum, in ULP, over some 2e7 points each against long double libm (random bit patterns,
// every binade, nearest doubles to k pi/2 and their neighbours) and 12000 against mpmath; avx2 and
// avx512 agree bit for bit, and so do their scalar tails:
//            baseline   avx2   avx512
//   sin      0.76       0.72   0.72
//   cos      0.75       0.72   0.72
//   tan      0.95       0.90   0.90
// sin and tan are exactly odd and cos exactly even; f(x) = x for tiny x, subnormals and -0 included.
#pragma once
#include "../scalar.h"

COREPY_BEGIN
namespace math {

// a * b + c with (nearly) one rounding on every instruction set, where mul_add's second rounding on
// the baseline would break the bound. Slow on the baseline: for the few places that need it. A zero
// low part is not added, so that -0 stays -0.
COREPY_INLINE double exact_mul_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fma(a, b, c);
#else
  Pair<double> product = two_product(a, b);
  Pair<double> sum = two_sum(product.high, c);
  double low = sum.low + product.low;
  return low == 0.0 ? sum.high : sum.high + low;
#endif
}

// A polynomial, lowest coefficient first: the two lowest steps by Horner's scheme for accuracy, the
// rest by pairs or quads of coefficients, which cuts the chain of dependent fmas to a quarter for one
// or two more multiplications (the out-of-order window does not hold enough vectors to hide the full
// chain: up to 15 % for atan's 21 coefficients).
COREPY_INLINE double trig_pairs(double, double, double c) { return c; }
COREPY_INLINE double trig_pairs(double z, double, double c0, double c1) { return mul_add(c1, z, c0); }
template <class... C>
COREPY_INLINE double trig_pairs(double z, double z2, double c0, double c1, C... higher) {
  return mul_add(trig_pairs(z, z2, higher...), z2, mul_add(c1, z, c0));
}
template <class... C>
COREPY_INLINE double trig_quads(double z, double z2, double z4, double c0, double c1, double c2, double c3,
                                C... higher) {
  double low = trig_pairs(z, z2, c0, c1, c2, c3);
  if constexpr (sizeof...(C) == 0) {
    return low;
  } else if constexpr (sizeof...(C) < 4) {
    return mul_add(trig_pairs(z, z2, higher...), z4, low);
  } else {
    return mul_add(trig_quads(z, z2, z4, higher...), z4, low);
  }
}
template <class... C>
COREPY_INLINE double trig_polynomial(double z, double c0, double c1, C... higher) {
  double z2 = z * z;
  if constexpr (sizeof...(C) < 8) {
    return mul_add(mul_add(trig_pairs(z, z2, higher...), z, c1), z, c0);
  } else {
    return mul_add(mul_add(trig_quads(z, z2, z2 * z2, higher...), z, c1), z, c0);
  }
}

// Selects by all-ones masks instead of `?:`: GCC turns a condition used several times into a branch,
// duplicates the polynomial in both arms and if-converts the lot. The mask passes through a double so
// that AVX-512 keeps it in a mask register. Without SSE4.2 there is no 64-bit compare and no 64-bit
// arithmetic shift, so the mask is made from the sign bit (NaN then takes either side: as good).
COREPY_INLINE double select(uint64_t mask, double yes, double no) {
  return from_bits((bits(yes) & mask) | (bits(no) & ~mask));
}
COREPY_INLINE double masked(uint64_t mask, double x) { return from_bits(bits(x) & mask); }
#if defined(__SSE4_2__) || defined(__aarch64__)
COREPY_INLINE uint64_t mask_of(bool condition) { return bits(condition ? from_bits(~uint64_t{0}) : 0.0); }
COREPY_INLINE uint64_t mask_at_least(double a, double b) { return mask_of(a >= b); }
COREPY_INLINE uint64_t mask_sign_clear(double x) { return mask_of(static_cast<int64_t>(bits(x)) >= 0); }
#else
COREPY_INLINE uint64_t mask_sign_clear(double x) { return (bits(x) >> 63) - 1; }
COREPY_INLINE uint64_t mask_at_least(double a, double b) { return mask_sign_clear(a - b); }
#endif

constexpr double kTrigRound = 0x1.8p52;           // adding it rounds to an integer, kept in the low bits
constexpr double kTrigFast = 0x1p22;              // largest |x| of the vector path
constexpr double kPi1 = 0x1.921fb54442d18p+1;     // pi to 53 bits
constexpr double kPi2 = 0x1.1a62633p-53;          // the next 31 bits
constexpr double kPi3 = 0x1.45c06e0e68948p-85;    // the next 53 bits
constexpr double kInvPi = 0x1.45f306dc9c883p-2;   // 1 / pi

// Finite |x| > 2^22. Nonzero when rare; integer, so that a block's predicates can be or-ed.
COREPY_INLINE uint64_t trig_rare(double x) {
  uint64_t magnitude = bits(x) & 0x7fffffffffffffff;
  // Both differences are negative exactly between the two bounds.
  return ((bits(kTrigFast) - magnitude) & (magnitude - 0x7ff0000000000000)) >> 63;
}
COREPY_INLINE uint64_t sin_rare(double x) { return trig_rare(x); }
COREPY_INLINE uint64_t cos_rare(double x) { return trig_rare(x); }
COREPY_INLINE uint64_t tan_rare(double x) { return trig_rare(x); }
COREPY_NOINLINE inline double sin_slow(double x) { return __builtin_sin(x); }
COREPY_NOINLINE inline double cos_slow(double x) { return __builtin_cos(x); }
COREPY_NOINLINE inline double tan_slow(double x) { return __builtin_tan(x); }

// sin(r - minus_low) for |r| <= pi/2, as r * (1 - z/6 + z^2 P(z)) with z = r^2 and P of degree 6,
// minimax (relative error 2^-61) on [0, (pi/2)^2]. One polynomial over the whole half-period costs
// less than the usual sine and cosine pair with a select; its price is that -z/6 is not small, so
// the rounding errors of z and of 1 - z/6 are carried along (z_low, s_low). The low part of r counts
// times cos(r), for which the line 1 - 0.43 z (off by 0.06 at most) is good enough. minus_low is
// subtracted as a product so that r = -0 (minus_low = +0) gives -0.
COREPY_INLINE double sin_half_period(double r, double minus_low) {
  const double sixth = -0x1.5555555555555p-3;  // -1/6
  double z = r * r;
  double z_low = exact_mul_add(r, r, -z);
  double s = mul_add(z, sixth, 1.0);
  double s_low = exact_mul_add(z, sixth, 1.0 - s);
  double p = trig_polynomial(z, 0x1.11111111110c8p-7,   // ~ 1/5!
                             -0x1.a01a01a014d6ep-13,    // ~ -1/7!
                             0x1.71de3a52a0a17p-19,     // ~ 1/9!
                             -0x1.ae6454d4684eep-26,    // ~ -1/11!
                             0x1.6123cd02df99bp-33,     // ~ 1/13!
                             -0x1.ae438302af30ep-41,    // ~ -1/15!
                             0x1.88327e60589ccp-49);    // ~ 1/17!
  double t = mul_add(z * z, p, mul_add(-0.1328125, z_low, s_low));
  double cosine = mul_add(z, -0x1.9fp-2, 1.0);
  double correction = mul_add(r, t, -(minus_low * cosine));
  return exact_mul_add(r, s, correction);
}

// x = n pi + r with |r| <= pi/2, so sin(x) = (-1)^n sin(r).
COREPY_INLINE double sin(double x) {
  double shifted = mul_add(x, kInvPi, kTrigRound);
  double n = shifted - kTrigRound;
  double r0 = exact_mul_add(-n, kPi1, x);
  double r = mul_add(-n, kPi2, r0);
  double minus_low = mul_add(n, kPi3, mul_add(n, kPi2, r - r0));
  return from_bits(bits(sin_half_period(r, minus_low)) ^ (bits(shifted) << 63));
}

// |x| = (n + 1/2) pi - r with |r| <= pi/2, so cos(x) = (-1)^n sin(r). Working on |x| makes cos
// exactly even. Below pi/4 the difference n pi - |x| is not exact: dropped holds its error.
COREPY_INLINE double cos(double x) {
  double a = __builtin_fabs(x);
  double shifted = mul_add(a, kInvPi, -0.5) + kTrigRound;
  double n = (shifted - kTrigRound) + 0.5;
  double r0 = exact_mul_add(n, kPi1, -a);
  double dropped = a - exact_mul_add(n, kPi1, -r0);
  double r = mul_add(n, kPi2, r0);
  double minus_low = mul_add(-n, kPi3, mul_add(-n, kPi2, r - r0)) + dropped;
  return from_bits(bits(sin_half_period(r, minus_low)) ^ (bits(shifted) << 63));
}

// x = n pi/2 + r with |r| <= pi/4; tan(x) is tan(r) for even n and -1/tan(r) for odd n.
// tan(r) = r (37/32 + W(r^2 - 5/16)), W of degree 15 (relative error 2^-58): the slope in the middle
// of the interval and a centred variable keep W and its partial sums small, and their roundings with
// them (r + r z P(z), the usual form, reaches 1.3 ULP). W(-5/16) evaluates to exactly -5/32, so that
// tan(r) = r for tiny r. The reciprocal of the pair takes one division and one Newton step, and the
// division's long latency hides behind the polynomial of the neighbouring vectors.
COREPY_INLINE double tan(double x) {
  double shifted = mul_add(x, 2.0 * kInvPi, kTrigRound);
  double n = shifted - kTrigRound;
  double r0 = exact_mul_add(-n, 0.5 * kPi1, x);
  double r = mul_add(-n, 0.5 * kPi2, r0);
  double minus_low = mul_add(n, 0.5 * kPi3, mul_add(n, 0.5 * kPi2, r - r0));
  const double slope = 1.15625;
  double v = exact_mul_add(r, r, -0.3125);
  double w = trig_polynomial(v, -0x1.308d36a48de1ap-5,   //
                             0x1.be19c9dfc37f4p-2,       //
                             0x1.99bec5d93d5ebp-3,       //
                             0x1.7bf23643e658fp-4,       //
                             0x1.609aa11894628p-5,       //
                             0x1.474146d0ea1dcp-6,       //
                             0x1.2fbb09a1c8ce3p-7,       //
                             0x1.19e5c0ff48c71p-8,       //
                             0x1.05a236ce07309p-9,       //
                             0x1.e5a740c176769p-11,      //
                             0x1.c2c4871e88991p-12,      //
                             0x1.a25ac1e9837afp-13,      //
                             0x1.8318d218eb499p-14,      //
                             0x1.67a3485cb5e4ap-15,      //
                             0x1.6bb482ab2d980p-16,      //
                             0x1.4cb56285a7a6ap-17);
  double head = slope * r;
  double head_low = exact_mul_add(slope, r, -head);
  // tan' = 1 + tan^2 is near 1.5 v + 1.47 on the interval.
  double t = exact_mul_add(r, w, mul_add(-minus_low, mul_add(v, 1.5, 1.46875), head_low));
  Pair<double> tangent = fast_two_sum(head, t);
  double y = 1.0 / tangent.high;
  double residue = mul_add(-tangent.low, y, exact_mul_add(-tangent.high, y, 1.0));
  double cotangent = mul_add(y, residue, y);
  uint64_t even = mask_sign_clear(from_bits(bits(shifted) << 63));
  // The sum above loses the sign of a zero.
  return select(even, __builtin_copysign(tangent.high, r), -cotangent);
}

}  // namespace math
COREPY_END
