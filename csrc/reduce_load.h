// What reductions do with elements on their way into registers.
#pragma once
#include <cstddef>
#include <type_traits>

#include "vector.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

COREPY_BEGIN

// Bytes of the registers into which elements are widened: Zen 4 takes two steps to widen into the widest ones, one
// after the other (sums of float32 in L2: 60 GB/s with 64 bytes, 105 with 32).
constexpr size_t kWidened = kRegister < 32 ? kRegister : 32;
// Widening conversions, which GCC does not find by itself (and it warns of the intrinsics without mask).
#if defined(__AVX2__)
template <class Vector, class T>
COREPY_INLINE Vector load_widened_256(const T* x) {
  const __m128i narrow = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  if constexpr (std::is_same_v<T, float>) return reinterpret_cast<Vector>(_mm256_cvtps_pd(_mm_castsi128_ps(narrow)));
  else if constexpr (std::is_signed_v<T>) return reinterpret_cast<Vector>(_mm256_cvtepi32_epi64(narrow));
  else return reinterpret_cast<Vector>(_mm256_cvtepu32_epi64(narrow));
}
#endif
template <class Vector, class T>
COREPY_INLINE Vector load_widened(const T* x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Vector) == 64) {
    const __m256i narrow = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
    if constexpr (std::is_same_v<T, float>) {
      return reinterpret_cast<Vector>(_mm512_maskz_cvtps_pd(0xff, _mm256_castsi256_ps(narrow)));
    } else if constexpr (std::is_signed_v<T>) {
      return reinterpret_cast<Vector>(_mm512_maskz_cvtepi32_epi64(0xff, narrow));
    } else {
      return reinterpret_cast<Vector>(_mm512_maskz_cvtepu32_epi64(0xff, narrow));
    }
  } else {
    return load_widened_256<Vector>(x);
  }
#elif defined(__AVX2__)
  return load_widened_256<Vector>(x);
#else
  typedef T Narrow __attribute__((vector_size(kRegister / 2)));
  Narrow narrow;
  __builtin_memcpy(&narrow, x, sizeof(Narrow));
  return __builtin_convertvector(narrow, Vector);
#endif
}

// The vector, which is then not loaded a second time: most addresses are not aligned, and such a
// load costs two.
template <class Vector>
COREPY_INLINE Vector in_register(Vector vector) {
#if defined(__x86_64__)
  __asm__("" : "+v"(vector));
#endif
  return vector;
}

// Whether it pays to ask for pieces of so many bytes of the rows that come next. A Zen 4 does not see where they lead
// (sums of float32 over 1000 columns, 2 cores: 45 GB/s without, 73 with); a Zen 3 does unless they are single lines
// (one core, float64 in memory, pieces of 256 bytes: 25 GB/s without, 17 with; squares of float32, of 64: 17 and 22).
template <size_t bytes>
constexpr bool is_asked_ahead = kRegister == 64 || bytes <= 64;

// A 1 that is hidden from GCC, which would add instead of what add_widened does.
template <class Vector>
COREPY_INLINE Vector hidden_one() {
  return in_register(Vector{} + 1.0);
}

// acc + x of widened elements, by the units that multiply, of which the product with 1 is exact: those that add are taken
// by the conversions.
template <class Vector>
COREPY_INLINE Vector add_widened(Vector acc, Vector x, [[maybe_unused]] Vector one) {
#if defined(__FMA__)
  static_assert(sizeof(Vector) == kWidened);
  return (Vector)_mm256_fmadd_pd((__m256d)x, (__m256d)one, (__m256d)acc);
#else
  return acc + x;
#endif
}

// Asks for `bytes` bytes at x to come into L2.
template <size_t bytes>
COREPY_INLINE void prefetch(const void* x) {
#pragma GCC unroll 8
  for (size_t line = 0; line < (bytes + 63) / 64; ++line) {
    __builtin_prefetch(static_cast<const char*>(x) + line * 64, 0, 2);
  }
}

template <class A, class Vector>
COREPY_INLINE bool has_nan(Vector v) {
  constexpr bool is_double = sizeof(A) == 8;
#if defined(__AVX512F__)
  static_assert(sizeof(Vector) == 64, "extrema are not widened");
  if constexpr (is_double) return _mm512_cmp_pd_mask((__m512d)v, (__m512d)v, _CMP_UNORD_Q) != 0;
  else return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q) != 0;
#elif defined(__AVX2__)
  if constexpr (is_double) return _mm256_movemask_pd((__m256d)(v != v)) != 0;
  else return _mm256_movemask_ps((__m256)(v != v)) != 0;
#elif defined(__x86_64__)
  if constexpr (is_double) return _mm_movemask_pd((__m128d)(v != v)) != 0;
  else return _mm_movemask_ps((__m128)(v != v)) != 0;
#else
  for (size_t i = 0; i < sizeof(Vector) / sizeof(A); ++i) {
    if (v[i] != v[i]) return true;
  }
  return false;
#endif
}

COREPY_END
