// Comparisons and predicates: results are booleans.
#pragma once
#include "../types.h"

COREPY_BEGIN

template <class T>
COREPY_INLINE bool is_equal(T a, T b) {
  if constexpr (is_bool<T>) return truth(a) == truth(b);
  else if constexpr (is_complex<T>) return (a.re == b.re) & (a.im == b.im);
  else return a == b;
}

// Complex numbers are ordered lexicographically, as in NumPy; one with a NaN is in no order.
template <class T>
COREPY_INLINE bool re_is_less(Complex<T> a, Complex<T> b) {
  return (a.re < b.re) & (a.im == a.im) & (b.im == b.im);
}

template <class T>
COREPY_INLINE bool is_less(T a, T b) {
  if constexpr (is_bool<T>) return truth(a) < truth(b);
  else if constexpr (is_complex<T>) return re_is_less(a, b) | ((a.re == b.re) & (a.im < b.im));
  else return a < b;
}

template <class T>
COREPY_INLINE bool is_less_equal(T a, T b) {
  if constexpr (is_bool<T>) return truth(a) <= truth(b);
  else if constexpr (is_complex<T>) return re_is_less(a, b) | ((a.re == b.re) & (a.im <= b.im));
  else return a <= b;
}

template <class T>
COREPY_INLINE bool is_finite(T x) {
  if constexpr (is_real_floating<T>) return __builtin_fabs(x) < std::numeric_limits<T>::infinity();
  else if constexpr (is_complex<T>) return is_finite(x.re) & is_finite(x.im);
  else return true;
}

template <class T>
COREPY_INLINE bool is_infinite(T x) {
  if constexpr (is_real_floating<T>) return __builtin_fabs(x) == std::numeric_limits<T>::infinity();
  else if constexpr (is_complex<T>) return is_infinite(x.re) | is_infinite(x.im);
  else return false;
}

template <class T>
COREPY_INLINE bool is_nan(T x) {
  if constexpr (is_real_floating<T>) return x != x;
  else if constexpr (is_complex<T>) return (x.re != x.re) | (x.im != x.im);
  else return false;
}

#define COREPY_COMPARISON(Functor, expression)  \
  struct Functor {                              \
    template <class T>                          \
    static COREPY_INLINE Bool apply(T a, T b) { \
      return boolean(expression);               \
    }                                           \
  };
#define COREPY_PREDICATE(Functor, expression) \
  struct Functor {                            \
    template <class T>                        \
    static COREPY_INLINE Bool apply(T x) {    \
      return boolean(expression);             \
    }                                         \
  };

COREPY_COMPARISON(Equal, is_equal(a, b))
COREPY_COMPARISON(NotEqual, !is_equal(a, b))
COREPY_COMPARISON(Less, is_less(a, b))
COREPY_COMPARISON(LessEqual, is_less_equal(a, b))
COREPY_COMPARISON(Greater, is_less(b, a))
COREPY_COMPARISON(GreaterEqual, is_less_equal(b, a))
COREPY_PREDICATE(IsFinite, is_finite(x))
COREPY_PREDICATE(IsInf, is_infinite(x))
COREPY_PREDICATE(IsNan, is_nan(x))
COREPY_PREDICATE(SignBit, bits(x) >> (8 * sizeof(T) - 1))

#undef COREPY_COMPARISON
#undef COREPY_PREDICATE

COREPY_END
