"""Errors in units in the last place, against a reference of higher precision."""

import numpy as np

# How far the reference itself may be off, in units of the tested dtype: long double's functions
# are good to a few of its own units, 2^-11 of float64's.
REFERENCE_SLACK = 0.01


def error(got, reference):
    """|got - reference| in ULP of the reference rounded to got's dtype, per element.

    Infinite where one is NaN, or the signs differ (zeros included), and the other is or does not.
    An overflowed result counts as the power of two above the largest number.
    """
    got = np.asarray(got)
    with np.errstate(all="ignore"):
        limits = np.finfo(got.dtype)
        beyond = reference.dtype.type(limits.max) * (1 + reference.dtype.type(limits.eps) / 2)
        wide = np.clip(got.astype(reference.dtype), -beyond, beyond)
        target = np.clip(reference, -beyond, beyond)
        # Not np.spacing of the rounded value: the unit of the binade that the reference lies in.
        exponent = np.frexp(target)[1] - 1
        exponent = np.clip(exponent, limits.minexp, limits.maxexp - 1)
        unit = np.ldexp(reference.dtype.type(1), exponent - limits.nmant)
        result = np.abs(wide - target) / unit
        # Both infinite for good: a true infinity is no overflow.
        result = np.where(np.isinf(reference) & np.isinf(got), 0, result)
        result = np.where(np.isinf(reference) & ~np.isinf(got), np.inf, result)
        unlike = (np.isnan(got) != np.isnan(reference)) | (
            ~np.isnan(reference) & (np.signbit(got) != np.signbit(reference))
        )
        result = np.where(np.isnan(got) & np.isnan(reference), 0, result)
    return np.where(unlike, np.inf, result).astype(np.float64)


def complex_error(got, reference):
    """|got - reference| in ULP of the reference's modulus, per element.

    Where the reference is not finite in got's dtype, the result must not be finite either; which of
    the infinities it is, is a matter of special cases.
    """
    limits = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        modulus = np.abs(reference)
        distance = np.abs(got.astype(reference.dtype) - reference)
        exponent = np.clip(np.frexp(modulus)[1] - 1, limits.minexp, limits.maxexp - 1)
        unit = np.ldexp(modulus.dtype.type(1), exponent - limits.nmant)
        result = (distance / unit).astype(np.float64)
        beyond = ~np.isfinite(reference.astype(got.dtype))
    result = np.where(np.isnan(result), np.inf, result)
    return np.where(beyond, np.where(np.isfinite(got), np.inf, 0), result)
