"""Calls on few elements take ways of their own, past PyO3 and without a plan: they must not be seen but by the clock."""

from __future__ import annotations

import operator
import sys

import numpy as np
import pytest

import corepy as cp
from corepy import _core

DTYPES = ("bool", "int8", "int64", "uint8", "uint64", "float32", "float64", "complex64", "complex128")
BINARY = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.and_, operator.or_, operator.xor),
    *(operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge),
)
UNARY = (operator.neg, operator.abs, operator.invert)
NUMBERS = (2, -3, 0, 1.5, -0.0, float("inf"), 1e300, 2**53 + 1, 2**63, -(2**70), True, 2 + 1j)


def outcome(operation, *operands):
    """The result as a NumPy array, or the kind of error."""
    with np.errstate(all="ignore"):
        try:
            return np.asarray(operation(*operands))
        except (TypeError, OverflowError, IndexError, ValueError) as error:
            return type(error)


def same(own, reference):
    """Whether the outcomes are alike, bits included."""
    if isinstance(own, type) or isinstance(reference, type):
        return own is reference
    return own.dtype == reference.dtype and own.shape == reference.shape and own.tobytes() == reference.tobytes()


def values(dtype, shape=(10,)):
    """Small numbers, none of them 0."""
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 7 + 1).astype(dtype)


