// What sorting unsigned keys of 32 and 64 bits in vector registers is made of, for each instruction set that has it.
#pragma once
#include <cstddef>
#include <utility>

#include "vector.h"

#if defined(__AVX2__)
COREPY_BEGIN

template <class T>
constexpr size_t kLanes = kRegister / sizeof(T);

// Registers that a network sorts: as many as there are, less what it needs besides.
#if defined(__AVX512F__)
constexpr size_t kRows = 16;
// Networks whose keys are merged without another partition.
constexpr size_t kMerged = 1;
#else
constexpr size_t kRows = 8;
// Two: 1000 keys of 64 bits take 5.4 µs, of 32 bits 2.2 µs; with one 6.9 and 3.0 µs (Zen 3).
constexpr size_t kMerged = 2;
#endif
// Keys that are sorted without a partition.
template <class T>
constexpr size_t kLeaf = kMerged * kRows * kLanes<T>;

template <class T, class Function, size_t... Lane>
COREPY_INLINE Vector<T> constant_lanes(Function function, std::index_sequence<Lane...>) {
  return Vector<T>{static_cast<T>(function(Lane))...};
}
// The vector of function(lane), which folds to a constant.
template <class T, class Function>
COREPY_INLINE Vector<T> constant_lanes(Function function) {
  return constant_lanes<T>(function, std::make_index_sequence<kLanes<T>>());
}

#if defined(__AVX512F__)
// Lane i takes lane i ^ Flip.
template <size_t Flip, class T>
COREPY_INLINE Vector<T> exchanged(Vector<T> x) {
  return __builtin_shuffle(x, constant_lanes<T>([](size_t lane) { return lane ^ Flip; }));
}

// Keys as least, most and their like compare them.
template <class T>
COREPY_INLINE Vector<T> compared(Vector<T> keys) {
  return keys;
}
template <class T>
COREPY_INLINE Vector<T> least(Vector<T> a, Vector<T> b) {
  return a < b ? a : b;
}
template <class T>
COREPY_INLINE Vector<T> most(Vector<T> a, Vector<T> b) {
  return a > b ? a : b;
}
// A bit for each lane whose number has the bit Upper.
template <size_t Upper, class T>
constexpr uint32_t upper_lanes() {
  uint32_t mask = 0;
  for (size_t lane = 0; lane < kLanes<T>; ++lane) mask |= static_cast<uint32_t>((lane & Upper) != 0) << lane;
  return mask;
}
// The least of a and b in lanes whose number lacks the bit Upper, the most in the others.
template <size_t Upper, class T>
COREPY_INLINE Vector<T> least_most(Vector<T> a, Vector<T> b) {
  const __m512i x = (__m512i)a, y = (__m512i)b, low = (__m512i)least<T>(a, b);
  constexpr uint32_t upper = upper_lanes<Upper, T>();
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm512_mask_max_epu32(low, static_cast<__mmask16>(upper), x, y);
  if constexpr (sizeof(T) == 8) return (Vector<T>)_mm512_mask_max_epu64(low, static_cast<__mmask8>(upper), x, y);
}
template <size_t Upper, class T>
COREPY_INLINE Vector<T> most_least(Vector<T> a, Vector<T> b) {
  const __m512i x = (__m512i)a, y = (__m512i)b, high = (__m512i)most<T>(a, b);
  constexpr uint32_t upper = upper_lanes<Upper, T>();
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm512_mask_min_epu32(high, static_cast<__mmask16>(upper), x, y);
  if constexpr (sizeof(T) == 8) return (Vector<T>)_mm512_mask_min_epu64(high, static_cast<__mmask8>(upper), x, y);
}

