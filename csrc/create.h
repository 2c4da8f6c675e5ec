// Evenly spaced numbers: what arange and linspace write. Each element is computed from its index, so
// that no result depends on where a chunk begins.
#pragma once
#include "cast.h"

extern "C" {
// The line start + i * step per component (the second is a complex number's imaginary part). With a
// divisor other than 0 it is start + (i / divisor) * step: for steps that would underflow.
struct CorepyLine {
  double start[2];
  double step[2];
  double divisor;
};
// Writes the elements first, first + 1, ..., first + n - 1; n is below 2^31.
typedef void (*CorepyLinear)(const CorepyLine* line, uint64_t first, void* out, size_t n);
// The same for integers, modulo 2^64.
typedef void (*CorepyProgression)(uint64_t start, uint64_t step, uint64_t first, void* out, size_t n);
}

COREPY_BEGIN

template <class T>
void progression(uint64_t start, uint64_t step, uint64_t first, void* out, size_t n) {
  using Unsigned = std::make_unsigned_t<T>;
  Unsigned* y = static_cast<Unsigned*>(out);
  const Unsigned base = static_cast<Unsigned>(start + first * step);
  const Unsigned by = static_cast<Unsigned>(step);
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<Unsigned>(base + static_cast<Unsigned>(i) * by);
}

// Integers are rounded towards minus infinity, as NumPy's linspace does.
template <class T>
COREPY_INLINE T from_line(double x) {
  if constexpr (is_integer<T>) {
    return Cast<T>::apply(__builtin_floor(x));
  } else {
    return static_cast<T>(x);
  }
}

template <class T>
void linear(const CorepyLine* line, uint64_t first, void* out, size_t n) {
  constexpr int parts = is_complex<T> ? 2 : 1;
  const double base = static_cast<double>(first);
  const double divisor = line->divisor;
  for (int part = 0; part < parts; ++part) {
    const double start = line->start[part], step = line->step[part];
    const auto write = [&](auto position) {
      // 32-bit indices: these convert to double on every instruction set.
      const int32_t count = static_cast<int32_t>(n);
      if constexpr (is_complex<T>) {
        using Part = decltype(T::re);
        Part* y = static_cast<Part*>(out) + part;
        for (int32_t i = 0; i < count; ++i)
          y[2 * static_cast<size_t>(i)] = static_cast<Part>(start + position(i) * step);
      } else {
        T* y = static_cast<T*>(out);
        for (int32_t i = 0; i < count; ++i) y[i] = from_line<T>(start + position(i) * step);
      }
    };
    if (divisor != 0) {
      write([=](int32_t i) { return (base + static_cast<double>(i)) / divisor; });
    } else {
      write([=](int32_t i) { return base + static_cast<double>(i); });
    }
  }
}

COREPY_END
