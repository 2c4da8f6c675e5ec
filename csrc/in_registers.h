// Element-wise operations on whole registers, for generated code to call
// (crates/kernels/src/exec/jit): a vector per operand, one as the result, by the platform's convention.
// They are the functors of the loops, hence of the same bits.
#pragma once
#include "loops.h"
#include "vector.h"

COREPY_BEGIN

// One of the functions; constant, since nothing of an instruction set's unit may run where it is not supported.
union InRegistersEntry {
  void (*none)();
  Vector<float> (*unary_float)(Vector<float>);
  Vector<double> (*unary_double)(Vector<double>);
  Vector<float> (*binary_float)(Vector<float>, Vector<float>);
  Vector<double> (*binary_double)(Vector<double>, Vector<double>);

  constexpr InRegistersEntry() : none(nullptr) {}
  constexpr InRegistersEntry(Vector<float> (*f)(Vector<float>)) : unary_float(f) {}
  constexpr InRegistersEntry(Vector<double> (*f)(Vector<double>)) : unary_double(f) {}
  constexpr InRegistersEntry(Vector<float> (*f)(Vector<float>, Vector<float>)) : binary_float(f) {}
  constexpr InRegistersEntry(Vector<double> (*f)(Vector<double>, Vector<double>)) : binary_double(f) {}
};

#ifdef COREPY_WIDE
template <class Op, class T>
struct InRegisters {
  static constexpr size_t width = kRegister / sizeof(T);
  using Lane = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;

  static COREPY_INLINE Vector<T> load_lanes(const Lane* lanes) { return (Vector<T>)load_vector(lanes); }

  // GCC turns these arrays back into registers.
  static Vector<T> unary(Vector<T> x) {
    if constexpr (is_wide<Op, T>) {
      using Wide = typename WideOf<Op>::type;
      if constexpr (WideAllImpl<Wide, void, T>::value) {
        return Wide::all(x);
      } else {
        if (__builtin_expect(any_strange<T>(Wide::strange(x)), 0)) return Wide::careful(x);
        return Wide::ordinary(x);
      }
    }
    T in[width], out[width];
    __builtin_memcpy(in, &x, sizeof(in));
    if constexpr (has_rare<Op, T>) {
      Lane rare[width];
      for (size_t i = 0; i < width; ++i) rare[i] = Op::rare(in[i]) ? -1 : 0;
      if (__builtin_expect(any_sign<T>(load_lanes(rare)), 0)) {
#pragma GCC unroll 1
        for (size_t i = 0; i < width; ++i) out[i] = Unary<Op, T>::one(in[i]);
        return load_vector(out);
      }
    }
    if constexpr (has_ordinary<Op, T>) {
      Lane strange[width];
      for (size_t i = 0; i < width; ++i) strange[i] = Op::strange(in[i]);
      if (__builtin_expect(!any_sign<T>(load_lanes(strange)), 1)) {
        for (size_t i = 0; i < width; ++i) out[i] = Op::ordinary(in[i]);
        return load_vector(out);
      }
    }
    for (size_t i = 0; i < width; ++i) out[i] = Op::apply(in[i]);
    return load_vector(out);
  }

  static Vector<T> binary(Vector<T> x1, Vector<T> x2) {
    T a[width], b[width], out[width];
    __builtin_memcpy(a, &x1, sizeof(a));
    __builtin_memcpy(b, &x2, sizeof(b));
    if constexpr (has_rare<Op, T, T>) {
      Lane rare[width];
      for (size_t i = 0; i < width; ++i) rare[i] = Op::rare(a[i], b[i]) ? -1 : 0;
      if (__builtin_expect(any_sign<T>(load_lanes(rare)), 0)) {
#pragma GCC unroll 1
        for (size_t i = 0; i < width; ++i) out[i] = Binary<Op, T>::one(a[i], b[i]);
        return load_vector(out);
      }
    }
    for (size_t i = 0; i < width; ++i) out[i] = Op::apply(a[i], b[i]);
    return load_vector(out);
  }
};
#endif

// None where code is not generated for the instruction set, or there is no such function.
template <class Op, class T, size_t arity>
constexpr InRegistersEntry in_registers() {
#ifdef COREPY_WIDE
  if constexpr (arity == 1) {
    if constexpr (std::is_same_v<typename Unary<Op, T>::Out, T>) return InRegisters<Op, T>::unary;
  }
  if constexpr (arity == 2) {
    // What runs in stages is too long to gain by it.
    if constexpr (std::is_same_v<typename Binary<Op, T>::Out, T> && !has_ordinary<Op, T, T>) {
      return InRegisters<Op, T>::binary;
    }
  }
#endif
  return {};
}

COREPY_END
