// exp of whole vectors, by a table that fits into registers.
//
// x = n ln2 / N + s + r with n an integer, N = 8 (double) or 16 (float), |r| <= ln2 / 2N (about):
// e^x = 2^(n / N) e^s e^r, where 2^(j / N) e^s is looked up and e^r is a polynomial of degree 7 (relative error
// 2^-58.2) or 3 (2^-29.1). The shift s costs one addition, on units that multiply-adds leave idle, and is chosen
// so that all N values of the table lie within 0.06 (0.22) ulp of a number: a second table with their low parts
// is saved.
//
// Largest errors in ulp, avx2 = avx512: double 0.77 (3 million points against long double), float 0.88 (every
// input); both are of subnormal results, which are rounded twice.
#pragma once
#include "../tables.h"

#ifdef COREPY_WIDE
COREPY_BEGIN
namespace math {

struct WideExp {
  typedef Vector<double> Double;
  typedef Vector<float> Float;

  // Negative unless |x| < 707 (87): e^x is a normal number there.
  static COREPY_INLINE Bits<double> strange(Double x) {
    return bits(707.0) - 1 - ((Bits<double>)x & 0x7fffffffffffffffu);
  }
  static COREPY_INLINE Bits<float> strange(Float x) { return bits(87.0f) - 1 - ((Bits<float>)x & 0x7fffffffu); }

  static COREPY_INLINE Double ordinary(Double x) {
    Split<double> v = split(x);
    return multiply_add<double>((Double)v.power, v.rest, (Double)v.power);
  }
  static COREPY_INLINE Float ordinary(Float x) {
    Split<float> v = split(x);
    return multiply_add<float>((Float)v.power, v.rest, (Float)v.power);
  }
  // `ordinary` of several vectors in step. Of float the look-up is too small a part to gain by it (Zen 3: 0.32 ns per
  // element instead of 0.29).
  template <size_t n>
  static COREPY_INLINE void together(Double (&v)[n]) {
    Double t[n], powers[n];
    Bits<double> index[n];
    for (size_t i = 0; i < n; ++i) t[i] = scaled(v[i]), index[i] = bits(t[i]);
    Places<double, n>(index).look_up(table(t[0]), powers);
    for (size_t i = 0; i < n; ++i) {
      Split<double> w = split(v[i], t[i], bits(powers[i]));
      v[i] = multiply_add<double>((Double)w.power, w.rest, (Double)w.power);
    }
  }

  // The exponent of 2^k apart, and 2^k as a product, so that neither 2^1024 (2^128) nor a subnormal result
  // is rounded on the way. NaN passes the bounds, beyond which the result is 0 or infinite.
  static COREPY_INLINE Double careful(Double x) {
    x = x < -746.0 ? broadcast(-746.0) : x;
    x = x > 710.0 ? broadcast(710.0) : x;
    Split<double> v = split(x);
    Bits<double> exponent = (v.n << 49) & 0xfff0000000000000u;
    Double power = (Double)(v.power - exponent);
    Double other = x < -707.0 ? broadcast(0x1p-64) : x > 700.0 ? broadcast(2.0) : broadcast(1.0);
    Double scale = (Double)(exponent + 2 * bits(1.0) - (Bits<double>)other);
    return multiply_add<double>(power, v.rest, power) * scale * other;
  }
  static COREPY_INLINE Float careful(Float x) {
    x = x < -104.0f ? broadcast(-104.0f) : x;
    x = x > 90.0f ? broadcast(90.0f) : x;
    Split<float> v = split(x);
    Bits<float> exponent = (v.n << 19) & 0xff800000u;
    Float power = (Float)(v.power - exponent);
    Float other = x < -87.0f ? broadcast(0x1p-64f) : x > 80.0f ? broadcast(2.0f) : broadcast(1.0f);
    Float scale = (Float)(exponent + 2 * bits(1.0f) - (Bits<float>)other);
    return multiply_add<float>(power, v.rest, power) * scale * other;
  }

 private:
  // e^x = power (1 + rest), power as bits; n in the low bits of `n`.
  template <class T>
  struct Split {
    Bits<T> power, n;
    Vector<T> rest;
  };

