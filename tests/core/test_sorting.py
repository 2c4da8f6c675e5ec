"""`sort`, `argsort` and `searchsorted`: against NumPy on any shape and layout, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts, shapes
from support.values import moderate, wild


def stable_order(values, axis, descending):
    """NumPy's stable order along an axis; descending, the reverse but for equal elements."""
    if not descending:
        return np.argsort(values, axis=axis, stable=True)
    backwards = np.argsort(np.flip(values, axis), axis=axis, stable=True)
    return values.shape[axis] - 1 - np.flip(backwards, axis)


@st.composite
def views(draw, dtype):
    """A view of at least one dimension, as an array and as a tensor."""
    shape = draw(shapes(max_size=300).filter(len))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = draw(st.sampled_from([wild, moderate]))
    return draw(layouts(shape)).make(lambda size: values(dtype, size, rng))


@pytest.mark.parametrize("dtype", DTYPES)
@examples(25)
@given(data=st.data())
def test_any_view_along_any_axis(dtype, data):
    """Places, elements, dtype and shape; -0 and 0 keep their order."""
    values, x = data.draw(views(dtype))
    axis = data.draw(st.integers(-values.ndim, values.ndim - 1))
    descending = data.draw(st.booleans())
    stable = data.draw(st.booleans())
    order = stable_order(values, axis, descending)
    assert_same(cp.argsort(x, axis=axis, descending=descending, stable=stable), order)
    expected = np.take_along_axis(values, order, axis)
    assert_same(cp.sort(x, axis=axis, descending=descending, stable=stable), expected)


@examples(60)
@given(data=st.data())
def test_searchsorted_of_any_dtypes(data):
    """Promoted as NumPy does; views; a sorter of any integer dtype."""
    first, second = data.draw(st.sampled_from(DTYPES)), data.draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    size = data.draw(st.integers(0, 120))
    values, x2 = data.draw(layouts(data.draw(shapes(max_size=200)))).make(lambda shape: moderate(second, shape, rng))
    unsorted, x1 = data.draw(layouts((size,))).make(lambda shape: moderate(first, shape, rng))
    side = data.draw(st.sampled_from(["left", "right"]))
    sorter = np.argsort(unsorted, stable=True)
    expected = np.searchsorted(unsorted[sorter], values, side)
    dtype = data.draw(st.sampled_from(["int8", "uint8", "int32", "int64", "uint64"]))
    assert_same(cp.searchsorted(x1, x2, side=side, sorter=tensor(sorter.astype(dtype))), expected)
    assert_same(cp.searchsorted(cp.sort(x1), x2, side=side), expected)


def test_nan_and_signed_zeros():
    """NaNs last, or first; equal elements as they were."""
    nan = np.nan
    x = tensor(np.array([nan, 0.0, -0.0, np.inf, -np.inf, 0.0, -nan, -1]))
    assert_same(cp.sort(x), np.array([-np.inf, -1, 0.0, -0.0, 0.0, np.inf, nan, nan]))
    assert_same(cp.sort(x, descending=True), np.array([nan, nan, np.inf, 0.0, -0.0, 0.0, -1, -np.inf]))
    assert cp.argsort(x).tolist() == [4, 7, 1, 2, 5, 3, 0, 6]
    assert cp.argsort(x, descending=True).tolist() == [0, 6, 3, 1, 2, 5, 7, 4]
    sorted_x = cp.sort(x)
    assert cp.searchsorted(sorted_x, tensor(np.array([nan, 0.0, -0.0]))).tolist() == [6, 2, 2]
    assert cp.searchsorted(sorted_x, tensor(np.array([nan, 0.0, -0.0])), side="right").tolist() == [8, 5, 5]


def test_complex_numbers_with_nan():
    """As NumPy has them: no NaN, imaginary, real, both."""
    nan = np.nan
    values = np.array(
        [complex(nan, nan), complex(nan, -1), complex(5, nan), complex(nan, -2), complex(2, nan), 9 + 1j, 9 + 0j]
    )
    assert_same(cp.sort(tensor(values)), np.sort(values))
    assert cp.argsort(tensor(values)).tolist() == [6, 5, 4, 2, 3, 1, 0]
    assert cp.argsort(tensor(values), descending=True).tolist() == [0, 1, 3, 2, 4, 5, 6]


