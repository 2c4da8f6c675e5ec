// Reductions of contiguous blocks. Three kernels per reduction and dtype: many short rows to one
// number each, many rows to one row of columns, and partial results to one. Which block goes where,
// strides, casts, threads and the order in which partials are combined are the executor's
// (crates/kernels/src/reduce).
//
// Lanes: a row is summed in kLaneBytes of independent accumulators, whatever the width of the
// machine's registers, and these are folded in a fixed order; so every instruction set rounds alike.
#pragma once
#include <cstddef>

#include "reduce_ops.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

extern "C" {
// out[r] = the reduction of the n elements at x + r * stride (bytes), n >= 1.
typedef void (*CorepyReduceRows)(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out);
// out[c] = the reduction over r of element c at x + offsets[r] (bytes), rows >= 1. Scratch holds
// `cols` accumulators per bit of `rows`.
typedef void (*CorepyReduceColumns)(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out,
                                    void* scratch);
// acc[i] = acc[i] combined with x[i], which stands behind it in the order of elements.
typedef void (*CorepyReduceCombine)(void* acc, const void* x, size_t n);

struct CorepyReduction {
  CorepyReduceRows rows;
  CorepyReduceColumns columns;
  CorepyReduceCombine combine;
};
}

COREPY_BEGIN

// Bytes of the machine's registers.
#if defined(__AVX512F__)
constexpr size_t kRegister = 64;
#elif defined(__AVX2__)
constexpr size_t kRegister = 32;
#else
constexpr size_t kRegister = 16;
#endif
// Bytes of accumulators along a row: four of the widest registers hide the latency of an addition.
constexpr size_t kLaneBytes = 256;
// Accumulating registers at a time: AVX2 and SSE have sixteen, and operands need some.
constexpr size_t kTile = kLaneBytes / kRegister < 8 ? kLaneBytes / kRegister : 8;
// The bytes of a step at the end of a row.
constexpr size_t kStepBytes = 64;
// Rows that are accumulated at a time: as many streams as the prefetcher follows.
constexpr size_t kPanel = 16;

// The largest leaf * 2^k below n: the left part of a pairwise tree over n > leaf.
COREPY_INLINE size_t left_part(size_t n, size_t leaf) {
  return leaf << (63 - __builtin_clzll((n - 1) / leaf));
}

// Widening conversions, which GCC does not find by itself.
template <class Vector, class T>
COREPY_INLINE Vector load_widened(const T* x) {
#if defined(__AVX512F__)
  const __m256i narrow = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
  if constexpr (std::is_same_v<T, float>) return reinterpret_cast<Vector>(_mm512_cvtps_pd(_mm256_castsi256_ps(narrow)));
  else if constexpr (std::is_signed_v<T>) return reinterpret_cast<Vector>(_mm512_cvtepi32_epi64(narrow));
  else return reinterpret_cast<Vector>(_mm512_cvtepu32_epi64(narrow));
#elif defined(__AVX2__)
  const __m128i narrow = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  if constexpr (std::is_same_v<T, float>) return reinterpret_cast<Vector>(_mm256_cvtps_pd(_mm_castsi128_ps(narrow)));
  else if constexpr (std::is_signed_v<T>) return reinterpret_cast<Vector>(_mm256_cvtepi32_epi64(narrow));
  else return reinterpret_cast<Vector>(_mm256_cvtepu32_epi64(narrow));
#else
  typedef T Narrow __attribute__((vector_size(kRegister / 2)));
  Narrow narrow;
  __builtin_memcpy(&narrow, x, sizeof(Narrow));
  return __builtin_convertvector(narrow, Vector);
#endif
}

// The vector, which is then not loaded a second time: most addresses are not aligned, and such a
// load costs two.
template <class Vector>
COREPY_INLINE Vector in_register(Vector vector) {
#if defined(__x86_64__)
  __asm__("" : "+v"(vector));
#endif
  return vector;
}

template <class Mask>
COREPY_INLINE bool any_lane(Mask mask) {
  uint64_t words[sizeof(Mask) / sizeof(uint64_t)], any = 0;
  __builtin_memcpy(words, &mask, sizeof(Mask));
  for (uint64_t word : words) any |= word;
  return any != 0;
}

