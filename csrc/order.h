// Equality of elements, and the order of complex numbers: by real, then by imaginary component.
#pragma once
#include "types.h"

COREPY_BEGIN

// As in NumPy: numbers without NaN first, then those with a NaN as imaginary component, then as real
// component, then as both; within each, by the components that are numbers.
template <class T>
COREPY_INLINE bool is_before(Complex<T> a, Complex<T> b) {
  const int class_a = (a.re != a.re) * 2 + (a.im != a.im), class_b = (b.re != b.re) * 2 + (b.im != b.im);
  if (class_a != class_b) return class_a < class_b;
  if (a.re < b.re) return true;
  if (a.re > b.re) return false;
  return a.im < b.im;
}

template <class T>
COREPY_INLINE bool is_equal(T a, T b) {
  if constexpr (is_bool<T>) {
    return truth(a) == truth(b);
  } else {
    return a == b;
  }
}
template <class T>
COREPY_INLINE bool is_equal(Complex<T> a, Complex<T> b) {
  return (a.re == b.re) & (a.im == b.im);
}

COREPY_END
