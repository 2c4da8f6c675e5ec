// Sorting: elements become unsigned keys in the order of the elements, keys are sorted, and keys
// become elements again. Where the places of elements are wanted, a key is packed with its index.
#pragma once
#include <cstddef>

#include "loops.h"
#include "sort_keys.h"
#include "sort_merge.h"
#include "sort_radix.h"
#include "sort_runs.h"
#include "sort_vector.h"
#include "types.h"

extern "C" {
// What a run of elements became.
struct CorepyKeyRange {
  uint64_t least, most;
  // Not 0 if there are NaNs or negative zeros, which their keys do not tell.
  uint64_t special;
};

// Keys at x with as much scratch; sorted they are in the scratch if into_scratch, else at x.
struct CorepyKeyPart {
  void *x, *scratch;
  size_t n;
  uint32_t into_scratch;
};

struct CorepySort {
  // keys[i] = the key of x[i], exclusive-or flip; n >= 1.
  void (*map)(const void* x, size_t n, uint64_t flip, void* keys, CorepyKeyRange* range);
  // out[i] = the element of keys[i]; `out` may be `keys`.
  void (*unmap)(const void* keys, size_t n, uint64_t flip, void* out);
  // Writes the NaNs and zeros of x, in x's order, to where the sorted elements have them.
  void (*restore)(const void* x, size_t n, uint32_t descending, void* out);
  // Least and most of n >= 1 keys.
  void (*range)(const void* keys, size_t n, CorepyKeyRange* range);
  // ++counts[(keys[i] - base) >> shift].
  void (*histogram)(const void* keys, size_t n, uint64_t base, uint32_t shift, uint64_t* counts);
  // out[offsets[(keys[i] - base) >> shift]++] = keys[i].
  void (*scatter)(const void* keys, size_t n, uint64_t base, uint32_t shift, uint64_t* offsets, void* out);
  // out[offsets[keys[i] - base]++] = first + i.
  void (*scatter_places)(const void* keys, size_t n, uint64_t base, uint64_t first, uint64_t* offsets, int64_t* out);
  // Writes counts[i] times the key base + i, for all i below `buckets`.
  void (*repeat)(const uint64_t* counts, size_t buckets, uint64_t base, void* out);
  // Sorts the keys at a, with scratch at b; the result is at b if into_b, else at a.
  void (*sort)(void* a, void* b, size_t n, uint32_t into_b);
  // Partitions a long part: `part` becomes the keys above a pivot, `below` those below it; returns how many
  // between the two are in their place. Null where keys are not sorted by partitions.
  size_t (*split)(CorepyKeyPart* part, CorepyKeyPart* below);
  // Whether elements, exclusive-or flip, ascend, or with `backwards` descend: 0 if not, 1 if strictly, 2 if
  // some neighbours are equal. n >= 1.
  uint32_t (*ordered)(const void* x, size_t n, uint64_t flip, uint32_t backwards);
  // out[i] = x[n - 1 - i].
  void (*reverse)(const void* x, size_t n, void* out);
  // The places that sort elements which descend: the last first, but equal ones as they are.
  void (*reversed_places)(const void* x, size_t n, int64_t* out);
  // out[i] = ((keys[i] - base) >> drop) << bits | (first + i).
  void (*pack)(const void* keys, size_t n, uint64_t base, uint64_t first, uint32_t drop, uint32_t bits, uint64_t* out);
  // Replaces n sorted packed keys by their indices; runs of equal keys are first sorted by the `drop`
  // low bits of the keys, which the packing dropped.
  void (*unpack)(uint64_t* packed, uint64_t* scratch, size_t n, const void* keys, uint64_t base, uint32_t drop,
                 uint32_t bits);
  // The same with packed keys of 32 bits, and back to 64.
  void (*pack_narrow)(const void* keys, size_t n, uint64_t base, uint32_t drop, uint32_t bits, uint32_t* out);
  void (*widen)(const uint32_t* packed, size_t n, uint64_t* out);
};
}

COREPY_BEGIN

template <class T>
void map_keys(const void* x_, size_t n, uint64_t flip_, void* keys_, CorepyKeyRange* range) {
  using U = Key<T>;
  const U* x = static_cast<const U*>(x_);
  U* keys = static_cast<U*>(keys_);
  const U flip = static_cast<U>(flip_);
  U least = static_cast<U>(~U{0}), most = 0, special = 0;
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) {
    const U bits = x[i];
    const U key = static_cast<U>(key_of<T>(bits) ^ flip);
    special |= is_special<T>(bits);
    keys[i] = key;
    least = key < least ? key : least;
    most = key > most ? key : most;
  }
  *range = {least, most, special};
}

