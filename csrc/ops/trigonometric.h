// Trigonometric functions, in radians.
#pragma once
#include "../math/complex_functions.h"
#include "../math/inverse_trig_f32.h"
#include "../math/inverse_trig_f64.h"
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

COREPY_END
