// Casts between all pairs of dtypes, as loops of the element-wise shape.
#pragma once
#include "loops.h"
#include "types.h"

COREPY_BEGIN

// Truncation towards zero. What does not fit gives what x86's conversion to int64 gives, wrapped to
// the target: the same on each instruction set, where C++ leaves it undefined.
template <class To, class From>
COREPY_INLINE To float_to_integer(From x) {
  if constexpr (sizeof(To) < 4) {
    return static_cast<To>(static_cast<int32_t>(x));
  } else if constexpr (std::is_same_v<To, uint32_t>) {
    return static_cast<To>(static_cast<int64_t>(x));
  } else if constexpr (std::is_same_v<To, uint64_t>) {
    constexpr From half = 9223372036854775808.0;  // 2^63
    bool large = x >= half;
    int64_t low = static_cast<int64_t>(large ? x - half : x);
    return static_cast<uint64_t>(low) ^ (static_cast<uint64_t>(large) << 63);
  } else {
    return static_cast<To>(x);
  }
}

template <class To>
struct Cast {
  static constexpr bool streams = true;
  template <class From>
  static COREPY_INLINE To apply(From x) {
    if constexpr (std::is_same_v<To, From>) {
      return x;
    } else if constexpr (is_bool<From>) {
      return Cast::apply(static_cast<uint8_t>(truth(x)));
    } else if constexpr (is_complex<To>) {
      using Part = decltype(To::re);
      if constexpr (is_complex<From>) return {static_cast<Part>(x.re), static_cast<Part>(x.im)};
      else return {static_cast<Part>(x), Part(0)};
    } else if constexpr (is_complex<From>) {
      if constexpr (is_bool<To>) return boolean((x.re != 0) | (x.im != 0));
      else return Cast::apply(x.re);
    } else if constexpr (is_bool<To>) {
      return boolean(x != From(0));
    } else if constexpr (is_real_floating<From> && is_integer<To>) {
      return float_to_integer<To>(x);
    } else {
      return static_cast<To>(x);
    }
  }
};

COREPY_END
