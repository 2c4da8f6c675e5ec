// Reductions of contiguous blocks. Three kernels per reduction and dtype: many short rows to one
// number each, many rows to one row of columns, and partial results to one. Which block goes where,
// strides, casts, threads and the order in which partials are combined are the executor's
// (crates/kernels/src/reduce).
#pragma once
#include <cstddef>

#include "reduce_vector.h"

extern "C" {
// out[r] = the reduction of the n elements at x + r * stride (bytes), n >= 1.
typedef void (*CorepyReduceRows)(const void* x, ptrdiff_t stride, size_t rows, size_t n, void* out);
// out[c] = the reduction over r of element c at x + offsets[r] (bytes), rows >= 1. Scratch holds
// `cols` accumulators per bit of `rows`.
typedef void (*CorepyReduceColumns)(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols, void* out,
                                    void* scratch);
// acc[i] = acc[i] combined with x[i], which stands behind it in the order of elements.
typedef void (*CorepyReduceCombine)(void* acc, const void* x, size_t n);

// out = the reduction of the n >= 1 elements that `produce` computes, asked for in order, some of them
// once more. The bits are those of a row in memory. Real sums in float64 ask for `sum_leaves` where that is not null.
typedef void (*CorepyReduceProduced)(CorepyProduce produce, CorepySumLeaves sum_leaves, void* context, size_t n,
                                     void* out);

struct CorepyReduction {
  CorepyReduceRows rows;
  CorepyReduceColumns columns;
  CorepyReduceCombine combine;
  // Null where rows are to be computed whole.
  CorepyReduceProduced produced;
};
}

COREPY_BEGIN

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

  static void merge(void* acc, const void* x, size_t n) {
    combine<Op, A>(static_cast<A*>(acc), static_cast<const A*>(x), n);
  }
};

// any and all: a search for an element whose truth settles the result, which ends when it is found.
template <bool Settling, class T>
struct TruthReducer {
  // Elements between two looks at what was found.
  static constexpr size_t look = 1024;

  static COREPY_INLINE bool settles(T x) { return truth(x) == Settling; }

  static COREPY_INLINE bool found(const T* x, size_t n) {
    using Part = UnsignedOf<sizeof(T)>;
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

template <class Reducer>
constexpr auto produced_of(int) -> decltype(&Reducer::produced) {
  return Reducer::produced;
}
template <class Reducer>
constexpr CorepyReduceProduced produced_of(...) {
  return nullptr;
}

template <class Op, class T>
constexpr CorepyReduction reduction() {
  using Reducer = typename ReducerOf<Op, T>::type;
  return {Reducer::rows, Reducer::columns, Reducer::merge, produced_of<Reducer>(0)};
}

COREPY_END
