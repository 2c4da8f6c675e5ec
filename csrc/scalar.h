// Scalar building blocks of the math kernels. Everything here is branch-free, so that a loop over
// it vectorises on each instruction set.
#pragma once
#include <cstdint>
#include <cstring>

#include "isa.h"

COREPY_BEGIN

template <class To, class From>
COREPY_INLINE To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From), "bit_cast needs equal sizes");
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

COREPY_INLINE uint64_t bits(double x) { return bit_cast<uint64_t>(x); }
COREPY_INLINE uint32_t bits(float x) { return bit_cast<uint32_t>(x); }
COREPY_INLINE double from_bits(uint64_t u) { return bit_cast<double>(u); }
COREPY_INLINE float from_bits(uint32_t u) { return bit_cast<float>(u); }

// a * b + c, fused where the instruction set has it. The baseline rounds twice: use it only where
// the error bound holds either way, and two_product where the low part matters.
COREPY_INLINE double mul_add(double a, double b, double c) {
#ifdef __FMA__
  return __builtin_fma(a, b, c);
#elif defined(__aarch64__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}
COREPY_INLINE float mul_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

// An unevaluated sum high + low with |low| <= ulp(high) / 2.
template <class T>
struct Pair {
  T high, low;
};

// Knuth's TwoSum: exact for any a, b without overflow.
template <class T>
COREPY_INLINE Pair<T> two_sum(T a, T b) {
  T s = a + b;
  T t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// Dekker's FastTwoSum: exact when |a| >= |b| or a == 0.
template <class T>
COREPY_INLINE Pair<T> fast_two_sum(T a, T b) {
  T s = a + b;
  return {s, b - (s - a)};
}

// high + low == a * b exactly (barring over- and underflow): one fma, or Dekker's splitting.
COREPY_INLINE Pair<double> two_product(double a, double b) {
  double p = a * b;
#if defined(__FMA__) || defined(__aarch64__)
  return {p, __builtin_fma(a, b, -p)};
#else
  const double split = 134217729.0;  // 2^27 + 1
  double ca = split * a, cb = split * b;
  double ah = ca - (ca - a), bh = cb - (cb - b);
  double al = a - ah, bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}
COREPY_INLINE Pair<float> two_product(float a, float b) {
  float p = a * b;
#if defined(__FMA__) || defined(__aarch64__)
  return {p, __builtin_fmaf(a, b, -p)};
#else
  return {p, static_cast<float>(static_cast<double>(a) * static_cast<double>(b) - static_cast<double>(p))};
#endif
}

COREPY_END
