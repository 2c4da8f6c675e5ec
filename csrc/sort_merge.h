// Sorting indices by the elements that they are of, by merging: for complex numbers that their real
// components do not tell apart.
#pragma once
#include <cstddef>

#include "loops.h"
#include "order.h"

extern "C" {
struct CorepyIndexSort {
  // Writes the real components; NaN where either component is.
  void (*primary)(const void* x, size_t n, void* out);
  // Given indices sorted by the primary components, sorts each run where these are equal, or NaN, by the
  // elements; as much scratch.
  void (*ties)(const void* x, int64_t* indices, int64_t* scratch, size_t n, uint32_t descending);
  // Where the run that ends or goes on at `place` >= 1 ends, among n indices sorted as above.
  size_t (*tie_end)(const void* x, const int64_t* indices, size_t n, size_t place);
};
}

COREPY_BEGIN

template <bool Descending, class T>
COREPY_INLINE bool is_ahead(T a, T b) {
  return Descending ? is_before(b, a) : is_before(a, b);
}

// Stable: of equal elements, those of `a` first.
template <bool Descending, class T>
void merge_indices(const T* x, const int64_t* a, size_t a_size, const int64_t* b, size_t b_size, int64_t* out) {
  size_t i = 0, j = 0;
  while (i < a_size && j < b_size) {
    const bool from_b = is_ahead<Descending>(x[b[j]], x[a[i]]);
    *out++ = from_b ? b[j] : a[i];
    j += from_b;
    i += !from_b;
  }
  __builtin_memcpy(out, a + i, (a_size - i) * sizeof(int64_t));
  __builtin_memcpy(out + (a_size - i), b + j, (b_size - j) * sizeof(int64_t));
}

template <bool Descending, class T>
void sort_indices(const T* x, int64_t* indices, int64_t* scratch, size_t n) {
  constexpr size_t run = 16;
  for (size_t begin = 0; begin < n; begin += run) {
    const size_t end = n - begin < run ? n : begin + run;
    for (size_t i = begin + 1; i < end; ++i) {
      const int64_t index = indices[i];
      size_t j = i;
      for (; j > begin && is_ahead<Descending>(x[index], x[indices[j - 1]]); --j) indices[j] = indices[j - 1];
      indices[j] = index;
    }
  }
  int64_t *from = indices, *to = scratch;
  for (size_t width = run; width < n; width *= 2) {
    for (size_t begin = 0; begin < n; begin += 2 * width) {
      const size_t middle = n - begin < width ? n : begin + width;
      const size_t end = n - middle < width ? n : middle + width;
      merge_indices<Descending>(x, from + begin, middle - begin, from + middle, end - middle, to + begin);
    }
    int64_t* swapped = from;
    from = to;
    to = swapped;
  }
  if (from != indices && n > 0) __builtin_memcpy(indices, from, n * sizeof(int64_t));
}

template <class T>
void primary(const void* x_, size_t n, void* out_) {
  const Complex<T>* x = static_cast<const Complex<T>*>(x_);
  T* out = static_cast<T*>(out_);
  COREPY_INDEPENDENT
  for (size_t i = 0; i < n; ++i) out[i] = x[i].im == x[i].im ? x[i].re : std::numeric_limits<T>::quiet_NaN();
}

template <class T>
COREPY_INLINE bool are_tied(Complex<T> a, Complex<T> b) {
  const bool nan_a = (a.re != a.re) | (a.im != a.im), nan_b = (b.re != b.re) | (b.im != b.im);
  return nan_a | nan_b ? nan_a & nan_b : a.re == b.re;
}

template <class T>
void sort_tied(const void* x_, int64_t* indices, int64_t* scratch, size_t n, uint32_t descending) {
  const Complex<T>* x = static_cast<const Complex<T>*>(x_);
  for (size_t begin = 0, end; begin < n; begin = end) {
    for (end = begin + 1; end < n && are_tied(x[indices[begin]], x[indices[end]]);) ++end;
    if (end - begin == 1) continue;
    if (descending) {
      sort_indices<true>(x, indices + begin, scratch + begin, end - begin);
    } else {
      sort_indices<false>(x, indices + begin, scratch + begin, end - begin);
    }
  }
}

template <class T>
size_t tie_end(const void* x_, const int64_t* indices, size_t n, size_t place) {
  const Complex<T>* x = static_cast<const Complex<T>*>(x_);
  size_t low = place, high = n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (are_tied(x[indices[place - 1]], x[indices[middle]])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

template <class T>
constexpr CorepyIndexSort index_sort() {
  return {primary<T>, sort_tied<T>, tie_end<T>};
}

COREPY_END
