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
// Copies n elements, `step` bytes apart, to `offsets`; of several for one place the last one stays.
typedef void (*CorepyScatter)(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                              size_t bytes);
// As above, of the elements whose offset is at least `low` and below `high`.
typedef void (*CorepyScatterWithin)(const void* src, ptrdiff_t step, const int64_t* offsets, size_t n, void* base,
                                    size_t bytes, int64_t low, int64_t high);
}

COREPY_BEGIN

template <class Index>
size_t offsets_run(const void* indices, size_t n, int64_t size, int64_t stride, int64_t* offsets, uint32_t add) {
  const Index* x = static_cast<const Index*>(indices);
  const auto wrapped = [=](size_t i) COREPY_INLINE_LAMBDA {
    // An index of uint64 beyond int64 turns negative, and is as far out of bounds as before.
    const int64_t k = static_cast<int64_t>(x[i]);
    if constexpr (std::is_signed_v<Index>) return k + (k < 0 ? size : 0);
    return k;
  };
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
  size_t first = 0;
  // Bounded, should another thread have changed the indices meanwhile.
  while (first + 1 < n && static_cast<uint64_t>(wrapped(first)) < limit) ++first;
  return first;
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

// Through memcpy: runs of several elements are moved as one, with the alignment of an element only.
template <class T>
void gather_run(const void* base, const int64_t* offsets, size_t n, void* out, size_t) {
  const char* b = static_cast<const char*>(base);
  char* y = static_cast<char*>(out);
  for (size_t i = 0; i < n; ++i) __builtin_memcpy(y + i * sizeof(T), b + offsets[i], sizeof(T));
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
