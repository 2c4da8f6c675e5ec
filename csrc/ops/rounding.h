// Rounding to integers, and the representation of floats.
#pragma once
#include "../types.h"

COREPY_BEGIN

#define COREPY_ROUNDING(Functor, builtin)                                            \
  struct Functor {                                                                   \
    template <class T>                                                               \
    static COREPY_INLINE T apply(T x) {                                              \
      if constexpr (std::is_same_v<T, double>) return __builtin_##builtin(x);        \
      else if constexpr (std::is_same_v<T, float>) return __builtin_##builtin##f(x); \
      else if constexpr (is_complex<T>) return {apply(x.re), apply(x.im)};           \
      else return x;                                                                 \
    }                                                                                \
  };

COREPY_ROUNDING(Ceil, ceil)
COREPY_ROUNDING(Floor, floor)
COREPY_ROUNDING(Trunc, trunc)
COREPY_ROUNDING(Round, rint)  // the default rounding mode: halves to even

#undef COREPY_ROUNDING

struct CopySign {
  static COREPY_INLINE double apply(double a, double b) { return __builtin_copysign(a, b); }
  static COREPY_INLINE float apply(float a, float b) { return __builtin_copysignf(a, b); }
};

// Neighbours in value are neighbours as integers, apart from zero, whose two neighbours are the
// smallest subnormals.
struct NextAfter {
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    using U = std::conditional_t<std::is_same_v<T, double>, uint64_t, uint32_t>;
    constexpr U sign = U(1) << (8 * sizeof(T) - 1);
    U u = bits(a);
    bool away = (a < b) == (a > T(0));  // the magnitude grows
    U moved = away ? u + 1 : u - 1;
    U smallest = (bits(b) & sign) | 1;
    T result = from_bits(a == T(0) ? smallest : moved);
    result = a == b ? b : result;
    return (a != a) | (b != b) ? a + b : result;
  }
};

COREPY_END
