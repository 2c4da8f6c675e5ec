"""Errors in units in the last place (ULP) of float32 and float64.

One ULP is the distance between two neighbouring numbers in the binade of the exact result: 2^(e - 23) for float32 and
2^(e - 52) for float64 where the result lies in [2^e, 2^(e+1)), not less than the smallest subnormal number. A correctly
rounded result has an error of at most 0.5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

# Bits of the exact figure: enough for a result near 0 that comes of cancellation, as in log(1 + 2^-52).
PRECISION = 400

NAMED_ALIKE = (
    *("exp", "expm1", "log", "log1p", "log10", "sqrt", "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
EXACT: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "pow": lambda x, y: x**y,
    "log2": lambda x: mpmath.log(x, 2),
    "logaddexp": lambda x, y: max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y))),
    **{name: getattr(mpmath, name) for name in NAMED_ALIKE},
}


def errors32(actual: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The errors of float32 results against float64 references; infinite where a special case differs.

    Works on the bits of the exponents, because it sees every float32 there is.
    """
    actual = actual.astype(np.float64)
    exponent = (reference.view(np.int64) >> 52) & 0x7FF
    np.clip(exponent, 1023 - 126, 1023 + 127, out=exponent)
    per_ulp = ((2046 + 23 - exponent) << 52).view(np.float64)
    with np.errstate(all="ignore"):
        errors = np.abs(actual - reference) * per_ulp
    return corrected(errors, actual, reference, per_ulp, 2.0**128)


def errors64(actual: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The errors of float64 results against long double references."""
    wide = actual.astype(np.longdouble)
    exponent = np.clip(np.frexp(reference)[1] - 1, -1022, 1023)
    per_ulp = np.ldexp(np.longdouble(1), 52 - exponent)
    with np.errstate(all="ignore"):
        errors = np.abs(wide - reference) * per_ulp
    return corrected(errors, wide, reference, per_ulp, np.longdouble(2) ** 1024)


def corrected(
    errors: np.ndarray, actual: np.ndarray, reference: np.ndarray, per_ulp: np.ndarray, beyond: Any
) -> np.ndarray:
    """`errors` with results and references that are no finite numbers accounted for.

    An infinite result stands for the number after the largest finite one, `beyond`: it is right where the reference is
    that large, and close to right just below.
    """
    special = ~np.isfinite(errors) | (actual == reference)
    if not special.any():
        return errors
    x, y = actual[special], reference[special]
    with np.errstate(all="ignore"):
        short = np.maximum(beyond - np.abs(y), 0) * per_ulp[special]
    overflowed = np.isinf(x) & ~np.isnan(y) & (np.signbit(x) == np.signbit(y))
    same = (np.isnan(x) & np.isnan(y)) | ((x == y) & (np.signbit(x) == np.signbit(y)))
    errors[special] = np.where(same, 0, np.where(overflowed, short, np.inf))
    return errors


def exact_error(name: str, arguments: tuple[float, ...], actual: float, dtype: str) -> float:
    """The error of one result, from arithmetic with `PRECISION` bits; NaN where there is no finite real result."""
    mantissa, lowest, highest = (23, -126, 127) if dtype == "float32" else (52, -1022, 1023)
    with mpmath.workprec(PRECISION):
        try:
            reference = EXACT[name](*map(mpmath.mpf, arguments))
        except (ValueError, ZeroDivisionError, OverflowError):
            return float("nan")
        if not isinstance(reference, mpmath.mpf) or not mpmath.isfinite(reference):
            return float("nan")
        exponent = int(mpmath.frexp(reference)[1]) - 1 if reference else lowest
        exponent = min(max(exponent, lowest), highest)
        value = mpmath.mpf(actual)
        if mpmath.isinf(value):
            beyond = mpmath.ldexp(1, highest + 1) * (1 if actual > 0 else -1)
            value = reference if abs(reference) >= abs(beyond) and reference * beyond > 0 else beyond
        return float(abs(value - reference) / mpmath.ldexp(1, exponent - mantissa))
