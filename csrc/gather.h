// Moving elements by index: offsets from indices, gathering and scattering by offsets. Elements are
// moved by size, whatever their dtype.
#pragma once
#include <cstddef>

#include "copy.h"
#include "loops.h"

extern "C" {
// Writes `stride` times each index, negative ones counted from `size`, to `offsets`, or adds it to
// what is there. Returns the position of the first index outside [-size, size), or n; what `offsets`
// holds in the former case means nothing.
typedef size_t (*CorepyOffsets)(const void* indices, size_t n, int64_t size, int64_t stride, int64_t* offsets,
                                uint32_t add);
// Adds to the offsets of n positions from `first` on, which make up lines of `length`: line l begins at
// l % size * stride.
typedef void (*CorepyLineOffsets)(size_t first, size_t n, size_t length, size_t size, int64_t stride, int64_t* offsets);
// Copies the n elements that lie at `offsets`, in bytes from `base`, to adjacent places. `bytes` is an
// element's size, which only the kernel for runs of any length reads.
typedef void (*CorepyGather)(const void* base, const int64_t* offsets, size_t n, void* out, size_t bytes);
// As offsets and gather in one: copies the elements that lie `stride` bytes times each index from `base`, negative indices
// counted from `size`, which is not 0, to adjacent places. Returns the position of the first index outside [-size, size), or
// n. Nothing outside is read; what `out` holds where there is one means nothing.
typedef size_t (*CorepyGatherAt)(const void* indices, size_t n, int64_t size, int64_t stride, const void* base,
                                 void* out);
// Copies n elements, `step` bytes apart, to `offsets`; of several for one place the last one stays.
typedef void (*CorepyScatter)(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                              size_t bytes);
// As above, of the elements whose offset is at least `low` and below `high`.
typedef void (*CorepyScatterWithin)(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                                    size_t bytes, int64_t low, int64_t high);
}

COREPY_BEGIN

// An index of uint64 beyond int64 turns negative, and is as far out of bounds as before.
template <class Index>
COREPY_INLINE int64_t from_end(Index index, int64_t size) {
  const int64_t k = static_cast<int64_t>(index);
  if constexpr (std::is_signed_v<Index>) return k + (k < 0 ? size : 0);
  return k;
}

// The position of the first index outside; bounded, should another thread have changed them meanwhile.
template <class Index>
size_t first_outside(const Index* x, size_t n, int64_t size) {
  size_t first = 0;
  while (first + 1 < n && static_cast<uint64_t>(from_end(x[first], size)) < static_cast<uint64_t>(size)) ++first;
  return first;
}

template <class Index>
size_t offsets_run(const void* indices, size_t n, int64_t size, int64_t stride, int64_t* offsets, uint32_t add) {
  const Index* x = static_cast<const Index*>(indices);
  const auto wrapped = [=](size_t i) COREPY_INLINE_LAMBDA { return from_end(x[i], size); };
  const uint64_t limit = static_cast<uint64_t>(size);
  // Positive where some index is out of bounds: 0 or 1 per element.
  uint64_t bad = 0;
  if (add) {
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) {
      const int64_t k = wrapped(i);
      bad |= static_cast<uint64_t>(k) >= limit;
      offsets[i] += k * stride;
    }
  } else {
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) {
      const int64_t k = wrapped(i);
      bad |= static_cast<uint64_t>(k) >= limit;
      offsets[i] = k * stride;
    }
  }
  if (__builtin_expect(bad == 0, 1)) return n;
  return first_outside(x, n, size);
}

inline void line_offsets(size_t first, size_t n, size_t length, size_t size, int64_t stride, int64_t* offsets) {
  size_t line = first / length % size, done = first % length;
  for (size_t i = 0; i < n;) {
    const size_t left = length - done, count = left < n - i ? left : n - i;
    const int64_t start = static_cast<int64_t>(line) * stride;
    for (size_t k = 0; k < count; ++k) offsets[i + k] += start;
    i += count;
    done = 0;
    line = line + 1 == size ? 0 : line + 1;
  }
}

