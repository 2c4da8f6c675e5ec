// Rows repeated, each as often as a number says. Elements are moved by size, whatever their dtype.
#pragma once
#include <cstddef>

#include "copy.h"

extern "C" {
// Writes, one after another, row i of `width` elements counts[i] times, for n rows without gaps.
typedef void (*CorepyRepeat)(const void* x, const int64_t* counts, size_t n, size_t width, void* out);
}

COREPY_BEGIN

template <class T>
void repeat_rows(const void* x_, const int64_t* counts, size_t n, size_t width, void* out_) {
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  for (size_t i = 0; i < n; ++i) {
    for (int64_t left = counts[i]; left > 0; --left) {
      for (size_t c = 0; c < width; ++c) out[c] = x[c];
      out += width;
    }
    x += width;
  }
}

COREPY_END
