// Sums of distances and of squared distances from a centre: what variances are made of. Blocks, strides, casts,
// threads and the order in which partial sums are combined are the executor's (crates/kernels/src/reduce).
#pragma once
#include <cstddef>
#include <limits>

#include "reduce_vector.h"

extern "C" {
// sums[r] = the sum of x[i] - centre[r], squares[r] = the sum of |x[i] - centre[r]|^2 over the n elements at
// x + r * stride (bytes). Centres and sums are double, two for a complex number.
typedef void (*CorepySquaresRows)(const void* x, ptrdiff_t stride, size_t rows, size_t n, const double* centre,
                                  double* sums, double* squares);
// sums[c], squares[c] = the same over r of element c of the rows at x + offsets[r] (bytes). `ahead` more offsets follow,
// of rows that will be wanted next.
typedef void (*CorepySquaresColumns)(const void* x, const ptrdiff_t* offsets, size_t rows, size_t ahead, size_t cols,
                                     const double* centre, double* sums, double* squares);
// Turns n squares into those from the mean of `count` elements each, and `centre` into that mean. 1 if any centre was so
// far from it that digits are lost.
typedef uint8_t (*CorepySquaresFinish)(const double* sums, double* squares, double* centre, size_t n, double count);

struct CorepySquares {
  CorepySquaresRows rows;
  CorepySquaresColumns columns;
  CorepySquaresFinish finish;
};
}

COREPY_BEGIN

// T in memory; Parts of them are one number.
template <class T, size_t Parts>
struct Squares {
  static constexpr size_t bytes = std::is_same_v<T, double> ? kRegister : kWidened;
  // double, but dependent on T: of other types GCC forgets the attribute when it calls a template.
  using Distance = decltype(T{} * 1.0);
  typedef Distance Vector __attribute__((vector_size(bytes)));
  static constexpr size_t width = bytes / sizeof(double);
  // Accumulators along a row, the same on every instruction set, and additions to each before they are
  // added to the total.
  static constexpr size_t lanes = 16;
  static constexpr size_t leaf = 16;
  static constexpr size_t registers = lanes / width;

  // sum + distance.
  static COREPY_INLINE Vector added(Vector sum, Vector distance, [[maybe_unused]] Vector one) {
    if constexpr (std::is_same_v<T, double>) return sum + distance;
    else return add_widened(sum, distance, one);
  }

  static COREPY_INLINE Vector load(const T* x) {
    if constexpr (std::is_same_v<T, double>) {
      Vector vector;
      __builtin_memcpy(&vector, x, sizeof(Vector));
      return vector;
    } else {
      return load_widened<Vector>(x);
    }
  }

