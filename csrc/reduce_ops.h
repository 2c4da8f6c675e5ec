// What the reductions do with two numbers, for scalars and for vectors of them alike.
#pragma once
#include "loops.h"
#include "types.h"

COREPY_BEGIN

// Sums and products are kept in 64 bits: float32 in double, rounded once at the end; integers wrap.
template <class T>
struct Widened {
  using type = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
};
template <>
struct Widened<float> {
  using type = double;
};
template <>
struct Widened<double> {
  using type = double;
};
template <class Part>
struct Widened<Complex<Part>> {
  using type = Complex<double>;
};

struct Sum {
  // Additions one after another before a pairwise tree begins. A sum of n float64 is within
  // (leaf + 5 + log2(n)) * 2^-53 of the sum of magnitudes.
  static constexpr size_t leaf = 16;
  static constexpr bool is_idempotent = false;
  template <class T>
  using Accumulator = typename Widened<T>::type;
  // Of floating-point numbers the neutral element is -0: 0 + -0 is 0.
  template <class A>
  static constexpr A identity() {
    return std::is_floating_point_v<A> ? -A(0) : A(0);
  }
  template <class V>
  static COREPY_INLINE V apply(V a, V b) {
    return a + b;
  }
};

struct Prod {
  static constexpr size_t leaf = 16;
  static constexpr bool is_idempotent = false;
  template <class T>
  using Accumulator = typename Widened<T>::type;
  template <class A>
  static constexpr A identity() {
    return A(1);
  }
  template <class V>
  static COREPY_INLINE V apply(V a, V b) {
    return a * b;
  }
  static COREPY_INLINE Complex<double> apply(Complex<double> a, Complex<double> b) { return math::multiply(a, b); }
  template <class A, class Part>
  static COREPY_INLINE A widen(Complex<Part> z) {
    return {static_cast<double>(z.re), static_cast<double>(z.im)};
  }
};

// The order of complex numbers is by real, then by imaginary component, as in NumPy.
template <class Part>
COREPY_INLINE bool precedes(Complex<Part> a, Complex<Part> b) {
  return a.re < b.re || (a.re == b.re && a.im < b.im);
}
template <class Part>
COREPY_INLINE bool is_nan(Complex<Part> z) {
  return z.re != z.re || z.im != z.im;
}

struct Max {
  static constexpr size_t leaf = size_t(1) << 62;
  static constexpr bool is_idempotent = true;
  // As apply, in one instruction: the second where the first is not larger.
  struct WithoutNan {
    template <class V>
    static COREPY_INLINE V apply(V a, V b) {
      return a > b ? a : b;
    }
  };
  template <class T>
  using Accumulator = T;
  template <class A>
  static constexpr A identity() {
    return std::is_floating_point_v<A> ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::lowest();
  }
  // A NaN on either side stays: on the right, because nothing exceeds it.
  template <class V>
  static COREPY_INLINE V apply(V a, V b) {
    return ((a > b) | (a != a)) ? a : b;
  }
  template <class Part>
  static COREPY_INLINE Complex<Part> apply(Complex<Part> a, Complex<Part> b) {
    return is_nan(a) || (!is_nan(b) && !precedes(a, b)) ? a : b;
  }
  template <class A>
  static COREPY_INLINE A widen(A z) {
    return z;
  }
};

struct Min {
  static constexpr size_t leaf = size_t(1) << 62;
  static constexpr bool is_idempotent = true;
  // As apply, in one instruction: the second where the first is not smaller.
  struct WithoutNan {
    template <class V>
    static COREPY_INLINE V apply(V a, V b) {
      return a < b ? a : b;
    }
  };
  template <class T>
  using Accumulator = T;
  template <class A>
  static constexpr A identity() {
    return std::is_floating_point_v<A> ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
  }
  template <class V>
  static COREPY_INLINE V apply(V a, V b) {
    return ((a < b) | (a != a)) ? a : b;
  }
  template <class Part>
  static COREPY_INLINE Complex<Part> apply(Complex<Part> a, Complex<Part> b) {
    return is_nan(a) || (!is_nan(b) && !precedes(b, a)) ? a : b;
  }
  template <class A>
  static COREPY_INLINE A widen(A z) {
    return z;
  }
};

struct Any;
struct All;

template <class T>
COREPY_INLINE bool truth(T x) {
  return x != T(0);
}
template <class Part>
COREPY_INLINE bool truth(Complex<Part> z) {
  return (z.re != 0) | (z.im != 0);
}

COREPY_END