// The first `count` of keys, at most a register's; greatest keys behind them.
template <class T>
COREPY_INLINE Vector<T> load_first(const T* x, size_t count) {
  const __m512i ones = _mm512_set1_epi64(-1);
  const uint32_t lanes = _bzhi_u32(~0u, static_cast<uint32_t>(count));
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm512_mask_loadu_epi32(ones, static_cast<__mmask16>(lanes), x);
  if constexpr (sizeof(T) == 8) return (Vector<T>)_mm512_mask_loadu_epi64(ones, static_cast<__mmask8>(lanes), x);
}
template <class T>
COREPY_INLINE void store_first(T* x, size_t count, Vector<T> keys) {
  const uint32_t lanes = _bzhi_u32(~0u, static_cast<uint32_t>(count));
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(x, static_cast<__mmask16>(lanes), (__m512i)keys);
  if constexpr (sizeof(T) == 8) _mm512_mask_storeu_epi64(x, static_cast<__mmask8>(lanes), (__m512i)keys);
}
// Of stores across lines, those of 32 bytes take 0.9 of the time that those of 64 do on Zen 4.
template <class T>
COREPY_INLINE void store_halves(T* x, Vector<T> keys) {
  if constexpr (sizeof(T) == 4) {
    const auto low = __builtin_shufflevector(keys, keys, 0, 1, 2, 3, 4, 5, 6, 7);
    const auto high = __builtin_shufflevector(keys, keys, 8, 9, 10, 11, 12, 13, 14, 15);
    __builtin_memcpy(x, &low, sizeof(low));
    __builtin_memcpy(x + 8, &high, sizeof(high));
  } else {
    const auto low = __builtin_shufflevector(keys, keys, 0, 1, 2, 3);
    const auto high = __builtin_shufflevector(keys, keys, 4, 5, 6, 7);
    __builtin_memcpy(x, &low, sizeof(low));
    __builtin_memcpy(x + 4, &high, sizeof(high));
  }
}
// A bit for each lane of a that is less than b's.
template <class T>
COREPY_INLINE uint32_t less_lanes(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b);
  if constexpr (sizeof(T) == 8) return _mm512_cmplt_epu64_mask((__m512i)a, (__m512i)b);
}
// The lanes that have a bit, moved together. In a register: compressing to memory is microcode on Zen 4,
// where the instruction also waits for what its destination held, so that it is given a cleared one: of
// two in a loop that share a register, each would wait for the other.
template <class T>
COREPY_INLINE Vector<T> compressed(Vector<T> x, uint32_t lanes) {
  __m128i cleared;
  __asm__ volatile("vpxor %0, %0, %0" : "=x"(cleared));
  const __m512i rest = _mm512_castsi128_si512(cleared);
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm512_mask_compress_epi32(rest, static_cast<__mmask16>(lanes), (__m512i)x);
  if constexpr (sizeof(T) == 8)
    return (Vector<T>)_mm512_mask_compress_epi64(rest, static_cast<__mmask8>(lanes), (__m512i)x);
}
#else
// Two of the four halves of a and b, by the numbers that _mm256_permute2x128_si256 has for them. It is one instruction on
// Zen, where a permutation of lanes of 64 bits is two.
template <int Halves, class T>
COREPY_INLINE Vector<T> halves(Vector<T> a, Vector<T> b) {
  return (Vector<T>)_mm256_permute2x128_si256((__m256i)a, (__m256i)b, Halves);
}
// Lane i takes lane i ^ Flip.
template <size_t Flip, class T>
COREPY_INLINE Vector<T> exchanged(Vector<T> x) {
  constexpr size_t half = kLanes<T> / 2, inside = Flip % half;
  if constexpr (Flip >= half) x = halves<0x01, T>(x, x);
  if constexpr (inside > 0) x = __builtin_shuffle(x, constant_lanes<T>([](size_t lane) { return lane ^ inside; }));
  return x;
}