  static void row(const T* x, size_t n, const double* centre, double* sums, double* squares) {
    double centres[lanes];
    for (size_t i = 0; i < lanes; ++i) centres[i] = centre[i % Parts];
    Vector middle[registers], total[2][registers] = {};
    __builtin_memcpy(middle, centres, sizeof(centres));
    const Vector one = hidden_one<Vector>();
    while (n >= lanes) {
      const size_t steps = n / lanes < leaf ? n / lanes : leaf;
      Vector sum[registers] = {}, square[registers] = {};
#pragma GCC unroll 1
      for (size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 8
        for (size_t k = 0; k < registers; ++k) {
          const Vector distance = load(x + step * lanes + k * width) - middle[k];
          sum[k] = added(sum[k], distance, one);
          square[k] += distance * distance;
        }
      }
      for (size_t k = 0; k < registers; ++k) {
        total[0][k] += sum[k];
        total[1][k] += square[k];
      }
      x += steps * lanes;
      n -= steps * lanes;
    }
    double lane[2][lanes];
    __builtin_memcpy(lane, total, sizeof(lane));
    for (size_t i = 0; i < n; ++i) {
      const double distance = static_cast<double>(x[i]) - centre[i % Parts];
      lane[0][i] += distance;
      lane[1][i] += distance * distance;
    }
    for (size_t half = lanes / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) {
        if (half >= Parts) lane[0][i] += lane[0][i + half];
        lane[1][i] += lane[1][i + half];
      }
    }
    for (size_t p = 0; p < Parts; ++p) sums[p] = lane[0][p];
    *squares = lane[1][0];
  }

  static void rows(const void* x, ptrdiff_t stride, size_t rows, size_t n, const double* centre, double* sums,
                   double* squares) {
    for (size_t r = 0; r < rows; ++r) {
      const char* first = static_cast<const char*>(x) + stride * static_cast<ptrdiff_t>(r);
      row(reinterpret_cast<const T*>(first), n * Parts, centre + r * Parts, sums + r * Parts, squares + r);
    }
  }

  // Columns [c, c + count) of up to `leaf` rows, added to the results. The same columns of the next `ahead` rows come
  // into L2 meanwhile.
  template <size_t Registers>
  static COREPY_INLINE void tile(const char* x, const ptrdiff_t* offsets, size_t rows, [[maybe_unused]] size_t ahead,
                                 size_t c, const double* centre, double* sums, double* squares) {
    constexpr size_t piece = Registers * width * sizeof(T);
    Vector middle[Registers], sum[Registers] = {}, square[Registers] = {};
    const Vector one = hidden_one<Vector>();
#pragma GCC unroll 8
    for (size_t k = 0; k < Registers; ++k) __builtin_memcpy(&middle[k], centre + c + k * width, sizeof(Vector));
#pragma GCC unroll 1
    for (size_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(x + offsets[r]) + c;
      if constexpr (is_asked_ahead<piece>) {
        if (r < ahead) prefetch<piece>(reinterpret_cast<const T*>(x + offsets[rows + r]) + c);
      }
#pragma GCC unroll 8
      for (size_t k = 0; k < Registers; ++k) {
        const Vector distance = load(row + k * width) - middle[k];
        sum[k] = added(sum[k], distance, one);
        square[k] += distance * distance;
      }
    }
    add<Registers>(sum, sums + c);
    add<Registers>(square, squares + c);
  }

  // Adds vectors to memory, one at a time: GCC copies arrays of them in pieces, which then are loaded before they are
  // written (float32, 1000 x 1000, AVX2, one core: 0.34 ms with such copies, 0.17 without).
  template <size_t Registers>
  static COREPY_INLINE void add(const Vector* vectors, double* out) {
#pragma GCC unroll 8
    for (size_t k = 0; k < Registers; ++k) {
      Vector total;
      __builtin_memcpy(&total, out + k * width, sizeof(Vector));
      total += vectors[k];
      __builtin_memcpy(out + k * width, &total, sizeof(Vector));
    }
  }

  static void columns(const void* x_, const ptrdiff_t* offsets, size_t rows, size_t ahead, size_t cols,
                      const double* centre, double* sums, double* squares) {
    // With AVX-512 there are 32 registers.
    constexpr size_t wide = kRegister == 64 ? 8 : 4;
    const char* x = static_cast<const char*>(x_);
    for (size_t c = 0; c < cols * Parts; ++c) sums[c] = 0;
    for (size_t c = 0; c < cols; ++c) squares[c] = 0;
    for (size_t begin = 0; begin < rows; begin += leaf, offsets += leaf) {
      const size_t some = rows - begin < leaf ? rows - begin : leaf;
      const size_t next = rows - begin - some + ahead < some ? rows - begin - some + ahead : some;
      size_t c = 0;
      if constexpr (Parts == 1) {
        for (; c + wide * width <= cols; c += wide * width) {
          tile<wide>(x, offsets, some, next, c, centre, sums, squares);
        }
        for (; c + width <= cols; c += width) tile<1>(x, offsets, some, next, c, centre, sums, squares);
      }
      for (; c < cols; ++c) {
        double sum[Parts] = {}, total = 0;
        for (size_t r = 0; r < some; ++r) {
          const T* element = reinterpret_cast<const T*>(x + offsets[r]) + c * Parts;
          double square = 0;
          for (size_t p = 0; p < Parts; ++p) {
            const double distance = static_cast<double>(element[p]) - centre[c * Parts + p];
            sum[p] += distance;
            square += distance * distance;
          }
          total += square;
        }
        for (size_t p = 0; p < Parts; ++p) sums[c * Parts + p] += sum[p];
        squares[c] += total;
      }
    }
  }

  // The sum of |x - mean|^2 is that from the centre less count * |mean - centre|^2 (Chan, Golub and LeVeque 1983, The
  // American Statistician 37, formula 1.7): of its relative error there is as much more as what is subtracted is larger.
  static uint8_t finish(const double* sums, double* squares, double* centre, size_t n, double count) {
    constexpr double most = 16;
    // A centre this close to the mean is not improved.
    constexpr double close = 8 * std::numeric_limits<double>::epsilon();
    bool is_far = false;
    for (size_t i = 0; i < n; ++i) {
      double excess = 0;
      bool is_close = true;
      for (size_t p = 0; p < Parts; ++p) {
        double& middle = centre[i * Parts + p];
        const double distance = sums[i * Parts + p] / count;
        excess += sums[i * Parts + p] * distance;
        is_close &= __builtin_fabs(distance) <= close * __builtin_fabs(middle);
        middle += distance;
      }
      const double rest = squares[i] - excess;
      is_far |= excess > most * rest && !is_close;
      squares[i] = rest < 0 ? 0 : rest;
    }
    return is_far;
  }
};

template <class T>
struct SquaresOf : Squares<T, 1> {};
template <class Part>
struct SquaresOf<Complex<Part>> : Squares<Part, 2> {};

template <class T>
constexpr CorepySquares squares() {
  return {SquaresOf<T>::rows, SquaresOf<T>::columns, SquaresOf<T>::finish};
}

COREPY_END
