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
// How the spectrum of 2m real numbers and that of the m complex numbers that they are in memory become each other, at
// the places k and m - k for `first` <= k < `last`, from 0 to m / 2: see spectrum_of_real and halves_of_spectrum. The
// powers are those of the root of unity of 2m; `x` may be `z`.
typedef void (*CorepyHalves)(const void* z, void* x, size_t m, size_t first, size_t last, const double* coarse,
                             const double* fine, uint32_t shift, double scale);
// The second half of a spectrum of `n` numbers, conjugate to the first, at the places n - k for `first` <= k < `last`,
// from 1 to (n - 1) / 2; with `conjugate` both halves are conjugated.
typedef void (*CorepyMirror)(void* x, size_t n, size_t first, size_t last, uint32_t conjugate);
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

// Calls pair(k, w^k) for each k of the range; a power is the product of two of the tables' entries.
template <class T, class Pair>
COREPY_INLINE void for_each_power(size_t first, size_t last, const double* coarse, const double* fine, uint32_t shift,
                                  Pair pair) {
  while (first < last) {
    // As far as one entry of the coarse table goes.
    const size_t end = ((first >> shift) + 1) << shift, stop = end < last ? end : last;
    const double* a = coarse + 2 * (first >> shift);
    const double* b = fine + 2 * (first & ((size_t{1} << shift) - 1));
#pragma GCC ivdep
    for (size_t k = first; k < stop; ++k) {
      const double b_re = b[2 * (k - first)], b_im = b[2 * (k - first) + 1];
      pair(k, static_cast<T>(a[0] * b_re - a[1] * b_im), static_cast<T>(a[0] * b_im + a[1] * b_re));
    }
    first = stop;
  }
}

// x[k] = even + w^k odd, x[m - k] = conj(even - w^k odd): the spectrum of 2m real numbers, times `scale`, from that of
// the complex numbers z that they are in pairs, whose parts belonging to even and odd places are taken apart first.
template <class T>
void spectrum_of_real(const void* z_, void* x_, size_t m, size_t first, size_t last, const double* coarse,
                      const double* fine, uint32_t shift, double scale) {
  const T* z = static_cast<const T*>(z_);
  T* x = static_cast<T*>(x_);
  if (first == 0 && last > 0) {
    const T s = static_cast<T>(scale), re = z[0], im = z[1];
    x[0] = (re + im) * s;
    x[2 * m] = (re - im) * s;
    x[1] = x[2 * m + 1] = 0;
    first = 1;
  }
  const T half = static_cast<T>(scale / 2);
  for_each_power<T>(first, last, coarse, fine, shift, [=](size_t k, T w_re, T w_im) {
    const T *a = z + 2 * k, *b = z + 2 * (m - k);
    const T even_re = (a[0] + b[0]) * half, even_im = (a[1] - b[1]) * half;
    const T odd_re = (a[1] + b[1]) * half, odd_im = (b[0] - a[0]) * half;
    const T re = w_re * odd_re - w_im * odd_im, im = w_re * odd_im + w_im * odd_re;
    T *y = x + 2 * k, *v = x + 2 * (m - k);
    y[0] = even_re + re;
    y[1] = even_im + im;
    v[0] = even_re - re;
    v[1] = im - even_im;
  });
}

// The inverse, but for the factor 2m: z[k] = even + i odd, z[m - k] = conj(even) + i conj(odd). The imaginary parts of
// x[0] and x[m] count as 0.
template <class T>
void halves_of_spectrum(const void* x_, void* z_, size_t m, size_t first, size_t last, const double* coarse,
                        const double* fine, uint32_t shift, double scale) {
  const T* x = static_cast<const T*>(x_);
  T* z = static_cast<T*>(z_);
  const T s = static_cast<T>(scale);
  if (first == 0 && last > 0) {
    const T low = x[0], high = x[2 * m];
    z[0] = (low + high) * s;
    z[1] = (low - high) * s;
    first = 1;
  }
  for_each_power<T>(first, last, coarse, fine, shift, [=](size_t k, T w_re, T w_im) {
    const T *a = x + 2 * k, *b = x + 2 * (m - k);
    const T even_re = (a[0] + b[0]) * s, even_im = (a[1] - b[1]) * s;
    const T re = (a[0] - b[0]) * s, im = (a[1] + b[1]) * s;
    const T odd_re = w_re * re - w_im * im, odd_im = w_re * im + w_im * re;
    T *y = z + 2 * k, *v = z + 2 * (m - k);
    y[0] = even_re - odd_im;
    y[1] = even_im + odd_re;
    v[0] = even_re + odd_im;
    v[1] = odd_re - even_im;
  });
}

template <class T>
void mirror(void* x_, size_t n, size_t first, size_t last, uint32_t conjugate) {
  T* x = static_cast<T*>(x_);
  T* y = x + 2 * n;
#pragma GCC ivdep
  for (size_t k = first; k < last; ++k) {
    const T re = x[2 * k], im = x[2 * k + 1];
    *(y - 2 * static_cast<ptrdiff_t>(k)) = re;
    *(y - 2 * static_cast<ptrdiff_t>(k) + 1) = conjugate ? im : -im;
    x[2 * k + 1] = conjugate ? -im : im;
  }
}

COREPY_END
