// The loop shapes of element-wise kernels, written once. A kernel is handed short contiguous
// blocks (or a scalar per operand) of one dtype and writes a contiguous block; strides, broadcasting,
// mixed dtypes and threads are the executor's work (crates/kernels/src/exec).
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include "scalar.h"

// One type-erased signature for all element-wise kernels and casts. Bit i of `scalars` says that
// args[i] points to one element that stands for all n. `out` may equal an argument (in place), but
// never overlaps one otherwise.
extern "C" {
typedef void (*CorepyKernel)(const void* const* args, void* out, size_t n, uint32_t scalars);
}

// In-place use makes out == args[i]: no dependence is carried from one iteration to another, which
// GCC cannot know and would otherwise check for, falling back to a scalar loop.
#define COREPY_INDEPENDENT _Pragma("GCC ivdep")

// A loop over a lambda that is not inlined does not vectorise, and GCC stops inlining one that is
// called from several loops.
#define COREPY_INLINE_LAMBDA __attribute__((always_inline))

COREPY_BEGIN

// Elements per look at the rare predicate: the block stays in L1 between the two passes.
constexpr size_t kRareBlock = 512;
// Elements that run one by one where one of them is rare.
constexpr size_t kRarePiece = 16;

template <class Op, class, class... T>
struct HasRareImpl : std::false_type {};
template <class Op, class... T>
struct HasRareImpl<Op, std::void_t<decltype(Op::rare(std::declval<T>()...))>, T...> : std::true_type {};
// Whether Op has inputs of these types that its vectorised form does not cover.
template <class Op, class... T>
constexpr bool has_rare = HasRareImpl<Op, void, T...>::value;

template <class T>
COREPY_INLINE void fill(T* out, T value, size_t n) {
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = value;
}

// Runs `fast` on [begin, end) if `rare` holds nowhere there; otherwise does nothing and returns false.
template <class Rare, class Fast>
COREPY_INLINE bool try_fast(size_t begin, size_t end, Rare rare, Fast fast) {
  decltype(rare(begin) | rare(begin)) any = 0;
  for (size_t i = begin; i < end; ++i) any |= rare(i);
  if (__builtin_expect(any != 0, 0)) return false;
  COREPY_INDEPENDENT
  for (size_t i = begin; i < end; ++i) fast(i);
  return true;
}

// Runs `fast` for all i in [0, n), block by block. A block in which `rare` holds anywhere is cut
// into short pieces, and only the pieces with rare elements run one by one. Each element's predicate
// is read before its result is written: the output may be the input.
template <class Rare, class Fast, class Slow>
COREPY_INLINE void guarded_loop(size_t n, Rare rare, Fast fast, Slow slow) {
  for (size_t begin = 0; begin < n; begin += kRareBlock) {
    const size_t end = n - begin < kRareBlock ? n : begin + kRareBlock;
    if (try_fast(begin, end, rare, fast)) continue;
    for (size_t piece = begin; piece < end; piece += kRarePiece) {
      const size_t piece_end = end - piece < kRarePiece ? end : piece + kRarePiece;
      if (try_fast(piece, piece_end, rare, fast)) continue;
      for (size_t i = piece; i < piece_end; ++i) {
        if (rare(i)) {
          slow(i);
        } else {
          fast(i);
        }
      }
    }
  }
}

template <class Op, class T>
struct Unary {
  using Out = decltype(Op::apply(std::declval<T>()));

  static Out one(T x) {
    if constexpr (has_rare<Op, T>) {
      if (Op::rare(x)) return Op::slow(x);
    }
    return Op::apply(x);
  }

  static void run(const void* const* args, void* out, size_t n, uint32_t scalars) {
    const T* x = static_cast<const T*>(args[0]);
    Out* y = static_cast<Out*>(out);
    if (scalars) return fill(y, one(x[0]), n);
    if constexpr (has_rare<Op, T>) {
      guarded_loop(
          n, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::rare(x[i]); },
          [=](size_t i) COREPY_INLINE_LAMBDA { y[i] = Op::apply(x[i]); }, [=](size_t i) { y[i] = Op::slow(x[i]); });
    } else {
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) y[i] = Op::apply(x[i]);
    }
  }
};

template <class Op, class T>
struct Binary {
  using Out = decltype(Op::apply(std::declval<T>(), std::declval<T>()));

  static Out one(T x1, T x2) {
    if constexpr (has_rare<Op, T, T>) {
      if (Op::rare(x1, x2)) return Op::slow(x1, x2);
    }
    return Op::apply(x1, x2);
  }

  template <class First, class Second>
  static COREPY_INLINE void loop(First a, Second b, Out* y, size_t n) {
    if constexpr (has_rare<Op, T, T>) {
      guarded_loop(
          n, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::rare(a(i), b(i)); },
          [=](size_t i) COREPY_INLINE_LAMBDA { y[i] = Op::apply(a(i), b(i)); },
          [=](size_t i) { y[i] = Op::slow(a(i), b(i)); });
    } else {
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) y[i] = Op::apply(a(i), b(i));
    }
  }

  static void run(const void* const* args, void* out, size_t n, uint32_t scalars) {
    const T* a = static_cast<const T*>(args[0]);
    const T* b = static_cast<const T*>(args[1]);
    Out* y = static_cast<Out*>(out);
    if (scalars == 0) {
      loop([=](size_t i) COREPY_INLINE_LAMBDA { return a[i]; }, [=](size_t i) COREPY_INLINE_LAMBDA { return b[i]; }, y,
           n);
    } else if (scalars == 1) {
      const T s = a[0];
      loop([=](size_t) COREPY_INLINE_LAMBDA { return s; }, [=](size_t i) COREPY_INLINE_LAMBDA { return b[i]; }, y, n);
    } else if (scalars == 2) {
      const T s = b[0];
      loop([=](size_t i) COREPY_INLINE_LAMBDA { return a[i]; }, [=](size_t) COREPY_INLINE_LAMBDA { return s; }, y, n);
    } else {
      fill(y, one(a[0], b[0]), n);
    }
  }
};

template <class Op, class T>
struct Ternary {
  using Out = decltype(Op::apply(std::declval<T>(), std::declval<T>(), std::declval<T>()));

  static void run(const void* const* args, void* out, size_t n, uint32_t scalars) {
    const T* a = static_cast<const T*>(args[0]);
    const T* b = static_cast<const T*>(args[1]);
    const T* c = static_cast<const T*>(args[2]);
    Out* y = static_cast<Out*>(out);
    if (scalars == 0) {
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) y[i] = Op::apply(a[i], b[i], c[i]);
    } else if (scalars == 6) {
      const T sb = b[0], sc = c[0];
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) y[i] = Op::apply(a[i], sb, sc);
    } else {
      // The other patterns are rare: a step of 0 repeats the scalar.
      const size_t sa = !(scalars & 1), sb = !(scalars & 2), sc = !(scalars & 4);
      COREPY_INDEPENDENT
      for (size_t i = 0; i < n; ++i) y[i] = Op::apply(a[i * sa], b[i * sb], c[i * sc]);
    }
  }
};

COREPY_END
