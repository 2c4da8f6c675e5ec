"""Errors of the float functions, in ULP: at most 1, as the registry says.

float32 against float64, over every exponent; float64 against long double and, on fewer points,
against mpmath. ``COREPY_TEST_EXAMPLES=4096`` takes all 2^32 inputs of each float32 function, some ten
minutes each.
"""

import mpmath
import numpy as np
import pytest

import corepy as cp
from support import ulp
from support.arrays import array, tensor
from support.effort import EFFORT
from support.oracle import HAS_WIDE, REGISTRY, exactness, reference
from support.values import specials

MEASURED = {
    arity: [name for name, row in REGISTRY.items() if row["arity"] == arity and exactness(name, "float64") == "ulp"]
    for arity in (1, 2)
}
CHUNK = 1 << 18


def worst(name, dtype, operands):
    """The largest error in ULP, and where."""
    got = array(getattr(cp, name)(*map(tensor, operands)))
    error = ulp.error(got, reference(name, dtype, operands))
    place = int(error.argmax())
    return error[place], [operand[place].item() for operand in operands], got[place].item()


def check(name, dtype, operands):
    """At most 1 ULP everywhere."""
    error, inputs, got = worst(name, dtype, operands)
    assert error <= 1 + ulp.REFERENCE_SLACK, f"{name} of {inputs} in {dtype} is {got}: {error:.4g} ULP"


@pytest.mark.parametrize("name", MEASURED[1])
def test_float32_over_all_exponents(name):
    """A sample of all bit patterns at an odd stride: 4096 of every exponent by default."""
    count = min(1 << 32, round((1 << 20) * EFFORT))
    stride = -(-(1 << 32) // count) | 1
    for first in range(0, 1 << 32, stride * CHUNK):
        patterns = np.arange(first, min(first + stride * CHUNK, 1 << 32), stride, np.uint64)
        check(name, "float32", [patterns.astype(np.uint32).view(np.float32)])
    check(name, "float32", [specials("float32")])


def regimes(dtype, count, rng):
    """float64 or float32 inputs from each part of a function's domain."""
    return np.concatenate(
        [
            specials(dtype),
            rng.normal(0, 1, count),
            rng.uniform(-1, 1, count),
            rng.uniform(-40, 40, count),
            rng.uniform(-800, 800, count),
            1 + rng.normal(0, 1, count) * 2.0 ** rng.uniform(-50, 0, count),
            rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-1074, 1023, count),
            rng.integers(-2000, 2000, count) * (np.pi / 4) * (1 + rng.normal(0, 1e-16, count)),
            rng.integers(-(2**40), 2**40, count) * np.pi / 2,
        ]
    ).astype(dtype)


@pytest.mark.skipif(not HAS_WIDE, reason="long double is no wider than float64 here")
@pytest.mark.parametrize("name", MEASURED[1])
def test_float64_in_each_regime(name):
    """Small, large, near 1, near multiples of pi / 2, of any exponent."""
    check(name, "float64", [regimes("float64", round(10_000 * EFFORT), np.random.default_rng(4))])


def pairs(name, dtype, count, rng):
    """Pairs of operands: of every exponent, close together, and in the functions' own ranges."""
    a, b = regimes(dtype, count, rng), regimes(dtype, count, rng)
    order = rng.permutation(a.size)
    first, second = [a, a, a], [b[order], a[order], a * dtype_near_one(dtype, a.size, rng)]
    if name == "pow":
        base = np.abs(a)
        # Results of every exponent, and bases near 1 with huge exponents.
        first += [base, 1 + (b * np.finfo(dtype).eps * 8).clip(-0.5, 0.5)]
        with np.errstate(all="ignore"):
            power = rng.uniform(-1070, 1020, a.size) / np.log2(base)
        second += [power, rng.uniform(-1, 1, a.size) / np.finfo(dtype).eps * 30]
    return np.concatenate(first).astype(dtype), np.concatenate(second).astype(dtype)


def dtype_near_one(dtype, size, rng):
    """Factors around 1."""
    return (1 + rng.normal(0, 1, size) * 2.0 ** rng.uniform(-30, 0, size)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MEASURED[2])
def test_binary_functions(name, dtype):
    """atan2, hypot, logaddexp, pow."""
    if dtype == "float64" and not HAS_WIDE:
        pytest.skip("long double is no wider than float64 here")
    check(name, dtype, list(pairs(name, dtype, round(2_000 * EFFORT), np.random.default_rng(5))))


MPMATH = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "atan2": mpmath.atan2,
    "hypot": mpmath.hypot,
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "pow": mpmath.power,
}


@pytest.mark.parametrize("name", MEASURED[1] + MEASURED[2])
def test_float64_against_mpmath(name):
    """Points whose reference has 400 bits, where long double itself may be wrong."""
    rng = np.random.default_rng(6)
    points = regimes("float64", 40, rng)
    points = points[np.isfinite(points) & (np.abs(points) < 1e300) & (points != 0)]
    operands = [points[rng.permutation(points.size)[:300]] for _ in range(REGISTRY[name]["arity"])]
    if name in ("asin", "acos", "atanh"):
        operands[0] = np.where(np.abs(operands[0]) >= 1, 1 / operands[0], operands[0])
    elif name in ("log", "log2", "log10", "pow"):
        operands[0] = np.abs(operands[0])
    elif name == "acosh":
        operands[0] = np.maximum(np.abs(operands[0]), 1 + 1e-9)
    elif name == "log1p":
        operands[0] = np.where(operands[0] <= -1, -operands[0], operands[0])
    got = array(getattr(cp, name)(*map(tensor, operands)))
    for place in range(operands[0].size):
        # What overflows or underflows is for the special values; mpmath's exponents have no end.
        if not np.isfinite(got[place]) or abs(got[place]) < 1e-300:
            continue
        inputs = [float(operand[place]) for operand in operands]
        with mpmath.workprec(1500):
            exact = MPMATH[name](*map(mpmath.mpf, inputs))
            error = abs(mpmath.mpf(float(got[place])) - exact) / mpmath.mpf(float(np.spacing(abs(got[place]))))
        assert error <= 1, f"{name} of {inputs} is {got[place]!r}: {mpmath.nstr(error, 5)} ULP"


def test_mpmath_knows_every_measured_function():
    """The table above misses none."""
    assert set(MPMATH) == {*MEASURED[1], *MEASURED[2]}
