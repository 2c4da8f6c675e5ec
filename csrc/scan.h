// Scans: every element becomes the sum or the product of all up to it. A row is scanned by several
// chains at a time, whose additions overlap; where rows lie, threads and casts are the executor's
// (crates/kernels/src/scan.rs).
//
// A sum is that of the whole leaves before, added up leaf by leaf, plus that within the leaf: in
// whatever pieces a row is scanned, and along whichever axis, the bits are the same.
#pragma once
#include <cstddef>

#include "reduce_ops.h"

extern "C" {
// out[r][i] = base[r] combined with x[r][0..i], for rows of n elements, strides in bytes. `base` has an
// accumulator for each row, or is null. `out` may be x.
typedef void (*CorepyScanRows)(const void* x, ptrdiff_t x_stride, size_t rows, size_t n, void* out,
                               ptrdiff_t out_stride, const void* base);
// out[r][c] = the combination of x[0..r][c]. Scratch holds 2 * cols accumulators. `out` may be x.
typedef void (*CorepyScanColumns)(const void* x, ptrdiff_t x_stride, size_t rows, size_t cols, void* out,
                                  ptrdiff_t out_stride, void* scratch);
// out[j] = the combination of leaf j of the n elements at x, the last of which may be shorter.
typedef void (*CorepyScanTotals)(const void* x, size_t n, void* out);
// totals[j] = the combination of totals[0..j], itself excluded.
typedef void (*CorepyScanExclusive)(void* totals, size_t n);

struct CorepyScan {
  CorepyScanRows rows;
  CorepyScanColumns columns;
  CorepyScanTotals totals;
  CorepyScanExclusive exclusive;
};
}

COREPY_BEGIN

// Elements that are added one after another; `LEAF` in scan.rs.
constexpr size_t kScanLeaf = 64;
// Chains at a time: additions take three or four cycles, and there are two a cycle.
constexpr size_t kChains = 8;

template <class T>
COREPY_INLINE typename Widened<T>::type scan_widen(T x) {
  if constexpr (is_complex<T>) return {static_cast<double>(x.re), static_cast<double>(x.im)};
  else return static_cast<typename Widened<T>::type>(x);
}
template <class T, class A>
COREPY_INLINE T scan_narrow(A x) {
  if constexpr (is_complex<T>) return {static_cast<decltype(T::re)>(x.re), static_cast<decltype(T::im)>(x.im)};
  else return static_cast<T>(x);
}

struct CumulativeSum {
  // Whether leaves are scanned on their own.
  template <class A>
  static constexpr bool has_leaves = true;
  template <class A>
  static constexpr A identity() {
    if constexpr (is_complex<A>) return {-0.0, -0.0};
    else return Sum::identity<A>();
  }
  template <class A>
  static COREPY_INLINE A apply(A a, A b) {
    if constexpr (is_complex<A>) return math::add(a, b);
    else return a + b;
  }
};

// The product of a leaf alone may over- or underflow where that of all elements does not, unless integers wrap.
struct CumulativeProd {
  template <class A>
  static constexpr bool has_leaves = is_integer<A>;
  template <class A>
  static constexpr A identity() {
    if constexpr (is_complex<A>) return {1.0, 0.0};
    else return A(1);
  }
  template <class A>
  static COREPY_INLINE A apply(A a, A b) {
    if constexpr (is_complex<A>) return math::multiply(a, b);
    else return a * b;
  }
};

template <class Op, class T>
struct Scan {
  using A = typename Widened<T>::type;
  static constexpr ptrdiff_t leaf_bytes = kScanLeaf * sizeof(T);

  static const T* at(const char* x, ptrdiff_t stride, size_t index) {
    return reinterpret_cast<const T*>(x + stride * static_cast<ptrdiff_t>(index));
  }

  // Elements [from, to) of K chains, `stride` bytes apart; what each has reached goes to its leaf of
  // `local`, unless that is null.
  template <size_t K, bool Stores>
  static COREPY_INLINE void advance(const char* x, ptrdiff_t stride, size_t from, size_t to, A* acc, A* local) {
    A reached[K];
    const T* chain[K];
#pragma GCC unroll 8
    for (size_t k = 0; k < K; ++k) {
      reached[k] = acc[k];
      chain[k] = at(x, stride, k);
    }
#pragma GCC unroll 1
    for (size_t i = from; i < to; ++i) {
#pragma GCC unroll 8
      for (size_t k = 0; k < K; ++k) {
        reached[k] = Op::apply(reached[k], scan_widen(chain[k][i]));
        if constexpr (Stores) local[k * kScanLeaf + i] = reached[k];
      }
    }
#pragma GCC unroll 8
    for (size_t k = 0; k < K; ++k) acc[k] = reached[k];
  }

