// QR decompositions of small real matrices by reflectors. Rows lie one after the other, so that a reflector is applied
// from the left in runs of vectors, and nothing is transposed.
#pragma once
#include <cstddef>

#include "vector.h"

extern "C" {
// The rows × cols matrix `a`, rows `a_stride` elements apart, becomes R; `q`, rows `q_stride` apart, the first `inner`
// columns of Q. Strides are multiples of 16, and what lies beyond the columns is 0. `work` holds (rows + 1) * the lesser
// side. 0 where the squares of a column overflow or vanish: nothing is of use then.
typedef uint32_t (*CorepyQr)(void* a, size_t a_stride, size_t rows, size_t cols, void* q, size_t q_stride, size_t inner,
                             void* work);
}

COREPY_BEGIN

template <class T>
struct SmallQr {
  using V = Vector<T>;
  static constexpr size_t width = kRegister / sizeof(T);
  // Sums of squares in between lose nothing.
  static constexpr T least = sizeof(T) == 8 ? T(1e-280) : T(1e-25), most = sizeof(T) == 8 ? T(1e280) : T(1e30);

  static COREPY_INLINE T root(T x) {
    if constexpr (sizeof(T) == 8) {
      return __builtin_sqrt(x);
    } else {
      return __builtin_sqrtf(x);
    }
  }

  // Applies 1 - tau v vᵀ, v[first] being 1, to rows first..end, from column `begin` on, a multiple of the vector's width.
  static COREPY_INLINE void apply(const T* v, T tau, T* x, size_t stride, size_t first, size_t end, size_t begin,
                                  size_t cols) {
    for (size_t j = begin; j < cols; j += width) {
      T* top = x + first * stride + j;
      // Two sums, since each waits for itself.
      V sum = load_vector(top), other{};
      size_t i = first + 1;
      for (; i + 2 <= end; i += 2) {
        sum = multiply_add<T>(broadcast(v[i]), load_vector(x + i * stride + j), sum);
        other = multiply_add<T>(broadcast(v[i + 1]), load_vector(x + (i + 1) * stride + j), other);
      }
      if (i < end) sum = multiply_add<T>(broadcast(v[i]), load_vector(x + i * stride + j), sum);
      const V factor = -tau * (sum + other);
      store_vector(top, load_vector(top) + factor);
      for (i = first + 1; i < end; ++i) {
        T* at = x + i * stride + j;
        store_vector(at, multiply_add<T>(broadcast(v[i]), factor, load_vector(at)));
      }
    }
  }

  static uint32_t run(void* a_, size_t a_stride, size_t rows, size_t cols, void* q_, size_t q_stride, size_t inner,
                      void* work) {
    T* a = static_cast<T*>(a_);
    T* q = static_cast<T*>(q_);
    const size_t size = rows < cols ? rows : cols;
    T* tau = static_cast<T*>(work);
    T* reflectors = tau + size;
    for (size_t k = 0; k < size; ++k) {
      T* v = reflectors + k * rows;
      T norm2 = 0, sum = 0;
      for (size_t i = k + 1; i < rows; ++i) {
        v[i] = a[i * a_stride + k];
        norm2 += v[i] * v[i];
        sum += v[i] < 0 ? -v[i] : v[i];
      }
      tau[k] = 0;
      if (sum == 0) continue;
      const T alpha = a[k * a_stride + k];
      const T square = alpha * alpha + norm2;
      if (!(norm2 > least && square < most)) return 0;
      const T beta = alpha < 0 ? root(square) : -root(square);
      tau[k] = (beta - alpha) / beta;
      const T divisor = alpha - beta;
      // Columns up to k are 0 in these rows: whole vectors may reach them.
      for (size_t i = k + 1; i < rows; ++i) {
        v[i] /= divisor;
        a[i * a_stride + k] = 0;
      }
      a[k * a_stride + k] = 0;
      apply(v, tau[k], a, a_stride, k, rows, (k + 1) / width * width, cols);
      a[k * a_stride + k] = beta;
    }
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < q_stride; ++j) q[i * q_stride + j] = 0;
      if (i < inner) q[i * q_stride + i] = 1;
    }
    for (size_t k = size; k-- > 0;) {
      if (tau[k] != 0) apply(reflectors + k * rows, tau[k], q, q_stride, k, rows, k / width * width, inner);
    }
    return 1;
  }
};

COREPY_END
