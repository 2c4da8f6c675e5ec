// Evenly spaced numbers: what arange and linspace write. Each element is computed from its index, so
// that no result depends on where a chunk begins.
#pragma once
#include "cast.h"
#include "vector.h"

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
  constexpr size_t lanes = kRegister / sizeof(T);
  size_t i = 0;
  Unsigned head[lanes];
  for (size_t lane = 0; lane < lanes; ++lane)
    head[lane] = static_cast<Unsigned>(base + static_cast<Unsigned>(lane) * by);
  Vector<Unsigned> some = load_vector(head);
  for (; i + lanes <= n; i += lanes) {
    store_vector(y + i, some);
    some += static_cast<Unsigned>(lanes * by);
  }
  for (; i < n; ++i) y[i] = static_cast<Unsigned>(base + static_cast<Unsigned>(i) * by);
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

// start + i * step for i = first, first + 1, ... Sums of whole numbers replace their conversions: below 2^53 they are exact.
// Returns how many elements it has written: all but the last few.
template <class T>
COREPY_INLINE size_t real_line(double start, double step, uint64_t first, T* y, size_t n) {
  constexpr size_t lanes = kRegister / sizeof(double), unroll = 4;
  typedef T Part __attribute__((vector_size(lanes * sizeof(T))));
  double head[lanes];
  for (size_t lane = 0; lane < lanes; ++lane) head[lane] = static_cast<double>(first + lane);
  Vector<double> position[unroll];
  for (size_t k = 0; k < unroll; ++k) position[k] = load_vector(head) + static_cast<double>(k * lanes);
  size_t i = 0;
  for (; i + unroll * lanes <= n; i += unroll * lanes) {
    for (size_t k = 0; k < unroll; ++k) {
      const Part part = __builtin_convertvector(start + position[k] * step, Part);
      __builtin_memcpy(y + i + k * lanes, &part, sizeof(part));
      position[k] += static_cast<double>(unroll * lanes);
    }
  }
  return i;
}

// The same in int32, where that gives the same: whole numbers that all fit are rounded once, to float32.
COREPY_INLINE size_t whole_line(double start, double step, uint64_t first, float* y, size_t n) {
  constexpr double limit = 2147483647.0;
  const double last = start + static_cast<double>(first + n) * step;
  const auto is_whole = [](double x) { return x >= -limit && x <= limit && x == static_cast<int32_t>(x); };
  if (!is_whole(start) || !is_whole(step) || !(last >= -limit && last <= limit)) return 0;
  // A negative zero is no int32.
  if (__builtin_signbit(start) && start == 0) return 0;
  constexpr size_t lanes = kRegister / sizeof(float);
  const uint32_t by = static_cast<uint32_t>(static_cast<int32_t>(step));
  const uint32_t base = static_cast<uint32_t>(static_cast<int32_t>(start)) + static_cast<uint32_t>(first) * by;
  uint32_t head[lanes];
  for (uint32_t lane = 0; lane < lanes; ++lane) head[lane] = base + lane * by;
  Vector<uint32_t> some = load_vector(head);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    store_vector(y + i, __builtin_convertvector((Vector<int32_t>)some, Vector<float>));
    some += static_cast<uint32_t>(lanes) * by;
  }
  return i;
}

template <class T>
void linear(const CorepyLine* line, uint64_t first, void* out, size_t n) {
  constexpr int parts = is_complex<T> ? 2 : 1;
  const double base = static_cast<double>(first);
  const double divisor = line->divisor;
  int32_t done = 0;
  if constexpr (is_real_floating<T>) {
    if (divisor == 0) {
      T* y = static_cast<T*>(out);
      size_t written = 0;
      if constexpr (sizeof(T) == 4) written = whole_line(line->start[0], line->step[0], first, y, n);
      if (written == 0) written = real_line(line->start[0], line->step[0], first, y, n);
      done = static_cast<int32_t>(written);
    }
  }
  for (int part = 0; part < parts; ++part) {
    const double start = line->start[part], step = line->step[part];
    const auto write = [=](auto position) COREPY_INLINE_LAMBDA {
      // 32-bit indices: these convert to double on every instruction set.
      const int32_t count = static_cast<int32_t>(n);
      if constexpr (is_complex<T>) {
        using Part = decltype(T::re);
        Part* y = static_cast<Part*>(out) + part;
        for (int32_t i = 0; i < count; ++i)
          y[2 * static_cast<size_t>(i)] = static_cast<Part>(start + position(i) * step);
      } else {
        T* y = static_cast<T*>(out);
        for (int32_t i = done; i < count; ++i) y[i] = from_line<T>(start + position(i) * step);
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
