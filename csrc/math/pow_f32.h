// pow, hypot and logaddexp in single precision, through double arithmetic: rounded once, so that the
// largest errors found are 0.522 ulp (pow) and 0.500 ulp (hypot, logaddexp) on every instruction
// set, over 20 million pairs each, among them all pairs of special values.
//
// pow: 2^(y log2|x|) with polynomials of degree 4 (after a division) and 6. hypot: the square root of the exact sum of
// squares, rounded. logaddexp: max + log1p(e^-|x - y|) with the double kernels.
// Rare: logaddexp within 2^-20 of 0, where max cancels: long double, whose 2^-64 suffices down to
// results of 2^-39.
#pragma once
#include "../scalar.h"
#include "exp_f32.h"
#include "exp_f64.h"
#include "inverse_trig_f32.h"
#include "log_f32.h"
#include "log_f64.h"

COREPY_BEGIN
namespace math {

// All ones if b >= 0 has a fraction.
COREPY_INLINE uint32_t fraction_mask(float b) {
  int32_t i = bit_cast<int32_t>(b) < 0x4b000000 ? bit_cast<int32_t>(b) : 0x4b000000;  // 2^23
  float small = bit_cast<float>(i);
  return (small + 0x1p23f) - 0x1p23f == small ? 0u : ~0u;
}

// Negative unless x is positive, normal and finite and y finite: the logarithm, the exponential and nothing else.
COREPY_INLINE int32_t pow_strange(float x, float y) {
  return log_strange(x) | bit_cast<int32_t>((bits(y) & 0x7fffffffu) + 0x00800000u);
}

// y log2|x|. In double: the product may reach 150, so log2 needs 2^-33 or better. As in log, |x| = 2^k (1 + f)
// with 1 + f in [0.6875, 1.375).
template <bool ordinary = false>
COREPY_INLINE double pow_exponent(float x, float y) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  uint32_t adjust =
      ordinary ? 0u : static_cast<uint32_t>(static_cast<int32_t>(bits(a) - 0x00800000u) >> 31) & (23u << 23);
  float scaled = ordinary ? x : a * from_bits(adjust + 0x3f800000u);
  uint32_t i = bits(scaled) - 0x3f300000u;
  float k = static_cast<float>(static_cast<int32_t>(i - adjust) >> 23);
  // log2 of 0, inf and NaN is -inf, inf and NaN through k.
  if constexpr (!ordinary) {
    k = choose(mask_less(0.0f, a), k, -__builtin_inff());
    k = choose(mask_less(a, __builtin_inff()), k, a);
  }
  double f = from_bits((i & 0x007fffffu) + 0x3f300000u) - 1.0f;
  // log2(1 + f) = s p(s^2) with s = f / (2 + f): degree 4, relative error 2^-36.7. The division costs less than
  // the eight more terms of a polynomial in f.
  double s = f / (2.0 + f);
  double z = s * s;
  double p = mul_add(z, 0x1.6079a6f65ca3bp-2, 0x1.a55a94e4eb578p-2);
  p = mul_add(p, z, 0x1.2777ef83622dfp-1);
  p = mul_add(p, z, 0x1.ec709c7a657fep-1);
  p = mul_add(p, z, 0x1.71547652c6b18p+1);
  // An infinite y becomes the largest finite one, so that its product with log2(1) is 0.
  float exponent = ordinary ? y : from_bits(bits(y) - ((bits(y) & 0x7fffffffu) == 0x7f800000u ? 1u : 0u));
  return static_cast<double>(exponent) * mul_add(p, s, static_cast<double>(k));
}

