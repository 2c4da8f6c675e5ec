// Binary search of many values in one sorted run. Whatever order the run is in, the places found lie
// in it or at its end.
#pragma once
#include <cstddef>

#include "loops.h"
#include "order.h"

extern "C" {
// Searches n values of x in `size` sorted elements. Side 0: int64 places of the first element that is
// not before the value; 1: of the first that the value is before; 2: bool, whether an element equals it.
typedef void (*CorepySearch)(const void* sorted, size_t size, const void* x, size_t n, uint32_t side, void* out);
}

COREPY_BEGIN

// What elements are compared as.
template <class T>
struct Searched {
  using Memory = std::conditional_t<is_bool<T>, uint8_t, T>;
  COREPY_INLINE static auto value(Memory x) {
    if constexpr (is_bool<T>) {
      return static_cast<uint8_t>(x != 0);
    } else {
      return x;
    }
  }
  // Whether an element is before a value that is not NaN; a NaN is not.
  template <bool Right>
  COREPY_INLINE static bool is_left_of(Memory element, Memory x) {
    return Right ? value(element) <= value(x) : value(element) < value(x);
  }
  COREPY_INLINE static bool is_equal(Memory a, Memory b) { return value(a) == value(b); }
};
template <class T>
struct Searched<Complex<T>> {
  using Memory = Complex<T>;
  template <bool Right>
  COREPY_INLINE static bool is_left_of(Memory element, Memory x) {
    return Right ? !is_before(x, element) : is_before(element, x);
  }
  COREPY_INLINE static bool is_equal(Memory a, Memory b) { return COREPY_NS::is_equal(a, b); }
};

// Values that are searched together, so that their cache misses overlap.
constexpr size_t kSearches = 16;

template <bool Right, size_t Count, class T>
COREPY_INLINE void search_some(const typename Searched<T>::Memory* sorted, size_t size,
                               const typename Searched<T>::Memory* x, size_t* places) {
  using S = Searched<T>;
  using Memory = typename S::Memory;
  // Pointers, which become conditional moves: twice as fast as places that a mask of the comparison is added to.
  const Memory* first[Count];
  for (size_t k = 0; k < Count; ++k) first[k] = sorted;
  for (size_t left = size; left > 1; left -= left / 2) {
    const size_t half = left / 2;
    for (size_t k = 0; k < Count; ++k) {
      const Memory* upper = first[k] + half;
      first[k] = S::template is_left_of<Right>(upper[-1], x[k]) ? upper : first[k];
    }
  }
  for (size_t k = 0; k < Count; ++k)
    places[k] =
        static_cast<size_t>(first[k] - sorted) + static_cast<size_t>(S::template is_left_of<Right>(*first[k], x[k]));
}

// The last value of the values before, and its place.
template <class Memory>
struct LastSearch {
  Memory value;
  size_t place;
  bool known;
};

// Searches kSearches values that ascend, if they do: between the places of the first and the last.
template <bool Right, class T>
COREPY_INLINE bool search_ascending(const typename Searched<T>::Memory* sorted, size_t size,
                                    const typename Searched<T>::Memory* x, size_t* places,
                                    LastSearch<typename Searched<T>::Memory>& last) {
  using S = Searched<T>;
  bool ascends = true;
  for (size_t k = 0; k + 1 < kSearches; ++k) ascends &= S::value(x[k]) <= S::value(x[k + 1]);
  if (!ascends) return false;
  const bool constant = S::is_equal(x[0], x[kSearches - 1]);
  size_t low, high;
  if (last.known && S::is_equal(last.value, x[0])) {
    low = high = last.place;
    if (!constant) search_some<Right, 1, T>(sorted, size, x + kSearches - 1, &high);
  } else {
    const typename S::Memory ends[2] = {x[0], x[kSearches - 1]};
    size_t found[2];
    search_some<Right, 2, T>(sorted, size, ends, found);
    low = found[0];
    high = found[1];
  }
  // Elements that are in no order may give the last value a place before the first one's.
  if (high <= low) {
    for (size_t k = 0; k < kSearches; ++k) places[k] = low;
  } else {
    search_some<Right, kSearches, T>(sorted + low, high - low, x, places);
    for (size_t k = 0; k < kSearches; ++k) places[k] += low;
  }
  last = {x[kSearches - 1], places[kSearches - 1], true};
  return true;
}

template <bool Right, class T>
COREPY_INLINE void search_all(const void* sorted_, size_t size, const void* x_, size_t n, bool contains, void* out) {
  using S = Searched<T>;
  using Memory = typename S::Memory;
  const Memory* sorted = static_cast<const Memory*>(sorted_);
  const Memory* x = static_cast<const Memory*>(x_);
  int64_t* place = static_cast<int64_t*>(out);
  uint8_t* found = static_cast<uint8_t*>(out);
  size_t places[kSearches];
  LastSearch<Memory> last{};
  const auto write = [&](size_t i, size_t count) COREPY_INLINE_LAMBDA {
    for (size_t k = 0; k < count; ++k) {
      if (contains) {
        found[i + k] = places[k] < size && S::is_equal(sorted[places[k]], x[i + k]);
      } else {
        place[i + k] = static_cast<int64_t>(places[k]);
      }
    }
  };
  for (size_t i = 0; i < n;) {
    const size_t count = n - i >= kSearches ? kSearches : 1;
    if (size == 0) {
      for (size_t k = 0; k < count; ++k) places[k] = 0;
    } else if (count == kSearches) {
      if constexpr (!is_complex<T>) {
        if (search_ascending<Right, T>(sorted, size, x + i, places, last)) {
          write(i, count);
          i += count;
          continue;
        }
      }
      search_some<Right, kSearches, T>(sorted, size, x + i, places);
    } else {
      search_some<Right, 1, T>(sorted, size, x + i, places);
    }
    if constexpr (is_real_floating<T>) {
      // A NaN is among the NaNs: after all that is at most infinity, or after everything.
      for (size_t k = 0; k < count && size > 0; ++k) {
        if (x[i + k] == x[i + k]) continue;
        const Memory infinity = std::numeric_limits<Memory>::infinity();
        places[k] = size;
        if (!Right) search_some<true, 1, T>(sorted, size, &infinity, places + k);
      }
    }
    write(i, count);
    i += count;
  }
}

template <class T>
void search(const void* sorted, size_t size, const void* x, size_t n, uint32_t side, void* out) {
  if (side == 1) {
    search_all<true, T>(sorted, size, x, n, false, out);
  } else {
    search_all<false, T>(sorted, size, x, n, side == 2, out);
  }
}

COREPY_END