template <class Op, class A>
constexpr bool has_nan_check = Op::needs_nan_check && std::is_floating_point_v<A>;

template <class Op, class A>
void combine(void* acc_, const void* x_, size_t n) {
  A* acc = static_cast<A*>(acc_);
  const A* x = static_cast<const A*>(x_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) acc[i] = Op::apply(acc[i], x[i]);
}

// T in memory, A as accumulator, both arithmetic and T of 4 bytes at least, or A itself. A row's lanes fold into Parts numbers: two where
// T are the components of complex numbers, which then count as two columns.
template <class Op, class T, class A, size_t Parts>
struct VectorReducer {
  typedef A Vector __attribute__((vector_size(kRegister)));
  static constexpr size_t width = kRegister / sizeof(A);
  static constexpr size_t lanes = kLaneBytes / sizeof(A);
  static constexpr size_t step = kStepBytes / sizeof(A);
  static constexpr size_t tile = kTile * width;

  static COREPY_INLINE Vector load(const T* x) {
    if constexpr (std::is_same_v<T, A>) {
      Vector vector;
      __builtin_memcpy(&vector, x, sizeof(Vector));
      return vector;
    } else {
      return load_widened<Vector>(x);
    }
  }

  // out[c] = the reduction over r of element c at row(r), for Registers * width columns.
  template <size_t Registers, class Row>
  static COREPY_INLINE void accumulate(Row row, size_t rows, A* out) {
    if constexpr (has_nan_check<Op, A>) {
      if (__builtin_expect(!accumulate_with<typename Op::WithoutNan, Registers>(row, rows, out), 0)) {
        accumulate_with<Op, Registers>(row, rows, out);
      }
    } else {
      accumulate_with<Op, Registers>(row, rows, out);
    }
  }

  // False if there may have been a NaN, for operations that would lose it: the sum of all elements
  // is NaN if one is.
  template <class Step, size_t Registers, class Row>
  static COREPY_INLINE bool accumulate_with(Row row, size_t rows, A* out) {
    constexpr bool checks = !std::is_same_v<Step, Op>;
    Vector acc[Registers], next[Registers];
#pragma GCC unroll 16
    for (size_t k = 0; k < Registers; ++k) acc[k] = load(row(0) + k * width);
    Vector sum = acc[0];
    if constexpr (checks) {
#pragma GCC unroll 16
      for (size_t k = 1; k < Registers; ++k) sum += acc[k];
    }
    // GCC would peel the whole leaf, since it knows its length.
#pragma GCC unroll 1
    for (size_t r = 1; r < rows; ++r) {
      const T* x = row(r);
#pragma GCC unroll 16
      for (size_t k = 0; k < Registers; ++k) next[k] = checks ? in_register(load(x + k * width)) : load(x + k * width);
#pragma GCC unroll 16
      for (size_t k = 0; k < Registers; ++k) acc[k] = Step::apply(acc[k], next[k]);
      if constexpr (checks) {
#pragma GCC unroll 4
        for (size_t half = Registers / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
          for (size_t k = 0; k < half; ++k) next[k] += next[k + half];
        }
        sum += next[0];
      }
    }
#pragma GCC unroll 16
    for (size_t k = 0; k < Registers; ++k) __builtin_memcpy(out + k * width, &acc[k], sizeof(Vector));
    return !checks || !any_lane(sum != sum);
  }

  // The lanes of `steps` >= 1 times `lanes` elements.
  static COREPY_NOINLINE void lane_tree(const T* x, size_t steps, A* out) {
    if (steps <= Op::leaf) {
      for (size_t lane = 0; lane < lanes; lane += tile) {
        accumulate<kTile>([=](size_t r) { return x + r * lanes + lane; }, steps, out + lane);
      }
      return;
    }
    const size_t left = left_part(steps, Op::leaf);
    lane_tree(x, left, out);
    alignas(64) A right[lanes];
    lane_tree(x + left * lanes, steps - left, right);
    combine<Op, A>(out, right, lanes);
  }

