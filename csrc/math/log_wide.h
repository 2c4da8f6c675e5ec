// The logarithms of whole vectors. Of double log, log2 and log10 are the functions of log_f64.h, where the look for special
// arguments shares the loads of the rest.
//
// log1p of double: 1 + x = u + c with u rounded. u = 2^k m, 0.97 < m < 1.95, and r of 5 or 8 bits is near 1 / m by the highest 3 bits of
// m, so that f = m r - 1 + c r / 2^k is small (0.0725) and m r - 1 exact where it counts; log1p(x) = (k ln2 - log(r)) +
// log(1 + f). The first sum is exact but for its low part, the last is f + f^2 q(f) with q of degree 9 (relative error
// of log(1 + f) 2^-56.4). r = 1 around u = 1. It takes 37 operations of the machine's units per vector instead of 44.
//
// Of float, all by a table of 16 in the same way, see `log32`.
//
// Largest errors in ulp, avx2 = avx512: log1p of double 0.71 (3 million points against long double); of float log 0.78,
// log2 0.70, log10 0.74, log1p 0.79 (every input).
#pragma once
#include "../tables.h"
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
// Of floats, -0 included.
COREPY_INLINE auto log_strange(Vector<float> x) {
#if defined(__AVX512F__)
  return _mm512_fpclass_ps_mask((__m512)x, 0xff);
#else
  return (bits(x) - 0x00800000u) | (0x7f7fffffu - bits(x));
#endif
}

