// Sorting unsigned keys of 32 and 64 bits in vector registers: partitions about pivots, down to parts
// that a network sorts without leaving the registers. Nothing branches on a key.
#pragma once
#include <cstddef>
#include <utility>

#include "loops.h"
#include "sort_radix.h"
#include "vector.h"

COREPY_BEGIN

// Whether keys of this type are sorted by partitions. With AVX2, which neither compares unsigned keys of 64
// bits nor compresses, those take 1.5 times as long as by their digits.
#if defined(__AVX512F__)
template <class T>
constexpr bool sorts_in_vectors = sizeof(T) >= 4;
#elif defined(__AVX2__)
template <class T>
constexpr bool sorts_in_vectors = sizeof(T) == 4;
#else
template <class T>
constexpr bool sorts_in_vectors = false;
#endif

// Keys, their scratch, and in which of both they are to end.
template <class T>
struct Part {
  T *x, *scratch;
  size_t n;
  bool into_scratch;
};

COREPY_END

#if defined(__AVX2__)
COREPY_BEGIN

template <class T>
constexpr size_t kLanes = kRegister / sizeof(T);

// Registers that a network sorts: as many as there are, less what it needs besides.
#if defined(__AVX512F__)
constexpr size_t kRows = 16;
#else
constexpr size_t kRows = 8;
#endif
// Keys that a network sorts.
template <class T>
constexpr size_t kLeaf = kRows * kLanes<T>;

template <class T, class Function, size_t... Lane>
COREPY_INLINE Vector<T> constant_lanes(Function function, std::index_sequence<Lane...>) {
  return Vector<T>{static_cast<T>(function(Lane))...};
}
// The vector of function(lane), which folds to a constant.
template <class T, class Function>
COREPY_INLINE Vector<T> constant_lanes(Function function) {
  return constant_lanes<T>(function, std::make_index_sequence<kLanes<T>>());
}

// Lane i takes lane i ^ Flip.
template <size_t Flip, class T>
COREPY_INLINE Vector<T> exchanged(Vector<T> x) {
  return __builtin_shuffle(x, constant_lanes<T>([](size_t lane) { return lane ^ Flip; }));
}

#if defined(__AVX512F__)
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
template <class T>
COREPY_INLINE Vector<T> is_less(Vector<T> a, Vector<T> b) {
  // Signed comparisons are all that there is for 64 bits.
  constexpr T sign = T{1} << (8 * sizeof(T) - 1);
  if constexpr (sizeof(T) == 4) {
    return (Vector<T>)_mm256_cmpgt_epi32((__m256i)(b ^ broadcast(sign)), (__m256i)(a ^ broadcast(sign)));
  } else {
    return (Vector<T>)_mm256_cmpgt_epi64((__m256i)(b ^ broadcast(sign)), (__m256i)(a ^ broadcast(sign)));
  }
}
template <class T>
COREPY_INLINE Vector<T> least(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm256_min_epu32((__m256i)a, (__m256i)b);
  return (Vector<T>)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)is_less<T>(a, b));
}
template <class T>
COREPY_INLINE Vector<T> most(Vector<T> a, Vector<T> b) {
  if constexpr (sizeof(T) == 4) return (Vector<T>)_mm256_max_epu32((__m256i)a, (__m256i)b);
  return (Vector<T>)_mm256_blendv_epi8((__m256i)a, (__m256i)b, (__m256i)is_less<T>(a, b));
}
// The least of a and b in lanes whose number lacks the bit Upper, the most in the others.
template <size_t Upper, class T>
COREPY_INLINE Vector<T> least_most(Vector<T> a, Vector<T> b) {
  return __builtin_shuffle(least<T>(a, b), most<T>(a, b),
                           constant_lanes<T>([](size_t lane) { return lane & Upper ? lane + kLanes<T> : lane; }));
}
template <size_t Upper, class T>
COREPY_INLINE Vector<T> most_least(Vector<T> a, Vector<T> b) {
  return __builtin_shuffle(most<T>(a, b), least<T>(a, b),
                           constant_lanes<T>([](size_t lane) { return lane & Upper ? lane + kLanes<T> : lane; }));
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
template <class T>
COREPY_INLINE void store_halves(T* x, Vector<T> keys) {
  store_vector(x, keys);
}
// A bit for each lane of a that is less than b's.
template <class T>
COREPY_INLINE uint32_t less_lanes(Vector<T> a, Vector<T> b) {
  const __m256i less = (__m256i)is_less<T>(a, b);
  if constexpr (sizeof(T) == 4) return static_cast<uint32_t>(_mm256_movemask_ps((__m256)less));
  return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)less));
}

