// The C++ side of the dtypes that C++ does not have itself.
#pragma once
#include <cstddef>
#include <limits>
#include <type_traits>

#include "math/complex_basic.h"
#include "scalar.h"

COREPY_BEGIN

// A boolean in memory: one byte, 0 or 1. Not C++'s bool, for which any other byte, as foreign
// buffers may hold, would be undefined behaviour.
struct Bool {
  uint8_t value;
};

COREPY_INLINE bool truth(Bool b) { return b.value != 0; }
COREPY_INLINE Bool boolean(bool b) { return Bool{static_cast<uint8_t>(b)}; }

template <class T>
constexpr bool is_complex = false;
template <class T>
constexpr bool is_complex<Complex<T>> = true;
template <class T>
constexpr bool is_bool = std::is_same_v<T, Bool>;
template <class T>
constexpr bool is_integer = std::is_integral_v<T>;
template <class T>
constexpr bool is_real_floating = std::is_floating_point_v<T>;

// The unsigned integer of so many bytes; of 8 for more.
template <size_t Bytes>
using UnsignedOf =
    std::conditional_t<Bytes == 1, uint8_t,
                       std::conditional_t<Bytes == 2, uint16_t, std::conditional_t<Bytes == 4, uint32_t, uint64_t>>>;

// Converts exactly to T and to nothing else, so that a call with it finds only T's own overload.
template <class T>
struct Exactly {
  T value;
  template <class U, class = std::enable_if_t<std::is_same_v<U, T>>>
  COREPY_INLINE operator U() const {
    return value;
  }
};

COREPY_END
