// Sums of squared distances from a centre: what variances are made of. Blocks, strides, casts, threads
// and the order in which partial sums are combined are the executor's (crates/kernels/src/reduce).
#pragma once
#include <cstddef>

#include "reduce_vector.h"

extern "C" {
// out[r] = the sum of |x[i] - centre[r]|^2 over the n elements at x + r * stride (bytes). Centres are
// double, two for a complex number.
typedef void (*CorepySquaresRows)(const void* x, ptrdiff_t stride, size_t rows, size_t n, const double* centre,
                                  double* out);
// out[c] = the sum over r of |x[c] - centre[c]|^2 for the rows at x + offsets[r] (bytes).
typedef void (*CorepySquaresColumns)(const void* x, const ptrdiff_t* offsets, size_t rows, size_t cols,
                                     const double* centre, double* out);

struct CorepySquares {
  CorepySquaresRows rows;
  CorepySquaresColumns columns;
};
}

COREPY_BEGIN

// T in memory; Parts of them are one number.
template <class T, size_t Parts>
struct Squares {
  static constexpr size_t bytes = std::is_same_v<T, double> ? kRegister : kWidened;
  typedef double Vector __attribute__((vector_size(bytes)));
  static constexpr size_t width = bytes / sizeof(double);
  // Accumulators along a row, the same on every instruction set, and additions to each before they are
  // added to the total.
  static constexpr size_t lanes = 16;
  static constexpr size_t leaf = 16;
  static constexpr size_t registers = lanes / width;

  static COREPY_INLINE Vector load(const T* x) {
    if constexpr (std::is_same_v<T, double>) {
      Vector vector;
      __builtin_memcpy(&vector, x, sizeof(Vector));
      return vector;
    } else {
      return load_widened<Vector>(x);
    }
  }

  static double row(const T* x, size_t n, const double* centre) {
    Vector middle[registers], total[registers];
    for (size_t k = 0; k < registers; ++k) {
      for (size_t i = 0; i < width; ++i) middle[k][i] = centre[(k * width + i) % Parts];
      total[k] = Vector{};
    }
    while (n >= lanes) {
      const size_t steps = n / lanes < leaf ? n / lanes : leaf;
      Vector sum[registers] = {};
#pragma GCC unroll 1
      for (size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 8
        for (size_t k = 0; k < registers; ++k) {
          const Vector distance = load(x + step * lanes + k * width) - middle[k];
          sum[k] += distance * distance;
        }
      }
      for (size_t k = 0; k < registers; ++k) total[k] += sum[k];
      x += steps * lanes;
      n -= steps * lanes;
    }
    double lane[lanes];
    __builtin_memcpy(lane, total, sizeof(lane));
    for (size_t i = 0; i < n; ++i) {
      const double distance = static_cast<double>(x[i]) - centre[i % Parts];
      lane[i] += distance * distance;
    }
    for (size_t half = lanes / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) lane[i] += lane[i + half];
    }
    return lane[0];
  }

  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, const double* centre, double* out) {
    for (size_t r = 0; r < rows; ++r) {
      const char* first = static_cast<const char*>(x) + stride * static_cast<ptrdiff_t>(r);
      out[r] = row(reinterpret_cast<const T*>(first), n * Parts, centre + r * Parts);
    }
  }

  // Columns [c, c + count) of up to `leaf` rows, added to `out`.
  template <size_t Registers>
  static COREPY_INLINE void tile(const char* x, const ptrdiff_t* offsets, size_t rows, size_t c, const double* centre,
                                 double* out) {
    Vector middle[Registers], sum[Registers] = {}, total[Registers];
    __builtin_memcpy(middle, centre + c, sizeof(middle));
#pragma GCC unroll 1
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(x + offsets[r]) + c;
#pragma GCC unroll 8
      for (size_t k = 0; k < Registers; ++k) {
        const Vector distance = load(row + k * width) - middle[k];
        sum[k] += distance * distance;
      }
    }
    __builtin_memcpy(total, out + c, sizeof(total));
    for (size_t k = 0; k < Registers; ++k) total[k] += sum[k];
    __builtin_memcpy(out + c, total, sizeof(total));
  }

  static void columns(const void* x_, const ptrdiff_t* offsets, size_t rows, size_t cols, const double* centre,
                      double* out) {
    const char* x = static_cast<const char*>(x_);
    for (size_t c = 0; c < cols; ++c) out[c] = 0;
    for (size_t begin = 0; begin < rows; begin += leaf, offsets += leaf) {
      const size_t some = rows - begin < leaf ? rows - begin : leaf;
      size_t c = 0;
      if constexpr (Parts == 1) {
        for (; c + 4 * width <= cols; c += 4 * width) tile<4>(x, offsets, some, c, centre, out);
        for (; c + width <= cols; c += width) tile<1>(x, offsets, some, c, centre, out);
      }
      for (; c < cols; ++c) {
        double sum = 0;
        for (size_t r = 0; r < some; ++r) {
          const T* element = reinterpret_cast<const T*>(x + offsets[r]) + c * Parts;
          double square = 0;
          for (size_t p = 0; p < Parts; ++p) {
            const double distance = static_cast<double>(element[p]) - centre[c * Parts + p];
            square += distance * distance;
          }
          sum += square;
        }
        out[c] += sum;
      }
    }
  }
};

template <class T>
struct SquaresOf : Squares<T, 1> {};
template <class Part>
struct SquaresOf<Complex<Part>> : Squares<Part, 2> {};

template <class T>
constexpr CorepySquares squares() {
  return {SquaresOf<T>::rows, SquaresOf<T>::columns};
}

COREPY_END
