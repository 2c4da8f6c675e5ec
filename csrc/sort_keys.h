// Unsigned keys in the order of the elements that they stand for.
#pragma once
#include "types.h"

COREPY_BEGIN

template <class T>
using Key = UnsignedOf<sizeof(T)>;

template <class T>
constexpr Key<T> kSignBit = static_cast<Key<T>>(Key<T>{1} << (8 * sizeof(T) - 1));
// The bits of infinity.
template <class T>
constexpr Key<T> kInfinity =
    sizeof(T) == 8 ? static_cast<Key<T>>(0x7ff0000000000000ull) : static_cast<Key<T>>(0x7f800000u);

// The key of an element of these bits. bool: 0 or 1. Floating point: 0 and -0 have one key, and all NaNs
// the greatest. Signed integers have their order but for the sign bit, which is the caller's to flip.
template <class T>
COREPY_INLINE Key<T> key_of(Key<T> bits) {
  using U = Key<T>;
  if constexpr (is_bool<T>) {
    return bits != 0;
  } else if constexpr (is_real_floating<T>) {
    using S = std::make_signed_t<U>;
    constexpr unsigned last = 8 * sizeof(T) - 1;
    // Masks, where a choice might become a branch.
    const U plain = bits & -static_cast<U>(bits != kSignBit<T>);
    const U nan = -(static_cast<U>(kInfinity<T> - (bits & ~kSignBit<T>)) >> last);
    return (plain ^ (static_cast<U>(static_cast<S>(plain) >> last) | kSignBit<T>)) | nan;
  } else {
    return bits;
  }
}

// Not 0 if elements of other bits have the same key.
template <class T>
COREPY_INLINE Key<T> is_special(Key<T> bits) {
  using U = Key<T>;
  if constexpr (is_real_floating<T>) {
    return static_cast<U>(bits == kSignBit<T>) | (static_cast<U>(kInfinity<T> - (bits & ~kSignBit<T>)) & kSignBit<T>);
  } else {
    return 0;
  }
}

COREPY_END