// For each set of lanes, the parts of 32 bits of which its lanes consist, moved together.
template <size_t Lanes>
struct CompressTable {
  alignas(64) uint8_t parts[size_t{1} << Lanes][8];
  constexpr CompressTable() : parts() {
    constexpr size_t width = 8 / Lanes;
    for (size_t set = 0; set < size_t{1} << Lanes; ++set) {
      size_t next = 0;
      for (size_t part = 0; part < 8; ++part) {
        if (set >> (part / width) & 1) parts[set][next++] = static_cast<uint8_t>(part);
      }
    }
  }
};
template <size_t Lanes>
constexpr CompressTable<Lanes> kCompressTable;

// The lanes that have a bit, moved together.
template <class T>
COREPY_INLINE Vector<T> compressed(Vector<T> x, uint32_t lanes) {
  const uint8_t* parts = kCompressTable<kLanes<T>>.parts[lanes];
  const __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(parts)));
  return (Vector<T>)_mm256_permutevar8x32_epi32((__m256i)x, places);
}
#endif

template <class T>
COREPY_INLINE void order_rows(Vector<T>& a, Vector<T>& b) {
  const Vector<T> low = least<T>(a, b);
  b = most<T>(a, b);
  a = low;
}

// Batcher's network for the Count rows from Begin on that are Step apart: first halves, then odd-even merges.
template <size_t Begin, size_t Count, size_t Step, class T>
COREPY_INLINE void merge_odd_even(Vector<T>* rows) {
  if constexpr (2 * Step < Count) {
    merge_odd_even<Begin, Count, 2 * Step, T>(rows);
    merge_odd_even<Begin + Step, Count, 2 * Step, T>(rows);
#pragma GCC unroll 16
    for (size_t i = Begin + Step; i + Step < Begin + Count; i += 2 * Step) order_rows<T>(rows[i], rows[i + Step]);
  } else {
    order_rows<T>(rows[Begin], rows[Begin + Step]);
  }
}
template <size_t Begin, size_t Count, class T>
COREPY_INLINE void sort_columns(Vector<T>* rows) {
  if constexpr (Count > 1) {
    sort_columns<Begin, Count / 2, T>(rows);
    sort_columns<Begin + Count / 2, Count / 2, T>(rows);
    merge_odd_even<Begin, Count, 1, T>(rows);
  }
}

