// Sorting unsigned keys of 32 and 64 bits in vector registers: partitions about pivots, down to parts
// that a network sorts without leaving the registers. Nothing branches on a key.
#pragma once
#include <cstddef>

#include "loops.h"
#include "sort_network.h"
#include "sort_radix.h"

COREPY_BEGIN

// Whether keys of this type are sorted by partitions, and whether a long row of them is cut by these into parts for all
// threads. With AVX2, where a register holds four keys of 64 bits, long rows of those are spread by their digits instead; to
// cut them by pivots was not tried.
#if defined(__AVX512F__)
template <class T>
constexpr bool sorts_in_vectors = sizeof(T) >= 4;
template <class T>
constexpr bool splits_rows = sorts_in_vectors<T>;
#elif defined(__AVX2__)
template <class T>
constexpr bool sorts_in_vectors = sizeof(T) >= 4;
template <class T>
constexpr bool splits_rows = sizeof(T) == 4;
#else
template <class T>
constexpr bool sorts_in_vectors = false;
template <class T>
constexpr bool splits_rows = false;
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

#if defined(__AVX512F__)
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
#else
// The median of Rows registers of a sample of n keys, which does not pass through memory: a load would wait for its stores.
template <size_t Rows, class T>
COREPY_INLINE T median_of_rows(const T* x, size_t n) {
  const size_t step = n / (Rows * kLanes<T>);
  x += step / 2;
  Vector<T> rows[Rows];
#pragma GCC unroll 4
  for (size_t row = 0; row < Rows; ++row) {
    Vector<T> keys{};
#pragma GCC unroll 8
    for (size_t lane = 0; lane < kLanes<T>; ++lane) keys[lane] = x[(row * kLanes<T> + lane) * step];
    rows[row] = compared<T>(keys);
  }
  sort_registers<Rows, T>(rows);
  if constexpr (Rows == 1) return compared<T>(rows[0])[kLanes<T> / 2];
  else return compared<T>(rows[Rows / 2])[0];
}
// The median of a sample of n keys, more than kLeaf.
template <class T>
COREPY_INLINE T sampled_pivot(const T* x, size_t n) {
  if (n < 8 * kLeaf<T>) return median_of_rows<1, T>(x, n);
  return median_of_rows<4, T>(x, n);
}
#endif

#if defined(__AVX512F__)
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
#else
// Moves the keys that are less than the pivot to the front of x, the others to the end of `moved`, and returns how many are
// less; n is two registers' at least. One permutation brings each kind together, and whole registers are stored: what
// lies beside the keys so far is overwritten next. The first register is kept for the end, when there is just room for it,
// so that a rest comes where anything may lie behind it.
template <class T>
COREPY_INLINE size_t partition_keys(T* x, T* moved, size_t n, T pivot) {
  constexpr size_t lanes = kLanes<T>;
  const Vector<T> pivots = broadcast(pivot);
  const Vector<T> head = load_vector(x);
  const size_t rest = n % lanes;
  // Where a register ends that has all others up to now, were no key less.
  T* end = moved + n - lanes;
  size_t less = 0;
  const auto take = [&](Vector<T> keys, uint32_t set) COREPY_INLINE_LAMBDA {
    const Vector<T> both = divided<T>(keys, set);
    store_vector(x + less, both);
    store_vector(end + less, both);
    less += static_cast<size_t>(__builtin_popcount(set));
    end -= lanes;
  };
  if (rest > 0) {
    const Vector<T> keys = load_first<T>(x + n - rest, rest);
    const uint32_t valid = (1u << rest) - 1, set = less_lanes<T>(keys, pivots) & valid;
    // Lanes behind the keys stand between the two kinds.
    const uint32_t all = static_cast<uint32_t>((uint64_t{1} << lanes) - 1);
    const Vector<T> both = divided<T>(keys, set | (all ^ valid));
    store_vector(x, both);
    store_vector(end, both);
    less = static_cast<size_t>(__builtin_popcount(set));
    end -= rest;
  }
#pragma GCC unroll 4
  for (size_t i = lanes; i + lanes <= n; i += lanes) {
    const Vector<T> keys = load_vector(x + i);
    take(keys, less_lanes<T>(keys, pivots));
  }
  take(head, less_lanes<T>(head, pivots));
  return less;
}

// Partitions a part of more than kLeaf keys about a pivot: `part` becomes what is above it, and what is
// returned what is below. The keys below stay, and those above go to their places in the scratch. Where the pivot was the
// least key, what equals it is put in its place, `equal` keys at the front, and none are returned.
template <class T>
COREPY_INLINE Part<T> split_part(Part<T>& part, size_t& equal) {
  T *const x = part.x, *const scratch = part.scratch;
  const size_t n = part.n;
  const bool into_scratch = part.into_scratch;
  const T pivot = sampled_pivot(x, n);
  const size_t low = partition_keys<T>(x, scratch, n, pivot);
  equal = 0;
  if (low > 0) {
    part = {scratch + low, x + low, n - low, !into_scratch};
    return {x, scratch, low, into_scratch};
  }
  // All keys are in the scratch.
  equal = pivot == static_cast<T>(~T{0}) ? n : partition_keys<T>(scratch, x, n, static_cast<T>(pivot + 1));
  fill(into_scratch ? scratch : x, pivot, equal);
  part = {x + equal, scratch + equal, n - equal, into_scratch};
  return {x, scratch, 0, into_scratch};
}
#endif

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