namespace log32 {

// Zen 3, in ns per element: log 0.53 by 4 vectors and 0.52 by 8, log2 0.53 and 0.49, log1p 0.64 and 0.60 (of double 1.69 and 1.94).
template <class T>
constexpr size_t group = sizeof(T) == 4 ? 8 : 4;

// Of float, x = 2^k m with 1 <= m < 2, and r of 6 bits is near 1 / m by the highest 4 bits of m, so that f = m r - 1 in
// [-0.0332, 0.0625] is exact (but for 2^-30 where |f| > 1/32); log_b(x) = (k log_b(2) - log_b(r)) + log_b(1 + f). The
// first sum is exact but for its low part, the last is L f + f^2 q(f) with L = log_b(e) and q of degree 3 (relative error
// of the whole 2^-28.2). For m next to 1 the first sum is 0, next to 2 too with k = -1, and r is 1 and 1/2.
constexpr Table<float> kReciprocal{{0x3f800000, 0x3f6c0000, 0x3f5c0000, 0x3f540000, 0x3f480000, 0x3f400000, 0x3f380000,
                                    0x3f300000, 0x3f280000, 0x3f200000, 0x3f1c0000, 0x3f140000, 0x3f100000, 0x3f0c0000,
                                    0x3f080000, 0x3f000000}};
// The 1 of its exponent twice, to be divided by 2^k of which the exponent has it too.
constexpr Table<float> kReciprocalTwice{{0x7f000000, 0x7eec0000, 0x7edc0000, 0x7ed40000, 0x7ec80000, 0x7ec00000,
                                         0x7eb80000, 0x7eb00000, 0x7ea80000, 0x7ea00000, 0x7e9c0000, 0x7e940000,
                                         0x7e900000, 0x7e8c0000, 0x7e880000, 0x7e800000}};

// What a base makes of it: -log_b(r) in two parts, log_b(2) in two, L in two and the coefficients of q. The first part
// of either logarithm is a multiple of 2^-16 (2^-17 of the decimal one), so that k times it and the sum are exact.
struct Base {
  Table<float> high, low;
  float two_high, two_low, e_high, e_low, q0, q1, q2, q3;
};
constexpr Base kNatural = {
    {{0x00000000, 0x3da69800, 0x3e1b3000, 0x3e412000, 0x3e7cc800, 0x3e934c00, 0x3ea91600, 0x3ebfd800, 0x3ed7aa00,
      0x3ef0a400, 0x3efd9a00, 0x3f0c4700, 0x3f134b00, 0x3f1a8100, 0x3f21ed00, 0x3f317200}},
    {{0x00000000, 0x358ae904, 0xb4d3fa9c, 0xb6fa6ab9, 0x3663659e, 0xb6ef7659, 0xb68fc63b, 0xb5b884fd, 0xb6b56dba,
      0x3621a272, 0x36c57bd2, 0x36e40f24, 0x35844d37, 0x368ad9d9, 0xb2d06dc4, 0x35bfbe8e}},
    0x1.62e4p-1f,
    0x1.7f7d1cp-20f,
    1.0f,
    0.0f,
    -0x1.fffffep-2f,
    0x1.55585ap-2f,
    -0x1.0021bcp-2f,
    0x1.83c5fep-3f};
constexpr Base kBinary = {
    {{0x00000000, 0x3df05800, 0x3e5fe400, 0x3e8b4e00, 0x3eb65800, 0x3ed48000, 0x3ef3f000, 0x3f0a6300, 0x3f1b9100,
      0x3f2d9600, 0x3f36f000, 0x3f4a6100, 0x3f548000, 0x3f5ee700, 0x3f699c00, 0x3f800000}},
    {{0x00000000, 0x35d74798, 0xb642c000, 0x33a6c7e3, 0x3676865d, 0xb5d1cfdf, 0xb6201ac7, 0xb69f0197, 0x35aedc1d,
      0x35f6865d, 0xb5f561c1, 0x3687492c, 0xb651cfdf, 0x369dcc96, 0x3510536f, 0x00000000}},
    1.0f,
    0.0f,
    0x1.715476p+0f,
    0x1.4ae0cp-26f,
    -0x1.715476p-1f,
    0x1.ec74fap-2f,
    -0x1.718520p-2f,
    0x1.17b82ap-2f};
constexpr Base kDecimal = {
    {{0x00000000, 0x3d10b800, 0x3d86cc00, 0x3da7bc00, 0x3ddb9000, 0x3dffe000, 0x3e12de00, 0x3e26a200, 0x3e3b5200,
      0x3e510400, 0x3e5c4800, 0x3e73b000, 0x3e7fe000, 0x3e863400, 0x3e8ca600, 0x3e9a2100}},
    {{0x00000000, 0xb67c946e, 0xb5c99cd8, 0x362b66ef, 0x35e68b8b, 0xb47510e2, 0xb63ef528, 0xb37b14b7, 0x353976fd,
      0x365427de, 0xb64c1834, 0x36120236, 0xb4f510e2, 0xb66e2954, 0xb6442109, 0xb64af608}},
    0x1.3442p-2f,
    -0x1.95ec1p-19f,
    0x1.bcb7b2p-2f,
    -0x1.5b235ep-27f,
    -0x1.bcb7b0p-3f,
    0x1.287d16p-3f,
    -0x1.bcf24ap-4f,
    0x1.50d0d2p-4f};

// The exponent k of a positive normal number.
COREPY_INLINE Vector<float> exponent(Vector<float> x) {
#if defined(__AVX512F__)
  return (Vector<float>)_mm512_maskz_getexp_ps(0xffff, (__m512)x);
#else
  return __builtin_convertvector((Vector<int32_t>)(bits(x) - 0x3f800000u) >> 23, Vector<float>);
#endif
}
// Its m.
COREPY_INLINE Vector<float> mantissa(Vector<float> x) {
#if defined(__AVX512F__)
  return (Vector<float>)_mm512_maskz_getmant_ps(0xffff, (__m512)x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
#else
  return from_bits((bits(x) & 0x007fffffu) | 0x3f800000u);
#endif
}

// r of n vectors and -log_b(r) in its two parts.
template <size_t n>
struct Entries {
  Vector<float> r[n], high[n], low[n];

  COREPY_INLINE Entries(const Table<float>& reciprocal, const Base& b, const Bits<float> (&index)[n]) {
    const Places<float, n> places(index);
    places.look_up(reciprocal, r);
    places.look_up(b.high, high);
    places.look_up(b.low, low);
  }
};

// k log_b(2) - log_b(r).
template <const Base& b>
COREPY_INLINE Pair<Vector<float>> coarse(Vector<float> k, Vector<float> high, Vector<float> low) {
  if constexpr (b.two_low == 0.0f) return {k + high, low};
  else return {mul_add(k, b.two_high, high), mul_add(k, b.two_low, low)};
}

template <const Base& b>
COREPY_INLINE Vector<float> polynomial(Vector<float> f) {
  return mul_add(mul_add(mul_add(f, b.q3, b.q2), f, b.q1), f, b.q0);
}

template <const Base& b>
COREPY_INLINE Vector<float> sum(Pair<Vector<float>> c, Vector<float> f) {
  Vector<float> q = polynomial<b>(f);
  if constexpr (b.e_low == 0.0f) {
    Vector<float> s = c.high + f;
    return s + mul_add(f * f, q, (f - (s - c.high)) + c.low);
  } else {
    Vector<float> s = mul_add(f, b.e_high, c.high);
    Vector<float> rest = mul_add(f, b.e_high, c.high - s) + c.low;
    return s + mul_add(f, mul_add(q, f, b.e_low), rest);
  }
}

template <const Base& b, size_t n>
COREPY_INLINE void values(Vector<float> (&v)[n]) {
  Bits<float> index[n];
  for (size_t i = 0; i < n; ++i) index[i] = bits(v[i]) >> 19;
  const Entries<n> e(kReciprocal, b, index);
  for (size_t i = 0; i < n; ++i)
    v[i] = sum<b>(coarse<b>(exponent(v[i]), e.high[i], e.low[i]), mul_add(mantissa(v[i]), e.r[i], -1.0f));
}
// Subnormals are scaled.
template <const Base& b>
COREPY_INLINE Vector<float> careful_value(Vector<float> x) {
  auto small = x < 0x1p-126f;
  Vector<float> scaled = small ? x * 0x1p23f : x;
  const Entries<1> e(kReciprocal, b, {bits(scaled) >> 19});
  Vector<float> k = exponent(scaled) - (small ? broadcast(23.0f) : broadcast(0.0f));
  Vector<float> y = sum<b>(coarse<b>(k, e.high[0], e.low[0]), mul_add(mantissa(scaled), e.r[0], -1.0f));
  y = x == 0.0f ? broadcast(-__builtin_inff()) : y;
  y = x < 0.0f ? broadcast(__builtin_nanf("")) : y;
  return x < __builtin_inff() ? y : x;
}

}  // namespace log32

#define COREPY_WIDE_LOG(Wide, name, base)                                                                        \
  struct Wide {                                                                                                  \
    template <class T>                                                                                           \
    static constexpr size_t group = log32::group<T>;                                                             \
    template <class V>                                                                                           \
    static COREPY_INLINE auto strange(V x) {                                                                     \
      return log_strange(x);                                                                                     \
    }                                                                                                            \
    static COREPY_INLINE Vector<double> ordinary(Vector<double> x) {                                             \
      return name##_of(log64::split_normal(x, 0x1p52 + 1023));                                                   \
    }                                                                                                            \
    static COREPY_INLINE Vector<float> ordinary(Vector<float> x) {                                               \
      Vector<float> v[1] = {x};                                                                                  \
      together(v);                                                                                               \
      return v[0];                                                                                               \
    }                                                                                                            \
    template <size_t n>                                                                                          \
    static COREPY_INLINE void together(Vector<float> (&v)[n]) {                                                  \
      log32::values<log32::base>(v);                                                                             \
    }                                                                                                            \
    static COREPY_INLINE Vector<double> careful(Vector<double> x) {                                              \
      return each_lane<double>(x, [](double lane) COREPY_INLINE_LAMBDA { return name(lane); });                  \
    }                                                                                                            \
    static COREPY_INLINE Vector<float> careful(Vector<float> x) { return log32::careful_value<log32::base>(x); } \
  };
COREPY_WIDE_LOG(WideLog, log, kNatural)
COREPY_WIDE_LOG(WideLog2, log2, kBinary)
COREPY_WIDE_LOG(WideLog10, log10, kDecimal)

struct WideLog1p {
  template <class T>
  static constexpr size_t group = log32::group<T>;

