// Powers and roots.
#pragma once
#include "../math/complex_functions.h"
#include "../math/pow_f32.h"
#include "../math/pow_f64.h"
#include "function.h"

COREPY_BEGIN

COREPY_FUNCTION(FloatPow, pow)
COREPY_FUNCTION(Hypot, hypot)

// Integer powers by repeated squaring, wrapping. A negative exponent, which the face refuses, gives
// 0 but for the bases 1 and -1.
template <class T>
COREPY_INLINE T integer_pow(T base, T exponent) {
  if constexpr (std::is_signed_v<T>) {
    if (exponent < 0) {
      if (base == 1) return 1;
      if (base == -1) return exponent & 1 ? T(-1) : T(1);
      return 0;
    }
  }
  using U = std::make_unsigned_t<T>;
  // Multiplied as uint64_t: narrower types would promote to int.
  uint64_t result = 1, factor = static_cast<uint64_t>(static_cast<U>(base));
  for (U e = static_cast<U>(exponent); e != 0; e = static_cast<U>(e >> 1)) {
    if (e & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

struct Pow {
  template <class T>
  static COREPY_INLINE T apply(T x1, T x2) {
    if constexpr (is_integer<T>) return integer_pow(x1, x2);
    else return FloatPow::apply(x1, x2);
  }
  template <class T, class = std::enable_if_t<is_real_floating<T>>>
  static COREPY_INLINE auto strange(T x1, T x2) {
    return math::pow_strange(x1, x2);
  }
  template <bool ordinary, class T>
  static COREPY_INLINE auto first(T x1, T x2) {
    return math::pow_exponent<ordinary>(x1, x2);
  }
  template <bool ordinary, class Middle, class T>
  static COREPY_INLINE T second(Middle exponent, T x1, T x2) {
    return math::pow_of_exponent<ordinary>(exponent, x1, x2);
  }
  template <class T, class R = decltype(FloatPow::rare(std::declval<T>(), std::declval<T>()))>
  static COREPY_INLINE R rare(T x1, T x2) {
    return FloatPow::rare(x1, x2);
  }
  template <class T>
  static COREPY_INLINE T slow(T x1, T x2) {
    return FloatPow::slow(x1, x2);
  }
};

struct Sqrt {
  static constexpr bool streams = true;
  static COREPY_INLINE double apply(double x) { return __builtin_sqrt(x); }
  static COREPY_INLINE float apply(float x) { return __builtin_sqrtf(x); }
  template <class T>
  static COREPY_INLINE Complex<T> apply(Complex<T> x) {
    return math::sqrt(x);
  }
};

COREPY_END
