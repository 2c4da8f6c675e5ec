// Turns a function of csrc/math/ into a functor, together with its rare path where it has one.
#pragma once
#include "../types.h"

COREPY_BEGIN

struct NoRare {};

// math::name_rare(...) with an ellipsis is found only where T has no overload of its own.
#define COREPY_FUNCTION(Functor, name)                                            \
  namespace math {                                                                \
  inline NoRare name##_rare(...) { return {}; }                                   \
  inline NoRare name##_slow(...) { return {}; }                                   \
  }                                                                               \
  struct Functor {                                                                \
    template <class... T>                                                         \
    static COREPY_INLINE auto apply(T... x) {                                     \
      return math::name(x...);                                                    \
    }                                                                             \
    template <class... T, class R = decltype(math::name##_rare(Exactly<T>{}...)), \
              class = std::enable_if_t<!std::is_same_v<R, NoRare>>>               \
    static COREPY_INLINE R rare(T... x) {                                         \
      return math::name##_rare(x...);                                             \
    }                                                                             \
    template <class... T>                                                         \
    static COREPY_INLINE auto slow(T... x) {                                      \
      return math::name##_slow(x...);                                             \
    }                                                                             \
  };

COREPY_END
