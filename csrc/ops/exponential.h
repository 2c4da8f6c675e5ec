// Exponentials and logarithms.
#pragma once
#include "../math/complex_functions.h"
#include "../math/exp_f32.h"
#include "../math/exp_f64.h"
#include "../math/log_f32.h"
#include "../math/log_f64.h"
#include "../math/pow_f32.h"
#include "../math/pow_f64.h"
#include "function.h"

COREPY_BEGIN

// A logarithm: special cases cost a quarter of it, and most blocks have none.
#define COREPY_LOGARITHM(Functor, name)                                       \
  struct Functor {                                                            \
    template <class T>                                                        \
    static COREPY_INLINE T apply(T x) {                                       \
      return math::name(x);                                                   \
    }                                                                         \
    template <class T, class = std::enable_if_t<std::is_floating_point_v<T>>> \
    static COREPY_INLINE auto strange(T x) {                                  \
      return math::log_strange(x);                                            \
    }                                                                         \
    template <class T>                                                        \
    static COREPY_INLINE T ordinary(T x) {                                    \
      return math::name<true>(x);                                             \
    }                                                                         \
  };

COREPY_FUNCTION(Exp, exp)
COREPY_FUNCTION(Expm1, expm1)
COREPY_LOGARITHM(Log, log)
COREPY_FUNCTION(Log1p, log1p)
COREPY_LOGARITHM(Log2, log2)
COREPY_LOGARITHM(Log10, log10)
COREPY_FUNCTION(LogAddExp, logaddexp)

COREPY_END
