// atan of whole vectors, by a table that fits into registers.
//
// atan|x| = c + atan(t), t = (|x| p - b) / (|x| b + p), with atan(b / p) = c to 2^-10 ulp: in the first interval b = 0
// = c and p = 1, in the last b = 1, c is pi/2 rounded and p what rounding lost, in the others b is a number near the
// middle and p = 1. Intervals are halves (double) or quarters (float) of the binades of |x| + 1/2. |t| <= 1/4 (0.155),
// so that an odd polynomial of degree 17 (relative error 2^-57.5) or 7 (2^-31.6) does. The numerator is exact where
// it counts; the quotient's residual is put back, the denominator's rounding is small beside c.
//
// Largest errors in ulp, avx2 = avx512: double 0.78 (3 million points against long double), float 0.84 (every 61st
// input). NaN comes out of the arithmetic.
#pragma once
#include "../tables.h"

#ifdef COREPY_WIDE
COREPY_BEGIN
namespace math {

struct WideAtan {
  // Zen 3, in ns per element: float 0.64 by 4 vectors and 0.56 by 8, double 1.56 both ways.
  template <class T>
  static constexpr size_t group = sizeof(T) == 4 ? 8 : 4;

  // b, p and c, by the lowest bits of the exponent and the highest of the mantissa of |x| + 1/2.
  static constexpr Table<double> kDoubles[3] = {
      {{0x3ffe6a9ef26f7511, 0x400766cab44ef542, 0x401127a78c507d89, 0x3ff0000000000000, 0, 0x3fd578d5eaf27480,
        0x3fe71075a3cdd0b0, 0x3ff3845118db56c7}},
      {{0x3ff0000000000000, 0x3ff0000000000000, 0x3ff0000000000000, 0x3c91a62633145c07, 0x3ff0000000000000,
        0x3ff0000000000000, 0x3ff0000000000000, 0x3ff0000000000000}},
      {{0x3ff16279b155a43d, 0x3ff3dcbf3ae7ec22, 0x3ff577af20376a92, 0x3ff921fb54442d18, 0, 0x3fd4b77e09fe344b,
        0x3fe3fc176b7a866c, 0x3fec4a8393630f9b}},
  };
  static constexpr Table<float> kFloats[3] = {
      {{0x3fdc91b2, 0x400e8a0e, 0x402eb954, 0x404edf44, 0x407c3dd9, 0x409e738d, 0x40beb3c0, 0x3f800000, 0, 0x3e2d6ed8,
        0x3e9f72a6, 0x3edf49a5, 0x3f1e3c8c, 0x3f5e094c, 0x3f8f03b9, 0x3faf0db1}},
      {{0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0xb33bbd2e, 0x3f800000,
        0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000}},
      {{0x3f85c1c1, 0x3f930b10, 0x3f9c1e88, 0x3fa2a873, 0x3fa9419d, 0x3faf8e08, 0x3fb3c81b, 0x3fc90fdb, 0, 0x3e2bcd78,
        0x3e9a92e9, 0x3ed28e53, 0x3f0dbab8, 0x3f36e771, 0x3f573aec, 0x3f707eac}},
  };

  static COREPY_INLINE Vector<double> all(Vector<double> x) {
    Vector<double> v[1] = {x};
    in_step(v);
    return v[0];
  }
#if !defined(__AVX512F__)
  template <size_t n>
  static COREPY_INLINE void together(Vector<double> (&v)[n]) {
    in_step(v);
  }
#endif