  // Bits of 2^(j / N) e^s, without the j that n contributes to the exponent.
  static constexpr Table<double> kDoubles{{0x3ff0000000006210, 0x3fef72b83c7dbc6b, 0x3fef06fe0a322bb3,
                                           0x3feebfdad536a953, 0x3feea09e667fc67b, 0x3feeace5422b3817,
                                           0x3feee89f995b7899, 0x3fef5818dcfc5860}};
  static constexpr Table<float> kFloats{{0x3f7ff2c3, 0x3f7da3da, 0x3f7b8e8a, 0x3f79bc4a, 0x3f783011, 0x3f76ecfa,
                                         0x3f75f641, 0x3f754f48, 0x3f74fb97, 0x3f74fedd, 0x3f755cf5, 0x3f7619e3,
                                         0x3f7739db, 0x3f78c13f, 0x3f7ab4a3, 0x3f7d18d0}};
  static COREPY_INLINE const Table<double>& table(Double) { return kDoubles; }
  static COREPY_INLINE const Table<float>& table(Float) { return kFloats; }

  // n in the lowest bits.
  static COREPY_INLINE Double scaled(Double x) {
    return multiply_add<double>(x, broadcast(0x1.71547652b82fep+3), broadcast(0x1.8p52));
  }
  static COREPY_INLINE Float scaled(Float x) {
    return multiply_add<float>(x, broadcast(0x1.715476p+4f), broadcast(0x1.8p23f));
  }

  template <class V>
  static COREPY_INLINE Split<Lane<V>> split(V x) {
    V t = scaled(x);
    return split(x, t, look_up(table(x).entries, bits(t)));
  }

  static COREPY_INLINE Split<double> split(Double x, Double t, Bits<double> power) {
    Double n = t - broadcast(0x1.8p52);
    // The first difference is exact. s = 0x1.883fe8p-38.
    Double high = multiply_add<double>(n, broadcast(-0x1.62e42fefa39efp-4), x);
    Double r = high + multiply_add<double>(n, broadcast(-0x1.abc9e3b39803fp-59), broadcast(-0x1.883fe8p-38));
    Double r2 = r * r;
    Double p = multiply_add<double>(r, broadcast(0x1.a0180511375d5p-13), broadcast(0x1.6c1ccb161e61ap-10));
    Double q = multiply_add<double>(r, broadcast(0x1.111111207c996p-7), broadcast(0x1.55555547cf33ap-5));
    p = multiply_add<double>(p, r2, q);
    q = multiply_add<double>(r, broadcast(0x1.555555555522ap-3), broadcast(0x1.0000000000113p-1));
    p = multiply_add<double>(p, r2, q);
    Bits<double> shifted = (Bits<double>)t;
    return {power + (shifted << 49), shifted, multiply_add<double>(p, r2, r)};
  }

  static COREPY_INLINE Split<float> split(Float x, Float t, Bits<float> power) {
    Float n = t - broadcast(0x1.8p23f);
    // The first difference is exact. s = -0x1.a7aa80p-13.
    Float high = multiply_add<float>(n, broadcast(-0x1.62e430p-5f), x);
    Float r = high + multiply_add<float>(n, broadcast(0x1.05c610p-33f), broadcast(0x1.a7aa80p-13f));
    Float q = multiply_add<float>(r, broadcast(0x1.555f12p-3f), broadcast(0x1.000222p-1f));
    Bits<float> shifted = (Bits<float>)t;
    return {power + (shifted << 19), shifted, multiply_add<float>(q, r * r, r)};
  }
};

// expm1 of double: x = n ln2 / 8 + r and S = 2^(n / 8) as in exp, but instead of a shift r is corrected by what
// rounding 2^(j / 8) lost: e^x - 1 = (S - 1) + S r + S r^2 q(r). The first difference is exact from 1/2 to 2^53, its sum
// with S r keeps the rounding error. q of degree 6: relative error of e^r - 1 2^-61.4.
//
// Largest error in ulp, avx2 = avx512: 0.55 (3 million points against long double).
struct WideExpm1 {
  static constexpr Table<double> kPowers{{0x3ff0000000000000, 0x3fef72b83c7d517b, 0x3fef06fe0a31b715,
                                          0x3feebfdad5362a27, 0x3feea09e667f3bcd, 0x3feeace5422aa0db,
                                          0x3feee89f995ad3ad, 0x3fef5818dcfba487}};
  static constexpr Table<double> kLost{{0, 0xbc801b15eaa59348, 0x3c834d754db0abb6, 0x3c7690cebb7aafb0,
                                        0xbc93b3efbf5e2229, 0x3c8db72fc1f0eab4, 0x3c8c1a7792cb3387,
                                        0x3c74a385a63d07a7}};

