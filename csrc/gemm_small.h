// Products of small matrices, which are read where they lie: packing them would cost more than it saves.
// One call multiplies a whole run of a stack.
//
// As in gemm.h every element is one chain of multiply_add over k in ascending order, from zero, so that
// both give the same bits. Vectors that would reach past the last column begin earlier instead, and
// compute some elements twice.
#pragma once
#include <cstddef>

#include "types.h"
#include "vector.h"

extern "C" {
// `count` products of m × k by k × n, n at least 1. Strides in bytes; rows of b and c are contiguous.
struct CorepySmallProducts {
  const void* a;
  const void* b;
  void* c;
  ptrdiff_t a_item, b_item, c_item;  // from product to product
  ptrdiff_t a_row, a_col, b_row, c_row;
  size_t m, n, k, count;
};
typedef void (*CorepyGemmSmall)(const CorepySmallProducts* products);
}

COREPY_BEGIN

template <class T>
struct SmallPart {
  using type = T;
  static constexpr size_t count = 1;
};
template <class P>
struct SmallPart<Complex<P>> {
  using type = P;
  static constexpr size_t count = 2;
};

// `Bytes` of numbers in the narrowest register that holds them.
template <class P, size_t Bytes>
struct Narrow {
  static constexpr size_t size = Bytes < 16 ? 16 : Bytes;
  static constexpr size_t lanes = size / sizeof(P);
  typedef P V __attribute__((vector_size(size)));
  using Index = std::conditional_t<
      sizeof(P) == 8, int64_t,
      std::conditional_t<sizeof(P) == 4, int32_t, std::conditional_t<sizeof(P) == 2, int16_t, int8_t>>>;
  typedef Index Lanes __attribute__((vector_size(size)));

  static COREPY_INLINE V load(const char* x) {
    V vector{};
    __builtin_memcpy(&vector, x, Bytes);
    return vector;
  }
  static COREPY_INLINE void store(char* x, V vector) { __builtin_memcpy(x, &vector, Bytes); }
  static COREPY_INLINE V broadcast(P x) { return x - V{}; }

  // The numbers that an imaginary component is multiplied with: (-im, re) for each pair (re, im).
  static COREPY_INLINE V crossed(V x) {
    Lanes order;
    V signs;
    for (size_t i = 0; i < lanes; ++i) {
      order[i] = static_cast<Index>(i ^ 1);
      signs[i] = static_cast<P>(i % 2 == 0 ? -1 : 1);
    }
    return __builtin_shuffle(x, order) * signs;
  }

  // As the one of vector.h.
  static COREPY_INLINE V multiply_add(V a, V b, V c) {
#if defined(__FMA__)
    if constexpr (std::is_same_v<P, double> && size == 16) return (V)_mm_fmadd_pd((__m128d)a, (__m128d)b, (__m128d)c);
    if constexpr (std::is_same_v<P, float> && size == 16) return (V)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
    if constexpr (std::is_same_v<P, double> && size == 32) {
      return (V)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
    }
    if constexpr (std::is_same_v<P, float> && size == 32) return (V)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#endif
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<P, double> && size == 64) {
      return (V)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
    }
    if constexpr (std::is_same_v<P, float> && size == 64) return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#endif
    return a * b + c;
  }
};

template <class T>
struct SmallGemm {
  using Part = typename SmallPart<T>::type;
  static constexpr size_t parts = SmallPart<T>::count;
  static constexpr ptrdiff_t item = sizeof(T);