template <class T>
void unmap_keys(const void* keys_, size_t n, uint64_t flip_, void* out_) {
  using U = Key<T>;
  const U* keys = static_cast<const U*>(keys_);
  U* out = static_cast<U*>(out_);
  const U flip = static_cast<U>(flip_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) {
    const U key = keys[i] ^ flip;
    if constexpr (is_real_floating<T>) {
      using S = std::make_signed_t<Key<T>>;
      constexpr unsigned last = 8 * sizeof(T) - 1;
      out[i] = key ^ (static_cast<U>(~(static_cast<S>(key) >> last)) | (U{1} << last));
    } else {
      out[i] = key;
    }
  }
}

template <class T>
void restore_special(const void* x_, size_t n, uint32_t descending, void* out_) {
  if constexpr (is_real_floating<T>) {
    const T* x = static_cast<const T*>(x_);
    T* out = static_cast<T*>(out_);
    size_t nans = 0, before = 0;
    for (size_t i = 0; i < n; ++i) {
      nans += x[i] != x[i];
      before += descending ? x[i] > 0 : x[i] < 0;
    }
    size_t nan = descending ? 0 : n - nans;
    size_t zero = descending ? nans + before : before;
    for (size_t i = 0; i < n; ++i) {
      if (x[i] != x[i]) __builtin_memcpy(out + nan++, x + i, sizeof(T));
      if (x[i] == 0) out[zero++] = x[i];
    }
  }
}

template <class U>
void range_of_keys(const void* keys, size_t n, CorepyKeyRange* range) {
  U least, most;
  key_range(static_cast<const U*>(keys), n, least, most);
  *range = {least, most, 0};
}

template <class U>
void histogram(const void* keys_, size_t n, uint64_t base_, uint32_t shift, uint64_t* counts) {
  const U* keys = static_cast<const U*>(keys_);
  const U base = static_cast<U>(base_);
  if constexpr (sizeof(U) == 1) {
    // Equal neighbours would wait for each other's counter.
    constexpr size_t tables = 4;
    uint64_t some[tables][256] = {};
    size_t i = 0;
    for (; i + tables <= n; i += tables) {
      for (size_t k = 0; k < tables; ++k) ++some[k][static_cast<U>(keys[i + k] - base) >> shift];
    }
    for (; i < n; ++i) ++some[0][static_cast<U>(keys[i] - base) >> shift];
    for (size_t bucket = 0; bucket <= size_t{255} >> shift; ++bucket) {
      const uint64_t sum = some[0][bucket] + some[1][bucket] + some[2][bucket] + some[3][bucket];
      if (sum > 0) counts[bucket] += sum;
    }
    return;
  }
  for (size_t i = 0; i < n; ++i) ++counts[static_cast<U>(keys[i] - base) >> shift];
}

template <class U>
void scatter(const void* keys_, size_t n, uint64_t base_, uint32_t shift, uint64_t* offsets, void* out_) {
  const U* keys = static_cast<const U*>(keys_);
  U* out = static_cast<U*>(out_);
  const U base = static_cast<U>(base_);
  for (size_t i = 0; i < n; ++i) out[offsets[static_cast<U>(keys[i] - base) >> shift]++] = keys[i];
}

template <class U>
void scatter_places(const void* keys_, size_t n, uint64_t base_, uint64_t first, uint64_t* offsets, int64_t* out) {
  const U* keys = static_cast<const U*>(keys_);
  const U base = static_cast<U>(base_);
  for (size_t i = 0; i < n; ++i) out[offsets[static_cast<U>(keys[i] - base)]++] = static_cast<int64_t>(first + i);
}

template <class U>
void repeat_keys(const uint64_t* counts, size_t buckets, uint64_t base, void* out_) {
  U* out = static_cast<U*>(out_);
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    fill(out, static_cast<U>(base + bucket), counts[bucket]);
    out += counts[bucket];
  }
}

// Keys of 16 bits that are sorted as some of 32, in vectors.
constexpr size_t kSortedWide = 1024;

// Keys that are sorted without a look at how they spread, and up to which it may pay to spread them by their digits.
constexpr size_t kUnsampled = 64, kDigitsPay = 2048;

// Whether n keys are sorted by their digits, as a sample has it: they lie in so small a range that counting is the least
// work, or they are few and spread evenly. 1000 keys of 64 bits (AVX2, Zen 3): of a range of 1000, 2.9 µs by digits and 5.3
// by partitions; even, 4.0 by digits; of uniform float64, whose exponents are few, 12.9 and 4.8.
template <class U>
COREPY_INLINE bool digits_pay(const U* keys, size_t n) {
  constexpr size_t count = 16;
  const size_t step = n / count;
  U least = keys[0], most = keys[0];
  for (size_t i = 1; i < count; ++i) {
    const U key = keys[i * step];
    least = key < least ? key : least;
    most = key > most ? key : most;
  }
  const U range = static_cast<U>(most - least);
  if (bit_width(range) <= kDigitBits) return true;
  if (n > kDigitsPay) return false;
  size_t inside = 0;
  for (size_t i = 0; i < count; ++i) inside += static_cast<U>(keys[i * step] - least - range / 4) < range / 2;
  return inside >= count / 4;
}

