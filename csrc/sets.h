// Runs of equal elements in sorted ones, and what follows from them.
#pragma once
#include <cstddef>

#include "copy.h"
#include "loops.h"
#include "order.h"
#include "sort_keys.h"

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

// Elements that are looked at together: a count of them fits one byte.
constexpr size_t kRunBlock = 128;

// How many of the n elements from x on, at most kRunBlock, differ from their predecessors. In the
// elements' width, so that it vectorises.
template <class T>
COREPY_INLINE size_t count_differing(const T* x, size_t n) {
  using U = UnsignedOf<sizeof(T)>;
  U count = 0;
  for (size_t i = 0; i < n; ++i) count = static_cast<U>(count + static_cast<U>(!is_equal(x[i], x[i - 1])));
  return count;
}

// Calls body(begin, end, count) for blocks of [begin, end) in which `count` > 0 places differ from their
// predecessors; the place 0, of which that cannot be asked, is a block by itself.
template <class T, class Body>
COREPY_INLINE void for_each_run_block(const T* x, size_t begin, size_t end, Body body) {
  if (begin == 0 && end > 0) {
    body(size_t{0}, size_t{1}, size_t{1});
    begin = 1;
  }
  for (size_t next; begin < end; begin = next) {
    next = end - begin < kRunBlock ? end : begin + kRunBlock;
    const size_t count = count_differing(x + begin, next - begin);
    if (count > 0) body(begin, next, count);
  }
}

template <class T>
size_t count_runs(const void* sorted, size_t begin, size_t end) {
  size_t sum = 0;
  for_each_run_block(static_cast<const T*>(sorted), begin, end,
                     [&](size_t, size_t, size_t count) COREPY_INLINE_LAMBDA { sum += count; });
  return sum;
}

// Writes value(i) for the places i that differ. Without branches on the elements, which needs room for one
// more: a buffer has it.
template <class T, class Out, class Value>
COREPY_INLINE void write_runs(const T* x, size_t begin, size_t end, Out* out, Value value) {
  for_each_run_block(x, begin, end, [&](size_t from, size_t to, size_t count) COREPY_INLINE_LAMBDA {
    if (count == to - from) {
      for (size_t i = from; i < to; ++i) out[i - from] = value(i);
    } else {
      Out buffer[kRunBlock + 1];
      size_t next = 0;
      for (size_t i = from; i < to; ++i) {
        buffer[next] = value(i);
        next += static_cast<size_t>(!is_equal(x[i], x[i - 1]));
      }
      __builtin_memcpy(out, buffer, count * sizeof(Out));
    }
    out += count;
  });
}

template <class T>
void run_values(const void* sorted, size_t begin, size_t end, void* out) {
  const T* x = static_cast<const T*>(sorted);
  write_runs(x, begin, end, static_cast<T*>(out), [x](size_t i) COREPY_INLINE_LAMBDA { return x[i]; });
}

template <class T>
void run_places(const void* sorted, size_t begin, size_t end, int64_t* out) {
  write_runs(static_cast<const T*>(sorted), begin, end, out,
             [](size_t i) COREPY_INLINE_LAMBDA { return static_cast<int64_t>(i); });
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
