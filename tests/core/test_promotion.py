"""Type promotion: the standard's tables, and NumPy 2's for mixed kinds and Python scalars."""

import itertools

import numpy as np
import pytest

import corepy as cp
from support.arrays import DTYPES, INTEGERS, array, tensor

PAIRS = [(a, b) for a in DTYPES for b in DTYPES]


@pytest.mark.parametrize("a, b", PAIRS)
def test_pairs_promote_as_in_numpy(a, b):
    """In result_type and in every operation, whichever comes first."""
    expected = np.result_type(np.dtype(a), np.dtype(b))
    x, y = tensor(np.ones(2, a)), tensor(np.ones(2, b))
    assert cp.result_type(getattr(cp, a), getattr(cp, b)) == expected
    assert cp.result_type(x, y) == expected
    assert (x + y).dtype == expected and (y * x).dtype == expected
    assert (x == y).dtype == cp.bool


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scalar", [True, 1, 1.0, 1j])
def test_python_scalars_are_weak(dtype, scalar):
    """A scalar of the array's kind or a lower one takes the array's dtype."""
    x = tensor(np.ones(2, dtype))
    expected = np.result_type(np.ones(2, dtype), scalar)
    for result in (x + scalar, scalar + x, cp.multiply(x, scalar), cp.multiply(scalar, x)):
        assert result.dtype == expected
    assert cp.result_type(x, scalar) == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_dimensional_tensors_are_not_weak(dtype):
    """A 0-d tensor promotes as any other, unlike a Python scalar."""
    x, y = tensor(np.ones(2, dtype)), tensor(np.array(1.0, "float64"))
    assert (x + y).dtype == np.result_type(np.dtype(dtype), np.dtype("float64"))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_out_of_range_are_refused(dtype):
    """OverflowError that names the function, the value and the dtype; comparisons hold for any integer."""
    x = tensor(np.ones(2, dtype))
    limits = np.iinfo(dtype)
    for value in (limits.max + 1, limits.min - 1, 10**30, -(10**30)):
        for call in (lambda v: x + v, lambda v: v - x, lambda v: cp.multiply(v, x)):
            with pytest.raises(OverflowError, match=rf"(add|subtract|multiply): .*{dtype}"):
                call(value)
        assert array(x == value).tolist() == [False, False]
        assert array(x != value).tolist() == [True, True]
        assert array(x < value).tolist() == [value > 1] * 2
        assert array(x <= value).tolist() == [value > 1] * 2
        assert array(value < x).tolist() == [value < 1] * 2
        assert array(x >= value).tolist() == [value < 1] * 2
    for value in (limits.max, limits.min):
        assert (x + value).dtype == dtype


def test_integers_compare_exactly_with_each_other():
    """int64 with uint64 promotes to float64 as in NumPy; a Python integer is exact."""
    big = 2**63 + 1
    x = tensor(np.array([big, big - 1], "uint64"))
    assert array(x == big).tolist() == [True, False]
    assert array(x > big - 1).tolist() == [True, False]


def test_floats_beyond_an_integer_are_infinite_or_refused():
    """An integer that no float holds raises; one that only float32 cannot hold is infinite there."""
    x = tensor(np.ones(2, "float64"))
    with pytest.raises(OverflowError, match="add: "):
        x + 10**400


def test_a_python_float_promotes_integers_to_float64():
    """NumPy's default float, for every integer dtype."""
    for dtype in INTEGERS:
        assert (tensor(np.ones(1, dtype)) * 0.5).dtype == cp.float64


def test_no_tensor_at_all():
    """A function of scalars only works in their own dtypes."""
    assert cp.add(1, 2).dtype == cp.int64 and cp.add(1, 2).item() == 3
    assert cp.add(1, 2.5).dtype == cp.float64
    assert cp.add(True, True).dtype == cp.bool
    assert cp.multiply(2, 1j).dtype == cp.complex128


def test_three_promote_alike_in_any_order():
    """The order of the operands does not matter, nor how many there are: NumPy's result for each."""
    for dtypes in itertools.product(DTYPES, repeat=3):
        assert cp.result_type(*(getattr(cp, name) for name in dtypes)) == np.result_type(*map(np.dtype, dtypes))
    x = {name: tensor(np.ones(1, name)) for name in ("uint16", "int16", "float32")}
    for order in itertools.permutations(x.values()):
        assert cp.clip(*order).dtype == cp.float32
