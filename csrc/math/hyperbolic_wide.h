// tanh of whole vectors, with tables that fit into registers.
//
// Of float, by polynomials whose coefficients are looked up:
// tanh|x| = c0 + t (c1 + ... + c6 t^5), t = |x| - b, in 14 intervals that grow with |x|: quarters of the binades of
// |x| + 1. b lies near the middle of its interval where tanh(b) is within 0.003 ulp of a number, c0. In the first
// interval b = 0, and |x| takes the place of c0: rounding a polynomial near 1 would cost half an ulp there. From 9
// on tanh rounds to 1.
//
// Largest errors in ulp, avx2 = avx512: float 0.76 (every third input), double 0.58 (3 million points against long
// double). NaN comes out of the arithmetic.
#pragma once
#include "../tables.h"
#include "exp_wide.h"
#include "hyperbolic_f64.h"

#ifdef COREPY_WIDE
COREPY_BEGIN
namespace math {

struct WideTanh {
  // 4096 elements in cache on Zen 3, in ns per element: float 0.65 by 4 vectors and 0.73 by 8, double 2.03 and 1.87.
  template <class T>
  static constexpr size_t group = sizeof(T) == 4 ? 4 : 8;

  // By the lowest bits of the exponent and the highest of the mantissa of |x| + 1, so that 12 comes first.
  static constexpr Table<float> table[8] = {
      {{0x3fa000af, 0x3fe001e0, 0x401001ca, 0x40300118, 0x405ffee0, 0x408fff71, 0x40b00257, 0x40cffda8, 0x40fffb50,
        0x41140000, 0, 0, 0, 0x3ec001f2, 0x3f2001ec, 0x3f60024a}},
      {{0x3f592980, 0x3f70fe6a, 0x3f7a603b, 0x3f7dea97, 0x3f7f8892, 0x3f7fefd3, 0x3f7ffdd0, 0x3f7fffb4, 0x3f7ffffc,
        0x3f800000, 0, 0, 0, 0x3eb77c51, 0x3f0dfb94, 0x3f343450}},
      {{0x3e8f9139, 0x3de90fdd, 0x3d31fe89, 0x3c84cf54, 0x3b6ea56e, 0x3a016497, 0x388c0506, 0x3717c63c, 0x34f20524, 0,
        0, 0, 0, 0x3f5f1f42, 0x3f3140e8, 0x3f012665}},
      {{0xbe7392c3, 0xbddb6677, 0xbd2e1577, 0xbc83ba9b, 0xbb6e35ac, 0xba015c31, 0xb88cc475, 0xb70fde13, 0xb46df658, 0,
        0, 0, 0xb5934c78, 0xbe9febb2, 0xbec49de1, 0xbeb5d2c4}},
      {{0x3dddd929, 0x3d80dd8d, 0x3cdddbc9, 0x3c2cc469, 0x3b1e142c, 0x39ac374a, 0x383a9855, 0x36ca4ce3, 0x349fbbc3, 0,
        0, 0, 0xbeaaa264, 0xbe36e06e, 0xbc920023, 0x3da78d13}},
      {{0xbc4e420c, 0xbcc0b708, 0xbc49de8f, 0xbba716d7, 0xba9cf5cd, 0xb92c1329, 0xb79aedc4, 0xb7066179, 0xb54ade56, 0,
        0, 0, 0xba9b2725, 0x3e2c25ca, 0x3e0d31b6, 0x3d78ed66}},
      {{0xbca1396f, 0x3b647706, 0x3b825155, 0x3afafcac, 0x3a0089f8, 0x388f3715, 0x3719c748, 0x35a62da1, 0x33931051, 0,
        0, 0, 0x3e1284ab, 0x3c9b6bf4, 0xbd5e7348, 0xbd6f8a8f}},
      {{0x3c77a92c, 0x3b0a618b, 0xba3b5af7, 0xba0f7f00, 0xb925522e, 0xb7bd9d6d, 0xb75a64bc, 0x3757e6ee, 0x34cc47c7, 0,
        0, 0, 0xbd177512, 0xbd8d8fa1, 0xbcc4286c, 0x3c5cc57a}},
  };

  static COREPY_INLINE Vector<float> all(Vector<float> x) {
    Vector<float> v[1] = {x};
    together(v);
    return v[0];
  }

