// Arithmetic functors. csrc is compiled with -fwrapv: integers wrap.
#pragma once
#include "../types.h"

COREPY_BEGIN

struct Add {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_bool<T>) return boolean(truth(a) | truth(b));
    else if constexpr (is_complex<T>) return math::add(a, b);
    else return static_cast<T>(a + b);
  }
};

struct Subtract {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_complex<T>) return math::subtract(a, b);
    else return static_cast<T>(a - b);
  }
};

struct Multiply {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_bool<T>) return boolean(truth(a) & truth(b));
    else if constexpr (is_complex<T>) return math::multiply(a, b);
    else return static_cast<T>(a * b);
  }
};

struct Divide {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_complex<T>) return math::divide(a, b);
    else return a / b;
  }
};

// The quotient a / b is known to the last bit only below 2^52; beyond, and where an operand or the
// quotient is not finite or b is zero, fmod decides.
template <class T>
COREPY_INLINE bool quotient_is_rare(T a, T b) {
#if defined(__FMA__) || defined(__aarch64__)
  constexpr T limit = std::is_same_v<T, double> ? T(0x1p52) : T(0x1p22f);
  T q = a / b;
  // Not finite, too large, b not finite: one comparison each, false for NaN. A subnormal product
  // would lose the residual's low bits.
  bool common = (__builtin_fabs(q) < limit) & (__builtin_fabs(b) < std::numeric_limits<T>::infinity()) &
                (__builtin_fabs(a) > std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon());
  return !common;
#else
  (void)a, (void)b;
  return true;
#endif
}

// floor(a / b): the rounded quotient may have reached the next integer; the residual's sign tells.
template <class T>
COREPY_INLINE T floor_quotient(T a, T b) {
  T q = __builtin_floor(a / b);
  if constexpr (std::is_same_v<T, float>) q = __builtin_floorf(a / b);
  T r = mul_add(-q, b, a);
  bool over = (b > 0) ? (r < 0) : (r > 0);
  q = over ? q - 1 : q;
  // A quotient of zero has the sign of a / b.
  return q == 0 ? (a / b < 0 ? T(-0.0) : T(0.0)) : q;
}

template <class T>
struct DivMod {
  T quotient, modulus;
};

// divmod on floats by fmod, which is exact; so is the quotient where it is representable.
template <class T>
COREPY_NOINLINE DivMod<T> divmod_slow(T a, T b) {
  if (b == 0) {
    T nan = std::numeric_limits<T>::quiet_NaN();
    return {a / b, nan};
  }
  const auto to_integer = [](T x) -> T { return std::is_same_v<T, double> ? __builtin_rint(x) : __builtin_rintf(x); };
  T rest = std::is_same_v<T, double> ? __builtin_fmod(a, b) : __builtin_fmodf(a, b);
  T whole = to_integer((a - rest) / b);
  // Rounded twice, which from 2^51 on may miss the integer by one: what is left over then tells.
  if (__builtin_fabs(whole) < 2 / std::numeric_limits<T>::epsilon()) {
    T left = std::is_same_v<T, double> ? __builtin_fma(-whole, b, a) : __builtin_fmaf(-whole, b, a);
    whole += to_integer((left - rest) / b);
  }
  if (rest == 0) {
    rest = __builtin_copysign(T(0), b);
  } else if ((b < 0) != (rest < 0)) {
    rest += b;
    whole -= 1;
  }
  if (whole == 0) whole = __builtin_copysign(T(0), a / b);
  return {whole, rest};
}

struct FloorDivide {
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_real_floating<T>) {
      return floor_quotient(a, b);
    } else if constexpr (std::is_signed_v<T>) {
      if (b == 0) return 0;
      // The most negative integer divided by -1 wraps, where the hardware would trap.
      if (b == -1) return static_cast<T>(-a);
      T q = static_cast<T>(a / b);
      return static_cast<T>(q - ((a % b != 0) & ((a < 0) != (b < 0))));
    } else {
      return b == 0 ? T(0) : static_cast<T>(a / b);
    }
  }
  template <class T, class = std::enable_if_t<is_real_floating<T>>>
  static COREPY_INLINE bool rare(T a, T b) {
    return quotient_is_rare(a, b);
  }
  template <class T>
  static COREPY_INLINE T slow(T a, T b) {
    // The standard's special cases are those of a / b itself: infinite dividends give infinities
    // (NumPy: NaN) and infinite divisors zeros of the quotient's sign (NumPy: -1 for some).
    if (!(__builtin_isfinite(a) && __builtin_isfinite(b)) || b == 0) return a / b;
    return divmod_slow(a, b).quotient;
  }
};