  // Negative unless x is above -1 and not huge: beyond, 2^-k is not a normal number.
  static COREPY_INLINE Bits<double> strange(Vector<double> x) {
    Bits<double> u = bits(1.0 + x);
    return (u - 1) | (bits(0x1p1000) - u);
  }
  static COREPY_INLINE auto strange(Vector<float> x) {
    Vector<float> u = 1.0f + x;
#if defined(__AVX512F__)
    return _mm512_cmp_epu32_mask((__m512i)(bits(u) - 1u), (__m512i)broadcast(bits(0x1p125f)), _MM_CMPINT_NLT);
#else
    return (bits(u) - 1u) | (bits(0x1p125f) - bits(u));
#endif
  }
  template <class V>
  static COREPY_INLINE V ordinary(V x) {
    return value<true>(x);
  }
  // `ordinary` of several vectors in step.
  template <class V, size_t n>
  static COREPY_INLINE void together(V (&v)[n]) {
    values<true>(v);
  }
  static COREPY_INLINE Vector<double> careful(Vector<double> x) {
    Vector<double> y = value<false>(x);
    y = x == -1.0 ? broadcast(-__builtin_inf()) : y;
    y = x < -1.0 ? broadcast(__builtin_nan("")) : y;
    return x < __builtin_inf() ? y : x;
  }
  static COREPY_INLINE Vector<float> careful(Vector<float> x) {
    Vector<float> y = value<false>(x);
    y = x == -1.0f ? broadcast(-__builtin_inff()) : y;
    y = x < -1.0f ? broadcast(__builtin_nanf("")) : y;
    return x < __builtin_inff() ? y : x;
  }

 private:
  template <bool ordinary, class V>
  static COREPY_INLINE V value(V x) {
    V v[1] = {x};
    values<ordinary>(v);
    return v[0];
  }

