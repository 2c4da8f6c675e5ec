// The choice between two operands by a third, element by element. Elements are moved by size,
// whatever their dtype.
#pragma once
#include "copy.h"
#include "loops.h"
#include "types.h"

COREPY_BEGIN

template <class T>
COREPY_INLINE T choose(Bool condition, T a, T b) {
  if constexpr (std::is_same_v<T, Bytes16>) {
    return {truth(condition) ? a.low : b.low, truth(condition) ? a.high : b.high};
  } else {
    return truth(condition) ? a : b;
  }
}

// args: the condition (Bool), then what is chosen where it holds, then what elsewhere.
template <class T>
void select_run(const void* const* args, void* out, size_t n, uint32_t scalars) {
  const Bool* condition = static_cast<const Bool*>(args[0]);
  const T* a = static_cast<const T*>(args[1]);
  const T* b = static_cast<const T*>(args[2]);
  T* y = static_cast<T*>(out);
  if (scalars & 1) {
    // One condition for all: a copy.
    const T* chosen = truth(condition[0]) ? a : b;
    const size_t step = scalars & (truth(condition[0]) ? 2 : 4) ? 0 : 1;
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) y[i] = chosen[i * step];
  } else if (scalars == 0) {
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) y[i] = choose(condition[i], a[i], b[i]);
  } else if (scalars == 2) {
    const T sa = a[0];
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) y[i] = choose(condition[i], sa, b[i]);
  } else if (scalars == 4) {
    const T sb = b[0];
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) y[i] = choose(condition[i], a[i], sb);
  } else {
    const T sa = a[0], sb = b[0];
    COREPY_INDEPENDENT
    for (size_t i = 0; i < n; ++i) y[i] = choose(condition[i], sa, sb);
  }
}

COREPY_END
