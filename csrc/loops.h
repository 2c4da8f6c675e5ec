// The loop shapes of element-wise kernels, written once. A kernel is handed short contiguous
// blocks (or a scalar per operand) of one dtype and writes a contiguous block; strides, broadcasting,
// mixed dtypes and threads are the executor's work (crates/kernels/src/exec).
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include "scalar.h"
#include "vector.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// One type-erased signature for all element-wise kernels and casts. Bit i of `scalars` says that
// args[i] points to one element that stands for all n. `out` may equal an argument (in place), but
// never overlaps one otherwise. The highest bit says that the results should bypass the caches (then
// `out` is fresh); the caller fences.
extern "C" {
typedef void (*CorepyKernel)(const void* const* args, void* out, size_t n, uint32_t scalars);
}

// In-place use makes out == args[i]: no dependence is carried from one iteration to another, which
// GCC cannot know and would otherwise check for, falling back to a scalar loop.
#define COREPY_INDEPENDENT _Pragma("GCC ivdep")

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

constexpr uint32_t kStreaming = uint32_t{1} << 31;
constexpr size_t kLine = 64;

template <class Op, class = void>
struct StreamsImpl : std::false_type {};
template <class Op>
struct StreamsImpl<Op, std::enable_if_t<Op::streams>> : std::true_type {};
// Whether the loop itself streams results of this type: for functors that are as fast as memory.
template <class Op, class Out>
constexpr bool streams = StreamsImpl<Op>::value && std::is_arithmetic_v<Out>;

// One cache line past the caches.
template <class Out>
COREPY_INLINE void stream_line(Out* y, const Out* line) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(y), _mm512_load_si512(line));
#elif defined(__AVX__)
  for (size_t i = 0; i < 2; ++i)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(y) + i,
                        _mm256_load_si256(reinterpret_cast<const __m256i*>(line) + i));
#elif defined(__x86_64__)
  for (size_t i = 0; i < 4; ++i)
    _mm_stream_si128(reinterpret_cast<__m128i*>(y) + i, _mm_load_si128(reinterpret_cast<const __m128i*>(line) + i));
#else
  __builtin_memcpy(y, line, kLine);
#endif
}

// y[i] = value(i), whole cache lines of y past the caches: an ordinary store first reads the line that
// it overwrites. Through a buffer the same takes 1.5 times as long, as loads and stores then take turns.
template <class Out, class Value>
COREPY_INLINE void stream_loop(Out* y, size_t n, Value value) {
  constexpr size_t per_line = kLine / sizeof(Out);
  size_t i = 0;
  for (; i < n && reinterpret_cast<uintptr_t>(y + i) % kLine != 0; ++i) y[i] = value(i);
  for (; i + per_line <= n; i += per_line) {
    alignas(kLine) Out line[per_line];
    for (size_t k = 0; k < per_line; ++k) line[k] = value(i + k);
    stream_line(y + i, line);
  }
  for (; i < n; ++i) y[i] = value(i);
}

// Elements that are computed before they are streamed out of a buffer in L1.
constexpr size_t kStreamTurn = 512;

// Calls run(begin, address, count) for all of [0, n), with y's whole cache lines written past the caches.
template <class Out, class Run>
COREPY_INLINE void stream_in_turns(Out* y, size_t n, Run run) {
  alignas(kLine) unsigned char buffer[kStreamTurn * sizeof(Out)];
  const size_t head = -reinterpret_cast<uintptr_t>(y) % kLine / sizeof(Out);
  size_t begin = head < n ? head : n;
  if (begin > 0) run(size_t{0}, y, begin);
  for (size_t count; begin < n; begin += count) {
    count = n - begin < kStreamTurn ? n - begin : kStreamTurn;
    run(begin, reinterpret_cast<Out*>(buffer), count);
    unsigned char* target = reinterpret_cast<unsigned char*>(y + begin);
    const size_t bytes = count * sizeof(Out);
    size_t i = 0;
    for (; i + kLine <= bytes; i += kLine) stream_line(target + i, buffer + i);
    __builtin_memcpy(target + i, buffer + i, bytes - i);
  }
}

// y[i] = value(i) for all i.
template <class Op, class Out, class Value>
COREPY_INLINE void plain_loop(Out* y, size_t n, bool streaming, Value value) {
  if constexpr (streams<Op, Out>) {
    if (streaming) return stream_loop(y, n, value);
  }
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) y[i] = value(i);
}

