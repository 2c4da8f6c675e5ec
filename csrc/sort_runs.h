// Elements that are in order already, or in reverse.
#pragma once
#include <cstddef>

#include "loops.h"
#include "sort_keys.h"

COREPY_BEGIN

// Elements between two looks at whether there is an order at all; most inputs show at once that there is none.
constexpr size_t kFirstBlock = 32;
constexpr size_t kOrderedBlock = 512;

// What elements are compared as: integers and booleans of 0 and 1 by their keys.
template <class T>
using Ordered = std::conditional_t<is_real_floating<T>, T, Key<T>>;

template <bool Backwards, class T>
COREPY_INLINE uint32_t ordered_along(const T* x, size_t n, T flip) {
  using U = Key<T>;
  U ties = 0;
  for (size_t begin = 0, end; begin + 1 < n; begin = end) {
    const size_t block = begin == 0 ? kFirstBlock : kOrderedBlock;
    end = n - 1 - begin < block ? n - 1 : begin + block;
    U wrong = 0;
    for (size_t i = begin; i < end; ++i) {
      T a = x[i], b = x[i + 1];
      if constexpr (!is_real_floating<T>) {
        a = static_cast<T>(a ^ flip);
        b = static_cast<T>(b ^ flip);
      }
      // Not that they are out of order: NaNs are in none.
      wrong |= static_cast<U>(!(Backwards ? a >= b : a <= b));
      ties |= static_cast<U>(a == b);
    }
    if (wrong) return 0;
  }
  return ties ? 2 : 1;
}

template <class T>
uint32_t ordered(const void* x_, size_t n, uint64_t flip_, uint32_t backwards) {
  using E = Ordered<T>;
  const E* x = static_cast<const E*>(x_);
  constexpr bool real = is_real_floating<T>;
  const E flip = real ? E{} : static_cast<E>(flip_);
  // Of real numbers, which are compared as they are, flipped ones ascend where they descend.
  const bool down = (backwards != 0) != (real && flip_ != 0);
  return down ? ordered_along<true, E>(x, n, flip) : ordered_along<false, E>(x, n, flip);
}

template <class U>
void reverse(const void* x_, size_t n, void* out_) {
  const U* x = static_cast<const U*>(x_);
  U* out = static_cast<U*>(out_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = x[n - 1 - i];
}

template <class T>
void reversed_places(const void* x_, size_t n, int64_t* out) {
  const Ordered<T>* x = static_cast<const Ordered<T>*>(x_);
  for (size_t end = n, begin; end > 0; end = begin) {
    begin = end - 1;
    while (begin > 0 && x[begin - 1] == x[begin]) --begin;
    for (size_t i = begin; i < end; ++i) *out++ = static_cast<int64_t>(i);
  }
}

COREPY_END
