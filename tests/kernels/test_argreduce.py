"""argmax and argmin: places against NumPy, over any axis of any layout, with any number of threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import COMPLEX, DTYPES, REAL_FLOATING, assert_same, tensor
from support.effort import examples
from support.layouts import layouts, shapes
from support.values import wild

NAMES = ("argmax", "argmin")
# Around vectors, looks (128), blocks (4096 to 32768), units (32768) and panels of rows (127, 32767).
LENGTHS = sorted(
    {1, 2, 3, *(n + more for n in (8, 16, 32, 64, 127, 128, 256, 4096, 32768) for more in (-1, 0, 1)), 10**5}
)


def few(dtype, shape, rng):
    """Few different values: ties everywhere; NaN now and then."""
    values = rng.integers(0, 4, shape).astype(dtype)
    if dtype in REAL_FLOATING or dtype in COMPLEX:
        values = np.where(rng.random(shape) < 0.001, np.nan, values).astype(dtype)
        if dtype in COMPLEX:
            values = values + 1j * rng.integers(0, 2, shape).astype(dtype)
    return values


@examples(300)
@given(data=st.data(), shape=shapes(), dtype=st.sampled_from(DTYPES), ties=st.booleans())
def test_any_axis_of_any_layout(data, shape, dtype, ties):
    """The first of equal elements, a NaN before numbers."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    make = few if ties or dtype in COMPLEX else wild
    a, x = data.draw(layouts(shape)).make(lambda shape: make(dtype, shape, rng))
    axis = data.draw(st.one_of(st.none(), st.integers(-a.ndim, a.ndim - 1))) if a.ndim else None
    for name in NAMES:
        if (a.size if axis is None else a.shape[axis]) == 0:
            with pytest.raises(ValueError, match=f"{name}: the axis has size 0"):
                getattr(cp, name)(x, axis=axis)
            continue
        for keepdims in (False, True):
            expected = np.asarray(getattr(np, name)(a, axis=axis, keepdims=keepdims))
            assert_same(getattr(cp, name)(x, axis=axis, keepdims=keepdims), expected, f"{name} {axis}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LENGTHS)
def test_lengths_and_places(dtype, n, threads):
    """The extremum at the front, at the end, twice; as a row and as columns."""
    rng = np.random.default_rng(n)
    for place in (0, n // 2, n - 1, rng.integers(0, n)):
        a = np.zeros(n, dtype)
        a[place:] = 1
        a[n // 3] = 1
        for b in (a, 1 - a) if dtype != "bool" else (a, ~a):
            columns = cp.asarray(np.stack([b] * 9, axis=1), copy=True)
            for count in (1, 2) if n > 30_000 else (2,):
                threads(count)
                for name in NAMES:
                    expected = np.asarray(getattr(np, name)(b))
                    assert_same(getattr(cp, name)(tensor(b)), expected)
                    assert_same(getattr(cp, name)(columns, axis=0)[8], expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_place_of_short_rows(dtype):
    """Whatever part of a vector, or of several, it is in."""
    for n in (*range(1, 80), *range(120, 136), 300, 517):
        x = cp.eye(n, dtype=getattr(cp, dtype))
        assert cp.argmax(x, axis=1).tolist() == list(range(n)), n
        assert cp.argmin(x, axis=1).tolist() == [int(n > 1), *[0] * (n - 1)], n


@pytest.mark.parametrize("dtype", REAL_FLOATING)
def test_nan_and_signed_zeros(dtype):
    """The first NaN, wherever extrema are; zeros are equal whatever their sign."""
    for n in (3, 40, 5000, 70_000):
        a = np.arange(n, dtype=dtype)
        a[n // 2] = np.nan
        a[n - 1] = np.nan
        for name in NAMES:
            function = getattr(cp, name)
            assert int(function(tensor(a))) == n // 2
            assert int(function(tensor(np.stack([a] * 10, axis=1)), axis=0)[3]) == n // 2
            assert int(function(tensor(np.full(n, np.nan, dtype)))) == 0
    for values in ([-0.0, 0.0], [0.0, -0.0]):
        assert int(cp.argmax(tensor(np.asarray(values, dtype)))) == 0
        assert int(cp.argmin(tensor(np.asarray(values, dtype)))) == 0
    infinite = np.full(100, -np.inf, dtype)
    assert int(cp.argmax(tensor(infinite))) == 0 and int(cp.argmin(tensor(-infinite))) == 0


def test_ascending_and_descending_rows():
    """Every block beats all before; no block does."""
    a = np.arange(300_000.0)
    assert int(cp.argmax(tensor(a))) == a.size - 1 and int(cp.argmin(tensor(a))) == 0
    assert int(cp.argmax(tensor(-a))) == 0 and int(cp.argmin(tensor(-a))) == a.size - 1


def test_booleans_of_other_bytes():
    """Any byte but 0 is true, and none truer than another."""
    owner = np.asarray([0, 1, 2, 255], np.uint8)
    x = cp.from_dlpack(owner.view(bool))
    assert int(cp.argmax(x)) == 1 and int(cp.argmin(x)) == 0
    assert cp.argmax(cp.stack([x] * 9, axis=1), axis=0).tolist() == [1] * 9


@pytest.mark.parametrize("name", NAMES)
def test_errors(name):
    """Each names the function and what is wrong."""
    function = getattr(cp, name)
    with pytest.raises(IndexError, match=f"{name}: axis 2"):
        function(cp.zeros((2, 2)), axis=2)
    with pytest.raises(TypeError, match=name):
        function(cp.zeros((2, 2)), axis=(0, 1))
    with pytest.raises(TypeError, match=f"{name}: expected a corepy tensor"):
        function([1, 2])
    with pytest.raises(ValueError, match=f"{name}: .*size 0"):
        function(cp.zeros((0, 0)))
    assert function(cp.zeros((0, 2)), axis=1).shape == (0,)
    assert function(cp.zeros((0, 2)), axis=1, keepdims=True).shape == (0, 1)