template <class Op, class, class... T>
struct HasOrdinaryImpl : std::false_type {};
template <class Op, class... T>
struct HasOrdinaryImpl<Op, std::void_t<decltype(Op::strange(std::declval<T>()...))>, T...> : std::true_type {};
// Whether Op has a shorter form, of the same bits, for elements of which `strange` is not negative.
template <class Op, class... T>
constexpr bool has_ordinary = HasOrdinaryImpl<Op, void, T...>::value;

// The shorter form in each block that has no strange element.
template <class Op, class T, class Out>
COREPY_INLINE void ordinary_loop(const T* x, Out* y, size_t n) {
  for (size_t begin = 0; begin < n; begin += kRareBlock) {
    const size_t end = n - begin < kRareBlock ? n : begin + kRareBlock;
    decltype(Op::strange(x[0])) any = 0;
    for (size_t i = begin; i < end; ++i) any |= Op::strange(x[i]);
    if (__builtin_expect(any >= 0, 1)) {
      COREPY_INDEPENDENT
      for (size_t i = begin; i < end; ++i) y[i] = Op::ordinary(x[i]);
    } else {
      COREPY_INDEPENDENT
      for (size_t i = begin; i < end; ++i) y[i] = Op::apply(x[i]);
    }
  }
}

#ifdef COREPY_WIDE
template <class Wide, class, class T>
struct WideAllImpl : std::false_type {};
template <class Wide, class T>
struct WideAllImpl<Wide, std::void_t<decltype(Wide::all(std::declval<Vector<T>>()))>, T> : std::true_type {};
template <class Wide, class, class T>
struct WideCarefulImpl : std::false_type {};
template <class Wide, class T>
struct WideCarefulImpl<Wide, std::void_t<decltype(Wide::careful(std::declval<Vector<T>>()))>, T> : std::true_type {};

template <class Wide, class, class T>
struct WideStagedImpl : std::false_type {};
template <class Wide, class T>
struct WideStagedImpl<Wide, std::void_t<decltype(Wide::first(std::declval<Vector<T>>()))>, T> : std::true_type {};

template <class Wide, class, class T>
struct WideTogetherImpl : std::false_type {};
template <class Wide, class T>
struct WideTogetherImpl<Wide, std::void_t<decltype(Wide::together(std::declval<Vector<T> (&)[2]>()))>, T>
    : std::true_type {};

// Whether Op has a form for whole vectors of T.
template <class Op, class T, bool = std::is_floating_point_v<T>>
constexpr bool is_wide = false;
template <class Op, class T>
constexpr bool is_wide<Op, T, true> = WideAllImpl<typename WideOf<Op>::type, void, T>::value ||
                                      WideCarefulImpl<typename WideOf<Op>::type, void, T>::value;

// Vectors that are looked at together: one branch for all.
constexpr size_t kWideGroup = 4;

template <class Wide, class, class T>
struct WideGroupImpl : std::integral_constant<size_t, kWideGroup> {};
template <class Wide, class T>
struct WideGroupImpl<Wide, std::void_t<decltype(Wide::template group<T>)>, T>
    : std::integral_constant<size_t, kRegister == 32 ? Wide::template group<T> : kWideGroup> {};
// As many as a function of several vectors in step does best with on AVX2, whose 16 registers do not hold them anyway.
template <class Wide, class T>
constexpr size_t wide_group_size = WideGroupImpl<Wide, void, T>::value;

template <class Wide, class T>
COREPY_INLINE Vector<T> wide_careful(Vector<T> x) {
  if constexpr (WideAllImpl<Wide, void, T>::value) return Wide::all(x);
  else return Wide::careful(x);
}

// A group, all of which is read before any of it is written. Two stages, for long functions, come one after the other
// for the group: the processor's window holds three vectors of the whole function, which is too few for its latencies.
template <class Wide, class T, size_t size = wide_group_size<Wide, T>>
COREPY_INLINE void wide_group(const T* x, T* y) {
  constexpr size_t lanes = kRegister / sizeof(T);
  Vector<T> v[size];
  for (size_t k = 0; k < size; ++k) v[k] = load_vector(x + k * lanes);
  if constexpr (WideTogetherImpl<Wide, void, T>::value && WideAllImpl<Wide, void, T>::value) {
    Wide::together(v);
    for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, v[k]);
  } else if constexpr (WideStagedImpl<Wide, void, T>::value) {
    decltype(Wide::first(v[0])) middle[size];
    for (size_t k = 0; k < size; ++k) middle[k] = Wide::first(v[k]);
    for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, Wide::second(middle[k], v[k]));
  } else if constexpr (WideAllImpl<Wide, void, T>::value) {
    for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, Wide::all(v[k]));
  } else {
    auto any = Wide::strange(v[0]);
    for (size_t k = 1; k < size; ++k) any |= Wide::strange(v[k]);
    if (__builtin_expect(any_strange<T>(any), 0)) {
      for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, Wide::careful(v[k]));
    } else if constexpr (WideTogetherImpl<Wide, void, T>::value && kRegister == 32) {
      // With AVX-512 a look-up is one instruction by itself.
      Wide::together(v);
      for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, v[k]);
    } else {
      for (size_t k = 0; k < size; ++k) store_vector(y + k * lanes, Wide::ordinary(v[k]));
    }
  }
}