template <class U>
void sort_keys(void* a_, void* b_, size_t n, uint32_t into_b) {
  U *a = static_cast<U*>(a_), *b = static_cast<U*>(b_);
  if constexpr (sorts_in_vectors<U>) {
    if constexpr (!splits_rows<U>) {
      if (n > kUnsampled && digits_pay(a, n)) return radix_sort<U>(a, b, n, into_b != 0);
    }
    return sort_part<U>({a, b, n, into_b != 0}, partition_limit(n));
  } else if constexpr (sizeof(U) == 1) {
    if (n > kInsertion) {
      uint64_t counts[256] = {};
      histogram<U>(a, n, 0, 0, counts);
      return repeat_keys<U>(counts, 256, 0, into_b ? b : a);
    }
  } else if constexpr (sizeof(U) == 2 && sorts_in_vectors<uint32_t>) {
    if (n <= kSortedWide) {
      uint32_t wide[kSortedWide], scratch[kSortedWide];
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) wide[i] = a[i];
      sort_part<uint32_t>({wide, scratch, n, false}, partition_limit(n));
      U* out = into_b ? b : a;
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) out[i] = static_cast<U>(wide[i]);
      return;
    }
  }
  radix_sort<U>(a, b, n, into_b != 0);
}

template <class U>
size_t split_keys(CorepyKeyPart* part, CorepyKeyPart* below) {
  size_t equal = 0;
  if constexpr (splits_rows<U>) {
    Part<U> above{static_cast<U*>(part->x), static_cast<U*>(part->scratch), part->n, part->into_scratch != 0};
    const Part<U> low = split_part(above, equal);
    *below = {low.x, low.scratch, low.n, low.into_scratch};
    *part = {above.x, above.scratch, above.n, above.into_scratch};
  }
  return equal;
}

template <class U>
void pack(const void* keys_, size_t n, uint64_t base, uint64_t first, uint32_t drop, uint32_t bits, uint64_t* out) {
  const U* keys = static_cast<const U*>(keys_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = ((keys[i] - base) >> drop) << bits | (first + i);
}

template <class U>
void pack_narrow(const void* keys_, size_t n, uint64_t base, uint32_t drop, uint32_t bits, uint32_t* out) {
  const U* keys = static_cast<const U*>(keys_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i)
    out[i] = static_cast<uint32_t>(static_cast<U>(keys[i] - static_cast<U>(base)) >> drop) << bits |
             static_cast<uint32_t>(i);
}

inline void widen(const uint32_t* packed, size_t n, uint64_t* out) {
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = packed[i];
}

// Sorts a run of packed keys that are equal but for their indices by `drop` low bits of the keys, as
// many at a time as fit beside an index.
template <class U>
void sort_ties(uint64_t* packed, uint64_t* scratch, size_t n, const U* keys, uint64_t base, uint32_t drop,
               uint32_t bits) {
  const uint64_t index = (uint64_t{1} << bits) - 1;
  const uint32_t taken = drop < 64 - bits ? drop : 64 - bits;
  const uint32_t left = drop - taken;
  const uint64_t mask = (uint64_t{1} << drop) - 1;
  for (size_t i = 0; i < n; ++i) {
    const uint64_t place = packed[i] & index;
    packed[i] = (((keys[place] - base) & mask) >> left) << bits | place;
  }
  sort_keys<uint64_t>(packed, scratch, n, 0);
  if (left == 0) return;
  for (size_t begin = 0, end; begin < n; begin = end) {
    for (end = begin + 1; end < n && packed[end] >> bits == packed[begin] >> bits;) ++end;
    if (end - begin > 1) sort_ties<U>(packed + begin, scratch + begin, end - begin, keys, base, left, bits);
  }
}

template <class U>
void unpack(uint64_t* packed, uint64_t* scratch, size_t n, const void* keys, uint64_t base, uint32_t drop,
            uint32_t bits) {
  if (drop > 0) {
    for (size_t begin = 0, end; begin < n; begin = end) {
      for (end = begin + 1; end < n && packed[end] >> bits == packed[begin] >> bits;) ++end;
      if (end - begin > 1)
        sort_ties<U>(packed + begin, scratch + begin, end - begin, static_cast<const U*>(keys), base, drop, bits);
    }
  }
  const uint64_t index = (uint64_t{1} << bits) - 1;
  for (size_t i = 0; i < n; ++i) packed[i] &= index;
}

template <class T>
constexpr CorepySort sort_kernels() {
  using U = Key<T>;
  return {map_keys<T>,
          unmap_keys<T>,
          restore_special<T>,
          range_of_keys<U>,
          histogram<U>,
          scatter<U>,
          scatter_places<U>,
          repeat_keys<U>,
          sort_keys<U>,
          splits_rows<U> ? split_keys<U> : nullptr,
          ordered<T>,
          reverse<U>,
          reversed_places<T>,
          pack<U>,
          unpack<U>,
          pack_narrow<U>,
          widen};
}

COREPY_END
