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

COREPY_FUNCTION(Exp, exp)
COREPY_FUNCTION(Expm1, expm1)
COREPY_FUNCTION(Log, log)
COREPY_FUNCTION(Log1p, log1p)
COREPY_FUNCTION(Log2, log2)
COREPY_FUNCTION(Log10, log10)
COREPY_FUNCTION(LogAddExp, logaddexp)

COREPY_END
