// Bits and logic.
#pragma once
#include "../types.h"

COREPY_BEGIN

#define COREPY_BITWISE(Functor, op)                                                                       \
  struct Functor {                                                                                        \
    template <class T>                                                                                    \
    static COREPY_INLINE T apply(T a, T b) {                                                              \
      if constexpr (is_bool<T>) return boolean(static_cast<int>(truth(a)) op static_cast<int>(truth(b))); \
      else return static_cast<T>(a op b);                                                                 \
    }                                                                                                     \
  };

COREPY_BITWISE(BitwiseAnd, &)
COREPY_BITWISE(BitwiseOr, |)
COREPY_BITWISE(BitwiseXor, ^)

#undef COREPY_BITWISE

// A shift by the width or more (or by a negative count) moves every bit out; C leaves it undefined.
struct LeftShift {
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    using U = std::make_unsigned_t<T>;
    constexpr U width = 8 * sizeof(T);
    U count = static_cast<U>(b);
    U shifted = static_cast<U>(static_cast<U>(a) << (count & (width - 1)));
    return static_cast<T>(count < width ? shifted : U(0));
  }
};

struct RightShift {
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    using U = std::make_unsigned_t<T>;
    constexpr U width = 8 * sizeof(T);
    U count = static_cast<U>(b);
    if constexpr (std::is_signed_v<T>) {
      U kept = count < width ? count : U(width - 1);
      return static_cast<T>(a >> kept);
    } else {
      T shifted = static_cast<T>(a >> (count & (width - 1)));
      return count < width ? shifted : T(0);
    }
  }
};

struct BitwiseInvert {
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_bool<T>) return boolean(!truth(x));
    else return static_cast<T>(~x);
  }
};

struct LogicalAnd {
  static COREPY_INLINE Bool apply(Bool a, Bool b) { return boolean(truth(a) & truth(b)); }
};
struct LogicalOr {
  static COREPY_INLINE Bool apply(Bool a, Bool b) { return boolean(truth(a) | truth(b)); }
};
struct LogicalXor {
  static COREPY_INLINE Bool apply(Bool a, Bool b) { return boolean(truth(a) != truth(b)); }
};
struct LogicalNot {
  static COREPY_INLINE Bool apply(Bool x) { return boolean(!truth(x)); }
};

COREPY_END