  template <size_t n>
  static COREPY_INLINE void in_step(Vector<double> (&v)[n]) {
    Vector<double> a[n], b[n], p[n], c[n];
    Bits<double> interval[n];
    for (size_t i = 0; i < n; ++i) {
      a[i] = minimum(broadcast(0x1p60), from_bits(bits(v[i]) & 0x7fffffffffffffffu));
      // The last interval has no end: 0x803 is that of 6. The upper halves are 0.
      interval[i] = (Bits<double>)minimum(broadcast(0x803u), (Bits<float>)(bits(a[i] + 0.5) >> 51));
    }
    const Places<double, n> places(interval);
    places.look_up(kDoubles[0], b);
    places.look_up(kDoubles[1], p);
    places.look_up(kDoubles[2], c);
    for (size_t i = 0; i < n; ++i) {
      Vector<double> y = value(a[i], b[i], p[i], c[i]);
      v[i] = from_bits(bits(y) | (bits(v[i]) & 0x8000000000000000u));
    }
  }
  static COREPY_INLINE Vector<double> value(Vector<double> a, Vector<double> b, Vector<double> p, Vector<double> c) {
    typedef Vector<double> V;
    V numerator = multiply_add<double>(a, p, -b), denominator = multiply_add<double>(a, b, p);
    V t = numerator / denominator;
    V z = t * t, z2 = z * z;
    V high = multiply_add<double>(z, broadcast(0x1.7986e9d7eb4e6p-5), broadcast(-0x1.0b4dbcce402e2p-4));
    V next = multiply_add<double>(z, broadcast(0x1.3ab9e795c06d4p-4), broadcast(-0x1.7459e3c0a1fddp-4));
    V q = multiply_add<double>(high, z2, next);
    next = multiply_add<double>(z, broadcast(0x1.c71c60aac7312p-4), broadcast(-0x1.2492490b33e3fp-3));
    q = multiply_add<double>(q, z2, next);
    next = multiply_add<double>(z, broadcast(0x1.9999999975282p-3), broadcast(-0x1.55555555554c6p-2));
    q = multiply_add<double>(q, z2, next);
    // The residual over the denominator: 1 / denominator within 5 %, see rough_reciprocal.
    V residual = multiply_add<double>(-t, denominator, numerator);
    V inverse = (V)(0x7fde623800000000u - (Bits<double>)denominator);
    V s = c + t;
    V low = multiply_add<double>(residual, inverse, t - (s - c));
    return s + multiply_add<double>(t * z, q, low);
  }

  static COREPY_INLINE Vector<float> all(Vector<float> x) {
    Vector<float> v[1] = {x};
    together(v);
    return v[0];
  }

  template <size_t n>
  static COREPY_INLINE void together(Vector<float> (&v)[n]) {
    typedef Vector<float> V;
    V a[n], b[n], p[n], c[n], numerator[n], denominator[n], t[n];
    Bits<float> interval[n];
    for (size_t i = 0; i < n; ++i) {
      a[i] = minimum(broadcast(0x1p30f), from_bits(bits(v[i]) & 0x7fffffffu));
      interval[i] = minimum(broadcast(0x207u), bits(a[i] + 0.5f) >> 21);
    }
    const Places<float, n> places(interval);
    places.look_up(kFloats[0], b);
    places.look_up(kFloats[1], p);
    places.look_up(kFloats[2], c);
    for (size_t i = 0; i < n; ++i) {
      numerator[i] = multiply_add<float>(a[i], p[i], -b[i]);
      denominator[i] = multiply_add<float>(a[i], b[i], p[i]);
      t[i] = numerator[i] / denominator[i];
    }
    for (size_t i = 0; i < n; ++i) {
      V z = t[i] * t[i];
      V q = multiply_add<float>(z, broadcast(-0x1.1a81p-3f), broadcast(0x1.99769cp-3f));
      q = multiply_add<float>(q, z, broadcast(-0x1.555544p-2f));
      V residual = multiply_add<float>(-t[i], denominator[i], numerator[i]);
      V inverse = from_bits(0x7ef311c7u - bits(denominator[i]));
      V s = c[i] + t[i];
      V low = multiply_add<float>(residual, inverse, t[i] - (s - c[i]));
      v[i] = from_bits(bits(s + multiply_add<float>(t[i] * z, q, low)) | (bits(v[i]) & 0x80000000u));
    }
  }
};

}  // namespace math
COREPY_END
#endif
