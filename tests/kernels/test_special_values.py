"""Zeros of both signs, infinities, NaN, subnormals, the integers' ends: NumPy's results and the standard's."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import COMPLEX, INTEGERS, REAL_FLOATING, SIGNED, array, assert_same, tensor
from support.check import check, comparable
from support.oracle import REGISTRY, function
from support.values import nonnegative, specials

INF, NAN = float("inf"), float("nan")
REAL_CASES = [
    (name, dtype)
    for name, row in REGISTRY.items()
    for dtype, compute in row["computes"].items()
    if compute not in COMPLEX
]


@pytest.mark.parametrize("name, dtype", REAL_CASES)
def test_all_combinations_of_special_values(name, dtype):
    """Every real dtype, every pair (for clip every triple): values, signs of zero, infinities, NaN."""
    arity, compute = REGISTRY[name]["arity"], REGISTRY[name]["computes"][dtype]
    if not comparable(name, compute):
        pytest.skip("long double is no wider than float64 here")
    grid = np.meshgrid(*[specials(dtype)] * arity, indexing="ij")
    operands = [part.reshape(-1) for part in grid]
    if name == "pow" and np.dtype(compute).kind == "i":
        operands[1] = nonnegative(operands[1])
    check(name, compute, getattr(cp, name)(*map(tensor, operands)), operands)


# Where corepy is not NumPy's, and why: (x1, x2) -> result.
FLOOR_DIVIDE = {
    # The standard, by array-api-tests: infinite quotients and zeros of the quotient's sign, as a / b has.
    (INF, 2.0): INF,
    (INF, -2.0): -INF,
    (-INF, 2.0): -INF,
    (2.0, -INF): -0.0,
    (-2.0, INF): -0.0,
    (INF, INF): NAN,
    (1.0, 0.0): INF,
    (-1.0, 0.0): -INF,
    (0.0, 0.0): NAN,
}


@pytest.mark.parametrize("dtype", REAL_FLOATING)
@pytest.mark.parametrize("operands", FLOOR_DIVIDE)
def test_floor_divide_with_infinities(operands, dtype):
    """Follows the standard where NumPy does not."""
    x1, x2 = (tensor(np.array(operand, dtype)) for operand in operands)
    assert_same(cp.floor_divide(x1, x2), np.array(FLOOR_DIVIDE[operands], dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_the_ends_of_the_integers(dtype):
    """Nothing traps: division by zero gives 0, the most negative integer wraps."""
    limits = np.iinfo(dtype)
    low, high = tensor(np.array([limits.min], dtype)), tensor(np.array([limits.max], dtype))
    zero, one = tensor(np.zeros(1, dtype)), tensor(np.ones(1, dtype))
    for x in (low, high, zero, one):
        assert array(x // zero).item() == 0
        assert array(x % zero).item() == 0
    assert array(high + one).item() == limits.min
    assert array(low - one).item() == limits.max
    assert array(abs(low)).item() == limits.min
    if dtype in SIGNED:
        minus = tensor(np.array([-1], dtype))
        assert array(low // minus).item() == limits.min
        assert array(low % minus).item() == 0
        assert array(-low).item() == limits.min
        assert array(low * minus).item() == limits.min


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_by_any_count(dtype):
    """Counts from the width on, and negative ones, move every bit out."""
    width = np.iinfo(dtype).bits
    values = specials(dtype)
    for count in (0, 1, width - 1, width, width + 1, 100, -1, -width):
        if count < 0 and dtype not in SIGNED:
            continue
        x, n = tensor(values), tensor(np.array(count, dtype))
        outside = not 0 <= count < width
        left = np.zeros_like(values) if outside else np.left_shift(values, np.array(count, dtype))
        right = np.where(values < 0, -1, 0).astype(dtype) if outside else values >> np.array(count, dtype)
        assert_same(x << n, left, f"{count}")
        assert_same(x >> n, right, f"{count}")


@pytest.mark.parametrize("dtype", SIGNED)
def test_integers_to_negative_powers_are_refused(dtype):
    """A ValueError wherever the negative exponent lies; unsigned exponents and floats never raise."""
    base = tensor(np.arange(1, 5).astype(dtype))
    for exponent in (-1, tensor(np.array([2, 0, 1, -1], dtype)), tensor(np.array(-3, dtype))):
        with pytest.raises(ValueError, match="pow: .*negative"):
            cp.pow(base, exponent)
        with pytest.raises(ValueError, match="pow: .*negative"):
            base**exponent
    with pytest.raises(ValueError, match="pow: .*negative"):
        2 ** tensor(np.array([1, -1], dtype))
    before = array(base)
    with pytest.raises(ValueError, match="pow: .*negative"):
        base **= -1
    assert_same(base, before)
    assert_same(base**-1.0, before.astype(np.result_type(dtype, 1.0)) ** -1.0)
    assert_same(cp.pow(base, tensor(np.array([], dtype))[:, None]), np.zeros((0, 4), dtype))


# Complex functions where corepy differs from NumPy: inputs and results (no dictionary: -0 equals 0). NumPy's expm1 is its exp less 1
# component by component; its sign takes the direction of an infinity though the other component is NaN; its
# tanh(inf + y j) has a zero of the sign of sin(2 y), as C99, where the standard has the sign of y.
COMPLEX_DIFFERENCES = {
    "expm1": [
        (complex(-0.0, 0.0), complex(0.0, 0.0)),
        (complex(-0.0, -0.0), complex(0.0, -0.0)),
        (complex(INF, 0.0), complex(INF, 0.0)),
        (complex(INF, -0.0), complex(INF, -0.0)),
        (complex(INF, INF), complex(INF, NAN)),
        (complex(INF, -INF), complex(INF, NAN)),
        (complex(INF, NAN), complex(INF, NAN)),
        (complex(-INF, INF), complex(-1.0, 0.0)),
        (complex(-INF, -INF), complex(-1.0, -0.0)),
        (complex(-INF, NAN), complex(-1.0, 0.0)),
        (complex(NAN, 0.0), complex(NAN, 0.0)),
        (complex(NAN, -0.0), complex(NAN, -0.0)),
    ],
    "sign": [
        (complex(INF, NAN), complex(NAN, NAN)),
        (complex(-INF, NAN), complex(NAN, NAN)),
        (complex(NAN, INF), complex(NAN, NAN)),
        (complex(NAN, -INF), complex(NAN, NAN)),
    ],
    "tanh": [
        (complex(INF, 2.5), complex(1.0, 0.0)),
        (complex(INF, -2.5), complex(1.0, -0.0)),
        (complex(-INF, 2.5), complex(-1.0, 0.0)),
        (complex(-INF, -2.5), complex(-1.0, -0.0)),
    ],
    "tan": [
        (complex(2.5, INF), complex(0.0, 1.0)),
        (complex(2.5, -INF), complex(0.0, -1.0)),
        (complex(-2.5, INF), complex(-0.0, 1.0)),
        (complex(-2.5, -INF), complex(-0.0, -1.0)),
    ],
}
COMPLEX_UNARY = [
    (name, dtype)
    for name, row in REGISTRY.items()
    for dtype, compute in row["computes"].items()
    if row["arity"] == 1 and compute in COMPLEX
]


def grid(dtype):
    """Every pair of these components."""
    parts = np.array([0.0, -0.0, 1.0, -1.0, 2.5, -2.5, INF, -INF, NAN])
    result = np.empty((parts.size, parts.size), dtype)
    result.real, result.imag = parts[:, None], parts[None, :]
    return result.reshape(-1)


def same_case(got, expected, tolerance):
    """Equal up to rounding: NaN, infinities and zeros are those of the other.

    Beside a NaN, C99 and the standard leave the sign of a zero or infinity open; and beside an
    infinity, that of a zero made of a finite imaginary part's sine.
    """
    for one, two, other in ((got.real, expected.real, expected.imag), (got.imag, expected.imag, expected.real)):
        if np.isnan(one) != np.isnan(two):
            return False
        if np.isnan(one):
            continue
        if np.isinf(one) or np.isinf(two) or one == 0 or two == 0:
            if abs(one) != abs(two) and abs(one - two) > tolerance:
                return False
            if abs(one) == abs(two) and np.signbit(one) != np.signbit(two) and not np.isnan(other):
                return False
        elif abs(one - two) > tolerance * max(1, abs(two)):
            return False
    return True


@pytest.mark.parametrize("name, dtype", COMPLEX_UNARY)
def test_complex_special_values(name, dtype):
    """Each pair of special components, but for the differences above."""
    values = grid(dtype)
    got = array(getattr(cp, name)(tensor(values)))
    expected = function(name)(values)
    listed = {repr(z): result for z, result in COMPLEX_DIFFERENCES.get(name, [])}
    tolerance = 1e-5 if dtype == "complex64" else 1e-14
    for z, one, numpys in zip(values, got, expected, strict=True):
        two = listed.get(repr(complex(z)), numpys)
        if got.dtype.kind == "c":
            assert same_case(one, two, tolerance), f"{name}({z!r}) is {one!r}, expected {two!r}"
        else:
            assert same_case(complex(one), complex(two), tolerance), f"{name}({z!r}) is {one!r}, expected {two!r}"


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize(
    "name", "add subtract multiply divide maximum minimum equal not_equal less less_equal greater greater_equal".split()
)
def test_complex_pairs_of_special_values(name, dtype):
    """Arithmetic and lexicographic order on each pair of the grid."""
    values = grid(dtype)
    first, second = np.repeat(values, values.size), np.tile(values, values.size)
    got = array(getattr(cp, name)(tensor(first), tensor(second)))
    expected = function(name)(first, second)
    tolerance = 1e-6 if dtype == "complex64" else 1e-15
    for one, two, a, b in zip(got, expected, first, second, strict=True):
        assert same_case(complex(one), complex(two), tolerance), f"{name}({a!r}, {b!r}) is {one!r}, expected {two!r}"


@pytest.mark.parametrize("dtype", COMPLEX)
def test_complex_powers(dtype):
    """Whole powers of 0, 1 and small numbers; the standard leaves the rest open."""
    values = np.array([0, 1, -1, 1j, -1j, 2 + 1j, 0.5 - 2j], dtype)
    x = tensor(values)
    assert_same(x**0, np.ones_like(values))
    np.testing.assert_allclose(array(x**1), values, rtol=1e-6)
    np.testing.assert_allclose(array(x**2), values * values, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(array(x[1:] ** -1), 1 / values[1:], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", REAL_FLOATING)
def test_subnormals_are_not_flushed(dtype):
    """Numbers below the normal range keep their value in every kernel."""
    tiny = np.finfo(dtype).smallest_subnormal
    values = np.array([tiny, 3 * tiny, -tiny, np.finfo(dtype).smallest_normal] * 40, dtype)
    x = tensor(values)
    assert_same(x + x, values + values)
    assert_same(x / 2, values / np.array(2, dtype))
    assert_same(cp.sin(x), values)
    assert_same(cp.expm1(x), values)
    assert_same(cp.sqrt(abs(x)), np.sqrt(abs(values)))


def test_minus_zero_and_nan_survive_copies():
    """positive, astype and assignment keep the sign of zero."""
    x = tensor(np.array([-0.0, NAN]))
    assert_same(+x, np.array([-0.0, NAN]))
    assert np.signbit(array(+x)[0])
