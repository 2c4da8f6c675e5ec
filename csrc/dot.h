// Products with vectors: memory is their limit, so nothing is packed.
#pragma once
#include <cstddef>
#include <utility>

#include "loops.h"
#include "types.h"
#include "vector.h"

extern "C" {
// out[r] = the sum over i of a[r][i] * b[r][i]; rows `a_row` and `b_row` bytes apart, 0 to repeat one,
// each of n contiguous elements.
typedef void (*CorepyDot)(const void* a, ptrdiff_t a_row, const void* b, ptrdiff_t b_row, size_t rows, size_t n,
                          void* out);
// out[c] = the sum over r of x[r] * a[r][c]; rows `a_row` bytes apart, of `cols` contiguous elements.
typedef void (*CorepyCombineRows)(const void* a, ptrdiff_t a_row, const void* x, size_t rows, size_t cols, void* out);

struct CorepyProducts {
  CorepyDot dot;
  CorepyCombineRows combine_rows;
};
}

COREPY_BEGIN

template <class T>
struct PartOf {
  using type = T;
  static constexpr size_t count = 1;
};
template <class P>
struct PartOf<Complex<P>> {
  using type = P;
  static constexpr size_t count = 2;
};

template <class T>
struct Products {
  using Part = typename PartOf<T>::type;
  using V = Vector<Part>;
  using Index = std::conditional_t<
      sizeof(Part) == 8, int64_t,
      std::conditional_t<sizeof(Part) == 4, int32_t, std::conditional_t<sizeof(Part) == 2, int16_t, int8_t>>>;
  static constexpr size_t parts = PartOf<T>::count;
  static constexpr size_t width = kRegister / sizeof(Part);
  // Accumulators along a row, whatever the machine's registers, so that every instruction set adds in the
  // same order; complex numbers take two of each.
  static constexpr size_t bytes = 256 / parts;
  static constexpr size_t lanes = bytes / sizeof(Part);
  static constexpr size_t registers = bytes / kRegister;
  // Rows at a time, as far as registers go: they share the loads of the vector.
  static constexpr size_t together = kRegister == 64 ? 4 : 1;

  // Real and imaginary components exchanged.
  static COREPY_INLINE V swapped(V x) {
    Vector<Index> order;
    for (size_t i = 0; i < width; ++i) order[i] = static_cast<Index>(i ^ 1);
    return __builtin_shuffle(x, order);
  }

  // `count` <= width numbers, then zeros, which add nothing to a sum of products.
  static COREPY_INLINE V load_part(const Part* x, size_t count) {
#if defined(__AVX512F__)
    if constexpr (sizeof(Part) == 8) return (V)_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << count) - 1), x);
    if constexpr (sizeof(Part) == 4) return (V)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << count) - 1), x);
#elif defined(__AVX2__)
    if constexpr (sizeof(Part) >= 4) {
      Vector<Index> mask;
      for (size_t i = 0; i < width; ++i) mask[i] = static_cast<Index>(i) < static_cast<Index>(count) ? -1 : 0;
      if constexpr (sizeof(Part) == 8) {
        return (V)_mm256_maskload_epi64(reinterpret_cast<const long long*>(x), (__m256i)mask);
      } else {
        return (V)_mm256_maskload_epi32(reinterpret_cast<const int*>(x), (__m256i)mask);
      }
    }
