// Trigonometric functions, in radians.
#pragma once
#include "../math/complex_functions.h"
#include "../math/inverse_trig_f32.h"
#include "../math/inverse_trig_f64.h"
#include "../math/inverse_trig_wide.h"
#include "../math/trig_f32.h"
#include "../math/trig_f64.h"
#include "function.h"

COREPY_BEGIN

COREPY_FUNCTION(Sin, sin)
COREPY_FUNCTION(Cos, cos)
COREPY_FUNCTION(Tan, tan)
COREPY_FUNCTION(Asin, asin)
COREPY_FUNCTION(Acos, acos)
COREPY_FUNCTION(Atan, atan)
COREPY_FUNCTION(Atan2, atan2)

#ifdef COREPY_WIDE
template <>
struct WideOf<Atan> {
  using type = math::WideAtan;
};
#endif

COREPY_END
