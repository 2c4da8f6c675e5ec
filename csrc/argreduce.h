// Where the largest or smallest element is: the first of equal ones, and the first NaN before any
// number. Blocks, strides and threads are the executor's (crates/kernels/src/argreduce.rs).
#pragma once
#include <cstddef>

#include "reduce_vector.h"

extern "C" {
// index[r] = the place of the extremum among the n >= 1 elements at x + r * stride (bytes); value[r] =
// the element there.
typedef void (*CorepyArgRows)(const void* x, ptrdiff_t stride, size_t rows, size_t n, int64_t* index, void* value);
// index[c] = the row of the extremum among elements c of the rows at x, `stride` bytes apart, rows >= 1.
// Scratch holds 2 * cols elements.
typedef void (*CorepyArgColumns)(const void* x, ptrdiff_t stride, size_t rows, size_t cols, int64_t* index,
                                 void* scratch);

struct CorepyArgReduction {
  CorepyArgRows rows;
  CorepyArgColumns columns;
};
}

COREPY_BEGIN

// Whether a new element takes the place of the best so far, which stands before it.
struct ArgMax {
  using Extremum = Max;
  static constexpr bool truth = true;
  template <class T>
  static COREPY_INLINE bool beats(T x, T best) {
    if constexpr (std::is_floating_point_v<T>) return !(x <= best) & (best == best);
    else return x > best;
  }
  template <class Part>
  static COREPY_INLINE bool beats(Complex<Part> x, Complex<Part> best) {
    return !is_nan(best) && (is_nan(x) || precedes(best, x));
  }
};

struct ArgMin {
  using Extremum = Min;
  static constexpr bool truth = false;
  template <class T>
  static COREPY_INLINE bool beats(T x, T best) {
    if constexpr (std::is_floating_point_v<T>) return !(x >= best) & (best == best);
    else return x < best;
  }
  template <class Part>
  static COREPY_INLINE bool beats(Complex<Part> x, Complex<Part> best) {
    return !is_nan(best) && (is_nan(x) || precedes(x, best));
  }
};

// The first i below n for which found(i), or n; `look` elements at a time.
template <class Part, class Found>
COREPY_INLINE size_t first_place(size_t n, Found found) {
  constexpr size_t look = 128;
  size_t begin = 0;
  for (; begin + look <= n; begin += look) {
    Part any = 0;
    for (size_t i = 0; i < look; ++i) any |= found(begin + i) ? Part(-1) : Part(0);
    if (any) break;
  }
  for (; begin < n; ++begin) {
    if (found(begin)) return begin;
  }
  return n;
}

// Bytes whose extremum is found at a time.
constexpr size_t kArgBytes = 16384;

// Bits per lane of lane_bits.
#if defined(__x86_64__) && !defined(__AVX512F__)
template <class T>
constexpr size_t kLaneBits = sizeof(T);
#else
template <class T>
constexpr size_t kLaneBits = 1;
#endif

// Whether vectors of T are searched by first_equal: with AVX-512, floating point alone.
#if defined(__AVX512F__)
template <class T>
constexpr bool searches_in_vectors = std::is_floating_point_v<T>;
#else
template <class T>
constexpr bool searches_in_vectors = true;
#endif

// Which lanes of T are equal: in a vector, or for AVX-512 in bits.
template <class T, class Vector>
COREPY_INLINE auto equal_lanes(Vector v, Vector value) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 8) return uint64_t{_mm512_cmp_pd_mask((__m512d)v, (__m512d)value, _CMP_EQ_OQ)};
  else return uint64_t{_mm512_cmp_ps_mask((__m512)v, (__m512)value, _CMP_EQ_OQ)};
#else
  return v == value;
#endif
}
// The same as bits.
template <class Lanes>
COREPY_INLINE uint64_t lane_bits(Lanes lanes) {
#if defined(__AVX512F__)
  return lanes;
#elif defined(__AVX2__)
  return static_cast<uint32_t>(_mm256_movemask_epi8((__m256i)lanes));
#elif defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_epi8((__m128i)lanes));
#else
  uint64_t found = 0;
  for (size_t i = 0; i < sizeof(Lanes) / sizeof(lanes[0]); ++i) found |= static_cast<uint64_t>(lanes[i] != 0) << i;
  return found;
#endif
}

// The first i below n with x[i] == value, or n.
template <class T>
COREPY_INLINE size_t first_equal(const T* x, size_t n, T value) {
  constexpr size_t width = kRegister / sizeof(T), step = 4 * width;
  const Vector<T> wanted = broadcast(value);
  // A vector at a time: what GCC copies to an array goes there in halves, which a load of a whole vector then waits for.
  const auto compare = [=](size_t place)
                           COREPY_INLINE_LAMBDA { return equal_lanes<T>(load_vector(x + place), wanted); };
  size_t i = 0;
  if (n >= step) {
    // The last step may start among elements that were looked at.
    for (;; i = n - i < 2 * step ? n - step : i + step) {
      decltype(compare(0)) found[4];
#pragma GCC unroll 4
      for (size_t k = 0; k < 4; ++k) found[k] = compare(i + k * width);
      if (lane_bits((found[0] | found[1]) | (found[2] | found[3]))) {
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; ++k) {
          const uint64_t bits = lane_bits(found[k]);
          if (bits) return i + k * width + static_cast<size_t>(__builtin_ctzll(bits)) / kLaneBits<T>;
        }
      }
      if (i + step >= n) return n;
    }
  }
  while (i < n && x[i] != value) ++i;
  return i;
}