// Keys as least, most and their like compare them: of 64 bits there are only signed comparisons.
template <class T>
COREPY_INLINE Vector<T> compared(Vector<T> keys) {
  if constexpr (sizeof(T) == 4) return keys;
  return keys ^ broadcast(static_cast<T>(T{1} << (8 * sizeof(T) - 1)));
}
// b in the lanes of `choice`, a in the others.
template <class T>
COREPY_INLINE Vector<T> chosen(Vector<T> a, Vector<T> b, Vector<T> choice) {
  return (Vector<T>)_mm256_blendv_epi8((__m256i)a, (__m256i)b, (__m256i)choice);
}
template <class T>
COREPY_INLINE Vector<T> is_more(Vector<T> a, Vector<T> b) {
  static_assert(sizeof(T) == 8);
  return (Vector<T>)_mm256_cmpgt_epi64((__m256i)a, (__m256i)b);
}
template <class T>
COREPY_INLINE Vector<T> least(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm256_min_epu32((__m256i)a, (__m256i)b);
  else return chosen<T>(a, b, is_more<T>(a, b));
}
template <class T>
COREPY_INLINE Vector<T> most(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm256_max_epu32((__m256i)a, (__m256i)b);
  else return chosen<T>(b, a, is_more<T>(a, b));
}
template <size_t Upper, class T>
COREPY_INLINE Vector<T> upper_lanes() {
  return constant_lanes<T>([](size_t lane) { return lane & Upper ? ~T{0} : T{0}; });
}
// The least of a and b in lanes whose number lacks the bit Upper, the most in the others.
template <size_t Upper, class T>
COREPY_INLINE Vector<T> least_most(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return chosen<T>(least<T>(a, b), most<T>(a, b), upper_lanes<Upper, T>());
  else return chosen<T>(a, b, is_more<T>(a, b) ^ upper_lanes<Upper, T>());
}
template <size_t Upper, class T>
COREPY_INLINE Vector<T> most_least(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return chosen<T>(most<T>(a, b), least<T>(a, b), upper_lanes<Upper, T>());
  else return chosen<T>(b, a, is_more<T>(a, b) ^ upper_lanes<Upper, T>());
}

template <class T>
COREPY_INLINE Vector<T> first_lanes(size_t count) {
  using S = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  return (Vector<T>)(constant_lanes<S>([](size_t lane) { return lane; }) < broadcast(static_cast<S>(count)));
}
// The first `count` of keys, at most a register's; greatest keys behind them.
template <class T>
COREPY_INLINE Vector<T> load_first(const T* x, size_t count) {
  const Vector<T> lanes = first_lanes<T>(count);
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm256_maskload_epi32(reinterpret_cast<const int*>(x), (__m256i)lanes) | ~lanes;
  return (Vector<T>)_mm256_maskload_epi64(reinterpret_cast<const long long*>(x), (__m256i)lanes) | ~lanes;
}
template <class T>
COREPY_INLINE void store_first(T* x, size_t count, Vector<T> keys) {
  const Vector<T> lanes = first_lanes<T>(count);
  if constexpr (sizeof(T) == 4) {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(x), (__m256i)lanes, (__m256i)keys);
  } else {
    _mm256_maskstore_epi64(reinterpret_cast<long long*>(x), (__m256i)lanes, (__m256i)keys);
  }
}
// A bit for each lane of a that is less than b's.
template <class T>
COREPY_INLINE uint32_t less_lanes(Vector<T> a, Vector<T> b) {
  const Vector<T> sign = broadcast(static_cast<T>(T{1} << (8 * sizeof(T) - 1)));
  const __m256i x = (__m256i)(a ^ sign), y = (__m256i)(b ^ sign);
  if constexpr (sizeof(T) == 4) return static_cast<uint32_t>(_mm256_movemask_ps((__m256)_mm256_cmpgt_epi32(y, x)));
  return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)_mm256_cmpgt_epi64(y, x)));
}

// For each set of lanes, the parts of 32 bits that the lanes of the set consist of, then those of the others.
template <size_t Lanes>
struct DivisionTable {
  alignas(64) uint8_t parts[size_t{1} << Lanes][8];
  constexpr DivisionTable() : parts() {
    constexpr size_t width = 8 / Lanes;
    for (size_t set = 0; set < size_t{1} << Lanes; ++set) {
      size_t next = 0;
      for (size_t others = 0; others < 2; ++others) {
        for (size_t part = 0; part < 8; ++part) {
          if ((set >> (part / width) & 1) != others) parts[set][next++] = static_cast<uint8_t>(part);
        }
      }
    }
  }
};
template <size_t Lanes>
constexpr DivisionTable<Lanes> kDivisionTable;

// The lanes that have a bit, then the others.
template <class T>
COREPY_INLINE Vector<T> divided(Vector<T> x, uint32_t lanes) {
  const uint8_t* parts = kDivisionTable<kLanes<T>>.parts[lanes];
  const __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(parts)));
  return (Vector<T>)_mm256_permutevar8x32_epi32((__m256i)x, places);
}
#endif

COREPY_END
#endif
