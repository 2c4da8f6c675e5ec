// log, log2, log10 and log1p in double.
//
// Common method: x = 2^k m with 0.6875 <= m < 1.375 by integer arithmetic on the bits, f = m - 1 (exact), s =
// f / (2 + f), and log(m) = 2 atanh(s) = f - s (f - z R(z)), z = s^2, where R is a minimax polynomial of
// degree 6 on 0 <= z <= 0.0343 (relative error of the logarithm 2^-57.7). In that form the roundings of s and
// of the polynomial only enter times a small factor; the bounds of m keep s (f - z R) below 1/16. The
// division costs less than the extra polynomial degree that log(1 + f) would need without it, and it runs
// beside the arithmetic of the neighbouring iterations.
//
// Measured against 64-bit long double over every regime, 12 million points each (avx2 = avx512 / baseline,
// ulp): log 0.88 / 0.90, log2 0.91 / 0.95, log10 0.85 / 0.92, log1p 0.89 / 0.88. There is no rare path:
// subnormal arguments are scaled, and 0, negative, infinite and NaN arguments are selects.
#pragma once
#include "../vector.h"

COREPY_BEGIN
namespace math {
namespace log64 {

constexpr double kLn2High = 0x1.62e42fefa3000p-1;  // 41 bits: times an integer below 2^11 it is exact
constexpr double kLn2Low = 0x1.3de6af278ece6p-42;
constexpr uint64_t kOneBits = 0x3ff0000000000000u;
constexpr uint64_t kLowestBits = 0x3fe6000000000000u;  // bits of 0.6875, the least mantissa
constexpr uint64_t kFractionMask = 0x000fffffffffffffu;

// x = 2^exponent * mantissa for positive normal x; exponent + bias is also left in the top of `shifted`.
template <class V>
struct Split {
  V exponent, mantissa;
  decltype(bits(V{})) shifted;
};
// The exponent of positive u (as bits), of a normal number unless `any`.
template <bool any = false, class U>
COREPY_INLINE auto exponent_f64(U u, double bias = 0x1p52 + 1023) {
#if defined(COREPY_WIDE) && defined(__AVX512F__)
  if constexpr (!any && std::is_same_v<U, Bits<double>>)
    return (Vector<double>)_mm512_maskz_getexp_pd(0xff, (__m512d)u);
#endif
  // 2^52 + integer by its bits: AVX2 has no conversion from 64-bit integers.
  return from_bits((u >> 52) | 0x4330000000000000u) - bias;
}
template <class V>
COREPY_INLINE Split<V> split_normal(V x, double bias) {
  auto u = bits(x) + (kOneBits - kLowestBits);
  V k = exponent_f64(u, bias);
  return {k, from_bits((u & kFractionMask) + kLowestBits), u};
}
template <bool ordinary = false>
COREPY_INLINE Split<double> split(double x) {
  if constexpr (ordinary) return split_normal(x, 0x1p52 + 1023);
  bool subnormal = x < 0x1p-1022;
  return split_normal(subnormal ? x * 0x1p54 : x, subnormal ? 0x1p52 + 1023 + 54 : 0x1p52 + 1023);
}

// With s = f / (2 + f) and z = s^2: log(1 + f) = f - s * (f - z poly), for 0.6875 <= 1 + f <= 1.375; poly
// scaled by log_b(e) gives the logarithm to the base b. A Horner chain: measured faster here than splitting
// it.
template <class V>
struct Log1p {
  V s, z, poly;
};
struct Coefficients {
  double c0, c1, c2, c3, c4, c5, c6;
};
constexpr Coefficients kNatural = {0x1.5555555555608p-1, 0x1.999999995892ep-2, 0x1.249249646948bp-2,
                                   0x1.c71c367d19fc6p-3, 0x1.746bc59760be0p-3, 0x1.3916e4170ef4fp-3,
                                   0x1.34537a3ba9a7cp-3};
constexpr Coefficients kBinary = {0x1.ec709dc3a04ffp-1, 0x1.2776c50ecad7dp-1, 0x1.a6176303c7e40p-2,
                                  0x1.484ae913218cfp-2, 0x1.0ca51ba705d4ep-2, 0x1.c3b14afdcbdabp-3,
                                  0x1.bcd20d163608dp-3};
constexpr Coefficients kDecimal = {0x1.287a7636f43fap-2, 0x1.63c62774ec926p-3, 0x1.fc3fa683f70e9p-4,
                                   0x1.8b4dbf747ca99p-4, 0x1.437b12d99ccf5p-4, 0x1.0ff22de957302p-4,
                                   0x1.0bcf029e6d017p-4};

template <class V>
COREPY_INLINE Log1p<V> log1p_parts(V f, Coefficients c) {
  V s = f / (2.0 + f);
  V z = s * s;
  V p = mul_add(z, c.c6, c.c5);
  p = mul_add(p, z, c.c4);
  p = mul_add(p, z, c.c3);
  p = mul_add(p, z, c.c2);
  p = mul_add(p, z, c.c1);
  return {s, z, mul_add(p, z, c.c0)};
}
template <class V>
COREPY_INLINE V factor(V f, Log1p<V> l) {
  return mul_add(-l.z, l.poly, f);
}

// k * high2 + p, the product exact and |k * high2| >= |p| or k = 0, as a sum with its error (on fma machines
// without a multiplication of its own).
template <class V>
COREPY_INLINE Pair<V> add_exponent(V k, double high2, V p) {
  V h = mul_add(k, high2, p);
  return {h, p - mul_add(k, -high2, h)};
}

// The value y of a logarithm, or what the special arguments give: NaN below 0, -inf at 0, x for inf and NaN.
template <bool ordinary = false>
COREPY_INLINE double with_specials(double y, double x, double zero) {
  if constexpr (ordinary) return y;
  y = x == zero ? -__builtin_inf() : y;
  y = x < zero ? __builtin_nan("") : y;
  return x < __builtin_inf() ? y : x;
}

// log_b(x) = k * log_b(2) + log(m) * log_b(e), with log_b(2) = high2 + low2 and k * high2 exact, and log_b(e)
// = e1 + e2. g = f * e1 keeps its rounding error. The plain form above would come to 1.04 ulp here; g - g f/2
// + s (g f/2 + z poly), which is the same number, hides the rounding of s better.
template <class V>
COREPY_INLINE V log_base(Split<V> v, double high2, double low2, double e1, double e2, Coefficients c) {
  V f = v.mantissa - 1.0;
  Log1p<V> l = log1p_parts(f, c);
  Pair<V> g = two_product(f, e1);
  Pair<V> h = add_exponent(v.exponent, high2, g.high);
  V low = mul_add(f, e2, g.low + h.low);
  if (low2 != 0.0) low = mul_add(v.exponent, low2, low);
  V half = 0.5 * f;
  low = mul_add(l.s, mul_add(g.high, half, l.z * l.poly), low);
#if !defined(__FMA__) && !defined(__aarch64__)
  low -= two_product(g.high, half).low;  // what the unfused product below loses
#endif
  return h.high + mul_add(-g.high, half, low);
}

// exponent * ln2 + log(1 + f + f_low), 0.6875 <= 1 + f <= 1.375, to about 2^-66 of its value as an
// unevaluated sum: 2 s + s^3 (2/3 + z Q(z)), s = f / (2 + f) and the first terms as sums of two doubles, Q of
// degree 7 with relative error 2^-71.
COREPY_INLINE Pair<double> log_pair(double exponent, double f, double f_low) {
  double d = 2.0 + f;
  double d_low = (f - (d - 2.0)) + f_low;
  double inverse = 1.0 / d;
  double s = f * inverse;
  Pair<double> sd = two_product(s, d);
  double s_low = (((f - sd.high) - sd.low) + mul_add(-s, d_low, f_low)) * inverse;
  Pair<double> z = two_product(s, s);
  double z_low = mul_add(2.0 * s, s_low, z.low);
  double q = 0x1.f5c2deb6380d3p-4;
  q = mul_add(q, z.high, 0x1.dcd0d8e08a33ap-4);
  q = mul_add(q, z.high, 0x1.112a24fffa523p-3);
  q = mul_add(q, z.high, 0x1.3b131ece26429p-3);
  q = mul_add(q, z.high, 0x1.745d1946338cep-3);
  q = mul_add(q, z.high, 0x1.c71c71c310ee8p-3);
  q = mul_add(q, z.high, 0x1.249249249466bp-2);
  q = mul_add(q, z.high, 0x1.999999999998cp-2);
  // t = 2/3 + z q, c = s z, both as sums; c * t.
  double zq = z.high * q;
  Pair<double> t = fast_two_sum(0x1.5555555555555p-1, zq);
  t.low = mul_add(z_low, 0x1.999999999999ap-2, t.low + 0x1.5555555555555p-55);
  Pair<double> c = two_product(s, z.high);
  c.low = mul_add(s, z_low, mul_add(s_low, z.high, c.low));
  Pair<double> p = two_product(c.high, t.high);
  p.low = mul_add(c.high, t.low, mul_add(c.low, t.high, p.low));
  Pair<double> a = add_exponent(exponent, kLn2High, 2.0 * s);
  Pair<double> b = fast_two_sum(a.high, p.high);
  double low = mul_add(exponent, kLn2Low, a.low) + (b.low + mul_add(2.0, s_low, p.low));
  return fast_two_sum(b.high, low);
}

}  // namespace log64

// Negative unless x is positive, normal and finite.
COREPY_INLINE int64_t log_strange(double x) {
  return bit_cast<int64_t>((bits(x) - 0x0010000000000000u) | (0x7fefffffffffffffu - bits(x)));
}

template <class V>
COREPY_INLINE V log_of(log64::Split<V> v) {
  using namespace log64;
  V f = v.mantissa - 1.0;
  Log1p<V> l = log1p_parts(f, kNatural);
  Pair<V> h = add_exponent(v.exponent, kLn2High, f);
  V tail = mul_add(v.exponent, kLn2Low, h.low);
  return h.high + mul_add(-l.s, factor(f, l), tail);
}

// Exact for powers of two: there log(m) = 0.
template <class V>
COREPY_INLINE V log2_of(log64::Split<V> v) {
  return log64::log_base(v, 1.0, 0.0, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56, log64::kBinary);
}

// log10(2) = 41 bits + rest.
template <class V>
COREPY_INLINE V log10_of(log64::Split<V> v) {
  return log64::log_base(v, 0x1.34413509f6000p-2, 0x1.9fef311f12b36p-42, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57,
                         log64::kDecimal);
}

template <bool ordinary = false>
COREPY_INLINE double log(double x) {
  return log64::with_specials<ordinary>(log_of(log64::split<ordinary>(x)), x, 0.0);
}
template <bool ordinary = false>
COREPY_INLINE double log2(double x) {
  return log64::with_specials<ordinary>(log2_of(log64::split<ordinary>(x)), x, 0.0);
}
template <bool ordinary = false>
COREPY_INLINE double log10(double x) {
  return log64::with_specials<ordinary>(log10_of(log64::split<ordinary>(x)), x, 0.0);
}

// Negative unless x is finite and above -1.
COREPY_INLINE int64_t log1p_strange(double x) {
  return bit_cast<int64_t>((bits(1.0 + x) - 1) | (0x7fefffffffffffffu - (bits(x) & 0x7fffffffffffffffu)));
}

// u = 1 + x rounded and its error c = x - (u - 1); log(u + c) with u = 2^k m, f = (m - 1) + c 2^-k. For k =
// 0, f is x itself. Otherwise what rounding f loses is kept for the tail. The sign of zero is lost.
template <class V>
COREPY_INLINE V log1p_of(V x, V u) {
  using namespace log64;
  V c = x - (u - 1.0);
  Split<V> v = split_normal(u, 0x1p52 + 1023);
  // 2^(1-k): one more than needed, so that k = 1024 gives 0 and not an infinity.
  V scale = from_bits((uint64_t{2047} << 52) - (v.shifted & ~kFractionMask));
  V g = v.mantissa - 1.0;
  V d = c * scale;  // 2 c 2^-k
  V f = mul_add(d, 0.5, g);
  V lost = mul_add(d, 0.5, g - f);
  lost = mul_add(-f, lost, lost);  // d log(1 + f) = lost / (1 + f)
  Log1p<V> l = log1p_parts(f, kNatural);
  Pair<V> h = add_exponent(v.exponent, kLn2High, f);
  V tail = mul_add(v.exponent, kLn2Low, h.low + lost);
  return h.high + mul_add(-l.s, factor(f, l), tail);
}

template <bool ordinary = false>
COREPY_INLINE double log1p(double x) {
  double y = log1p_of(x, 1.0 + x);
  y = from_bits(bits(y) | (bits(x) & 0x8000000000000000u));
  return log64::with_specials<ordinary>(y, x, -1.0);
}

}  // namespace math
COREPY_END
