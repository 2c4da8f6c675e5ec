// Sorting: elements become unsigned keys in the order of the elements, keys are sorted, and keys
// become elements again. Where the places of elements are wanted, a key is packed with its index.
#pragma once
#include <cstddef>

#include "loops.h"
#include "sort_keys.h"
#include "sort_merge.h"
#include "sort_radix.h"
#include "types.h"

extern "C" {
// What a run of elements became.
struct CorepyKeyRange {
  uint64_t least, most;
  // Not 0 if there are NaNs or negative zeros, which their keys do not tell.
  uint64_t special;
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
  // Sorts the keys at a, with scratch at b; the result is at b if into_b, else at a.
  void (*radix)(void* a, void* b, size_t n, uint32_t into_b);
  // out[i] = ((keys[i] - base) >> drop) << bits | (first + i).
  void (*pack)(const void* keys, size_t n, uint64_t base, uint64_t first, uint32_t drop, uint32_t bits, uint64_t* out);
  // Replaces n sorted packed keys by their indices; runs of equal keys are first sorted by the `drop`
  // low bits of the keys, which the packing dropped.
  void (*unpack)(uint64_t* packed, uint64_t* scratch, size_t n, const void* keys, uint64_t base, uint32_t drop,
                 uint32_t bits);
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
      using S = typename KeyOfSize<sizeof(T)>::sign;
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
void radix(void* a, void* b, size_t n, uint32_t into_b) {
  radix_sort<U>(static_cast<U*>(a), static_cast<U*>(b), n, into_b != 0);
}

template <class U>
void pack(const void* keys_, size_t n, uint64_t base, uint64_t first, uint32_t drop, uint32_t bits, uint64_t* out) {
  const U* keys = static_cast<const U*>(keys_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = ((keys[i] - base) >> drop) << bits | (first + i);
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
  radix_sort<uint64_t>(packed, scratch, n, false);
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
  return {map_keys<T>, unmap_keys<T>, restore_special<T>, range_of_keys<U>, histogram<U>, scatter<U>,
          radix<U>,    pack<U>,       unpack<U>};
}

COREPY_END
