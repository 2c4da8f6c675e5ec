// Networks that sort unsigned keys without leaving the vector registers. Nothing branches on a key.
#pragma once
#include <cstddef>

#include "sort_lanes.h"

#if defined(__AVX2__)
COREPY_BEGIN

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
#if defined(__AVX512F__)
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
#else
// Each row whose number lacks the bit Bit, and the one that has it, by pair(a, b).
template <size_t Rows, size_t Bit, class T, class Pair>
COREPY_INLINE void pair_rows(Vector<T>* rows, Pair pair) {
#pragma GCC unroll 8
  for (size_t i = 0; i < Rows; ++i) {
    if ((i & Bit) == 0) pair(rows[i], rows[i + Bit]);
  }
}
// Columns to rows. Of an element's place, the number of its row and of its lane, each step moves a bit from the one to the
// other: inside halves of registers first, then the halves.
template <size_t Rows, size_t, class T>
COREPY_INLINE void interleave_rows(Vector<T>* rows) {
  if constexpr (Rows == 1) return;
  constexpr size_t inside = sizeof(T) == 4 && Rows > 2 ? 2 : 1;
  if constexpr (sizeof(T) == 4) {
    pair_rows<Rows, 1, T>(rows, [](Vector<T>& a, Vector<T>& b) COREPY_INLINE_LAMBDA {
      const __m256i x = (__m256i)a, y = (__m256i)b;
      a = (Vector<T>)_mm256_unpacklo_epi32(x, y);
      b = (Vector<T>)_mm256_unpackhi_epi32(x, y);
    });
  }
  if constexpr (sizeof(T) == 8 || inside == 2) {
    pair_rows<Rows, inside, T>(rows, [](Vector<T>& a, Vector<T>& b) COREPY_INLINE_LAMBDA {
      const __m256i x = (__m256i)a, y = (__m256i)b;
      a = (Vector<T>)_mm256_unpacklo_epi64(x, y);
      b = (Vector<T>)_mm256_unpackhi_epi64(x, y);
    });
  }
  pair_rows<Rows, (2 * inside < Rows ? 2 * inside : Rows / 2), T>(rows,
                                                                  [](Vector<T>& a, Vector<T>& b) COREPY_INLINE_LAMBDA {
                                                                    const Vector<T> low = halves<0x20, T>(a, b);
                                                                    b = halves<0x31, T>(a, b);
                                                                    a = low;
                                                                  });
  if constexpr (Rows == 8) {
    // The bits of the rows' numbers are not yet in their order.
    Vector<T> from[Rows];
#pragma GCC unroll 8
    for (size_t i = 0; i < Rows; ++i) from[i] = rows[i];
#pragma GCC unroll 8
    for (size_t i = 0; i < Rows; ++i) {
      rows[sizeof(T) == 8 ? (i << 1 | i >> 2) & 7 : (i & 4) | (i & 1) << 1 | (i & 2) >> 1] = from[i];
    }
  }
}
#endif

template <size_t Rows, class T>
COREPY_INLINE void sort_registers(Vector<T>* rows) {
  sort_columns<0, Rows, T>(rows);
  merge_columns<Rows, 1, T>(rows);
  interleave_rows<Rows, 1, T>(rows);
}

