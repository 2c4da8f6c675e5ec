// Runs of equal elements in sorted ones, and what follows from them.
#pragma once
#include <cstddef>

#include "copy.h"
#include "loops.h"
#include "order.h"

extern "C" {
struct CorepyRuns {
  // The number of places in [begin, end) where an element differs from its predecessor; place 0 counts.
  size_t (*count)(const void* sorted, size_t begin, size_t end);
  // Writes the elements at these places.
  void (*values)(const void* sorted, size_t begin, size_t end, void* out);
  // Writes these places.
  void (*places)(const void* sorted, size_t begin, size_t end, int64_t* out);
};
struct CorepyTable {
  // table[x[i] - base] = 1, modulo 2^bits of the element.
  void (*mark)(const void* x, size_t n, uint64_t base, uint8_t* table);
  // found[i] = table[x[i] - base], 0 where that is above `last`.
  void (*look_up)(const void* x, size_t n, uint64_t base, uint64_t last, const uint8_t* table, uint8_t* found);
};
// out[i] = x[indices[i]], elements moved by size; the indices are in bounds.
typedef void (*CorepyPick)(const void* x, const int64_t* indices, size_t n, void* out);
// For the runs [first, last) of `runs`, which start at `starts` and end where the next one starts or at
// `size`: counts[r] = the length, inverse[order[i]] = r for each i in run r; either may be null.
typedef void (*CorepySpread)(const int64_t* starts, size_t runs, size_t size, size_t first, size_t last,
                             const int64_t* order, int64_t* inverse, int64_t* counts);
}

COREPY_BEGIN

template <class T>
size_t count_runs(const void* sorted, size_t begin, size_t end) {
  const T* x = static_cast<const T*>(sorted);
  size_t count = begin == 0 && end > 0;
  for (size_t i = begin == 0 ? 1 : begin; i < end; ++i) count += !is_equal(x[i], x[i - 1]);
  return count;
}

template <class T>
void run_values(const void* sorted, size_t begin, size_t end, void* out_) {
  const T* x = static_cast<const T*>(sorted);
  T* out = static_cast<T*>(out_);
  for (size_t i = begin; i < end; ++i) {
    if (i == 0 || !is_equal(x[i], x[i - 1])) *out++ = x[i];
  }
}

template <class T>
void run_places(const void* sorted, size_t begin, size_t end, int64_t* out) {
  const T* x = static_cast<const T*>(sorted);
  for (size_t i = begin; i < end; ++i) {
    if (i == 0 || !is_equal(x[i], x[i - 1])) *out++ = static_cast<int64_t>(i);
  }
}

template <class T>
constexpr CorepyRuns runs() {
  return {count_runs<T>, run_values<T>, run_places<T>};
}

template <class U>
void mark(const void* x_, size_t n, uint64_t base, uint8_t* table) {
  const U* x = static_cast<const U*>(x_);
  for (size_t i = 0; i < n; ++i) table[static_cast<U>(x[i] - static_cast<U>(base))] = 1;
}

template <class U>
void look_up(const void* x_, size_t n, uint64_t base, uint64_t last, const uint8_t* table, uint8_t* found) {
  const U* x = static_cast<const U*>(x_);
  for (size_t i = 0; i < n; ++i) {
    const uint64_t place = static_cast<U>(x[i] - static_cast<U>(base));
    const bool inside = place <= last;
    found[i] = static_cast<uint8_t>(table[place & -static_cast<uint64_t>(inside)] & inside);
  }
}

template <class T>
void pick(const void* x_, const int64_t* indices, size_t n, void* out_) {
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  for (size_t i = 0; i < n; ++i) out[i] = x[indices[i]];
}

inline void spread(const int64_t* starts, size_t runs, size_t size, size_t first, size_t last, const int64_t* order,
                   int64_t* inverse, int64_t* counts) {
  for (size_t r = first; r < last; ++r) {
    const int64_t begin = starts[r];
    const int64_t end = r + 1 < runs ? starts[r + 1] : static_cast<int64_t>(size);
    if (counts) counts[r] = end - begin;
    for (int64_t i = begin; inverse && i < end; ++i) inverse[order[i]] = static_cast<int64_t>(r);
  }
}

COREPY_END
