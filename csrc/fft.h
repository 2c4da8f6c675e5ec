// The multiplications that a long Fourier transform needs besides the short ones that it is made of.
#pragma once
#include <cstddef>
#include <cstdint>

#include "scalar.h"

extern "C" {
// x[k] *= w^(power * k) for the `n` complex numbers x[k], where w is a root of unity given by two tables of complex
// numbers: w^e = coarse[e >> shift] * fine[e & ((1 << shift) - 1)]. No exponent reaches the tables' end.
typedef void (*CorepyTwiddle)(void* x, size_t n, size_t power, const double* coarse, const double* fine,
                              uint32_t shift);
}

COREPY_BEGIN

struct Root {
  double re, im;
};

COREPY_INLINE Root root_power(size_t e, const double* coarse, const double* fine, uint32_t shift) {
  const double* a = coarse + 2 * (e >> shift);
  const double* b = fine + 2 * (e & ((size_t{1} << shift) - 1));
  return {a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]};
}

// w^(power * k) is the product of a power for the block that k lies in and one for its place there: two products of
// complex numbers per element, of which each rounds within one unit in the last place.
template <class T>
void twiddle(void* x_, size_t n, size_t power, const double* coarse, const double* fine, uint32_t shift) {
  constexpr size_t block = 32;
  T* x = static_cast<T*>(x_);
  T re[block], im[block];
  for (size_t k = 0; k < block && k < n; ++k) {
    const Root b = root_power(power * k, coarse, fine, shift);
    re[k] = static_cast<T>(b.re);
    im[k] = static_cast<T>(b.im);
  }
  for (size_t first = 0; first < n; first += block) {
    const Root a = root_power(power * first, coarse, fine, shift);
    const T a_re = static_cast<T>(a.re), a_im = static_cast<T>(a.im);
    const size_t count = n - first < block ? n - first : block;
    T* y = x + 2 * first;
#pragma GCC ivdep
    for (size_t k = 0; k < count; ++k) {
      const T b_re = re[k], b_im = im[k];
      const T w_re = a_re * b_re - a_im * b_im, w_im = a_re * b_im + a_im * b_re;
      const T y_re = y[2 * k], y_im = y[2 * k + 1];
      y[2 * k] = y_re * w_re - y_im * w_im;
      y[2 * k + 1] = y_re * w_im + y_im * w_re;
    }
  }
}

COREPY_END