  template <bool Stores>
  static void advance_some(size_t chains, const char* x, ptrdiff_t stride, size_t from, size_t to, A* acc, A* local) {
    if (chains == 8) return advance<8, Stores>(x, stride, from, to, acc, local);
    if (chains & 4) {
      advance<4, Stores>(x, stride, from, to, acc, local);
      x += 4 * stride;
      acc += 4;
      local += Stores ? 4 * kScanLeaf : 0;
    }
    if ((chains & 3) == 3) return advance<3, Stores>(x, stride, from, to, acc, local);
    if ((chains & 3) == 2) return advance<2, Stores>(x, stride, from, to, acc, local);
    if ((chains & 3) == 1) return advance<1, Stores>(x, stride, from, to, acc, local);
  }

  // Up to kChains leaves of the n elements at x; all are whole but the last. Returns their number.
  template <bool Stores>
  static size_t leaves(const char* x, size_t n, A* acc, A* local) {
    const size_t whole = n / kScanLeaf, rest = n % kScanLeaf;
    for (size_t k = 0; k < kChains; ++k) acc[k] = Op::template identity<A>();
    if (whole >= kChains) {
      advance<kChains, Stores>(x, leaf_bytes, 0, kScanLeaf, acc, local);
      return kChains;
    }
    advance_some<Stores>(whole + (rest > 0), x, leaf_bytes, 0, rest, acc, local);
    advance_some<Stores>(whole, x, leaf_bytes, rest, kScanLeaf, acc, local);
    return whole + (rest > 0);
  }

  static void row(const char* x, size_t n, T* out, A base) {
    A local[kChains * kScanLeaf], acc[kChains];
    while (n > 0) {
      const size_t count = leaves<true>(x, n, acc, local);
      for (size_t k = 0; k < count; ++k) {
        const size_t len = n < kScanLeaf ? n : kScanLeaf;
        const A* part = local + k * kScanLeaf;
        COREPY_INDEPENDENT
        for (size_t i = 0; i < len; ++i) out[i] = scan_narrow<T>(Op::apply(base, part[i]));
        base = Op::apply(base, acc[k]);
        out += len;
        n -= len;
      }
      x += static_cast<ptrdiff_t>(count) * leaf_bytes;
    }
  }

  // One row, one element after another: the chain takes all the time, and nothing may delay it.
  static void lone_row(const char* x_, size_t n, T* out, A acc) {
    const T* x = reinterpret_cast<const T*>(x_);
#pragma GCC unroll 8
    for (size_t i = 0; i < n; ++i) {
      acc = Op::apply(acc, scan_widen(x[i]));
      out[i] = scan_narrow<T>(acc);
    }
  }

  // Up to kChains whole rows side by side, one element after another.
  static void rows_at_once(const char* x, ptrdiff_t x_stride, size_t rows, size_t n, char* out, ptrdiff_t out_stride,
                           const A* base) {
    A local[kChains * kScanLeaf], acc[kChains];
    for (size_t k = 0; k < rows; ++k) acc[k] = base ? base[k] : Op::template identity<A>();
    for (size_t begin = 0; begin < n; begin += kScanLeaf) {
      const size_t len = n - begin < kScanLeaf ? n - begin : kScanLeaf;
      advance_some<true>(rows, x + begin * sizeof(T), x_stride, 0, len, acc, local);
      for (size_t k = 0; k < rows; ++k) {
        T* y = reinterpret_cast<T*>(out + out_stride * static_cast<ptrdiff_t>(k)) + begin;
        const A* part = local + k * kScanLeaf;
        COREPY_INDEPENDENT
        for (size_t i = 0; i < len; ++i) y[i] = scan_narrow<T>(part[i]);
      }
    }
  }

