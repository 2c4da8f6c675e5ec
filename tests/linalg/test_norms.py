"""Norms, diagonals, traces, cross and outer products, against NumPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linalg.matrices import DTYPES, epsilon, random

import corepy as cp
from support.arrays import INTEGERS, assert_same, real_dtype, tensor
from support.layouts import layouts

ORDERS = (0, 1, 2, 3, 0.5, -1, -2, -2.5, math.inf, -math.inf)


def reference(x, axis, keepdims, order):
    """The norm in float64."""
    wide = np.abs(x.astype("complex128" if x.dtype.kind == "c" else "float64"))
    with np.errstate(all="ignore"):
        return np.linalg.vector_norm(wide, axis=axis, keepdims=keepdims, ord=order)


@given(st.data())
def test_vector_norm(data):
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=4)))
    array, view = data.draw(layouts(shape)).make(lambda shape: random(shape, dtype))
    axes = st.none() | st.integers(-len(shape), len(shape) - 1) if shape else st.none()
    some = st.lists(st.sampled_from(range(len(shape))), unique=True, min_size=1).map(tuple) if shape else st.none()
    axis, keepdims = data.draw(axes | some), data.draw(st.booleans())
    order = data.draw(st.sampled_from(ORDERS))
    result = np.asarray(cp.linalg.vector_norm(view, axis=axis, keepdims=keepdims, ord=order))
    expected = reference(array, axis, keepdims, order)
    assert result.dtype == real_dtype(dtype)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=100 * epsilon(dtype))


def test_vector_norm_special_cases():
    assert float(cp.linalg.vector_norm(cp.asarray([3, 4]))) == 5
    assert cp.linalg.vector_norm(cp.asarray([3, 4], dtype=cp.int8)).dtype == cp.float64
    assert float(cp.linalg.vector_norm(cp.asarray([1.0, math.nan]))) != float("inf")
    assert math.isnan(float(cp.linalg.vector_norm(cp.asarray([1.0, math.nan]), ord=math.inf)))
    assert float(cp.linalg.vector_norm(cp.asarray([1.0, -math.inf]))) == math.inf
    # float32 is accumulated in float64, where its squares do not overflow.
    assert float(cp.linalg.vector_norm(cp.asarray([3e30, 4e30], dtype=cp.float32))) == np.float32(5e30)
    for order, expected in ((0, 0), (1, 0), (2, 0), (3, 0), (math.inf, 0), (-math.inf, math.inf)):
        assert_same(cp.linalg.vector_norm(cp.zeros((2, 0)), axis=1, ord=order), np.full(2, float(expected)))
    assert cp.linalg.vector_norm(cp.zeros((0, 3)), axis=1).shape == (0,)
    assert cp.linalg.vector_norm(cp.zeros((0, 3)), axis=1, ord=math.inf).shape == (0,)
    assert cp.linalg.vector_norm(cp.ones((2, 3)), axis=()).shape == (2, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
@pytest.mark.parametrize("keepdims", [False, True])
def test_matrix_norm(order, dtype, keepdims):
    for shape in ((3, 3), (2, 4, 3), (2, 1, 3, 5)):
        a = random(shape, dtype)
        wide = a.astype(np.result_type(dtype, "float64"))
        result = np.asarray(cp.linalg.matrix_norm(tensor(a), ord=order, keepdims=keepdims))
        expected = np.linalg.matrix_norm(wide, ord=order, keepdims=keepdims)
        assert result.dtype == real_dtype(dtype)
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=300 * epsilon(dtype))


def test_matrix_norm_of_nothing():
    for shape in ((0, 0), (0, 3), (3, 0), (2, 0, 3)):
        for order, expected in (("fro", 0), ("nuc", 0), (2, 0), (-2, math.inf)):
            assert_same(cp.linalg.matrix_norm(cp.zeros(shape), ord=order), np.full(shape[:-2], float(expected)))
        for order in (1, -1, math.inf, -math.inf):
            assert cp.linalg.matrix_norm(cp.zeros(shape), ord=order).shape == shape[:-2]


@given(st.data())
def test_diagonal_and_trace(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 4), min_size=2, max_size=5)))
    array, view = data.draw(layouts(shape)).make(lambda shape: np.round(random(shape) * 9).astype("int16"))
    offset = data.draw(st.integers(-6, 6))
    assert_same(cp.linalg.diagonal(view, offset=offset), np.linalg.diagonal(array, offset=offset))
    assert_same(cp.linalg.trace(view, offset=offset), np.linalg.trace(array, offset=offset, dtype="int64"))


def test_a_diagonal_is_a_view():
    x = cp.zeros((2, 3, 3))
    cp.linalg.diagonal(x, offset=-1)[...] = 1
    assert_same(x, np.stack([np.eye(3, k=-1)] * 2))
    assert cp.linalg.diagonal(cp.eye(2), offset=2**70).shape == (0,)
    assert cp.linalg.diagonal(cp.eye(2), offset=-(2**70)).shape == (0,)
    with pytest.raises(ValueError, match="read-only"):
        cp.linalg.diagonal(cp.broadcast_to(cp.ones(2), (2, 2)))[...] = 1


def test_trace_has_the_dtype_of_sum():
    for dtype in (*INTEGERS, *DTYPES):
        a = tensor(np.eye(3, dtype=dtype))
        assert cp.linalg.trace(a).dtype == cp.sum(a).dtype
    assert cp.linalg.trace(cp.eye(3), dtype=cp.float32).dtype == cp.float32


@pytest.mark.parametrize("dtype", [*DTYPES, "int32", "uint8"])
@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [((3,), (3,), -1), ((2, 3), (3,), -1), ((3, 2), (3, 1), -2), ((4, 1, 3), (5, 3), -1), ((0, 3), (3,), -1), ((3, 4), (3, 4), 0)],
)  # fmt: skip
def test_cross(first, second, axis, dtype):
    a, b = np.round(random(first) * 5).astype(dtype), np.round(random(second, seed=1) * 5).astype(dtype)
    place = axis if axis < 0 else axis - len(first)
    columns = [np.moveaxis(x, place, -1) for x in (a, b)]
    expected = np.moveaxis(np.cross(*columns), -1, place)
    result = cp.linalg.cross(tensor(a), tensor(b), axis=axis)
    assert result.dtype == expected.dtype
    assert np.array_equal(np.asarray(result), expected)


def test_outer():
    a, b = np.array([1, 2, 3], "int8"), np.array([1.5, -1], "float32")
    assert_same(cp.linalg.outer(tensor(a), tensor(b)), np.linalg.outer(a, b))
    assert cp.linalg.outer(cp.ones(0), cp.ones(3)).shape == (0, 3)
    column = cp.asarray(np.arange(6.0))[::-2]
    assert_same(cp.linalg.outer(column, column), np.outer([5.0, 3, 1], [5.0, 3, 1]))
