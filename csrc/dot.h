// Products with vectors: memory is their limit, so nothing is packed.
#pragma once
#include <cstddef>

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

// Accumulators along a row, whatever the machine's registers: every instruction set adds in the same order.
constexpr size_t kDotBytes = 256;

template <class T>
struct Products {
  using V = Vector<T>;
  static constexpr size_t width = kRegister / sizeof(T);
  static constexpr size_t lanes = kDotBytes / sizeof(T);
  static constexpr size_t registers = kDotBytes / kRegister;

  static COREPY_INLINE T dot_row(const T* a, const T* b, size_t n) {
    V acc[registers];
#pragma GCC unroll 16
    for (size_t v = 0; v < registers; ++v) acc[v] = V{};
    size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
#pragma GCC unroll 16
      for (size_t v = 0; v < registers; ++v) {
        acc[v] = multiply_add<T>(load_vector(a + i + v * width), load_vector(b + i + v * width), acc[v]);
      }
    }
    T sums[lanes];
    __builtin_memcpy(sums, acc, sizeof(sums));
    if constexpr (std::is_floating_point_v<T>) {
      for (size_t lane = 0; i + lane < n; ++lane) sums[lane] = mul_add(a[i + lane], b[i + lane], sums[lane]);
    } else {
      for (size_t lane = 0; i + lane < n; ++lane) sums[lane] = static_cast<T>(sums[lane] + a[i + lane] * b[i + lane]);
    }
    for (size_t half = lanes / 2; half > 0; half /= 2) {
      for (size_t lane = 0; lane < half; ++lane) sums[lane] = static_cast<T>(sums[lane] + sums[lane + half]);
    }
    return sums[0];
  }

  // `count` columns in registers, over all rows.
  template <size_t Registers>
  static COREPY_INLINE void combine_tile(const char* a, ptrdiff_t a_row, const T* x, size_t rows, T* out) {
    V acc[Registers];
#pragma GCC unroll 8
    for (size_t v = 0; v < Registers; ++v) acc[v] = V{};
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(a + a_row * static_cast<ptrdiff_t>(r));
      const V factor = broadcast(x[r]);
#pragma GCC unroll 8
      for (size_t v = 0; v < Registers; ++v) acc[v] = multiply_add<T>(factor, load_vector(row + v * width), acc[v]);
    }
#pragma GCC unroll 8
    for (size_t v = 0; v < Registers; ++v) store_vector(out + v * width, acc[v]);
  }

  static COREPY_INLINE T combine_one(const char* a, ptrdiff_t a_row, const T* x, size_t rows) {
    T sum{};
    for (size_t r = 0; r < rows; ++r) {
      const T value = *reinterpret_cast<const T*>(a + a_row * static_cast<ptrdiff_t>(r));
      if constexpr (std::is_floating_point_v<T>) sum = mul_add(x[r], value, sum);
      else sum = static_cast<T>(sum + x[r] * value);
    }
    return sum;
  }

  static void combine_rows(const void* a_, ptrdiff_t a_row, const void* x_, size_t rows, size_t cols, void* out_) {
    constexpr size_t tile = 8;
    const char* a = static_cast<const char*>(a_);
    const T* x = static_cast<const T*>(x_);
    T* out = static_cast<T*>(out_);
    size_t c = 0;
    for (; c + tile * width <= cols; c += tile * width) combine_tile<tile>(a + c * sizeof(T), a_row, x, rows, out + c);
    for (; c + width <= cols; c += width) combine_tile<1>(a + c * sizeof(T), a_row, x, rows, out + c);
    for (; c < cols; ++c) out[c] = combine_one(a + c * sizeof(T), a_row, x, rows);
  }
};

// a * b + c, in the order of the matrix product's kernel.
template <class P>
COREPY_INLINE Complex<P> multiply_add_complex(Complex<P> a, Complex<P> b, Complex<P> c) {
  const P re = mul_add(-a.im, b.im, mul_add(a.re, b.re, c.re));
  const P im = mul_add(a.im, b.re, mul_add(a.re, b.im, c.im));
  return {re, im};
}

template <class P>
struct Products<Complex<P>> {
  using T = Complex<P>;
  static constexpr size_t lanes = 16;

  static COREPY_INLINE T dot_row(const T* a, const T* b, size_t n) {
    P re[lanes] = {}, im[lanes] = {};
    size_t i = 0;
    for (; i < n; i += lanes) {
      const size_t count = n - i < lanes ? n - i : lanes;
      if (count == lanes) {
        COREPY_INDEPENDENT
        for (size_t lane = 0; lane < lanes; ++lane) {
          const T sum = multiply_add_complex(a[i + lane], b[i + lane], T{re[lane], im[lane]});
          re[lane] = sum.re;
          im[lane] = sum.im;
        }
        continue;
      }
      for (size_t lane = 0; lane < count; ++lane) {
        const T sum = multiply_add_complex(a[i + lane], b[i + lane], T{re[lane], im[lane]});
        re[lane] = sum.re;
        im[lane] = sum.im;
      }
    }
    for (size_t half = lanes / 2; half > 0; half /= 2) {
      for (size_t lane = 0; lane < half; ++lane) {
        re[lane] += re[lane + half];
        im[lane] += im[lane + half];
      }
    }
    return {re[0], im[0]};
  }

  static void combine_rows(const void* a_, ptrdiff_t a_row, const void* x_, size_t rows, size_t cols, void* out_) {
    const char* a = static_cast<const char*>(a_);
    const T* x = static_cast<const T*>(x_);
    T* out = static_cast<T*>(out_);
    for (size_t c = 0; c < cols; ++c) out[c] = T{};
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(a + a_row * static_cast<ptrdiff_t>(r));
      const T factor = x[r];
      COREPY_INDEPENDENT
      for (size_t c = 0; c < cols; ++c) out[c] = multiply_add_complex(factor, row[c], out[c]);
    }
  }
};

template <class T>
void dot(const void* a, ptrdiff_t a_row, const void* b, ptrdiff_t b_row, size_t rows, size_t n, void* out) {
  for (size_t r = 0; r < rows; ++r) {
    const ptrdiff_t k = static_cast<ptrdiff_t>(r);
    static_cast<T*>(out)[r] = Products<T>::dot_row(reinterpret_cast<const T*>(static_cast<const char*>(a) + a_row * k),
                                                   reinterpret_cast<const T*>(static_cast<const char*>(b) + b_row * k), n);
  }
}

template <class T>
constexpr CorepyProducts products() {
  return {dot<T>, Products<T>::combine_rows};
}

COREPY_END