  // r with the 1 of its exponent twice, for it is divided by 2^(1023 + k), and -log(r) in two parts, the
  // first a multiple of 2^-42 as the first part of ln2 is.
  static constexpr Table<double> kReciprocal{{0x7fe0000000000000, 0x7fdc000000000000, 0x7fd9600000000000,
                                              0x7fd7200000000000, 0x7fd5400000000000, 0x7fd3a00000000000,
                                              0x7fd2200000000000, 0x7fd1000000000000}};
  static constexpr Table<double> kHigh{{0, 0x3fc1178e8227e000, 0x3fcdb13db0d48000, 0x3fd4c9e09e173000,
                                        0x3fda334402250000, 0x3fdf4aa7ee032000, 0x3fe230b0d8bec000,
                                        0x3fe43d9ff2f92000}};
  static constexpr Table<double> kLow{{0, 0x3d21ef78ce2d07f2, 0x3d32806a847527e6, 0xbd2e20891b0ad8a4,
                                       0xbd361cdd40314305, 0xbd3b4c86a43fad5d, 0xbd3b40fe646de661, 0x3d3e267b0b7efae1}};
  static constexpr uint64_t kLowest = 0x3fef28f600000000;  // bits of 0.97375, the least m

  template <bool ordinary, size_t n>
  static COREPY_INLINE void values(Vector<double> (&v)[n]) {
    Vector<double> r[n], high[n], low[n];
    Bits<double> index[n];
    for (size_t i = 0; i < n; ++i) index[i] = (bits(1.0 + v[i]) + (log64::kOneBits - kLowest)) >> 49;
    const Places<double, n> places(index);
    places.look_up(kReciprocal, r);
    places.look_up(kHigh, high);
    places.look_up(kLow, low);
    for (size_t i = 0; i < n; ++i) v[i] = value<ordinary>(v[i], r[i], high[i], low[i]);
  }
  template <bool ordinary, size_t n>
  static COREPY_INLINE void values(Vector<float> (&v)[n]) {
    Bits<float> index[n];
    for (size_t i = 0; i < n; ++i) index[i] = bits(1.0f + v[i]) >> 19;
    const log32::Entries<n> e(log32::kReciprocalTwice, log32::kNatural, index);
    for (size_t i = 0; i < n; ++i) v[i] = value<ordinary>(v[i], e.r[i], e.high[i], e.low[i]);
  }

  // u = 1 + x rounded and its error c; f = m r - 1 + c r 2^-k.
  template <bool ordinary>
  static COREPY_INLINE Vector<double> value(Vector<double> x, Vector<double> reciprocal, Vector<double> log_high,
                                            Vector<double> log_low) {
    Vector<double> u = 1.0 + x;
    Vector<double> c = x - (u - 1.0);
    Bits<double> shifted = bits(u) + (log64::kOneBits - kLowest);
    Vector<double> k = log64::exponent_f64<!ordinary>(shifted);
    Vector<double> r = from_bits(bits(reciprocal) - (shifted & ~log64::kFractionMask));
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
    Vector<double> s = mul_add(k, log64::kLn2High, log_high);
    Vector<double> h = s + f;
    Vector<double> low = mul_add(k, log64::kLn2Low, log_low);
    low += mul_add(c, r, g - f) + (f - (h - s));
    return from_bits(bits(h + mul_add(f2, q, low)) | (bits(x) & 0x8000000000000000u));
  }

  template <bool ordinary>
  static COREPY_INLINE Vector<float> value(Vector<float> x, Vector<float> reciprocal, Vector<float> log_high,
                                           Vector<float> log_low) {
    Vector<float> u = 1.0f + x;
    Vector<float> c = x - (u - 1.0f);
    Vector<float> k = log32::exponent(u);
    if constexpr (!ordinary) {
      // Of a huge u, 2^-k is no normal number.
      auto huge = u > 0x1p124f;
      u = huge ? u * 0x1p-32f : u;
      c = huge ? broadcast(0.0f) : c;
    }
    Vector<float> r = from_bits(bits(reciprocal) - (bits(u) & 0xff800000u));
    Vector<float> g = mul_add(u, r, -1.0f);
    Vector<float> f = mul_add(c, r, g);
    Pair<Vector<float>> first = log32::coarse<log32::kNatural>(k, log_high, log_low);
    Vector<float> s = first.high + f;
    // g, for f is rounded.
    Vector<float> rest = (g - (s - first.high)) + mul_add(c, r, first.low);
    Vector<float> y = s + mul_add(f * f, log32::polynomial<log32::kNatural>(f), rest);
    return from_bits(bits(y) | (bits(x) & 0x80000000u));
  }
};

}  // namespace math
COREPY_END
#endif