template <size_t Rows, size_t Distance, class T>
COREPY_INLINE void clean_lanes(Vector<T>* rows) {
  if constexpr (Distance > 0) {
#pragma GCC unroll 16
    for (size_t i = 0; i < Rows; ++i) rows[i] = least_most<Distance, T>(rows[i], exchanged<Distance, T>(rows[i]));
    clean_lanes<Rows, Distance / 2, T>(rows);
  }
}
template <size_t Rows, size_t Distance, class T>
COREPY_INLINE void clean_rows(Vector<T>* rows) {
  if constexpr (Distance > 0) {
#pragma GCC unroll 16
    for (size_t i = 0; i < Rows; ++i) {
      if ((i & Distance) == 0) order_rows<T>(rows[i], rows[i + Distance]);
    }
    clean_rows<Rows, Distance / 2, T>(rows);
  }
}
// Given groups of Columns adjacent columns, each sorted down one column after the other: merges pairs of
// groups, bitonically, until there is one.
template <size_t Rows, size_t Columns, class T>
COREPY_INLINE void merge_columns(Vector<T>* rows) {
  if constexpr (Columns < kLanes<T>) {
    constexpr size_t flip = 2 * Columns - 1;
    if constexpr (Rows == 1) {
      rows[0] = least_most<Columns, T>(rows[0], exchanged<flip, T>(rows[0]));
    } else {
#pragma GCC unroll 8
      for (size_t i = 0; i < Rows / 2; ++i) {
        const Vector<T> a = rows[i], b = exchanged<flip, T>(rows[Rows - 1 - i]);
        rows[i] = least_most<Columns, T>(a, b);
        rows[Rows - 1 - i] = exchanged<flip, T>(most_least<Columns, T>(a, b));
      }
    }
    clean_lanes<Rows, Columns / 2, T>(rows);
    clean_rows<Rows, Rows / 2, T>(rows);
    merge_columns<Rows, 2 * Columns, T>(rows);
  }
}
// Columns to rows, by interleaving the rows' halves as often as it takes.
template <size_t Rows, size_t Stride, class T>
COREPY_INLINE void interleave_rows(Vector<T>* rows) {
  if constexpr (Stride < Rows) {
    Vector<T> from[Rows];
#pragma GCC unroll 16
    for (size_t i = 0; i < Rows; ++i) from[i] = rows[i];
#pragma GCC unroll 8
    for (size_t i = 0; i < Rows / 2; ++i) {
      const Vector<T> a = from[i], b = from[i + Rows / 2];
      rows[2 * i] =
          __builtin_shuffle(a, b, constant_lanes<T>([](size_t lane) { return lane / 2 + lane % 2 * kLanes<T>; }));
      rows[2 * i + 1] = __builtin_shuffle(
          a, b, constant_lanes<T>([](size_t lane) { return kLanes<T> / 2 + lane / 2 + lane % 2 * kLanes<T>; }));
    }
    interleave_rows<Rows, 2 * Stride, T>(rows);
  }
}

template <size_t Rows, class T>
COREPY_INLINE void sort_registers(Vector<T>* rows) {
  sort_columns<0, Rows, T>(rows);
  merge_columns<Rows, 1, T>(rows);
  interleave_rows<Rows, 1, T>(rows);
}

// Sorts at most Rows registers of keys, more than half as many, from x to out.
template <size_t Rows, class T>
COREPY_NOINLINE void sort_leaf(const T* x, T* out, size_t n) {
  constexpr size_t full = Rows / 2;
  const auto left = [n](size_t row) COREPY_INLINE_LAMBDA {
    const size_t before = row * kLanes<T>;
    const size_t count = n > before ? n - before : 0;
    return count < kLanes<T> ? count : kLanes<T>;
  };
  Vector<T> rows[Rows];
#pragma GCC unroll 16
  for (size_t i = 0; i < full; ++i) rows[i] = load_vector(x + i * kLanes<T>);
#pragma GCC unroll 16
  for (size_t i = full; i < Rows; ++i) rows[i] = load_first<T>(x + i * kLanes<T>, left(i));
  sort_registers<Rows, T>(rows);
#pragma GCC unroll 16
  for (size_t i = 0; i < full; ++i) store_vector(out + i * kLanes<T>, rows[i]);
#pragma GCC unroll 16
  for (size_t i = full; i < Rows; ++i) store_first<T>(out + i * kLanes<T>, left(i), rows[i]);
}

// Sorts at most kLeaf keys from x to out.
template <class T>
COREPY_INLINE void sort_short(const T* x, T* out, size_t n) {
  if (n <= kLanes<T>) return sort_leaf<1, T>(x, out, n);
  if (n <= 2 * kLanes<T>) return sort_leaf<2, T>(x, out, n);
  if (n <= 4 * kLanes<T>) return sort_leaf<4, T>(x, out, n);
  if constexpr (kRows == 8) return sort_leaf<8, T>(x, out, n);
  if (n <= 8 * kLanes<T>) return sort_leaf<8, T>(x, out, n);
  sort_leaf<kRows, T>(x, out, n);
}

// The median of a sample of n keys, a register's at least.
template <class T>
COREPY_INLINE T sampled_pivot(const T* x, size_t n) {
  T sample[4 * kLanes<T>];
  const size_t count = n < 32 * kLeaf<T> ? kLanes<T> : 4 * kLanes<T>;
  const size_t step = n / count;
  for (size_t i = 0; i < count; ++i) sample[i] = x[i * step + step / 2];
  if (count == kLanes<T>) {
    sort_leaf<1, T>(sample, sample, count);
  } else {
    sort_leaf<4, T>(sample, sample, count);
  }
  return sample[count / 2];
}

