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

// The form for whole vectors of a functor, or void: a struct with functions of vectors of float, double or both:
// `all`, or `ordinary` for those of which no lane of `strange` is negative and `careful` for all, of the same bits.
template <class Op>
struct WideOf {
  using type = void;
};

// There are such forms where permutations look values up in registers and
// multiply-adds are fused: on AVX2 and AVX-512, which thus give the same bits.
#if defined(__AVX2__) && defined(__FMA__)
#define COREPY_WIDE 1

template <class T>
using Bits = Vector<std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>;

// What functions written for one element are made of, so that as templates they are functions of vectors too.
// A constant stands for a vector of it.
template <class T>
struct LaneOf {
  using type = void;
};
template <>
struct LaneOf<Vector<double>> {
  using type = double;
};
template <>
struct LaneOf<Vector<float>> {
  using type = float;
};
template <class V>
using Lane = typename LaneOf<V>::type;

template <class T>
COREPY_INLINE Vector<T> all_lanes(T x) {
  return broadcast(x);
}
template <class T>
COREPY_INLINE Vector<T> all_lanes(Vector<T> x) {
  return x;
}

COREPY_INLINE Bits<double> bits(Vector<double> x) { return (Bits<double>)x; }
COREPY_INLINE Bits<float> bits(Vector<float> x) { return (Bits<float>)x; }
COREPY_INLINE Vector<double> from_bits(Bits<double> u) { return (Vector<double>)u; }
COREPY_INLINE Vector<float> from_bits(Bits<float> u) { return (Vector<float>)u; }

template <class A, class B, class C>
using LaneOfAny = std::conditional_t<!std::is_void_v<Lane<A>>, Lane<A>,
                                     std::conditional_t<!std::is_void_v<Lane<B>>, Lane<B>, Lane<C>>>;
template <class A, class B, class C, class T = LaneOfAny<A, B, C>, class = std::enable_if_t<!std::is_void_v<T>>>
COREPY_INLINE Vector<T> mul_add(A a, B b, C c) {
  return multiply_add<T>(all_lanes<T>(a), all_lanes<T>(b), all_lanes<T>(c));
}
template <class V, class = std::enable_if_t<!std::is_void_v<Lane<V>>>>
COREPY_INLINE Pair<V> two_product(V a, Lane<V> b) {
  V p = a * b;
  return {p, mul_add(a, b, -p)};
}

// f of each lane.
template <class T, class F>
COREPY_INLINE Vector<T> each_lane(Vector<T> x, F f) {
  T lanes[kRegister / sizeof(T)];
  store_vector(lanes, x);
  for (T& lane : lanes) lane = f(lane);
  return load_vector(lanes);
}

// GCC 12 warns of its unmasked intrinsics (-Wmaybe-uninitialized): hence masks of all lanes, which cost nothing.

#if !defined(__AVX512F__)
// Half a table, in a register: a permutation that reads its table from memory takes twice as long on Zen 3.
COREPY_INLINE __m256i half_table(const void* half) {
  __m256i loaded = _mm256_load_si256(static_cast<const __m256i*>(half));
  asm("" : "+x"(loaded));
  return loaded;
}
#endif

// The entry of a table of 8 that the lowest 3 bits of each lane say, bits above ignored.
COREPY_INLINE Bits<double> look_up(const uint64_t (&table)[8], Bits<double> index) {
#if defined(__AVX512F__)
  return (Bits<double>)_mm512_maskz_permutexvar_epi64(0xff, (__m512i)index, _mm512_load_si512(table));
#else
  // AVX2 permutes words of 32 bits: those of entry i are 2 i and 2 i + 1.
  __m256i even = _mm256_shuffle_epi32(_mm256_slli_epi64((__m256i)index, 1), 0xa0);
  __m256i words = _mm256_add_epi32(even, _mm256_set1_epi64x(int64_t{1} << 32));
  __m256i low = _mm256_permutevar8x32_epi32(half_table(table), words);
  __m256i high = _mm256_permutevar8x32_epi32(half_table(table + 4), words);
  return (Bits<double>)_mm256_blendv_pd((__m256d)low, (__m256d)high, (__m256d)_mm256_slli_epi64((__m256i)index, 61));
#endif
}

// The entry of a table of 16 that the lowest 4 bits of each lane say, bits above ignored.
COREPY_INLINE Bits<float> look_up(const uint32_t (&table)[16], Bits<float> index) {
#if defined(__AVX512F__)
  return (Bits<float>)_mm512_maskz_permutexvar_epi32(0xffff, (__m512i)index, _mm512_load_si512(table));
#else
  __m256i low = _mm256_permutevar8x32_epi32(half_table(table), (__m256i)index);
  __m256i high = _mm256_permutevar8x32_epi32(half_table(table + 8), (__m256i)index);
  return (Bits<float>)_mm256_blendv_ps((__m256)low, (__m256)high, (__m256)_mm256_slli_epi32((__m256i)index, 28));
#endif
}

// The lesser of `bound` and x per lane, of floating-point numbers or of 32 bits; x where it is NaN. Of `bound < x ? bound : x`
// GCC makes a comparison and a choice where the bound is a constant.
template <class V>
COREPY_INLINE V minimum(V bound, V x) {
  static_assert(!std::is_void_v<Lane<V>> || std::is_same_v<V, Bits<float>>);
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<Lane<V>, double>) return (V)_mm512_maskz_min_pd(0xff, (__m512d)bound, (__m512d)x);
  else if constexpr (std::is_same_v<Lane<V>, float>) return (V)_mm512_maskz_min_ps(0xffff, (__m512)bound, (__m512)x);
  else return (V)_mm512_maskz_min_epu32(0xffff, (__m512i)bound, (__m512i)x);
#else
  if constexpr (std::is_same_v<Lane<V>, double>) return (V)_mm256_min_pd((__m256d)bound, (__m256d)x);
  else if constexpr (std::is_same_v<Lane<V>, float>) return (V)_mm256_min_ps((__m256)bound, (__m256)x);
  else return (V)_mm256_min_epu32((__m256i)bound, (__m256i)x);
#endif
}
// The greater of `bound` and x per lane; x where it is NaN.
COREPY_INLINE Vector<double> maximum(Vector<double> bound, Vector<double> x) {
#if defined(__AVX512F__)
  return (Vector<double>)_mm512_maskz_max_pd(0xff, (__m512d)bound, (__m512d)x);
#else
  return (Vector<double>)_mm256_max_pd((__m256d)bound, (__m256d)x);
#endif
}

// Whether the highest bit of any lane is set.
template <class T>
COREPY_INLINE bool any_sign(Vector<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8) return _mm512_cmplt_epi64_mask((__m512i)v, _mm512_setzero_si512()) != 0;
  return _mm512_cmplt_epi32_mask((__m512i)v, _mm512_setzero_si512()) != 0;
#else
  if constexpr (sizeof(T) == 8) return _mm256_movemask_pd((__m256d)v) != 0;
  return _mm256_movemask_ps((__m256)v) != 0;
#endif
}

// What `strange` says of vectors, joined by |: numbers of which the highest bit counts, or bits of a mask.
template <class T, class Strange>
COREPY_INLINE bool any_strange(Strange strange) {
  if constexpr (std::is_integral_v<Strange>) return strange != 0;
  else return any_sign<T>((Vector<T>)strange);
}
#endif

COREPY_END