// Lanes of the machine's gathers, which take offsets of 64 bits; 1 where it has none for elements of so many bytes.
#if defined(__AVX2__)
constexpr size_t kGatherLanes = kRegister / 8;
#else
constexpr size_t kGatherLanes = 1;
#endif
template <class T>
constexpr bool has_gather = kGatherLanes > 1 && (sizeof(T) == 4 || sizeof(T) == 8);

typedef int64_t Offsets __attribute__((vector_size(8 * kGatherLanes)));

// The elements at the offsets whose lane of `within` is set, all bits of it, to adjacent places, zeros at the others,
// which are not read.
template <class T>
COREPY_INLINE void gather_lanes(const char* base, Offsets offsets, Offsets within, char* y) {
#if defined(__AVX512F__)
  const __mmask8 mask = _mm512_movepi64_mask((__m512i)within);
  if constexpr (sizeof(T) == 8) {
    _mm512_storeu_si512(y, _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), mask, (__m512i)offsets, base, 1));
  } else {
    const __m256i some = _mm512_mask_i64gather_epi32(_mm256_setzero_si256(), mask, (__m512i)offsets, base, 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), some);
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 8) {
    const __m256i some = _mm256_mask_i64gather_epi64(_mm256_setzero_si256(), reinterpret_cast<const long long*>(base),
                                                     (__m256i)offsets, (__m256i)within, 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), some);
  } else {
    const __m256i lower = _mm256_permutevar8x32_epi32((__m256i)within, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
    const __m128i some = _mm256_mask_i64gather_epi32(_mm_setzero_si128(), reinterpret_cast<const int*>(base),
                                                     (__m256i)offsets, _mm256_castsi256_si128(lower), 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), some);
  }
#endif
}

// In one loop: the processor then looks further ahead than where offsets are written and read again, and more cache lines
// are under way (1e6 float64 of 8 MB in random order, 2 cores: 0.50 ms, and 0.85 ms in two passes; Zen 4).
template <class Index, class T>
size_t gather_at(const void* indices, size_t n, int64_t size, int64_t stride, const void* base, void* out) {
  const Index* x = static_cast<const Index*>(indices);
  const char* b = static_cast<const char*>(base);
  char* y = static_cast<char*>(out);
  const uint64_t limit = static_cast<uint64_t>(size);
  uint64_t bad = 0;
  size_t i = 0;
  if constexpr (has_gather<T>) {
    typedef Index Some __attribute__((vector_size(sizeof(Index) * kGatherLanes)));
    typedef uint64_t Unsigned __attribute__((vector_size(8 * kGatherLanes)));
    Offsets outside = {};
    for (; i + kGatherLanes <= n; i += kGatherLanes) {
      Some some;
      __builtin_memcpy(&some, x + i, sizeof(some));
      Offsets k = __builtin_convertvector(some, Offsets);
      if constexpr (std::is_signed_v<Index>) k += (k < 0) & size;
      const Offsets within = (Offsets)((Unsigned)k < limit);
      outside |= ~within;
      // Elements side by side are the usual case, and products of 64 bits are slow.
      gather_lanes<T>(b, stride == sizeof(T) ? k * static_cast<int64_t>(sizeof(T)) : k * stride, within,
                      y + i * sizeof(T));
    }
    for (size_t lane = 0; lane < kGatherLanes; ++lane) bad |= static_cast<uint64_t>(outside[lane]);
  }
  for (; i < n; ++i) {
    const int64_t k = from_end(x[i], size);
    const bool within = static_cast<uint64_t>(k) < limit;
    bad |= !within;
    __builtin_memcpy(y + i * sizeof(T), b + (within ? k : 0) * stride, sizeof(T));
  }
  return __builtin_expect(bad == 0, 1) ? n : first_outside(x, n, size);
}

// Through memcpy: runs of several elements are moved as one, with the alignment of an element only.
template <class T>
void gather_run(const void* base, const int64_t* offsets, size_t n, void* out, size_t) {
  const char* b = static_cast<const char*>(base);
  char* y = static_cast<char*>(out);
  size_t i = 0;
  if constexpr (has_gather<T>) {
    for (; i + kGatherLanes <= n; i += kGatherLanes) {
      Offsets some;
      __builtin_memcpy(&some, offsets + i, sizeof(some));
      gather_lanes<T>(b, some, ~Offsets{}, y + i * sizeof(T));
    }
  }
  for (; i < n; ++i) __builtin_memcpy(y + i * sizeof(T), b + offsets[i], sizeof(T));
}