// A load that agrees in the lowest 12 bits of its address with a store under way waits for it: where the results lie
// this little above the arguments, loads ahead meet the stores behind them, so that there the loop runs backwards.
// 1e4 float32: `log` took 0.24 to 0.35 ns per element.
constexpr size_t kPage = 4096;
constexpr size_t kAlias = 1024;

// The last vector overlaps the one before it and is read before anything is written: the output may be the input.
template <class Wide, class T>
COREPY_INLINE void wide_loop(const T* x, T* y, size_t n) {
  constexpr size_t lanes = kRegister / sizeof(T);
  if (n < lanes) {
    T part[lanes] = {};
    for (size_t i = 0; i < n; ++i) part[i] = x[i];
    store_vector(part, wide_careful<Wide, T>(load_vector(part)));
    for (size_t i = 0; i < n; ++i) y[i] = part[i];
    return;
  }
  constexpr size_t group = wide_group_size<Wide, T> * lanes;
  const Vector<T> last = load_vector(x + (n - lanes));
  const size_t grouped = n / group * group;
  size_t i = 0;
  if ((reinterpret_cast<uintptr_t>(y) - reinterpret_cast<uintptr_t>(x)) % kPage < kAlias) {
    for (i = grouped; i > 0; i -= group) wide_group<Wide, T>(x + (i - group), y + (i - group));
    i = grouped;
  } else {
    for (; i < grouped; i += group) wide_group<Wide, T>(x + i, y + i);
  }
  for (; i + lanes < n; i += lanes) store_vector(y + i, wide_careful<Wide, T>(load_vector(x + i)));
  store_vector(y + (n - lanes), wide_careful<Wide, T>(last));
}
#endif

// Elements whose middle results wait for the second stage.
constexpr size_t kStageBlock = 256;

// The stages of a long function in loops of their own: the processor then holds several iterations
// of each, where one of the whole function would fill it and its latencies would show.
template <class Out, class First, class Second>
COREPY_INLINE void staged_loop(Out* y, size_t begin, size_t count, First first, Second second) {
  using Middle = decltype(first(size_t{}));
  if constexpr (std::is_arithmetic_v<Middle>) {
    alignas(kLine) Middle middle[kStageBlock];
    COREPY_INDEPENDENT
    for (size_t i = 0; i < count; ++i) middle[i] = first(begin + i);
    COREPY_INDEPENDENT
    for (size_t i = 0; i < count; ++i) y[begin + i] = second(middle[i], begin + i);
  } else {
    alignas(kLine) decltype(Middle::high) high[kStageBlock], low[kStageBlock];
    COREPY_INDEPENDENT
    for (size_t i = 0; i < count; ++i) {
      const Middle m = first(begin + i);
      high[i] = m.high;
      low[i] = m.low;
    }
    COREPY_INDEPENDENT
    for (size_t i = 0; i < count; ++i) y[begin + i] = second(Middle{high[i], low[i]}, begin + i);
  }
}

// Op in its two stages, in the shorter form for each block that has no strange element.
template <class Op, class Out, class First, class Second>
COREPY_INLINE void ordinary_stages(First a, Second b, Out* y, size_t n) {
  for (size_t begin = 0; begin < n; begin += kStageBlock) {
    const size_t count = n - begin < kStageBlock ? n - begin : kStageBlock;
    decltype(Op::strange(a(0), b(0))) any = 0;
    for (size_t i = begin; i < begin + count; ++i) any |= Op::strange(a(i), b(i));
    if (__builtin_expect(any >= 0, 1)) {
      staged_loop(
          y, begin, count, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::template first<true>(a(i), b(i)); },
          [=](auto middle, size_t i) COREPY_INLINE_LAMBDA { return Op::template second<true>(middle, a(i), b(i)); });
    } else {
      staged_loop(
          y, begin, count, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::template first<false>(a(i), b(i)); },
          [=](auto middle, size_t i) COREPY_INLINE_LAMBDA { return Op::template second<false>(middle, a(i), b(i)); });
    }
  }
}

