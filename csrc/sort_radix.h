// Sorting unsigned keys: most significant digit first, on the range that the keys have.
#pragma once
#include <cstddef>

#include "scalar.h"

COREPY_BEGIN

// Digits of a radix pass inside the caches, in bits: 1024 counters of 8 bytes.
constexpr unsigned kDigitBits = 10;
// Keys that are sorted by insertion.
constexpr size_t kInsertion = 24;

// The bits that `range` needs.
COREPY_INLINE unsigned bit_width(uint64_t range) {
  return range == 0 ? 0 : 64 - static_cast<unsigned>(__builtin_clzll(range));
}

template <class T>
COREPY_INLINE void key_range(const T* keys, size_t n, T& least, T& most) {
  T low = keys[0], high = keys[0];
  for (size_t i = 0; i < n; ++i) {
    low = keys[i] < low ? keys[i] : low;
    high = keys[i] > high ? keys[i] : high;
  }
  least = low;
  most = high;
}

// Linear where each key is near its place.
template <class T>
COREPY_INLINE void insertion_sort(T* keys, size_t n) {
  for (size_t i = 1; i < n; ++i) {
    const T key = keys[i];
    if (!(key < keys[i - 1])) continue;
    size_t j = i;
    do {
      keys[j] = keys[j - 1];
      --j;
    } while (j > 0 && key < keys[j - 1]);
    keys[j] = key;
  }
}

// Sorts n keys at `a` with as much scratch at `b`; the result is at b if `into_b`, else at a.
//
// Each pass spreads the keys by the leading bits of their distance from the least key, so that it
// takes at most 64 / log2(n) passes whatever the keys are, and one or two where they spread evenly.
template <class T>
void radix_sort(T* a, T* b, size_t n, bool into_b) {
  if (n <= kInsertion) {
    insertion_sort(a, n);
    if (into_b && n > 0) __builtin_memcpy(b, a, n * sizeof(T));
    return;
  }
  T least, most;
  key_range(a, n, least, most);
  if (least == most) {
    if (into_b) __builtin_memcpy(b, a, n * sizeof(T));
    return;
  }
  const unsigned width = bit_width(static_cast<uint64_t>(most) - least);
  unsigned digits = bit_width(n - 1);
  if (digits > kDigitBits) digits = kDigitBits;
  if (digits > width) digits = width;
  const unsigned shift = width - digits;
  size_t offsets[size_t{1} << kDigitBits];
  const size_t buckets = size_t{1} << digits;
  __builtin_memset(offsets, 0, buckets * sizeof(size_t));
  for (size_t i = 0; i < n; ++i) ++offsets[static_cast<T>(a[i] - least) >> shift];
  if (shift == 0) {
    // A bucket's keys are equal.
    T* out = into_b ? b : a;
    for (size_t bucket = 0; bucket < buckets; ++bucket) {
      const T key = static_cast<T>(least + bucket);
      for (size_t k = 0; k < offsets[bucket]; ++k) out[k] = key;
      out += offsets[bucket];
    }
    return;
  }
  size_t sum = 0, largest = 0;
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const size_t count = offsets[bucket];
    largest = count > largest ? count : largest;
    offsets[bucket] = sum;
    sum += count;
  }
  for (size_t i = 0; i < n; ++i) b[offsets[static_cast<T>(a[i] - least) >> shift]++] = a[i];
  if (largest > kInsertion) {
    // The scatter left each bucket's end in its offset.
    size_t begin = 0;
    for (size_t bucket = 0; bucket < buckets; ++bucket) {
      const size_t end = offsets[bucket];
      if (end - begin > kInsertion) radix_sort<T>(b + begin, a + begin, end - begin, false);
      begin = end;
    }
  }
  insertion_sort(b, n);
  if (!into_b) __builtin_memcpy(a, b, n * sizeof(T));
}

COREPY_END