  static COREPY_INLINE void row(const T* x, size_t n, A* out) {
    A rest[Parts];
    for (size_t p = 0; p < Parts; ++p) rest[p] = Op::template identity<A>();
    if (n >= step) {
      alignas(64) A acc[lanes];
      size_t filled = lanes;
      if (n >= lanes) {
        const size_t steps = n / lanes;
        lane_tree(x, steps, acc);
        x += steps * lanes;
        n -= steps * lanes;
        for (size_t lane = 0; lane + step <= n; lane += step) {
          alignas(64) A more[step];
          accumulate<kStepBytes / kRegister>([=](size_t) { return x + lane; }, 1, more);
          combine<Op, A>(acc + lane, more, step);
        }
      } else {
        filled = n / step * step;
        for (size_t lane = 0; lane < filled; lane += step) {
          accumulate<kStepBytes / kRegister>([=](size_t) { return x + lane; }, 1, acc + lane);
        }
        if (filled == 3 * step) {
          combine<Op, A>(acc, acc + 2 * step, step);
          filled = 2 * step;
        }
      }
      x += n / step * step;
      n %= step;
      while (filled > step) {
        filled /= 2;
        combine<Op, A>(acc, acc + filled, filled);
      }
#pragma GCC unroll 6
      for (size_t half = step / 2; half >= Parts; half /= 2) {
        for (size_t i = 0; i < half; ++i) acc[i] = Op::apply(acc[i], acc[i + half]);
      }
      for (size_t p = 0; p < Parts; ++p) rest[p] = acc[p];
    }
    for (size_t i = 0; i < n; i += Parts) {
      for (size_t p = 0; p < Parts; ++p) rest[p] = Op::apply(rest[p], static_cast<A>(x[i + p]));
    }
    for (size_t p = 0; p < Parts; ++p) out[p] = rest[p];
  }

  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out) {
    const char* data = static_cast<const char*>(x);
    A* result = static_cast<A*>(out);
    for (size_t r = 0; r < rows; ++r) {
      row(reinterpret_cast<const T*>(data + stride * static_cast<ptrdiff_t>(r)), n * Parts, result + r * Parts);
    }
  }

  static void panel(const char* x, const ptrdiff_t* offsets, size_t rows, size_t cols, A* out) {
    size_t c = 0;
    const auto at = [=](size_t first) {
      return [=](size_t r) { return reinterpret_cast<const T*>(x + offsets[r]) + first; };
    };
    for (; c + tile <= cols; c += tile) accumulate<kTile>(at(c), rows, out + c);
    for (; c + step <= cols; c += step) accumulate<kStepBytes / kRegister>(at(c), rows, out + c);
    if (c == cols) return;
    for (size_t r = 0; r < rows; ++r) {
      const T* row = at(0)(r);
      COREPY_INDEPENDENT
      for (size_t i = c; i < cols; ++i) {
        const A value = static_cast<A>(row[i]);
        out[i] = r == 0 ? value : Op::apply(out[i], value);
      }
    }
  }

  static COREPY_NOINLINE void tree(const char* x, const ptrdiff_t* offsets, size_t rows, size_t cols, A* out, A* scratch) {
    if (rows <= kPanel) return panel(x, offsets, rows, cols, out);
    const size_t left = left_part(rows, kPanel);
    tree(x, offsets, left, cols, out, scratch);
    tree(x, offsets + left, rows - left, cols, scratch, scratch + cols);
    combine<Op, A>(out, scratch, cols);
  }

  static void columns(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out, void* scratch) {
    tree(static_cast<const char*>(x), offsets, rows, cols * Parts, static_cast<A*>(out), static_cast<A*>(scratch));
  }

  static void merge(void* acc, const void* x, size_t n) { combine<Op, A>(acc, x, n * Parts); }
};