struct Remainder {
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_real_floating<T>) {
      T r = mul_add(-floor_quotient(a, b), b, a);
      return r == 0 ? (b < 0 ? T(-0.0) : T(0.0)) : r;
    } else if constexpr (std::is_signed_v<T>) {
      if ((b == 0) | (b == -1)) return 0;
      T r = static_cast<T>(a % b);
      return static_cast<T>(r + (((r != 0) & ((r < 0) != (b < 0))) ? b : 0));
    } else {
      return b == 0 ? T(0) : static_cast<T>(a % b);
    }
  }
  template <class T, class = std::enable_if_t<is_real_floating<T>>>
  static COREPY_INLINE bool rare(T a, T b) {
    return quotient_is_rare(a, b);
  }
  template <class T>
  static COREPY_INLINE T slow(T a, T b) {
    return divmod_slow(a, b).modulus;
  }
};

struct Negative {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_complex<T>) return math::negative(x);
    else return static_cast<T>(-x);
  }
};

struct Positive {
  template <class T>
  static COREPY_INLINE T apply(T x) {
    return x;
  }
};

struct Abs {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE auto apply(T x) {
    if constexpr (is_bool<T> || std::is_unsigned_v<T>) return x;
    else if constexpr (is_complex<T>) return math::abs(x);
    else if constexpr (std::is_same_v<T, double>) return __builtin_fabs(x);
    else if constexpr (std::is_same_v<T, float>) return __builtin_fabsf(x);
    else return static_cast<T>(x < 0 ? -x : x);
  }
};

struct Sign {
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_complex<T>) {
      return math::sign(x);
    } else if constexpr (is_real_floating<T>) {
      T s = x > 0 ? T(1) : T(0);
      s = x < 0 ? T(-1) : s;
      return x != x ? x : s;
    } else {
      return static_cast<T>((x > 0) - (x < 0));
    }
  }
};

struct Square {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_complex<T>) return math::square(x);
    else return static_cast<T>(x * x);
  }
};

struct Reciprocal {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_complex<T>) return math::reciprocal(x);
    else return T(1) / x;
  }
};

// Lexicographic order of complex numbers, NaN where a component is NaN.
template <class T>
COREPY_INLINE bool lexicographic_less(Complex<T> a, Complex<T> b) {
  return (a.re < b.re) | ((a.re == b.re) & (a.im < b.im));
}

struct Maximum {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_bool<T>) {
      return boolean(truth(a) | truth(b));
    } else if constexpr (is_complex<T>) {
      if (a.re != a.re || a.im != a.im) return a;
      if (b.re != b.re || b.im != b.im) return b;
      return lexicographic_less(a, b) ? b : a;
    } else if constexpr (is_real_floating<T>) {
      T m = a > b ? a : b;  // one max instruction, which gives b where either is NaN
      return a != a ? a : m;
    } else {
      return a > b ? a : b;
    }
  }
};

struct Minimum {
  static constexpr bool streams = true;
  template <class T>
  static COREPY_INLINE T apply(T a, T b) {
    if constexpr (is_bool<T>) {
      return boolean(truth(a) & truth(b));
    } else if constexpr (is_complex<T>) {
      if (a.re != a.re || a.im != a.im) return a;
      if (b.re != b.re || b.im != b.im) return b;
      return lexicographic_less(b, a) ? b : a;
    } else if constexpr (is_real_floating<T>) {
      T m = a < b ? a : b;
      return a != a ? a : m;
    } else {
      return a < b ? a : b;
    }
  }
};

struct Clip {
  template <class T>
  static COREPY_INLINE T apply(T x, T low, T high) {
    return Minimum::apply(Maximum::apply(x, low), high);
  }
};

struct RealPart {
  template <class T>
  static COREPY_INLINE auto apply(T x) {
    if constexpr (is_complex<T>) return x.re;
    else return x;
  }
};

struct ImaginaryPart {
  template <class T>
  static COREPY_INLINE auto apply(T x) {
    if constexpr (is_complex<T>) return x.im;
    else return (void)x, T{};
  }
};

struct Conjugate {
  template <class T>
  static COREPY_INLINE T apply(T x) {
    if constexpr (is_complex<T>) return math::conj(x);
    else return x;
  }
};

COREPY_END
