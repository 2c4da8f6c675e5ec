// Rows repeated, each as often as a number says; elements and runs repeated as a whole; rows of several operands
// in turn. Elements are moved by size, whatever their dtype.
#pragma once
#include <cstddef>

#include "copy.h"
#include "loops.h"

extern "C" {
// Writes, one after another, row i of `width` elements counts[i] times, for n rows without gaps.
typedef void (*CorepyRepeat)(const void* x, const int64_t* counts, size_t n, size_t width, void* out);
// Writes row i of `width` elements of each of the `k` sources in turn, for n rows without gaps.
typedef void (*CorepyInterleave)(const void* const* sources, size_t k, size_t n, size_t width, void* out);
// Writes row i of each of the `k` sources in turn, for n rows without gaps; those of a source have widths[source] bytes.
typedef void (*CorepyJoin)(const void* const* sources, const size_t* widths, size_t k, size_t n, void* out);
// Fills `total` bytes with copies of the first `bytes`, one after another; total is a multiple.
typedef void (*CorepyTile)(const void* x, size_t bytes, void* out, size_t total);
}

COREPY_BEGIN

// Copies that are written of each element whatever its number, so that small numbers cost no branch: 1e6 elements
// up to three times took 4.2 ms with a loop for each, 0.9 ms so.
constexpr int64_t kAlways = 4;

template <class T>
void repeat_rows(const void* x_, const int64_t* counts, size_t n, size_t width, void* out_) {
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  size_t i = 0;
  if (width == 1) {
    int64_t room = 0;
    for (size_t k = 0; k < n; ++k) room += counts[k];
    for (; i < n && room >= kAlways; ++i) {
      const T value = x[i];
      for (int64_t k = 0; k < kAlways; ++k) out[k] = value;
      const int64_t count = counts[i];
      if (__builtin_expect(count > kAlways, 0)) {
        for (int64_t k = kAlways; k < count; ++k) out[k] = value;
      }
      out += count;
      room -= count;
    }
    x += i;
  }
  for (; i < n; ++i) {
    for (int64_t left = counts[i]; left > 0; --left) {
      if (width == 1) *out = *x;
      else copy_bytes(reinterpret_cast<char*>(out), reinterpret_cast<const char*>(x), width * sizeof(T));
      out += width;
    }
    x += width;
  }
}

// Elements of K sources in turn: a constant number, for which the compiler knows shuffles.
template <class T, size_t K>
COREPY_INLINE void interleave_elements(const void* const* sources, size_t n, T* out) {
  const T* x[K];
  for (size_t k = 0; k < K; ++k) x[k] = static_cast<const T*>(sources[k]);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) {
#pragma GCC unroll 4
    for (size_t k = 0; k < K; ++k) out[K * i + k] = x[k][i];
  }
}

template <class T>
void interleave(const void* const* sources, size_t k, size_t n, size_t width, void* out_) {
  T* out = static_cast<T*>(out_);
  if (width == 1 && k == 2) return interleave_elements<T, 2>(sources, n, out);
  if (width == 1 && k == 3) return interleave_elements<T, 3>(sources, n, out);
  if (width == 1 && k == 4) return interleave_elements<T, 4>(sources, n, out);
  for (size_t i = 0; i < n; ++i) {
    for (size_t source = 0; source < k; ++source) {
      const T* row = static_cast<const T*>(sources[source]) + i * width;
      for (size_t c = 0; c < width; ++c) out[c] = row[c];
      out += width;
    }
  }
}

inline void join_rows(const void* const* sources, const size_t* widths, size_t k, size_t n, void* out_) {
  char* out = static_cast<char*>(out_);
  for (size_t i = 0; i < n; ++i) {
    for (size_t source = 0; source < k; ++source) {
      copy_bytes(out, static_cast<const char*>(sources[source]) + i * widths[source], widths[source]);
      out += widths[source];
    }
  }
}

// Bytes from which a pattern is long enough to be copied as it is; it stays in L1.
constexpr size_t kPattern = 4096;

inline void tile_run(const void* x, size_t bytes, void* out_, size_t total) {
  char* out = static_cast<char*>(out_);
  copy_bytes(out, static_cast<const char*>(x), bytes);
  size_t done = bytes, pattern = bytes;
  while (done < total) {
    const size_t count = pattern < total - done ? pattern : total - done;
    copy_bytes(out + done, out, count);
    done += count;
    if (pattern < kPattern) pattern = done;
  }
}

COREPY_END
