"""Data type functions, broadcasting functions and clip against NumPy."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import COMPLEX, DTYPES, INTEGERS, REAL_FLOATING, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate, specials

dtypes = st.sampled_from(DTYPES)
shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)
PAIRS = [(a, b) for a in DTYPES for b in DTYPES]


@examples(200)
@given(data=st.data(), shape=shapes, source=dtypes, target=dtypes)
def test_astype(data, shape, source, target):
    layout = data.draw(layouts(shape))
    values, x = layout.make(lambda base: np.abs(moderate(source, base, np.random.default_rng(0))).astype(source))
    if source in COMPLEX and target not in (*COMPLEX, "bool"):
        with pytest.raises(TypeError, match=f"astype: cannot cast {source} to {target}"):
            cp.astype(x, target)
        return
    result = cp.astype(x, target)
    assert_same(result, values.astype(target))
    assert result is not x
    assert (cp.astype(x, target, copy=False) is x) == (source == target)


def test_astype_refuses_other_arguments():
    x = cp.asarray([1.0])
    for bad in ([1.0], np.ones(2), 1.0):
        with pytest.raises(TypeError, match="astype: expected a corepy tensor"):
            cp.astype(bad, "float32")
    for bad in ("float16", np.dtype("M8[s]"), None, 3):
        with pytest.raises(TypeError, match="astype: .* is not a dtype"):
            cp.astype(x, bad)
    with pytest.raises(ValueError, match="astype: unsupported device"):
        cp.astype(x, "float32", device="gpu")


@examples(100)
@given(shapes=st.lists(st.lists(st.sampled_from([1, 1, 2, 3]), max_size=3).map(tuple), max_size=4))
def test_broadcasting_functions(shapes):
    arrays = [np.arange(math.prod(shape), dtype=f"int{8 << i}").reshape(shape) for i, shape in enumerate(shapes)]
    tensors = [tensor(values) for values in arrays]
    try:
        expected = np.broadcast_arrays(*arrays)
    except ValueError:
        for function, arguments in [(cp.broadcast_shapes, shapes), (cp.broadcast_arrays, tensors)]:
            with pytest.raises(ValueError, match=f"{function.__name__}: shapes .* cannot be broadcast"):
                function(*arguments)
        return
    assert cp.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)
    result = cp.broadcast_arrays(*tensors)
    assert isinstance(result, tuple) and len(result) == len(expected)
    for got, wanted in zip(result, expected, strict=True):
        assert_same(got, wanted)


def test_broadcast_views_share_memory_and_cannot_be_written():
    x = cp.asarray([1.0, 2.0, 3.0])
    view = cp.broadcast_to(x, [2, 3])
    x[0] = 9.0
    assert view.tolist() == [[9.0, 2.0, 3.0]] * 2 and view.strides == (0, 8)
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1.0
    assert_same(cp.broadcast_to(x, (np.int64(1), cp.asarray(3))), array(x)[None])
    for shape in [(2,), (3, 2), (), (2, -3)]:
        with pytest.raises(ValueError, match="^broadcast_to: "):
            cp.broadcast_to(x, shape)
    with pytest.raises(ValueError, match="too large"):
        cp.broadcast_to(cp.asarray(1.0), (2**62, 2**62))
    assert cp.broadcast_to(cp.asarray(1.0), (2**30, 2**29)).shape == (2**30, 2**29)
    assert cp.broadcast_shapes() == () and cp.broadcast_shapes(3, (2, 1), [1]) == (2, 3)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_promotion_is_numpys(a, b):
    expected = np.result_type(a, b)
    # There is no float16 here, float32 stands in its place, as in every function of small integers.
    if expected == np.float16:
        expected = np.dtype("float32")
    assert cp.result_type(a, b) == expected
    assert cp.result_type(cp.zeros(2, dtype=a), getattr(cp, b)) == expected
    assert cp.can_cast(a, b) == (np.can_cast(a, b) or (a in ("int8", "uint8") and b == "float32"))
    assert cp.can_cast(cp.zeros(2, dtype=a), getattr(cp, b)) == cp.can_cast(a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scalar", [True, 3, 2.5, 1j])
def test_scalars_promote_weakly(dtype, scalar):
    expected = np.result_type(np.empty(2, dtype), scalar)
    assert cp.result_type(getattr(cp, dtype), scalar) == expected
    assert cp.result_type(scalar, cp.zeros(2, dtype=dtype)) == expected


def test_result_type_of_anything():
    assert cp.result_type(1, 2.0) == cp.float64 and cp.result_type(True) == cp.bool
    assert cp.result_type(cp.bool, 1, 1.0) == cp.float64
    assert cp.result_type(cp.float32, 1j, 2.0) == cp.complex64
    assert cp.result_type(float, "int8", np.dtype("int16")) == cp.float64
    with pytest.raises(ValueError, match="result_type: at least one"):
        cp.result_type()
    for bad in ("x", None, [1]):
        with pytest.raises(TypeError, match="result_type: "):
            cp.result_type(cp.int8, bad)
    with pytest.raises(TypeError, match="can_cast: "):
        cp.can_cast(1, cp.int8)


KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_isdtype(dtype):
    letter = np.dtype(dtype).kind
    own = getattr(cp, dtype)
    for kind, letters in KINDS.items():
        assert cp.isdtype(own, kind) is (letter in letters)
    assert cp.isdtype(own, own) and cp.isdtype(dtype=own, kind=(cp.int8, "numeric", "bool"))
    assert cp.isdtype(own, np.dtype(dtype)) and not cp.isdtype(own, ())
    with pytest.raises(ValueError, match='isdtype: "integer" is not a kind'):
        cp.isdtype(own, "integer")
    with pytest.raises(TypeError, match="isdtype: "):
        cp.isdtype(own, 3)
    with pytest.raises(TypeError, match="isdtype: "):
        cp.isdtype("no dtype", "bool")


@pytest.mark.parametrize("dtype", [*REAL_FLOATING, *COMPLEX])
def test_finfo(dtype):
    expected = np.finfo(dtype)
    for argument in (dtype, getattr(cp, dtype), cp.zeros(2, dtype=dtype), np.dtype(dtype)):
        info = cp.finfo(argument)
        assert info.bits == expected.bits and info.dtype == expected.dtype
        for name in ("eps", "epsneg", "max", "min", "smallest_normal", "smallest_subnormal", "tiny"):
            value = getattr(info, name)
            assert type(value) is float and value == float(getattr(expected, name)), name
        assert info.precision == expected.precision and info.resolution == pytest.approx(float(expected.resolution))
    assert repr(cp.finfo(cp.float64)).startswith("finfo(float64: bits=64, eps=2.220446049250313e-16, max=1.797")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_iinfo(dtype):
    expected = np.iinfo(dtype)
    for argument in (dtype, getattr(cp, dtype), cp.zeros(2, dtype=dtype), np.dtype(dtype)):
        info = cp.iinfo(argument)
        assert (info.bits, info.min, info.max, info.dtype) == (expected.bits, expected.min, expected.max, dtype)
        assert type(info.max) is int
    assert repr(cp.iinfo(cp.int8)) == "iinfo(int8: bits=8, max=127, min=-128)"


def test_limits_are_refused_where_there_are_none():
    for function, dtype in [(cp.finfo, "int8"), (cp.finfo, "bool"), (cp.iinfo, "float64"), (cp.iinfo, "bool")]:
        with pytest.raises(ValueError, match=f"{function.__name__}: {dtype} is not"):
            function(dtype)
        with pytest.raises(TypeError, match=f"{function.__name__}: "):
            function(3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_and_functions_can_be_pickled(dtype):
    assert pickle.loads(pickle.dumps(getattr(cp, dtype))) is getattr(cp, dtype)
    assert pickle.loads(pickle.dumps(cp.result_type)) is cp.result_type


# clip


@examples(200)
@given(data=st.data(), dtype=st.sampled_from((*INTEGERS, *REAL_FLOATING)))
def test_clip_by_tensors(data, dtype):
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    pool = specials(dtype)
    shape = data.draw(shapes)
    layout = data.draw(layouts(shape))
    values, x = layout.make(lambda base: pool[rng.integers(0, pool.size, base)])
    bounds = []
    for _ in range(2):
        bound_shape = data.draw(st.sampled_from([(), shape, shape[1:]]))
        bounds.append(pool[rng.integers(0, pool.size, bound_shape)] if data.draw(st.booleans()) else None)
    expected = values.copy() if bounds[0] is bounds[1] is None else np.clip(values, *bounds)
    given_bounds = [None if bound is None else tensor(bound) for bound in bounds]
    # Which zero comes back of -0 and 0 is nobody's business.
    assert_same(cp.clip(x, *given_bounds) + 0, expected + np.zeros((), dtype))


@pytest.mark.parametrize("dtype", [*INTEGERS, *REAL_FLOATING])
def test_clip_by_scalars(dtype):
    values = specials(dtype)
    x = tensor(values)
    for low, high in [(1, 5), (None, 5), (2, None), (5, 1), (0, 0), (None, None)]:
        expected = values if low is None and high is None else np.clip(values, low, high)
        assert_same(cp.clip(x, min=low, max=high) + 0, expected + np.zeros((), dtype))
    for low, high in [(0.5, 2.5), (None, 2.5), (math.nan, None)]:
        assert_same(cp.clip(x, low, high) + 0, np.clip(values, low, high) + 0)
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        assert_same(cp.clip(x, info.min - 1, info.max + 1), values)
        assert_same(cp.clip(x, -(2**200), 2**200), values)
        for bounds in [(info.max + 1, None), (None, info.min - 1)]:
            with pytest.raises(OverflowError, match="^clip: "):
                cp.clip(x, *bounds)


def test_clip_refuses_other_arguments():
    x = cp.zeros((2, 3))
    with pytest.raises(ValueError, match=r"clip: shapes \(2, 3\) and \(2,\) and \(\) cannot be broadcast"):
        cp.clip(x, cp.zeros(2), 1)
    with pytest.raises(TypeError, match="^clip: "):
        cp.clip(x, "0")
    with pytest.raises(TypeError, match="clip: dtype complex128"):
        cp.clip(cp.zeros(2, dtype="complex128"))
    assert cp.clip(x, cp.ones((4, 1, 3))).shape == (4, 2, 3)
    result = cp.clip(x)
    result[...] = 1.0
    assert x.tolist() == [[0.0] * 3] * 2


# reshape


@examples(200)
@given(data=st.data(), shape=shapes, dtype=dtypes)
def test_reshape(data, shape, dtype):
    layout = data.draw(layouts(shape))
    values, x = layout.make(lambda base: moderate(dtype, base, np.random.default_rng(0)))
    size = values.size
    factors = [f for f in range(1, size + 1) if size % f == 0] or [0, 3]
    first = data.draw(st.sampled_from(factors))
    new = data.draw(
        st.sampled_from([(-1,), (first, -1), (-1, first), (1, first, -1), (size,), (1, size, 1), [size], size])
        if size
        else st.sampled_from([(0,), (3, 0), (-1, 3), 0])
    )
    expected = values.reshape(new)
    assert_same(cp.reshape(x, new), expected)
    assert_same(cp.reshape(x, new, copy=True), expected)
    try:
        np.reshape(values, new, copy=False)
    except ValueError:
        with pytest.raises(ValueError, match="reshape: .*copy=False"):
            cp.reshape(x, new, copy=False)
    else:
        assert_same(cp.reshape(x, new, copy=False), expected)


def test_reshape_views_and_refusals():
    x = cp.arange(6)
    view = cp.reshape(x, (2, 3))
    view[1, 0] = 9
    assert x.tolist() == [0, 1, 2, 9, 4, 5]
    for shape in [(4,), (-1, -1), (-2, 3), (0, -1), (4, -1), (2**40, 2**40)]:
        with pytest.raises(ValueError, match="^reshape: "):
            cp.reshape(x, shape)
    for arguments in [([1], (1,)), (x, "6"), (x, 2.0), (x, None)]:
        with pytest.raises(TypeError, match="^reshape: "):
            cp.reshape(*arguments)