inline void gather_runs(const void* base, const int64_t* offsets, size_t n, void* out, size_t bytes) {
  const char* b = static_cast<const char*>(base);
  char* y = static_cast<char*>(out);
  for (size_t i = 0; i < n; ++i) copy_bytes(y + i * bytes, b + offsets[i], bytes);
}

template <class T>
void scatter_run(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base, size_t) {
  const char* s = static_cast<const char*>(src);
  char* b = static_cast<char*>(base);
  for (size_t i = 0; i < n; ++i) __builtin_memcpy(b + offsets[i], s + step * static_cast<ptrdiff_t>(i), sizeof(T));
}

inline void scatter_runs(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base, size_t bytes) {
  const char* s = static_cast<const char*>(src);
  char* b = static_cast<char*>(base);
  for (size_t i = 0; i < n; ++i) copy_bytes(b + offsets[i], s + step * static_cast<ptrdiff_t>(i), bytes);
}

// Offsets that are looked through before their elements are moved.
constexpr size_t kScatterBlock = 512;
// How many elements ahead a place is fetched: stores wait for their lines one after another.
constexpr size_t kAhead = 16;

// Writes those of n <= kScatterBlock offsets that lie within to `place`, and their numbers to `from`, without branches;
// both have room for eight more. Returns how many they are.
COREPY_INLINE size_t offsets_within(const int64_t* offsets, size_t n, int64_t low, int64_t high, int64_t* place,
                                    int64_t* from) {
  const uint64_t span = static_cast<uint64_t>(high - low);
  size_t k = 0, i = 0;
#if defined(__AVX512F__)
  __m512i number = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  for (; i + 8 <= n; i += 8) {
    const __m512i some = _mm512_loadu_si512(offsets + i);
    const __m512i above = _mm512_sub_epi64(some, _mm512_set1_epi64(low));
    const __mmask8 within = _mm512_cmplt_epu64_mask(above, _mm512_set1_epi64(static_cast<int64_t>(span)));
    _mm512_storeu_si512(place + k, _mm512_maskz_compress_epi64(within, some));
    _mm512_storeu_si512(from + k, _mm512_maskz_compress_epi64(within, number));
    k += static_cast<size_t>(__builtin_popcount(within));
    number = _mm512_add_epi64(number, _mm512_set1_epi64(8));
  }
#endif
  for (; i < n; ++i) {
    place[k] = offsets[i];
    from[k] = static_cast<int64_t>(i);
    k += static_cast<uint64_t>(offsets[i] - low) < span;
  }
  return k;
}

// `move(to, from)` moves one element.
template <class Move>
COREPY_INLINE void scatter_some_within(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                                       int64_t low, int64_t high, Move move) {
  const char* s = static_cast<const char*>(src);
  char* b = static_cast<char*>(base);
  int64_t place[kScatterBlock + kAhead], from[kScatterBlock + 8];
  for (size_t begin = 0; begin < n; begin += kScatterBlock) {
    const size_t len = n - begin < kScatterBlock ? n - begin : kScatterBlock;
    const size_t count = offsets_within(offsets + begin, len, low, high, place, from);
    for (size_t k = 0; k < kAhead; ++k) place[count + k] = low;
    for (size_t k = 0; k < count; ++k) {
      __builtin_prefetch(b + place[k + kAhead], 1);
      move(b + place[k], s + step * static_cast<ptrdiff_t>(from[k]));
    }
    s += step * static_cast<ptrdiff_t>(len);
  }
}

template <class T>
void scatter_within(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base, size_t, int64_t low,
                    int64_t high) {
  scatter_some_within(src, step, offsets, n, base, low, high,
                      [](char* to, const char* from) COREPY_INLINE_LAMBDA { __builtin_memcpy(to, from, sizeof(T)); });
}

inline void scatter_runs_within(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                                size_t bytes, int64_t low, int64_t high) {
  scatter_some_within(src, step, offsets, n, base, low, high,
                      [=](char* to, const char* from) COREPY_INLINE_LAMBDA { copy_bytes(to, from, bytes); });
}

COREPY_END