def test_booleans_other_than_0_and_1():
    """Any byte but 0 is true, and equal to any other."""
    x = cp.from_dlpack(np.array([7, 0, 1, 0, 255], "u1").view("?"))
    assert cp.argsort(x).tolist() == [1, 3, 0, 2, 4]
    assert bytes(memoryview(cp.sort(x)).cast("B")) == b"\0\0\1\1\1"
    assert cp.unique_counts(x).counts.tolist() == [2, 3]


def test_inputs_stay_as_they_are():
    """Also where no copy would be needed to read them."""
    x = cp.asarray([3, 1, 2])
    cp.sort(x), cp.argsort(x), cp.unique_values(x)
    assert x.tolist() == [3, 1, 2]


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (2, 0, 3)])
def test_nothing_to_sort(shape):
    """Along every axis."""
    for axis in range(-len(shape), len(shape)):
        assert cp.sort(cp.zeros(shape), axis=axis).shape == shape
        assert cp.argsort(cp.zeros(shape), axis=axis).dtype == cp.int64


def test_searchsorted_with_scalars():
    """A Python scalar is of the other's dtype where it can be."""
    x = cp.asarray([1, 2, 2, 3], dtype=cp.int8)
    assert cp.searchsorted(x, 2).shape == ()
    assert int(cp.searchsorted(x, 2)) == 1 and int(cp.searchsorted(x, 2, side="right")) == 3
    assert int(cp.searchsorted(x, 2.5)) == 3
    assert int(cp.searchsorted(cp.asarray([1.0, 2.0]), float("nan"))) == 2
    with pytest.raises(OverflowError, match="searchsorted"):
        cp.searchsorted(x, 300)


@pytest.mark.parametrize("dtype", DTYPES)
def test_unsorted_input_has_some_answer(dtype):
    """Within bounds, whatever the order."""
    rng = np.random.default_rng(1)
    for size in (1, 7, 100, 5000):
        for side in ("left", "right"):
            got = array(cp.searchsorted(tensor(wild(dtype, size, rng)), tensor(wild(dtype, 1000, rng)), side=side))
            assert got.min() >= 0 and got.max() <= size


def test_bad_arguments():
    """Each error names the function and what is wrong."""
    x = cp.asarray([1, 2, 3])
    for function in (cp.sort, cp.argsort):
        name = function.__name__
        for axis in (1, -2, 2**70):
            with pytest.raises(IndexError, match=rf"{name}: axis \d+|{name}: axis -2"):
                function(x, axis=axis)
        with pytest.raises(IndexError, match=f"{name}: axis -1 .* 0 dimensions"):
            function(cp.asarray(1))
        with pytest.raises(TypeError, match=f"{name}: axis"):
            function(x, axis=None)
        with pytest.raises(TypeError, match=f"{name}: expected a corepy tensor, not list"):
            function([3, 1])
        with pytest.raises(TypeError):
            function(x, 0)
    with pytest.raises(ValueError, match=r"searchsorted: x1 must have one dimension, got shape \(1, 3\)"):
        cp.searchsorted(cp.asarray([[1, 2, 3]]), x)
    with pytest.raises(ValueError, match='searchsorted: side .* "middle"'):
        cp.searchsorted(x, x, side="middle")
    with pytest.raises(ValueError, match=r"searchsorted: the sorter has shape \(2,\), x1 \(3,\)"):
        cp.searchsorted(x, x, sorter=cp.asarray([0, 1]))
    with pytest.raises(TypeError, match="searchsorted: dtype float64 .* integer sorter"):
        cp.searchsorted(x, x, sorter=cp.asarray([0.0, 1.0, 2.0]))
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"searchsorted: index {index} .* size 3"):
            cp.searchsorted(x, x, sorter=cp.asarray([0, 1, index]))
    with pytest.raises(IndexError, match="searchsorted"):
        cp.searchsorted(x, x, sorter=cp.asarray([0, 1, 2**64 - 1], dtype=cp.uint64))
    with pytest.raises(TypeError, match="searchsorted"):
        cp.searchsorted(x, "2")
    with pytest.raises(TypeError, match="searchsorted: expected a corepy tensor"):
        cp.searchsorted([1, 2], x)
