#pragma once
#include "../scalar.h"
COREPY_BEGIN
namespace math {
inline double pow(double x, double y) { return __builtin_pow(x, y); }
inline double hypot(double x, double y) { return __builtin_hypot(x, y); }
inline double logaddexp(double x, double y) { return x > y ? x + __builtin_log1p(__builtin_exp(y-x)) : y + __builtin_log1p(__builtin_exp(x-y)); }
}
COREPY_END