template <class Op, class T>
struct Unary {
  using Out = decltype(Op::apply(std::declval<T>()));

  static Out one(T x) {
#ifdef COREPY_WIDE
    if constexpr (is_wide<Op, T>) return wide_careful<typename WideOf<Op>::type, T>(broadcast(x))[0];
#endif
    if constexpr (has_rare<Op, T>) {
      if (Op::rare(x)) return Op::slow(x);
    }
    return Op::apply(x);
  }

  static void run(const void* const* args, void* out, size_t n, uint32_t scalars) {
    const T* x = static_cast<const T*>(args[0]);
    Out* y = static_cast<Out*>(out);
    if (scalars & 1) return fill(y, one(x[0]), n);
    if constexpr (!streams<Op, Out>) {
      if (scalars & kStreaming) {
        return stream_in_turns(y, n, [=](size_t begin, Out* turn, size_t count) {
          const void* moved[] = {x + begin};
          run(moved, turn, count, 0);
        });
      }
    }
#ifdef COREPY_WIDE
    if constexpr (is_wide<Op, T>) return wide_loop<typename WideOf<Op>::type>(x, y, n);
#endif
    if constexpr (has_rare<Op, T>) {
      guarded_loop(
          n, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::rare(x[i]); },
          [=](size_t i) COREPY_INLINE_LAMBDA { y[i] = Op::apply(x[i]); }, [=](size_t i) { y[i] = Op::slow(x[i]); });
    } else if constexpr (has_ordinary<Op, T>) {
      ordinary_loop<Op>(x, y, n);
    } else {
      plain_loop<Op>(y, n, scalars & kStreaming, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::apply(x[i]); });
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
  static COREPY_INLINE void loop(First a, Second b, Out* y, size_t n, bool streaming) {
    if constexpr (has_rare<Op, T, T>) {
      guarded_loop(
          n, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::rare(a(i), b(i)); },
          [=](size_t i) COREPY_INLINE_LAMBDA { y[i] = Op::apply(a(i), b(i)); },
          [=](size_t i) { y[i] = Op::slow(a(i), b(i)); });
    } else if constexpr (has_ordinary<Op, T, T>) {
      ordinary_stages<Op>(a, b, y, n);
    } else {
      plain_loop<Op>(y, n, streaming, [=](size_t i) COREPY_INLINE_LAMBDA { return Op::apply(a(i), b(i)); });
    }
  }

  static void run(const void* const* args, void* out, size_t n, uint32_t scalars) {
    const T* a = static_cast<const T*>(args[0]);
    const T* b = static_cast<const T*>(args[1]);
    Out* y = static_cast<Out*>(out);
    const bool streaming = scalars & kStreaming;
    scalars &= ~kStreaming;
    if constexpr (!streams<Op, Out>) {
      if (streaming) {
        return stream_in_turns(y, n, [=](size_t begin, Out* turn, size_t count) {
          const void* moved[] = {a + (scalars & 1 ? 0 : begin), b + (scalars & 2 ? 0 : begin)};
          run(moved, turn, count, scalars);
        });
      }
    }
    if (scalars == 0) {
      loop([=](size_t i) COREPY_INLINE_LAMBDA { return a[i]; }, [=](size_t i) COREPY_INLINE_LAMBDA { return b[i]; }, y,
           n, streaming);
    } else if (scalars == 1) {
      const T s = a[0];
      loop([=](size_t) COREPY_INLINE_LAMBDA { return s; }, [=](size_t i) COREPY_INLINE_LAMBDA { return b[i]; }, y, n,
           streaming);
    } else if (scalars == 2) {
      const T s = b[0];
      loop([=](size_t i) COREPY_INLINE_LAMBDA { return a[i]; }, [=](size_t) COREPY_INLINE_LAMBDA { return s; }, y, n,
           streaming);
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
    if (scalars & kStreaming) {
      scalars &= ~kStreaming;
      return stream_in_turns(y, n, [=](size_t begin, Out* turn, size_t count) {
        const void* moved[] = {a + (scalars & 1 ? 0 : begin), b + (scalars & 2 ? 0 : begin),
                               c + (scalars & 4 ? 0 : begin)};
        run(moved, turn, count, scalars);
      });
    }
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