// Keys in the register `row` of n keys.
template <class T>
COREPY_INLINE size_t keys_in(size_t row, size_t n) {
  const size_t before = row * kLanes<T>;
  const size_t count = n > before ? n - before : 0;
  return count < kLanes<T> ? count : kLanes<T>;
}
// n keys, at least Full registers of them and at most Rows; greatest keys behind them.
template <size_t Rows, size_t Full, class T>
COREPY_INLINE void load_rows(Vector<T>* rows, const T* x, size_t n) {
#pragma GCC unroll 16
  for (size_t i = 0; i < Full; ++i) rows[i] = compared<T>(load_vector(x + i * kLanes<T>));
#pragma GCC unroll 16
  for (size_t i = Full; i < Rows; ++i) rows[i] = compared<T>(load_first<T>(x + i * kLanes<T>, keys_in<T>(i, n)));
}
#if defined(__AVX512F__)
template <size_t Rows, size_t Full, class T>
COREPY_INLINE void store_rows(const Vector<T>* rows, T* out, size_t n) {
#pragma GCC unroll 16
  for (size_t i = 0; i < Full; ++i) store_vector(out + i * kLanes<T>, compared<T>(rows[i]));
#pragma GCC unroll 16
  for (size_t i = Full; i < Rows; ++i) store_first<T>(out + i * kLanes<T>, keys_in<T>(i, n), compared<T>(rows[i]));
}
#else
// Stores under a mask are microcode on Zen. Rows that the keys do not fill go to memory of no use instead, and the last
// register of keys, wherever it begins, comes from there; with fewer keys than that it begins before `out`, where what lies
// is overwritten.
template <size_t Rows, size_t Full, class T>
COREPY_INLINE void store_rows(const Vector<T>* rows, T* out, size_t n) {
  constexpr size_t lanes = kLanes<T>, first = Full > 0 ? Full - 1 : 0;
  T copy[(Rows - first + 2) * lanes];
  T* const shifted = copy + lanes;
#pragma GCC unroll 16
  for (size_t i = 0; i < Rows; ++i) {
    const Vector<T> keys = compared<T>(rows[i]);
    if (i >= first) store_vector(shifted + (i - first) * lanes, keys);
    T* const to = i < Full || (i + 1) * lanes <= n ? out + i * lanes : copy + (Rows - first + 1) * lanes;
    store_vector(to, keys);
  }
  const Vector<T> last = load_vector(shifted + n - lanes - first * lanes);
  store_vector(out + n - lanes, last);
}
#endif

// Sorts at most Rows registers of keys, more than half as many, from x to out.
template <size_t Rows, class T>
COREPY_NOINLINE void sort_leaf(const T* x, T* out, size_t n) {
  Vector<T> rows[Rows];
  load_rows<Rows, Rows / 2, T>(rows, x, n);
  sort_registers<Rows, T>(rows);
  if constexpr (Rows == 1) {
    store_first<T>(out, n, compared<T>(rows[0]));
  } else {
    store_rows<Rows, Rows / 2, T>(rows, out, n);
  }
}

#if !defined(__AVX512F__)
// Sorts Rows registers of keys that are bitonic, along one register after the other.
template <size_t Rows, class T>
COREPY_INLINE void clean_registers(Vector<T>* rows) {
  clean_rows<Rows, Rows / 2, T>(rows);
  clean_lanes<Rows, kLanes<T> / 2, T>(rows);
}
// As sort_leaf, of more keys than kRows registers hold and at most twice as many, by merging two halves.
template <class T>
COREPY_NOINLINE void sort_two_leaves(const T* x, T* out, size_t n) {
  constexpr size_t block = kRows * kLanes<T>;
  Vector<T> rows[kRows], low[kRows];
  load_rows<kRows, kRows, T>(rows, x, block);
  sort_registers<kRows, T>(rows);
#pragma GCC unroll 16
  for (size_t i = 0; i < kRows; ++i) low[i] = rows[i];
  load_rows<kRows, 0, T>(rows, x + block, n - block);
  sort_registers<kRows, T>(rows);
#pragma GCC unroll 16
  for (size_t i = 0; i < kRows; ++i) {
    const Vector<T> a = low[i], b = exchanged<kLanes<T> - 1, T>(rows[kRows - 1 - i]);
    low[i] = least<T>(a, b);
    rows[kRows - 1 - i] = most<T>(a, b);
  }
  clean_registers<kRows, T>(rows);
  store_rows<kRows, 0, T>(rows, out + block, n - block);
  clean_registers<kRows, T>(low);
  store_rows<kRows, kRows, T>(low, out, block);
}
#endif

// Sorts at most kLeaf keys from x to out.
template <class T>
COREPY_INLINE void sort_short(const T* x, T* out, size_t n) {
  if (n <= kLanes<T>) return sort_leaf<1, T>(x, out, n);
  if (n <= 2 * kLanes<T>) return sort_leaf<2, T>(x, out, n);
  if (n <= 4 * kLanes<T>) return sort_leaf<4, T>(x, out, n);
  if (n <= 8 * kLanes<T>) return sort_leaf<8, T>(x, out, n);
#if defined(__AVX512F__)
  sort_leaf<kRows, T>(x, out, n);
#else
  sort_two_leaves<T>(x, out, n);
#endif
}

COREPY_END
#endif