#endif
    V vector{};
    __builtin_memcpy(&vector, x, count * sizeof(Part));
    return vector;
  }

  // One register of each row's sums: products of like components, and of unlike ones where complex.
  struct Sums {
    V like[registers];
    V unlike[parts == 2 ? registers : 1];

    COREPY_INLINE void clear() {
#pragma GCC unroll 16
      for (size_t v = 0; v < registers; ++v) like[v] = V{};
      if constexpr (parts == 2) {
#pragma GCC unroll 16
        for (size_t v = 0; v < registers; ++v) unlike[v] = V{};
      }
    }

    COREPY_INLINE void add(size_t v, V a, V b, [[maybe_unused]] V b_swapped) {
      like[v] = multiply_add<Part>(a, b, like[v]);
      if constexpr (parts == 2) unlike[v] = multiply_add<Part>(a, b_swapped, unlike[v]);
    }

    COREPY_INLINE T total() {
      if constexpr (parts == 2) {
        // Real: the sum of even lanes less that of odd ones.
        Part folded[2], other[2];
        fold(like, folded);
        fold(unlike, other);
        return {folded[0] - folded[1], other[0] + other[1]};
      } else {
        Part folded[1];
        fold(like, folded);
        return folded[0];
      }
    }
  };

  // Halves are added to halves until `parts` lanes are left.
  static COREPY_INLINE void fold(V (&sums)[registers], Part (&out)[parts]) {
#pragma GCC unroll 8
    for (size_t half = registers / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
      for (size_t v = 0; v < half; ++v) sums[v] = sums[v] + sums[v + half];
    }
    fold_vector<kRegister>(sums[0], out);
  }

  template <size_t Bytes, class W>
  static COREPY_INLINE void fold_vector(W vector, Part (&out)[parts]) {
    if constexpr (Bytes == parts * sizeof(Part)) {
      for (size_t i = 0; i < parts; ++i) out[i] = vector[i];
    } else if constexpr (Bytes / 2 == sizeof(Part)) {
      out[0] = static_cast<Part>(vector[0] + vector[1]);
    } else {
      using Half = std::make_index_sequence<Bytes / 2 / sizeof(Part)>;
      fold_vector<Bytes / 2>(half_of<0>(vector, Half{}) + half_of<1>(vector, Half{}), out);
    }
  }

  // One half of a vector; by memory it would cost a store and two loads.
  template <size_t Which, class W, size_t... I>
  static COREPY_INLINE auto half_of(W vector, std::index_sequence<I...>) {
    return __builtin_shufflevector(vector, vector, (I + Which * sizeof...(I))...);
  }

  template <size_t Rows>
  static COREPY_INLINE void dot_rows(const char* a, ptrdiff_t a_row, const Part* b, size_t n, T* out) {
    const Part* row[Rows];
    Sums sums[Rows];
#pragma GCC unroll 4
    for (size_t r = 0; r < Rows; ++r) {
      row[r] = reinterpret_cast<const Part*>(a + a_row * static_cast<ptrdiff_t>(r));
      sums[r].clear();
    }
    const size_t numbers = n * parts;
    size_t i = 0;
    const auto step = [&](size_t v, size_t at) COREPY_INLINE_LAMBDA {
      const V x = load_vector(b + at);
      const V crossed = parts == 2 ? swapped(x) : x;
#pragma GCC unroll 4
      for (size_t r = 0; r < Rows; ++r) sums[r].add(v, load_vector(row[r] + at), x, crossed);
    };
    for (; i + lanes <= numbers; i += lanes) {
#pragma GCC unroll 16
      for (size_t v = 0; v < registers; ++v) step(v, i + v * width);
    }
    const auto part = [&](size_t v, size_t at, size_t count) COREPY_INLINE_LAMBDA {
      const V x = load_part(b + at, count);
      const V crossed = parts == 2 ? swapped(x) : x;
#pragma GCC unroll 4
      for (size_t r = 0; r < Rows; ++r) sums[r].add(v, load_part(row[r] + at, count), x, crossed);
    };
#if defined(__AVX512F__)
    if constexpr (sizeof(Part) >= 4) {
      // Masked loads of nothing add nothing; branches would send the sums through memory.
      if (i < numbers) {
#pragma GCC unroll 16
        for (size_t v = 0; v < registers; ++v) {
          const size_t at = i + v * width;
          const size_t left = numbers < at ? 0 : numbers - at;
          part(v, at, left < width ? left : width);
        }
      }
    } else
#endif
    {
#pragma GCC unroll 16
      for (size_t v = 0; v < registers; ++v) {
        const size_t at = i + v * width;
        if (at + width <= numbers) {
          step(v, at);
        } else if (at < numbers) {
          part(v, at, numbers - at);
        }
      }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < Rows; ++r) out[r] = sums[r].total();
  }

  static void dot(const void* a_, ptrdiff_t a_row, const void* b_, ptrdiff_t b_row, size_t rows, size_t n, void* out_) {
    const char* a = static_cast<const char*>(a_);
    const char* b = static_cast<const char*>(b_);
    T* out = static_cast<T*>(out_);
    size_t r = 0;
    if constexpr (together > 1) {
      for (; b_row == 0 && r + together <= rows; r += together) {
        dot_rows<together>(a + a_row * static_cast<ptrdiff_t>(r), a_row, reinterpret_cast<const Part*>(b), n, out + r);
      }
    }
    for (; r < rows; ++r) {
      const ptrdiff_t k = static_cast<ptrdiff_t>(r);
      dot_rows<1>(a + a_row * k, a_row, reinterpret_cast<const Part*>(b + b_row * k), n, out + r);
    }
  }

  // A vector of x's real component, and one of its imaginary one with the signs of a product.
  struct Factor {
    V re, im;
    COREPY_INLINE explicit Factor(T x) {
      if constexpr (parts == 2) {
        re = broadcast(x.re);
        im = broadcast(x.im);
        V signs = broadcast(static_cast<Part>(1));
        for (size_t i = 0; i < width; i += 2) signs[i] = static_cast<Part>(-1);
        im = im * signs;
      } else {
        re = broadcast(x);
      }
    }
  };

  // out = (first ? 0 : out) + the combination of Rows rows: each row is a stream that the prefetcher follows.
  template <size_t Rows>
  static COREPY_INLINE void combine(const char* a, ptrdiff_t a_row, const T* x, size_t numbers, Part* out, bool first) {
    const Part* row[Rows];
    V re[Rows], im[parts == 2 ? Rows : 1];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      row[r] = reinterpret_cast<const Part*>(a + a_row * static_cast<ptrdiff_t>(r));
      const Factor factor(x[r]);
      re[r] = factor.re;
      if constexpr (parts == 2) im[r] = factor.im;
    }
    const auto sum_of = [&](V sum, auto load) COREPY_INLINE_LAMBDA {
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r) {
        const V values = load(row[r]);
        sum = multiply_add<Part>(re[r], values, sum);
        if constexpr (parts == 2) sum = multiply_add<Part>(im[r], swapped(values), sum);
      }
      return sum;
    };
    size_t i = 0;
    for (; i + width <= numbers; i += width) {
      const V sum = first ? V{} : load_vector(out + i);
      store_vector(out + i, sum_of(sum, [=](const Part* p) COREPY_INLINE_LAMBDA { return load_vector(p + i); }));
    }
    if (i < numbers) {
      const size_t count = numbers - i;
      const V sum = first ? V{} : load_part(out + i, count);
      const V result = sum_of(sum, [=](const Part* p) COREPY_INLINE_LAMBDA { return load_part(p + i, count); });
      __builtin_memcpy(out + i, &result, count * sizeof(Part));
    }
  }

  static void combine_rows(const void* a_, ptrdiff_t a_row, const void* x_, size_t rows, size_t cols, void* out_) {
    constexpr size_t most = parts == 2 ? 4 : 8;
    const char* a = static_cast<const char*>(a_);
    const T* x = static_cast<const T*>(x_);
    Part* out = static_cast<Part*>(out_);
    size_t r = 0;
    for (; r + most <= rows; r += most) {
      combine<most>(a + a_row * static_cast<ptrdiff_t>(r), a_row, x + r, cols * parts, out, r == 0);
    }
    for (; r < rows; ++r) {
      combine<1>(a + a_row * static_cast<ptrdiff_t>(r), a_row, x + r, cols * parts, out, r == 0);
    }
  }
};

template <class T>
constexpr CorepyProducts products() {
  return {Products<T>::dot, Products<T>::combine_rows};
}

COREPY_END
