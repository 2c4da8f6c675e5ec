// Exponentials and logarithms.
#pragma once
#include "../math/complex_functions.h"
#include "../math/exp_f32.h"
#include "../math/exp_f64.h"
#include "../math/exp_wide.h"
#include "../math/log_f32.h"
#include "../math/log_f64.h"
#include "../math/log_wide.h"
#include "../math/pow_f32.h"
#include "../math/pow_f64.h"
#include "function.h"

COREPY_BEGIN

// A function whose special cases cost a fifth of it or more, where most blocks have none.
#define COREPY_ORDINARY_FUNCTION(Functor, name, predicate)                      \
  struct Functor {                                                              \
    template <class T>                                                          \
    static COREPY_INLINE T apply(T x) {                                         \
      return math::name(x);                                                     \
    }                                                                           \
    template <class T, class Strange = decltype(math::predicate(Exactly<T>{}))> \
    static COREPY_INLINE Strange strange(T x) {                                 \
      return math::predicate(x);                                                \
    }                                                                           \
    template <class T>                                                          \
    static COREPY_INLINE T ordinary(T x) {                                      \
      return math::name<true>(x);                                               \
    }                                                                           \
  };

COREPY_ORDINARY_FUNCTION(Exp, exp, exp_strange)
COREPY_FUNCTION(Expm1, expm1)
COREPY_ORDINARY_FUNCTION(Log, log, log_strange)
COREPY_ORDINARY_FUNCTION(Log1p, log1p, log1p_strange)
COREPY_ORDINARY_FUNCTION(Log2, log2, log_strange)
COREPY_ORDINARY_FUNCTION(Log10, log10, log_strange)
COREPY_FUNCTION(LogAddExp, logaddexp)

#ifdef COREPY_WIDE
#define COREPY_WIDE_OF(Functor)       \
  template <>                         \
  struct WideOf<Functor> {            \
    using type = math::Wide##Functor; \
  };
COREPY_WIDE_OF(Exp)
COREPY_WIDE_OF(Expm1)
COREPY_WIDE_OF(Log)
COREPY_WIDE_OF(Log1p)
COREPY_WIDE_OF(Log2)
COREPY_WIDE_OF(Log10)
#endif

COREPY_END
