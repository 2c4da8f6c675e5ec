"""The set functions: against NumPy and against their definition, on any shape and layout."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, INTEGERS, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts, shapes
from support.values import moderate, wild

LONG = 150_000


def reference(values):
    """Values, first places, inverse and counts by a stable sort."""
    flat = values.reshape(-1)
    order = np.argsort(flat, stable=True)
    ordered = flat[order]
    starts = np.ones(flat.size, bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    inverse = np.empty(flat.size, np.int64)
    inverse[order] = np.cumsum(starts) - 1
    places = np.flatnonzero(starts)
    return ordered[starts], order[starts], inverse.reshape(values.shape), np.diff(np.append(places, flat.size))


def check(values, x):
    """All four functions."""
    expected = reference(values)
    for got, wanted in zip(cp.unique_all(x), expected, strict=True):
        assert_same(got, wanted)
    unique_values, _, inverse, counts = expected
    assert_same(cp.unique_values(x), unique_values)
    assert_same(cp.unique_counts(x).values, unique_values)
    assert_same(cp.unique_counts(x).counts, counts)
    assert_same(cp.unique_inverse(x).values, unique_values)
    assert_same(cp.unique_inverse(x).inverse_indices, inverse)


@st.composite
def views(draw, dtype):
    """A view, as an array and as a tensor, with few or many distinct elements."""
    shape = draw(shapes(max_size=300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        pool = wild(dtype, 5, rng)
        return draw(layouts(shape)).make(lambda size: pool[rng.integers(0, 5, size)])
    values = draw(st.sampled_from([wild, moderate]))
    return draw(layouts(shape)).make(lambda size: values(dtype, size, rng))


@pytest.mark.parametrize("dtype", DTYPES)
@examples(20)
@given(data=st.data())
def test_unique_of_any_view(dtype, data):
    """NaNs are distinct, -0 and 0 are not; the first of equal elements is the value."""
    check(*data.draw(views(dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_unique_of_many(dtype):
    """Enough for several parts and threads: all distinct, few distinct, one."""
    rng = np.random.default_rng(3)
    for values in (wild(dtype, LONG, rng), moderate(dtype, LONG, rng), np.ones(LONG, dtype)):
        check(values, tensor(values))
    for name in ("unique_values", "unique_counts"):
        values = moderate(dtype, LONG, rng)
        got = getattr(cp, name)(tensor(values))
        got = got if name == "unique_values" else got.values
        assert_same(got, np.unique(values, equal_nan=False))


def test_nothing_and_one_element():
    """Empty and 0-d tensors."""
    for shape in ((0,), (2, 0), ()):
        values = np.zeros(shape)
        check(values, tensor(values))
        assert cp.unique_inverse(tensor(values)).inverse_indices.shape == shape


def test_results_are_named_tuples():
    """Their fields, their names, and that they can be pickled."""
    x = cp.asarray([2, 1, 2])
    every = cp.unique_all(x)
    assert every._fields == ("values", "indices", "inverse_indices", "counts")
    assert cp.unique_counts(x)._fields == ("values", "counts")
    assert cp.unique_inverse(x)._fields == ("values", "inverse_indices")
    assert isinstance(every, tuple) and type(every).__name__ == "UniqueAllResult"
    for result in (every, cp.unique_counts(x), cp.unique_inverse(x)):
        copy = pickle.loads(pickle.dumps(result))
        assert type(copy) is type(result)
        assert [field.tolist() for field in copy] == [field.tolist() for field in result]


@examples(80)
@given(data=st.data())
def test_isin_of_any_dtypes(data):
    """Promoted as NumPy does, but for integers, which are compared as such."""
    first, second = data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(DTYPES))
    values, x1 = data.draw(views(first))
    pool, x2 = data.draw(views(second))
    invert = data.draw(st.booleans())
    if first in INTEGERS and second in INTEGERS:
        members = set(pool.reshape(-1).tolist())
        flat = np.array([value in members for value in values.reshape(-1).tolist()], bool)
        expected = flat.reshape(values.shape) != invert
    else:
        dtype = np.result_type(values, pool)
        members = pool.astype(dtype).reshape(-1)
        expected = (values.astype(dtype)[..., None] == members).any(-1) != invert
    assert_same(cp.isin(x1, x2, invert=invert), expected)


def test_isin_of_many():
    """Enough for several threads."""
    rng = np.random.default_rng(4)
    for dtype in ("int16", "int64", "float32", "float64"):
        values, pool = (moderate(dtype, LONG, rng) for _ in range(2))
        values[::1000] = 111
        assert_same(cp.isin(tensor(values), tensor(pool)), np.isin(values, pool))


def test_isin_with_scalars():
    """On either side; integers out of range are in nothing."""
    x = cp.asarray([1, 2, 3], dtype=cp.int8)
    assert cp.isin(x, 2).tolist() == [False, True, False]
    assert cp.isin(x, 2, invert=True).tolist() == [True, False, True]
    assert cp.isin(2, x).shape == () and bool(cp.isin(2, x)) and not bool(cp.isin(4, x))
    assert cp.isin(x, 1000).tolist() == [False] * 3
    assert not bool(cp.isin(-(2**80), x))
    assert cp.isin(x, 2.5).tolist() == [False] * 3
    assert cp.isin(x, True).tolist() == [True, False, False]


def test_isin_of_signed_and_unsigned():
    """2**64 - 1 is not -1, and neighbours beyond float64's precision differ."""
    signed = tensor(np.array([-1, 2**62 + 1, 5, -(2**63)]))
    unsigned = tensor(np.array([2**64 - 1, 2**62, 5, 2**63], "u8"))
    assert cp.isin(signed, unsigned).tolist() == [False, False, True, False]
    assert cp.isin(unsigned, signed).tolist() == [False, False, True, False]


def test_isin_of_nan_and_zeros():
    """By value: NaN equals nothing, 0 equals -0."""
    nan = float("nan")
    assert cp.isin(cp.asarray([nan, 0.0, -0.0, 1.0]), cp.asarray([nan, -0.0])).tolist() == [False, True, True, False]
    assert cp.isin(cp.asarray([complex(nan, 1), 1j]), cp.asarray([complex(nan, 1), 1j])).tolist() == [False, True]


def test_bad_arguments():
    """What is not a tensor."""
    for function in (cp.unique_all, cp.unique_counts, cp.unique_inverse, cp.unique_values):
        with pytest.raises(TypeError, match=f"{function.__name__}: expected a corepy tensor, not list"):
            function([1, 2])
    with pytest.raises(TypeError, match="isin: x1 or x2 must be a tensor"):
        cp.isin(1, 2)
    with pytest.raises(TypeError, match="isin: expected a corepy tensor or a Python scalar, not str"):
        cp.isin(cp.asarray([1]), "1")


def test_memory_is_given_back():
    """Nothing is kept from one call to the next."""
    x = tensor(np.random.default_rng(0).normal(size=LONG))
    array(cp.unique_all(x).values)
    before = cp.memory_stats()["live"]
    cp.unique_all(x), cp.sort(x), cp.argsort(x), cp.isin(x, x)
    assert cp.memory_stats()["live"] == before
