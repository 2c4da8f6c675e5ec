// The logarithms of whole vectors: the functions of log_f32.h and log_f64.h, where the look for special arguments
// shares the loads of the rest, but for log1p of double:
//
// 1 + x = u + c with u rounded. u = 2^k m, 0.97 < m < 1.95, and r of 5 or 8 bits is near 1 / m by the highest 3 bits of
// m, so that f = m r - 1 + c r / 2^k is small (0.0725) and m r - 1 exact where it counts; log1p(x) = (k ln2 - log(r)) +
// log(1 + f). The first sum is exact but for its low part, the last is f + f^2 q(f) with q of degree 9 (relative error
// of log(1 + f) 2^-56.4). r = 1 around u = 1. It takes 37 operations of the machine's units per vector instead of 44.
//
// Largest error of it, in ulp, avx2 = avx512: 0.71 (3 million points against long double).
#pragma once
#include "log_f32.h"
#include "log_f64.h"

#ifdef COREPY_WIDE
COREPY_BEGIN
namespace math {

// Negative unless x is positive, normal and finite; of the largest doubles, the exponent that is looked for is that
// of infinity.
COREPY_INLINE Bits<double> log_strange(Vector<double> x) {
  return (bits(x) - 0x0010000000000000u) | (bits(0x1p1023) - bits(x));
}
COREPY_INLINE Bits<float> log_strange(Vector<float> x) { return (bits(x) - 0x00800000u) | (0x7f7fffffu - bits(x)); }

#define COREPY_WIDE_LOG(Wide, name, lowest)                                                                          \
  struct Wide {                                                                                                      \
    template <class V>                                                                                               \
    static COREPY_INLINE auto strange(V x) {                                                                         \
      return log_strange(x);                                                                                         \
    }                                                                                                                \
    static COREPY_INLINE Vector<double> ordinary(Vector<double> x) {                                                 \
      return name##_of(log64::split_normal(x, 0x1p52 + 1023));                                                       \
    }                                                                                                                \
    static COREPY_INLINE Vector<float> ordinary(Vector<float> x) { return name##_of(log_reduce_normal<lowest>(x)); } \
    template <class V>                                                                                               \
    static COREPY_INLINE V careful(V x) {                                                                            \
      return each_lane<Lane<V>>(x, [](Lane<V> lane) COREPY_INLINE_LAMBDA { return name(lane); });                    \
    }                                                                                                                \
  };
COREPY_WIDE_LOG(WideLog, log, kLogLowest)
COREPY_WIDE_LOG(WideLog2, log2, kLog2Lowest)
COREPY_WIDE_LOG(WideLog10, log10, kLog10Lowest)

struct WideLog1p {
  // Negative unless x is above -1 and not huge: beyond, 2^-k is not a normal number.
  static COREPY_INLINE Bits<double> strange(Vector<double> x) {
    Bits<double> u = bits(1.0 + x);
    return (u - 1) | (bits(0x1p1000) - u);
  }
  static COREPY_INLINE Bits<float> strange(Vector<float> x) {
    return (bits(1.0f + x) - 1u) | (bits(0x1p126f) - (bits(x) & 0x7fffffffu));
  }
  static COREPY_INLINE Vector<double> ordinary(Vector<double> x) { return value<true>(x); }
  static COREPY_INLINE Vector<double> careful(Vector<double> x) {
    Vector<double> y = value<false>(x);
    y = x == -1.0 ? broadcast(-__builtin_inf()) : y;
    y = x < -1.0 ? broadcast(__builtin_nan("")) : y;
    return x < __builtin_inf() ? y : x;
  }
  static COREPY_INLINE Vector<float> ordinary(Vector<float> x) {
    Vector<float> y =
        log1p_of(x, 1.0f + x, [](Bits<float> scale) COREPY_INLINE_LAMBDA { return (Vector<float>)scale; });
    return from_bits(bits(y) | (bits(x) & 0x80000000u));
  }
  static COREPY_INLINE Vector<float> careful(Vector<float> x) {
    return each_lane<float>(x, [](float lane) COREPY_INLINE_LAMBDA { return log1p(lane); });
  }

 private:
  // u = 1 + x rounded and its error c; f = m r - 1 + c r 2^-k.
  template <bool ordinary>
  static COREPY_INLINE Vector<double> value(Vector<double> x) {
    // r with the 1 of its exponent twice, for it is divided by 2^(1023 + k), and -log(r) in two parts, the
    // first a multiple of 2^-42 as the first part of ln2 is.
    alignas(64) static constexpr uint64_t table[3][8] = {
        {0x7fe0000000000000, 0x7fdc000000000000, 0x7fd9600000000000, 0x7fd7200000000000, 0x7fd5400000000000,
         0x7fd3a00000000000, 0x7fd2200000000000, 0x7fd1000000000000},
        {0, 0x3fc1178e8227e000, 0x3fcdb13db0d48000, 0x3fd4c9e09e173000, 0x3fda334402250000, 0x3fdf4aa7ee032000,
         0x3fe230b0d8bec000, 0x3fe43d9ff2f92000},
        {0, 0x3d21ef78ce2d07f2, 0x3d32806a847527e6, 0xbd2e20891b0ad8a4, 0xbd361cdd40314305, 0xbd3b4c86a43fad5d,
         0xbd3b40fe646de661, 0x3d3e267b0b7efae1}};
    constexpr uint64_t lowest = 0x3fef28f600000000;  // bits of 0.97375, the least m
    Vector<double> u = 1.0 + x;
    Vector<double> c = x - (u - 1.0);
    Bits<double> shifted = bits(u) + (log64::kOneBits - lowest);
    Vector<double> k = log64::exponent_f64<!ordinary>(shifted);
    Bits<double> place = shifted >> 49;
    Vector<double> r = from_bits(look_up(table[0], place) - (shifted & ~log64::kFractionMask));
    if constexpr (!ordinary) {
      // Of a huge u, 2^-k is no normal number.
      auto huge = u > 0x1p1000;
      r = huge ? from_bits(bits(r) + (uint64_t{64} << 52)) : r;
      u = huge ? u * 0x1p-64 : u;
      c = huge ? broadcast(0.0) : c;
    }
    Vector<double> g = mul_add(u, r, -1.0);
    Vector<double> f = mul_add(c, r, g);
    Vector<double> f2 = f * f;
    Vector<double> q = mul_add(mul_add(f, 0x1.649f81153cdc4p-4, -0x1.9d3b02be1d04bp-4), f2,
                               mul_add(f, 0x1.c7475bfcf250cp-4, -0x1.fffc60eae393fp-4));
    q = mul_add(q, f2, mul_add(f, 0x1.2492369d6a11fp-3, -0x1.55555621ae3ffp-3));
    q = mul_add(q, f2, mul_add(f, 0x1.9999999fc2d7fp-3, -0x1.ffffffffdb357p-3));
    q = mul_add(q, f2, mul_add(f, 0x1.555555555504ep-2, -0x1.0000000000007p-1));
    Vector<double> s = mul_add(k, log64::kLn2High, from_bits(look_up(table[1], place)));
    Vector<double> h = s + f;
    Vector<double> low = mul_add(k, log64::kLn2Low, from_bits(look_up(table[2], place)));
    low += mul_add(c, r, g - f) + (f - (h - s));
    return from_bits(bits(h + mul_add(f2, q, low)) | (bits(x) & 0x8000000000000000u));
  }
};

}  // namespace math
COREPY_END
#endif
