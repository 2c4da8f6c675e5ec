// Hyperbolic functions.
#pragma once
#include "../math/complex_functions.h"
#include "../math/hyperbolic_f32.h"
#include "../math/hyperbolic_f64.h"
#include "../math/hyperbolic_wide.h"
#include "function.h"

COREPY_BEGIN

COREPY_FUNCTION(Sinh, sinh)
COREPY_FUNCTION(Cosh, cosh)
COREPY_FUNCTION(Tanh, tanh)
COREPY_FUNCTION(Asinh, asinh)
COREPY_FUNCTION(Acosh, acosh)
COREPY_FUNCTION(Atanh, atanh)

#ifdef COREPY_WIDE
template <>
struct WideOf<Tanh> {
  using type = math::WideTanh;
};
#endif

COREPY_END
