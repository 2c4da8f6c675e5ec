"""NumPy as the oracle of element-wise operations, and where corepy differs on purpose."""

from fractions import Fraction

import mpmath
import numpy as np

import corepy._core as core
from support.arrays import real_dtype

REGISTRY = {row["name"]: row for row in core.registry()}

# NumPy's long double has more bits than float64 on x86; elsewhere it may be float64 itself.
HAS_WIDE = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
WIDER = {
    "float32": np.dtype("float64"),
    "float64": np.dtype("longdouble"),
    "complex64": np.dtype("complex128"),
    "complex128": np.dtype("clongdouble"),
}

# In ULP of the modulus, per complex function: the largest error of 400,000 random points in
# complex128, with a margin. Everything else is held to 1 ULP of each component.
COMPLEX_ULP = {
    "multiply": 2.0,
    "square": 2.0,
    "divide": 3.0,
    "reciprocal": 2.5,
    "sign": 2.5,
    "sqrt": 2.0,
    "exp": 2.0,
    "expm1": 3.0,
    "log": 3.0,
    "log1p": 4.5,
    "log2": 3.0,
    "log10": 3.0,
    "sin": 3.5,
    "cos": 3.5,
    "sinh": 3.5,
    "cosh": 3.5,
    "tan": 7.0,
    "tanh": 7.0,
    "asin": 4.5,
    "acos": 4.5,
    "asinh": 4.5,
    "acosh": 4.5,
    "atan": 3.5,
    "atanh": 3.5,
    "pow": 3.0,
}


def function(name):
    """NumPy's function of the standard's name."""
    return getattr(np, name)


def result_dtype(name, compute):
    """The result's dtype by the registry's rule."""
    return {"same": compute, "bool": "bool", "real": real_dtype(compute)}[REGISTRY[name]["result"]]


def exactness(name, compute):
    """How close the result must be: "exact", or "ulp" (real), or "modulus" (complex)."""
    accuracy = REGISTRY[name]["accuracy"]
    if accuracy == "Exact." and not (name == "sign" and compute in ("complex64", "complex128")):
        return "exact"
    if compute in ("complex64", "complex128"):
        if name in ("add", "subtract", "negative", "positive", "conj"):
            return "exact"
        return "ulp" if result_dtype(name, compute) != compute else "modulus"
    if accuracy == "Correctly rounded for real dtypes." or compute not in ("float32", "float64"):
        return "exact"
    return "exact" if name == "abs" else "ulp"


def promoted(*dtypes):
    """NumPy 2's promotion of dtypes."""
    return np.result_type(*map(np.dtype, dtypes)).name


def compute_dtype(name, *operands):
    """The dtype that the registry computes in for operands of these dtypes; None outside its domain."""
    return REGISTRY[name]["computes"].get(promoted(*operands))


def _complex_log1p(z):
    x, y = z.real, z.imag
    # log|1 + z| without 1 + x, whose rounding a small z would not survive.
    modulus = np.where(np.abs(z) < 0.5, np.log1p(x * (x + 2) + y * y) / 2, np.log(np.hypot(1 + x, y)))
    return _join(modulus, np.arctan2(y, 1 + x))


def _complex_expm1(z):
    x, y = z.real, z.imag
    half = np.sin(y / 2)
    return _join(np.expm1(x) * np.cos(y) - 2 * half * half, np.exp(x) * np.sin(y))


def _complex_sign(z):
    return np.where(z == 0, z, z / np.abs(z))


def _join(re, im):
    z = np.empty(np.shape(re), np.result_type(re, 1j))
    z.real, z.imag = re, im
    return z


def _logaddexp(a, b):
    result = np.logaddexp(a, b)
    # log(exp(a) + exp(b)) near 0 cancels: long double has too few digits there.
    high, low = np.maximum(a, b), np.minimum(a, b)
    for place in map(tuple, np.argwhere(np.abs(result) < np.abs(high) / 4)):
        with mpmath.workprec(300):
            larger, smaller = (mpmath.mpf(float(np.broadcast_to(part, result.shape)[place])) for part in (high, low))
            exact = larger + mpmath.log1p(mpmath.exp(smaller - larger))
            result[place] = result.dtype.type(mpmath.nstr(exact, 25))
    return result


def _pow(x1, x2):
    # For a single exponent of 0.5 NumPy takes the square root, which is not pow at -0 and -inf.
    shape = np.broadcast_shapes(np.shape(x1), np.shape(x2))
    x1, x2 = (np.append(np.broadcast_to(part, shape), part.dtype.type(1)) for part in (x1, x2))
    return np.pow(x1, x2)[:-1].reshape(shape)


# NumPy's own lose all digits near 0 (log1p, expm1), or give no NaN or the wrong zero (sign).
_COMPLEX = {"log1p": _complex_log1p, "expm1": _complex_expm1, "sign": _complex_sign}


def reference(name, compute, operands):
    """The expected result: exact in the result's dtype, else in the next wider one."""
    how = exactness(name, compute)
    wide = np.dtype(compute) if how == "exact" else WIDER[compute]
    arguments = [np.asarray(operand).astype(compute).astype(wide) for operand in operands]
    if how != "exact" and wide.kind == "c" and name in _COMPLEX:
        return np.asarray(_COMPLEX[name](*arguments))
    if name == "pow":
        return _pow(*arguments).astype(result_dtype(name, compute) if how == "exact" else wide)
    if name == "logaddexp":
        return np.asarray(_logaddexp(*(np.asarray(part) for part in arguments)))
    if name == "floor_divide" and wide.kind == "f":
        return floor_divide(*arguments)
    result = np.asarray(function(name)(*arguments))
    return result.astype(result_dtype(name, compute)) if how == "exact" else result


def floor_divide(a, b):
    """NumPy's, with the standard's cases for infinite operands, and exact.

    An infinite dividend gives an infinity and an infinite divisor a zero, as a / b does; NumPy gives
    NaN, and -1 where the signs differ. Near the largest exact integers NumPy's quotient may be off
    by one: it rounds twice.
    """
    quotient = np.divide(a, b)
    result = np.asarray(np.where(np.isinf(a) | np.isinf(b), quotient, np.floor_divide(a, b)))
    limit = 2 / np.finfo(a.dtype).eps
    for place in map(tuple, np.argwhere((np.abs(quotient) > limit / 16) & (np.abs(quotient) < limit))):
        whole = Fraction(float(np.broadcast_to(a, result.shape)[place]))
        result[place] = whole // Fraction(float(np.broadcast_to(b, result.shape)[place]))
    return result
