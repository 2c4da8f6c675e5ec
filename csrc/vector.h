// The machine's vector registers, for kernels that name them.
#pragma once
#include <cstddef>
#include <type_traits>

#include "scalar.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

COREPY_BEGIN

// Bytes of the machine's registers.
#if defined(__AVX512F__)
constexpr size_t kRegister = 64;
#elif defined(__AVX2__)
constexpr size_t kRegister = 32;
#else
constexpr size_t kRegister = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kRegister)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
COREPY_INLINE Vector<T> load_vector(const T* x) {
  Vector<T> vector;
  __builtin_memcpy(&vector, x, sizeof(vector));
  return vector;
}

template <class T>
COREPY_INLINE void store_vector(T* x, Vector<T> vector) {
  __builtin_memcpy(x, &vector, sizeof(vector));
}

// The subtraction is exact, -0 included, and folds into a broadcast, which GCC does not make of a loop.
template <class T>
COREPY_INLINE Vector<T> broadcast(T x) {
  return x - Vector<T>{};
}

// a * b + c per lane: rounded once where the instruction set has fma, so that AVX2 and AVX-512 give
// the same bits; the baseline rounds twice. Integers wrap.
template <class T>
COREPY_INLINE Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, double>) return (Vector<T>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
  if constexpr (std::is_same_v<T, float>) return (Vector<T>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  if constexpr (std::is_same_v<T, double>) return (Vector<T>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
  if constexpr (std::is_same_v<T, float>) return (Vector<T>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
  return a * b + c;
}

COREPY_END