  // Of several vectors in step: see tables.h.
  template <size_t n>
  static COREPY_INLINE void together(Vector<float> (&v)[n]) {
    Vector<float> a[n], base[n], t[n], entries[n], y[n];
    Bits<float> interval[n];
    for (size_t i = 0; i < n; ++i) {
      a[i] = minimum(broadcast(9.5f), from_bits(bits(v[i]) & 0x7fffffffu));
      interval[i] = bits(a[i] + 1.0f) >> 21;
    }
    const Places<float, n> places(interval);
    places.look_up(table[0], entries);
    for (size_t i = 0; i < n; ++i) t[i] = a[i] - entries[i];
#if defined(__AVX512F__)
    for (size_t i = 0; i < n; ++i) {
      __mmask16 later = _mm512_cmp_ps_mask((__m512)(a[i] + 1.0f), (__m512)broadcast(1.25f), _CMP_GE_OQ);
      base[i] = (Vector<float>)_mm512_mask_permutexvar_epi32((__m512i)a[i], later, (__m512i)interval[i],
                                                             _mm512_load_si512(table[1].entries));
    }
#endif
    places.look_up(table[7], y);
#pragma GCC unroll 5
    for (int k = 6; k > 1; --k) {
      places.look_up(table[k], entries);
      for (size_t i = 0; i < n; ++i) y[i] = multiply_add<float>(y[i], t[i], entries[i]);
    }
#if !defined(__AVX512F__)
    // As late as can be: there are no registers for it before.
    places.look_up(table[1], base);
    for (size_t i = 0; i < n; ++i) base[i] = a[i] + 1.0f < 1.25f ? a[i] : base[i];
#endif
    for (size_t i = 0; i < n; ++i) {
      v[i] = from_bits(bits(multiply_add<float>(y[i], t[i], base[i])) | (bits(v[i]) & 0x80000000u));
    }
  }

  // Of double: w / (w + 2) with w = e^2|x| - 1, both as sums of two numbers. One division, whose residual is put
  // back. From 20 on tanh rounds to 1.
  static COREPY_INLINE Vector<double> all(Vector<double> x) { return second(first(x), x); }
  static COREPY_INLINE Pair<Vector<double>> first(Vector<double> x) {
    Vector<double> a = minimum(broadcast(20.0), from_bits(bits(x) & 0x7fffffffffffffffu));
    Pair<Vector<double>> w = WideExpm1::sum<true, false>(a + a, broadcast(1.0), Bits<double>{});
    return fast_two_sum(w.high, w.low);
  }
#if !defined(__AVX512F__)
  // The stages, with the look-ups of all vectors before.
  template <size_t n>
  static COREPY_INLINE void together(Vector<double> (&v)[n]) {
    Vector<double> a[n], t[n], root[n], lost[n];
    Bits<double> index[n];
    for (size_t i = 0; i < n; ++i) {
      a[i] = minimum(broadcast(20.0), from_bits(bits(v[i]) & 0x7fffffffffffffffu));
      a[i] = a[i] + a[i];
      t[i] = WideExpm1::scaled(a[i]);
      index[i] = bits(t[i]);
    }
    const Places<double, n> places(index);
    places.look_up(WideExpm1::kPowers, root);
    places.look_up(WideExpm1::kLost, lost);
    Pair<Vector<double>> middle[n];
    for (size_t i = 0; i < n; ++i) {
      Pair<Vector<double>> w =
          WideExpm1::sum<true, false>(a[i], broadcast(1.0), Bits<double>{}, t[i], bits(root[i]), lost[i]);
      middle[i] = fast_two_sum(w.high, w.low);
    }
    for (size_t i = 0; i < n; ++i) v[i] = second(middle[i], v[i]);
  }
#endif
  static COREPY_INLINE Vector<double> second(Pair<Vector<double>> v, Vector<double> x) {
    typedef Vector<double> V;
    V w = v.high, w_low = v.low;
    // w + 2 with its rounding error, the larger one first.
    V d = w + 2.0;
    V larger = maximum(broadcast(2.0), w), smaller = minimum(broadcast(2.0), w);
    V d_low = (smaller - (d - larger)) + w_low;
    V y = w / d;
    V residual = mul_add(-y, d_low, mul_add(-y, d, w) + w_low);
    V inverse = from_bits(0x7fde623800000000u - bits(d));  // within 5 %, see rough_reciprocal
    return from_bits(bits(mul_add(residual, inverse, y)) | (bits(x) & 0x8000000000000000u));
  }
};

}  // namespace math
COREPY_END
#endif