@pytest.mark.parametrize("operation", BINARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_operators_of_few_elements_are_those_of_many(operation, dtype):
    # More than go the short way; the results' first elements must be the same.
    few, other = values(dtype), values(dtype)[::-1].copy()
    own = outcome(operation, cp.asarray(few), cp.asarray(other))
    many = outcome(operation, cp.asarray(np.tile(few, 300)), cp.asarray(np.tile(other, 300)))
    assert same(own, many if isinstance(many, type) else many[:10])


@pytest.mark.parametrize("operation", BINARY)
@pytest.mark.parametrize("dtype", ("float32", "float64", "int64", "complex64"))
@pytest.mark.parametrize("number", NUMBERS)
def test_python_numbers_beside_few_elements(operation, dtype, number):
    few = values(dtype)
    for swapped in (False, True):

        def apply(x, *, swapped=swapped):
            return operation(number, x) if swapped else operation(x, number)

        many = outcome(apply, cp.asarray(np.tile(few, 300)))
        assert same(outcome(apply, cp.asarray(few)), many if isinstance(many, type) else many[:10])


@pytest.mark.parametrize("operation", UNARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_unary_operators_of_few_elements(operation, dtype):
    few = values(dtype)
    many = outcome(operation, cp.asarray(np.tile(few, 300)))
    assert same(outcome(operation, cp.asarray(few)), many if isinstance(many, type) else many[:10])


def test_operators_of_unlike_operands():
    a = values("float64")
    for other in (values("float32"), values("float64", (2, 10)), values("float64", ()), a[::-1], a[:0], a[:1]):
        if other.shape == (0,):
            with pytest.raises(ValueError, match="broadcast"):
                cp.asarray(a) + cp.asarray(other)
            continue
        assert same(outcome(operator.sub, cp.asarray(a), cp.asarray(other)), a - other)
        assert same(outcome(operator.sub, cp.asarray(other), cp.asarray(a)), other - a)
    for unknown in (object(), "1", [1.0]):
        with pytest.raises(TypeError):
            cp.asarray(a) + unknown
        assert (cp.asarray(a) == unknown) is False
        assert (cp.asarray(a) != unknown) is True
    # Python's own numbers may be subclassed.
    assert same(np.asarray(cp.asarray(a) + np.float64(2)), a + 2)


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (0, 4), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_attributes(shape, dtype):
    reference = np.zeros(shape, dtype)
    x = cp.asarray(reference)
    for tensor in (x, cp.astype(x, getattr(cp, dtype)), x[...]):
        assert tensor.shape == shape
        assert type(tensor.shape) is tuple
        assert (tensor.ndim, tensor.size, tensor.device) == (len(shape), reference.size, "cpu")
        assert tensor.dtype is getattr(cp, dtype)
    with pytest.raises(AttributeError):
        x.shape = (1,)
    if len(shape) == 2:
        assert x.T.shape == shape[::-1]
    else:
        with pytest.raises(ValueError, match="2 dimensions are required"):
            _ = x.T


def test_attributes_of_what_is_pending():
    with cp.fusion(True):
        x = cp.ones((300, 200)) * 2.0
        y = x + 1
        assert (y.shape, y.ndim, y.size, y.dtype, y.device) == ((300, 200), 2, 60_000, cp.float64, "cpu")
        assert y.T.shape == (200, 300)
        assert float(cp.sum(y.T)) == 180_000
        with pytest.raises(TypeError, match="size 1"):
            bool(x + 2)


def test_transposes_are_views():
    x = cp.asarray(values("float64", (2, 5)))
    x.T[4, 1] = 9.0
    assert float(x[1, 4]) == 9
    assert np.array_equal(np.asarray(x.T), np.asarray(x).T)
    assert np.array_equal(np.asarray(x[:, ::-2].T), np.asarray(x)[:, ::-2].T)


def test_attributes_take_a_reference_to_what_lives_on():
    # Objects that many share; a lost reference would free them in the end, one too many keeps them for ever.
    x = cp.asarray([1.0, 2.0])
    for shared, use in [(x.device, lambda: x.device), (x.dtype, lambda: x.dtype), (type(x), lambda: x + x)]:
        before = sys.getrefcount(shared)
        for _ in range(100):
            use()
        assert abs(sys.getrefcount(shared) - before) < 50


def test_attributes_are_found_through_the_class():
    x = cp.asarray([1.0, 2.0])
    assert type(x).shape.__get__(x) == (2,)
    with pytest.raises(TypeError):
        type(x).shape.__get__(3)
    with pytest.raises(TypeError):
        type(x).__float__(3)
    with pytest.raises(TypeError):
        type(x).__add__(3, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0, 1, 100])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_numbers(dtype, value, shape):
    x = cp.full(shape, dtype(value) if callable(dtype) else np.dtype(dtype).type(value).item(), dtype=dtype)
    reference = np.full(shape, value, dtype).reshape(()).item()
    assert bool(x) is bool(reference)
    if "complex" in dtype:
        for convert in (int, float):
            with pytest.raises(TypeError, match="complex"):
                convert(x)
    else:
        assert (int(x), float(x)) == (int(reference), float(reference))
        assert (type(int(x)), type(float(x))) == (int, float)


def test_numbers_at_the_bounds():
    assert int(cp.asarray(2**64 - 1, dtype=cp.uint64)) == 2**64 - 1
    assert int(cp.asarray(-(2**63))) == -(2**63)
    assert int(cp.asarray(1e300)) == int(1e300)
    with pytest.raises(OverflowError):
        int(cp.asarray(float("inf")))
    with pytest.raises(ValueError, match="NaN"):
        int(cp.asarray(float("nan")))
    assert bool(cp.asarray(float("nan")))
    for convert in (bool, int, float):
        with pytest.raises(TypeError, match="size 1"):
            convert(cp.asarray([1, 2]))


@pytest.mark.parametrize("dtype", ("int8", "int64", "uint8", "uint64"))
@pytest.mark.parametrize("shape", [(0,), (1,), (10,), (2, 3), (256,), (257,)])
def test_few_indices(dtype, shape):
    index = values(dtype, shape)
    for reference in (values("float32", (9,)), values("int8", (9, 3)), values("complex128", (9, 2, 2))):
        own = cp.asarray(reference)
        assert same(np.asarray(own[cp.asarray(index)]), reference[index])
        assert same(np.asarray(own[::-1][cp.asarray(index)]), reference[::-1][index])
    if dtype.startswith("int"):
        assert same(np.asarray(own[cp.asarray(-index)]), reference[-index])


@pytest.mark.parametrize("wrong", [9, -10, 100])
def test_few_indices_out_of_bounds(wrong):
    x = cp.asarray(values("float64", (9,)))
    with pytest.raises(IndexError, match=str(wrong)):
        x[cp.asarray([0, wrong, 1])]
    with pytest.raises(IndexError):
        cp.asarray(1.0)[cp.asarray([0])]
    with pytest.raises(IndexError):
        cp.zeros((0, 2))[cp.asarray([0])]
    assert cp.zeros((0, 2))[cp.zeros(0, dtype=cp.int64)].shape == (0, 2)
    with pytest.raises(IndexError):
        x[cp.asarray([0.0])]


@pytest.mark.parametrize("function", ["sum", "prod", "max", "min", "mean", "any", "all"])
@pytest.mark.parametrize("dtype", ("bool", "int8", "int64", "float32", "float64", "complex64"))
def test_reductions_of_few_elements(function, dtype):
    if dtype == "bool" and function == "mean":
        return
    reference = getattr(np, function)
    for shape in [(2, 5), (5, 2), (16, 3), (17, 3), (1, 4), (2, 3, 4), (4, 1, 3), (3, 40)]:
        array = values(dtype, shape)
        for axis in (*range(len(shape)), (0, 1), tuple(range(len(shape)))[-2:], (0, len(shape) - 1)):
            for keepdims in (False, True):
                own = np.asarray(getattr(cp, function)(cp.asarray(array), axis=axis, keepdims=keepdims))
                wide = array.astype("complex128" if "complex" in dtype else "float64" if "float" in dtype else dtype)
                expected = reference(wide, axis=axis, keepdims=keepdims)
                assert own.shape == expected.shape
                assert np.allclose(own, expected.astype(own.dtype), rtol=1e-6 if own.itemsize < 8 else 1e-14, atol=0)


def test_no_subclasses_of_tensors():
    # The short ways take whatever is of the class for a tensor laid out as such.
    with pytest.raises(TypeError):
        type("Derived", (_core.Tensor,), {})