  // n in the lowest bits.
  static COREPY_INLINE Vector<double> scaled(Vector<double> x) {
    return mul_add(x, 0x1.71547652b82fep+3, broadcast(0x1.8p52));
  }

  // e^x - 1 as a sum that is not rounded, for x >= 0 or any x. 2^-64 as much where `one` is 0 and `smaller` 64 << 52.
  template <bool ordinary, bool negative>
  static COREPY_INLINE Pair<Vector<double>> sum(Vector<double> x, Vector<double> one, Bits<double> smaller) {
    Vector<double> t = scaled(x);
    Bits<double> root = look_up(kPowers.entries, bits(t)), lost = look_up(kLost.entries, bits(t));
    return sum<ordinary, negative>(x, one, smaller, t, root, from_bits(lost));
  }
  // With 2^(j / 8), without the j that n contributes to the exponent, and what rounding it lost.
  template <bool ordinary, bool negative>
  static COREPY_INLINE Pair<Vector<double>> sum(Vector<double> x, Vector<double> one, Bits<double> smaller,
                                                Vector<double> t, Bits<double> root, Vector<double> lost) {
    typedef Vector<double> V;
    V n = t - broadcast(0x1.8p52);
    Bits<double> scaled = root + (bits(t) << 49);
    if constexpr (!ordinary) scaled -= smaller;
    V power = from_bits(scaled);
    V high = mul_add(n, -0x1.62e42fefa39efp-4, x);
    V rest = mul_add(n, -0x1.abc9e3b39803fp-59, lost);
    V r = high + rest;
    V r_low = rest - (r - high);
    V r2 = r * r;
    V q = mul_add(r, 0x1.a01bcefe51eebp-16, 0x1.a01f589b4bfecp-13);
    q = mul_add(q, r2, mul_add(r, 0x1.6c16c16e6be86p-10, 0x1.1111110b1cffcp-7));
    q = mul_add(q, r2, mul_add(r, 0x1.55555555554eep-5, 0x1.55555555555cep-3));
    q = mul_add(q, r, 0.5);
    V difference = power - one;
    V h = mul_add(power, r, difference);
    V left = difference - h;
    if constexpr (!ordinary) left = left + two_sum<V>(power, -one).low;
    else if constexpr (negative) left = left + (power - (difference + one));
    V low = mul_add(power, r_low, mul_add(power, r, left));
    return {h, mul_add(power * r2, q, low)};
  }

  // Negative unless |x| < 36: S is below 2^53.
  static COREPY_INLINE Bits<double> strange(Vector<double> x) {
    return bits(36.0) - 1 - (bits(x) & 0x7fffffffffffffffu);
  }
  static COREPY_INLINE Vector<double> ordinary(Vector<double> x) {
    Pair<Vector<double>> w = sum<true, true>(x, broadcast(1.0), Bits<double>{});
    return from_bits(bits(w.high + w.low) | (bits(x) & 0x8000000000000000u));  // -0 stays -0
  }
  // `ordinary` of several vectors in step.
  template <size_t n>
  static COREPY_INLINE void together(Vector<double> (&v)[n]) {
    Vector<double> t[n], root[n], lost[n];
    Bits<double> index[n];
    for (size_t i = 0; i < n; ++i) t[i] = scaled(v[i]), index[i] = bits(t[i]);
    const Places<double, n> places(index);
    places.look_up(kPowers, root);
    places.look_up(kLost, lost);
    for (size_t i = 0; i < n; ++i) {
      Pair<Vector<double>> w = sum<true, true>(v[i], broadcast(1.0), Bits<double>{}, t[i], bits(root[i]), lost[i]);
      v[i] = from_bits(bits(w.high + w.low) | (bits(v[i]) & 0x8000000000000000u));
    }
  }
  // From 700 on, where the 1 is nothing, 2^-64 as much; -1 from -64 on.
  static COREPY_INLINE Vector<double> careful(Vector<double> x) {
    auto big = x > 700.0;
    Vector<double> bounded = x < -64.0 ? broadcast(-64.0) : x > 710.0 ? broadcast(710.0) : x;
    Pair<Vector<double>> w = sum<false, true>(bounded, big ? broadcast(0.0) : broadcast(1.0),
                                              big ? broadcast(uint64_t{64} << 52) : Bits<double>{});
    Vector<double> y = (w.high + w.low) * (big ? broadcast(0x1p64) : broadcast(1.0));
    return from_bits(bits(y) | (bits(x) & 0x8000000000000000u));
  }
};

}  // namespace math
COREPY_END
#endif