  static void rows(const void* x_, ptrdiff_t x_stride, size_t rows, size_t n, void* out_, ptrdiff_t out_stride,
                   const void* base_) {
    const char* x = static_cast<const char*>(x_);
    char* out = static_cast<char*>(out_);
    const A* base = static_cast<const A*>(base_);
    if (Op::template has_leaves<A> && (n > kScanLeaf || base)) {
      for (size_t r = 0; r < rows; ++r) {
        row(reinterpret_cast<const char*>(at(x, x_stride, r)), n,
            reinterpret_cast<T*>(out + out_stride * static_cast<ptrdiff_t>(r)),
            base ? base[r] : Op::template identity<A>());
      }
      return;
    }
    for (size_t r = 0; r < rows; r += kChains) {
      const size_t some = rows - r < kChains ? rows - r : kChains;
      const ptrdiff_t at = static_cast<ptrdiff_t>(r);
      if (some == 1) {
        lone_row(x + x_stride * at, n, reinterpret_cast<T*>(out + out_stride * at),
                 base ? base[r] : Op::template identity<A>());
        return;
      }
      rows_at_once(x + x_stride * at, x_stride, some, n, out + out_stride * at, out_stride, base ? base + r : nullptr);
    }
  }

  static void columns(const void* x_, ptrdiff_t x_stride, size_t rows, size_t cols, void* out_, ptrdiff_t out_stride,
                      void* scratch) {
    const char* x = static_cast<const char*>(x_);
    char* out = static_cast<char*>(out_);
    A* base = static_cast<A*>(scratch);
    A* local = base + cols;
    for (size_t c = 0; c < cols; ++c) base[c] = local[c] = Op::template identity<A>();
    for (size_t r = 0; r < rows; ++r) {
      const T* row = at(x, x_stride, r);
      T* y = reinterpret_cast<T*>(out + out_stride * static_cast<ptrdiff_t>(r));
      if constexpr (Op::template has_leaves<A>) {
        if (r % kScanLeaf == 0) {
          COREPY_INDEPENDENT
          for (size_t c = 0; c < cols; ++c) {
            base[c] = Op::apply(base[c], local[c]);
            local[c] = Op::template identity<A>();
          }
        }
        COREPY_INDEPENDENT
        for (size_t c = 0; c < cols; ++c) {
          const A reached = Op::apply(local[c], scan_widen(row[c]));
          local[c] = reached;
          y[c] = scan_narrow<T>(Op::apply(base[c], reached));
        }
      } else {
        COREPY_INDEPENDENT
        for (size_t c = 0; c < cols; ++c) {
          const A reached = Op::apply(local[c], scan_widen(row[c]));
          local[c] = reached;
          y[c] = scan_narrow<T>(reached);
        }
      }
    }
  }

  static void totals(const void* x_, size_t n, void* out_) {
    const char* x = static_cast<const char*>(x_);
    A* out = static_cast<A*>(out_);
    A acc[kChains];
    while (n > 0) {
      const size_t count = leaves<false>(x, n, acc, nullptr);
      for (size_t k = 0; k < count; ++k) *out++ = acc[k];
      const size_t len = n < count * kScanLeaf ? n : count * kScanLeaf;
      x += len * sizeof(T);
      n -= len;
    }
  }

  static void exclusive(void* totals_, size_t n) {
    A* totals = static_cast<A*>(totals_);
    A base = Op::template identity<A>();
    for (size_t j = 0; j < n; ++j) {
      const A total = totals[j];
      totals[j] = base;
      base = Op::apply(base, total);
    }
  }
};

// Along columns a sum of complex numbers is two sums side by side.
template <class Part>
void complex_sum_columns(const void* x, ptrdiff_t x_stride, size_t rows, size_t cols, void* out, ptrdiff_t out_stride,
                         void* scratch) {
  Scan<CumulativeSum, Part>::columns(x, x_stride, rows, 2 * cols, out, out_stride, scratch);
}

template <class Op, class T>
constexpr CorepyScan scan() {
  using S = Scan<Op, T>;
  if constexpr (is_complex<T> && std::is_same_v<Op, CumulativeSum>) {
    return {S::rows, complex_sum_columns<decltype(T::re)>, S::totals, S::exclusive};
  } else {
    return {S::rows, S::columns, S::totals, S::exclusive};
  }
}

COREPY_END