// x^y from e = y log2|x|.
template <bool ordinary = false>
COREPY_INLINE float pow_of_exponent(double e, float x, float y) {
  float a = from_bits(bits(x) & 0x7fffffffu);
  // Out of this range the conversion to float gives inf or 0; a NaN passes.
  uint64_t sign = bits(e) & 0x8000000000000000u;
  e = from_bits(bits(e) ^ sign) > 200.0 ? from_bits(sign | 0x4069000000000000u) : e;
  double t = e + 0x1.8p52;
  double r = e - (t - 0x1.8p52);
  // (2^r - 1) / r: degree 6, relative error of 2^r 2^-34.3.
  double r2 = r * r;
  double even_powers = mul_add(r2, 0x1.445d314448fe3p-13, 0x1.3b29f2d6036e9p-7);
  even_powers = mul_add(even_powers, r2, 0x1.ebfbe07849d5fp-3);
  even_powers = mul_add(even_powers, r2, 1.0);
  double odd_powers = mul_add(r2, 0x1.fde5067e398ccp-17, 0x1.5d8a8894aa1edp-10);
  odd_powers = mul_add(odd_powers, r2, 0x1.c6b08abc4c6b1p-5);
  odd_powers = mul_add(odd_powers, r2, 0x1.62e42ff0e41bbp-1);
  double p = mul_add(odd_powers, r, even_powers);
  double scale = from_bits((bits(t) << 52) + 0x3ff0000000000000u);
  float z = static_cast<float>(p * scale);
  if constexpr (ordinary) return z;
  // A whole number survives the addition of 2^23; beyond that every float is one.
  float b = from_bits(bits(y) & 0x7fffffffu);
  uint32_t fraction = fraction_mask(b);
  // The sign of x counts for odd y only, and a negative finite x needs a whole y.
  uint32_t odd = ~fraction & fraction_mask(0.5f * b);
  z = from_bits(bits(z) ^ (odd & bits(x) & 0x80000000u));
  uint32_t undefined = fraction & mask_less(a, __builtin_inff()) & mask_less(0.0f, a);
  z = from_bits(bits(z) | (undefined & static_cast<uint32_t>(bit_cast<int32_t>(x) >> 31) & 0x7fc00000u));
  // 1 to any power, and anything to the power 0.
  uint32_t base = bits(x) ^ 0x3f800000u;
  return (base < bits(b) ? base : bits(b)) == 0u ? 1.0f : z;
}

COREPY_INLINE float pow(float x, float y) { return pow_of_exponent(pow_exponent(x, y), x, y); }

COREPY_INLINE float hypot(float x, float y) {
  // Squares of floats are exact in double and cannot overflow there.
  double a = x, b = y;
  float h = static_cast<float>(__builtin_sqrt(a * a + b * b));
  // An infinity wins over a NaN.
  uint32_t ax = bits(x) & 0x7fffffffu, ay = bits(y) & 0x7fffffffu;
  return ax == 0x7f800000u || ay == 0x7f800000u ? __builtin_inff() : h;
}

// log(e^x + e^y) = max + log1p(e^-|x - y|).
COREPY_INLINE float logaddexp_single(float x, float y) {
  float larger = x > y ? x : y;
  float d = from_bits(bits(x - y) | 0x80000000u);
  return larger + log1p(exp(d));
}

// Near e^x + e^y = 1 the sum cancels. Single precision finds where.
COREPY_INLINE uint32_t logaddexp_rare(float x, float y) {
  return (bits(logaddexp_single(x, y)) & 0x7fffffffu) < 0x35800000u ? 1u : 0u;  // 2^-20
}

COREPY_NOINLINE inline float logaddexp_slow(float x, float y) {
  long double larger = x > y ? x : y, smaller = x > y ? y : x;
  return static_cast<float>(larger + __builtin_log1pl(__builtin_expl(smaller - larger)));
}

COREPY_INLINE float logaddexp(float x, float y) {
  // In double for the sake of results near 0. Equal infinities have no difference.
  double a = x, b = y;
  double larger = a > b ? a : b;
  double d = a > b ? b - a : a - b;
  float r = static_cast<float>(larger + log1p(exp(d)));
  r = x == y ? static_cast<float>(a + 0x1.62e42fefa39efp-1) : r;
  return __builtin_isunordered(x, y) ? x + y : r;
}

}  // namespace math
COREPY_END