// For accumulators that no register holds as such: products and extrema of complex numbers.
template <class Op, class T, class A>
struct PlainReducer {
  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out) {
    constexpr size_t lanes = 4;
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(static_cast<const char*>(x) + stride * static_cast<ptrdiff_t>(r));
      A acc[lanes];
      for (size_t lane = 0; lane < lanes; ++lane) acc[lane] = Op::template widen<A>(row[lane < n ? lane : 0]);
      size_t i = lanes;
      for (; i + lanes <= n; i += lanes) {
        for (size_t lane = 0; lane < lanes; ++lane) {
          acc[lane] = Op::apply(acc[lane], Op::template widen<A>(row[i + lane]));
        }
      }
      for (size_t lane = 1; lane < lanes && lane < n; ++lane) acc[0] = Op::apply(acc[0], acc[lane]);
      for (; i < n; ++i) acc[0] = Op::apply(acc[0], Op::template widen<A>(row[i]));
      static_cast<A*>(out)[r] = acc[0];
    }
  }

  static void columns(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out, void*) {
    A* acc = static_cast<A*>(out);
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(static_cast<const char*>(x) + offsets[r]);
      for (size_t c = 0; c < cols; ++c) {
        const A value = Op::template widen<A>(row[c]);
        acc[c] = r == 0 ? value : Op::apply(acc[c], value);
      }
    }
  }

  static void merge(void* acc, const void* x, size_t n) { combine<Op, A>(acc, x, n); }
};

// any and all: a search for an element whose truth settles the result, which ends when it is found.
template <bool Settling, class T>
struct TruthReducer {
  // Elements between two looks at what was found.
  static constexpr size_t look = 1024;

  static COREPY_INLINE bool settles(T x) { return truth(x) == Settling; }

  static COREPY_INLINE bool found(const T* x, size_t n) {
    using Part = typename Mask<T>::type;
    for (size_t begin = 0; begin < n; begin += look) {
      const size_t end = n - begin < look ? n : begin + look;
      Part any = 0;
      for (size_t i = begin; i < end; ++i) any |= settles(x[i]) ? Part(-1) : Part(0);
      if (any) return true;
    }
    return false;
  }

  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out) {
    const char* data = static_cast<const char*>(x);
    for (size_t r = 0; r < rows; ++r) {
      const bool is_settled = found(reinterpret_cast<const T*>(data + stride * static_cast<ptrdiff_t>(r)), n);
      static_cast<Bool*>(out)[r] = boolean(is_settled == Settling);
    }
  }

  static void columns(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out, void*) {
    uint8_t* settled = static_cast<uint8_t*>(out);
    for (size_t c = 0; c < cols; ++c) settled[c] = 0;
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(static_cast<const char*>(x) + offsets[r]);
      COREPY_INDEPENDENT
      for (size_t c = 0; c < cols; ++c) settled[c] |= static_cast<uint8_t>(settles(row[c]));
      if (r % kPanel == kPanel - 1) {
        uint8_t all = 1;
        for (size_t c = 0; c < cols; ++c) all &= settled[c];
        if (all) break;
      }
    }
    if constexpr (!Settling) {
      for (size_t c = 0; c < cols; ++c) settled[c] ^= 1;
    }
  }

  static void merge(void* acc_, const void* x_, size_t n) {
    uint8_t* acc = static_cast<uint8_t*>(acc_);
    const uint8_t* x = static_cast<const uint8_t*>(x_);
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) acc[i] = static_cast<uint8_t>(Settling ? acc[i] | x[i] : acc[i] & x[i]);
  }
};

template <class Op, class T>
struct ReducerOf {
  using A = typename Op::template Accumulator<T>;
  using type = std::conditional_t<is_complex<T>, PlainReducer<Op, T, A>, VectorReducer<Op, T, A, 1>>;
};
// A sum of complex numbers is two sums side by side.
template <class Part>
struct ReducerOf<Sum, Complex<Part>> {
  using type = VectorReducer<Sum, Part, double, 2>;
};
template <class T>
struct ReducerOf<Any, T> {
  using type = TruthReducer<true, T>;
};
template <class T>
struct ReducerOf<All, T> {
  using type = TruthReducer<false, T>;
};

template <class Op, class T>
constexpr CorepyReduction reduction() {
  using Reducer = typename ReducerOf<Op, T>::type;
  return {Reducer::rows, Reducer::columns, Reducer::merge};
}

COREPY_END