  // R rows of N vectors of which the second begins `next` bytes after the first.
  template <size_t Bytes, size_t R, size_t N>
  static COREPY_INLINE void tile(const CorepySmallProducts& p, const char* a, const char* b, ptrdiff_t next, char* c) {
    using W = Narrow<Part, Bytes>;
    using V = typename W::V;
    // Three rows hang on one pointer: the address modes reach two strides far.
    constexpr size_t hung = 3;
    const char* at[(R + hung - 1) / hung];
#pragma GCC unroll 4
    for (size_t i = 0; i * hung < R; ++i) at[i] = a + p.a_row * static_cast<ptrdiff_t>(i * hung);
    V acc[R][N];
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      for (size_t v = 0; v < N; ++v) acc[r][v] = V{};
    }
    const ptrdiff_t a_row = p.a_row, a_col = p.a_col, b_row = p.b_row;
    for (size_t k = p.k; k > 0; --k) {
      V row[N];
      [[maybe_unused]] V crossed[N];
#pragma GCC unroll 2
      for (size_t v = 0; v < N; ++v) {
        row[v] = W::load(b + next * static_cast<ptrdiff_t>(v));
        if constexpr (parts == 2) crossed[v] = W::crossed(row[v]);
      }
#pragma GCC unroll 16
      for (size_t r = 0; r < R; ++r) {
        const Part* x = reinterpret_cast<const Part*>(at[r / hung] + a_row * static_cast<ptrdiff_t>(r % hung));
        const V re = W::broadcast(x[0]);
#pragma GCC unroll 2
        for (size_t v = 0; v < N; ++v) acc[r][v] = W::multiply_add(re, row[v], acc[r][v]);
        if constexpr (parts == 2) {
          const V im = W::broadcast(x[1]);
#pragma GCC unroll 2
          for (size_t v = 0; v < N; ++v) acc[r][v] = W::multiply_add(im, crossed[v], acc[r][v]);
        }
      }
#pragma GCC unroll 4
      for (size_t i = 0; i * hung < R; ++i) at[i] += a_col;
      b += b_row;
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (size_t v = 0; v < N; ++v) W::store(c + next * static_cast<ptrdiff_t>(v), acc[r][v]);
      c += p.c_row;
    }
  }

  // The most rows of a tile: as many as the registers hold beside what a row of b and a number of a take.
  static constexpr size_t most_rows(size_t bytes, [[maybe_unused]] size_t vectors) {
    if (bytes < kRegister) return 4;
#if defined(__AVX512F__)
    return 12;
#else
    return vectors == 1 ? 8 : parts == 2 ? 4 : 6;
#endif
  }

  // All rows of N vectors.
  template <size_t Bytes, size_t N, size_t R = most_rows(Bytes, N)>
  static COREPY_INLINE void columns(const CorepySmallProducts& p, const char* a, const char* b, ptrdiff_t next, char* c,
                                    size_t rows) {
    while (rows >= R) {
      tile<Bytes, R, N>(p, a, b, next, c);
      a += p.a_row * static_cast<ptrdiff_t>(R);
      c += p.c_row * static_cast<ptrdiff_t>(R);
      rows -= R;
    }
    if constexpr (R > 1) {
      if (rows > 0) columns<Bytes, N, (R > 8 ? 8 : R > 4 ? 4 : R / 2)>(p, a, b, next, c, rows);
    }
  }

  template <size_t Bytes, size_t N>
  static COREPY_NOINLINE void columns_of(const CorepySmallProducts& p, const char* a, const char* b, ptrdiff_t next,
                                         char* c) {
    columns<Bytes, N>(p, a, b, next, c, p.m);
  }

  // Columns that fill at most two registers.
  template <size_t Bytes>
  static COREPY_INLINE void narrow(const CorepySmallProducts& p, const char* a, const char* b, char* c) {
    const size_t bytes = p.n * sizeof(T);
    if (bytes == Bytes) return columns_of<Bytes, 1>(p, a, b, 0, c);
    if constexpr (Bytes > sizeof(T) || Bytes == kRegister) {
      if (bytes > Bytes) return columns_of<Bytes, 2>(p, a, b, static_cast<ptrdiff_t>(bytes - Bytes), c);
    }
    if constexpr (Bytes > sizeof(T)) narrow<Bytes / 2>(p, a, b, c);
  }

  static void run(const CorepySmallProducts* products) {
    const CorepySmallProducts& p = *products;
    constexpr ptrdiff_t vector = kRegister;
    const char* a = static_cast<const char*>(p.a);
    const char* b = static_cast<const char*>(p.b);
    char* c = static_cast<char*>(p.c);
    const ptrdiff_t bytes = static_cast<ptrdiff_t>(p.n) * item;
    for (size_t i = 0; i < p.count; ++i) {
      if (bytes <= 2 * vector) {
        narrow<kRegister>(p, a, b, c);
      } else {
        ptrdiff_t at = 0;
        for (; at + 2 * vector <= bytes; at += 2 * vector) columns_of<kRegister, 2>(p, a, b + at, vector, c + at);
        if (bytes - at > vector) {
          columns_of<kRegister, 2>(p, a, b + at, bytes - at - vector, c + at);
        } else if (bytes > at) {
          columns_of<kRegister, 1>(p, a, b + bytes - vector, 0, c + bytes - vector);
        }
      }
      a += p.a_item;
      b += p.b_item;
      c += p.c_item;
    }
  }
};

template <class T>
constexpr CorepyGemmSmall gemm_small() {
  return SmallGemm<T>::run;
}

COREPY_END