// Moves the keys that are less than the pivot (or, if KeepOthers, all others) to the front of x, the rest
// to `moved`, and returns how many stayed. Whole registers are stored: what lies behind the keys so
// far is overwritten next.
template <bool KeepOthers, class T>
COREPY_INLINE size_t partition_keys(T* x, T* moved, size_t n, T pivot) {
  constexpr uint32_t all = static_cast<uint32_t>((uint64_t{1} << kLanes<T>)-1);
  const Vector<T> pivots = broadcast(pivot);
  size_t kept = 0, i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) {
    const Vector<T> keys = load_vector(x + i);
    const uint32_t less = less_lanes<T>(keys, pivots);
    const uint32_t keep = KeepOthers ? less ^ all : less;
    store_halves<T>(x + kept, compressed<T>(keys, keep));
    store_halves<T>(moved + (i - kept), compressed<T>(keys, keep ^ all));
    kept += static_cast<size_t>(__builtin_popcount(keep));
  }
  if (i < n) {
    const Vector<T> keys = load_first<T>(x + i, n - i);
    const uint32_t valid = (1u << (n - i)) - 1;
    const uint32_t less = less_lanes<T>(keys, pivots) & valid;
    const uint32_t keep = KeepOthers ? less ^ valid : less;
    const size_t stay = static_cast<size_t>(__builtin_popcount(keep));
    store_first<T>(x + kept, stay, compressed<T>(keys, keep));
    store_first<T>(moved + (i - kept), n - i - stay, compressed<T>(keys, keep ^ valid));
    kept += stay;
  }
  return kept;
}

// Partitions a part of more than kLeaf keys about a pivot: `part` becomes what is above it, and what is
// returned what is below. Of both sides one stays and the other goes to where its scratch was, so that
// nothing is ever copied back. Where the pivot was the least key, what equals it is already in its
// place, `equal` keys at the front, and none are returned.
template <class T>
COREPY_INLINE Part<T> split_part(Part<T>& part, size_t& equal) {
  T *const x = part.x, *const scratch = part.scratch;
  const size_t n = part.n;
  const T pivot = sampled_pivot(x, n);
  equal = 0;
  if (part.into_scratch) {
    const size_t high = partition_keys<true>(x, scratch, n, pivot), low = n - high;
    if (low > 0) {
      part = {x, scratch + low, high, true};
      return {scratch, x + high, low, false};
    }
  } else {
    const size_t low = partition_keys<false>(x, scratch, n, pivot), high = n - low;
    if (low > 0) {
      part = {scratch, x + low, high, true};
      return {x, scratch + high, low, false};
    }
    part = {scratch, x, n, true};
  }
  if (pivot == static_cast<T>(~T{0})) {
    __builtin_memcpy(part.scratch, part.x, n * sizeof(T));
    equal = n;
  } else {
    equal = n - partition_keys<true>(part.x, part.scratch, n, static_cast<T>(pivot + 1));
  }
  part = {part.x, part.scratch + equal, n - equal, true};
  return {part.x, part.scratch, 0, false};
}

// Partitions after which a part is left to the radix sort: its pivots keep failing.
COREPY_INLINE unsigned partition_limit(size_t n) { return 2 * bit_width(n); }

template <class T>
void sort_part(Part<T> part, unsigned limit) {
  while (part.n > kLeaf<T>) {
    if (limit-- == 0) return radix_sort<T>(part.x, part.scratch, part.n, part.into_scratch);
    size_t equal;
    const Part<T> low = split_part(part, equal);
    if (low.n > 0) sort_part(low, limit);
  }
  sort_short(part.x, part.into_scratch ? part.scratch : part.x, part.n);
}

COREPY_END
#else
COREPY_BEGIN

COREPY_INLINE unsigned partition_limit(size_t) { return 0; }

template <class T>
void sort_part(Part<T> part, unsigned) {
  radix_sort<T>(part.x, part.scratch, part.n, part.into_scratch);
}

COREPY_END
#endif