// The place of row[place] = best in a row. The extrema of blocks come first, at full speed; the place
// is then looked for in the first block that has the best of them.
template <class Op, class T>
COREPY_INLINE size_t arg_row(const T* row, size_t n, T& best) {
  using Part = UnsignedOf<sizeof(T)>;
  size_t place = 0;
  if constexpr (is_bool<T>) {
    place = first_place<Part>(n, [=](size_t i) COREPY_INLINE_LAMBDA { return truth(row[i]) == Op::truth; });
    if (place == n) place = 0;
    best = row[place];
  } else if constexpr (is_complex<T>) {
    best = row[0];
    for (size_t i = 1; i < n; ++i) {
      if (Op::beats(row[i], best)) {
        best = row[i];
        place = i;
      }
    }
  } else {
    constexpr size_t most = kArgBytes / sizeof(T);
    size_t chosen = 0;
    for (size_t begin = 0; begin < n; begin += most) {
      const size_t len = n - begin < most ? n - begin : most;
      T extremum;
      VectorReducer<typename Op::Extremum, T, T, 1>::rows(row + begin, 0, 1, len, &extremum);
      if (begin > 0 && !Op::beats(extremum, best)) continue;
      best = extremum;
      chosen = begin;
      if (best != best) break;
    }
    const T* block = row + chosen;
    const size_t len = n - chosen < most ? n - chosen : most;
    const T wanted = best;
    if (wanted != wanted) {
      place = first_place<Part>(len, [=](size_t i) COREPY_INLINE_LAMBDA { return block[i] != block[i]; });
    } else if constexpr (searches_in_vectors<T>) {
      place = first_equal(block, len, wanted);
    } else {
      place = first_place<Part>(len, [=](size_t i) COREPY_INLINE_LAMBDA { return block[i] == wanted; });
    }
    place += chosen;
  }
  return place;
}

template <class Op, class T>
void arg_rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, int64_t* index, void* value) {
  for (size_t r = 0; r < rows; ++r) {
    const T* row = reinterpret_cast<const T*>(static_cast<const char*>(x) + stride * static_cast<ptrdiff_t>(r));
    T best = row[0];
    index[r] = static_cast<int64_t>(arg_row<Op, T>(row, n, best));
    static_cast<T*>(value)[r] = best;
  }
}

template <class Op, class T>
void arg_columns(const void* x, ptrdiff_t stride, size_t rows, size_t cols, int64_t* index, void* scratch) {
  using Key = std::conditional_t<is_bool<T>, uint8_t, T>;
  // Places count from the start of a panel, as wide as elements, so that both take as many lanes.
  using Place = std::make_signed_t<UnsignedOf<sizeof(T)>>;
  constexpr size_t panel = sizeof(T) == 1 ? 127 : 32767;
  Key* best = static_cast<Key*>(scratch);
  Place* place = reinterpret_cast<Place*>(best + cols);
  const auto key = [](T element) COREPY_INLINE_LAMBDA {
    if constexpr (is_bool<T>) return static_cast<uint8_t>(truth(element));
    else return element;
  };
  const char* data = static_cast<const char*>(x);
  for (size_t c = 0; c < cols; ++c) {
    best[c] = key(reinterpret_cast<const T*>(data)[c]);
    index[c] = 0;
  }
  for (size_t begin = 1; begin < rows; begin += panel) {
    const size_t len = rows - begin < panel ? rows - begin : panel;
    for (size_t c = 0; c < cols; ++c) place[c] = -1;
    for (size_t r = 0; r < len; ++r) {
      const T* row = reinterpret_cast<const T*>(data + stride * static_cast<ptrdiff_t>(begin + r));
      const Place here = static_cast<Place>(r);
      COREPY_INDEPENDENT
      for (size_t c = 0; c < cols; ++c) {
        const Key element = key(row[c]), previous = best[c];
        const bool takes = Op::beats(element, previous);
        best[c] = takes ? element : previous;
        place[c] = takes ? here : place[c];
      }
    }
    for (size_t c = 0; c < cols; ++c) {
      if (place[c] >= 0) index[c] = static_cast<int64_t>(begin) + place[c];
    }
  }
}

template <class Op, class T>
constexpr CorepyArgReduction arg_reduction() {
  return {arg_rows<Op, T>, arg_columns<Op, T>};
}

COREPY_END
