"""Creation functions against NumPy."""

import math
from array import array as python_array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import COMPLEX, DTYPES, INTEGERS, REAL_FLOATING, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate

NUMERIC = DTYPES[1:]
shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
dtypes = st.sampled_from(DTYPES)
# Lengths around the chunks that threads take, and odd ones.
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 1000, 8191, 8192, 8193, 100_003)


def finite(width=64, limit=1e6):
    return st.floats(-limit, limit, width=width, allow_nan=False)


# arange


@examples(200)
@given(
    start=st.integers(-1000, 1000),
    stop=st.integers(-1000, 1000),
    step=st.integers(-50, 50).filter(bool),
    dtype=st.sampled_from([None, "int16", "int32", "int64", "float32", "float64", "complex64", "complex128"]),
)
def test_arange_of_integers(start, stop, step, dtype):
    expected = np.array(range(start, stop, step), dtype or "int64")
    assert_same(cp.arange(start, stop, step, dtype=dtype), expected)


@examples(100)
@given(start=finite(), stop=finite(), step=finite(limit=1e5).filter(lambda step: abs(step) > 10))
def test_arange_of_floats(start, stop, step):
    size = max(0, math.ceil((stop - start) / step))
    expected = start + np.arange(size, dtype="float64") * step
    assert_same(cp.arange(start, stop, step), expected)
    assert_same(cp.arange(start, stop, step, dtype="float32"), expected.astype("float32"))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint64", "float32", "float64", "complex128"])
def test_arange_of_every_length(length, dtype):
    assert_same(cp.arange(length, dtype=dtype), np.arange(length, dtype=dtype))
    assert_same(cp.arange(5, 5 + 3 * length, 3, dtype=dtype), np.arange(5, 5 + 3 * length, 3, dtype=dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_arange_reaches_the_limits_of_integers(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    assert cp.arange(high - 3, high + 1, dtype=dtype).tolist() == list(range(high - 3, high + 1))
    assert cp.arange(low + 3, low - 1, -1, dtype=dtype).tolist() == list(range(low + 3, low - 1, -1))
    # The last element counts, not where the interval ends.
    assert cp.arange(high - 2, high - 2 + 10**6, 10**6, dtype=dtype).tolist() == [high - 2]
    for arguments in [(high, high + 2), (low - 1, low + 1), (low, high + 2, high - low + 1)]:
        with pytest.raises(OverflowError, match=f"arange: .* out of bounds for {dtype}"):
            cp.arange(*arguments, dtype=dtype)


def test_arange_takes_what_stands_for_numbers():
    assert_same(cp.arange(cp.asarray(3)), np.arange(3))
    assert_same(cp.arange(np.int32(1), np.float32(3)), np.arange(1.0, 3.0))
    assert_same(cp.arange(np.asarray(1), 4), np.arange(1, 4))
    assert_same(cp.arange(True), np.arange(1))
    assert_same(cp.arange(0.5, 5, dtype="int64"), np.arange(0.5, 5, dtype="int64"))
    assert_same(cp.arange(0, 3, 0.5, dtype="int64"), np.arange(0, 3, 0.5, dtype="int64"))
    assert_same(cp.arange(2**63, 2**63 + 3), np.arange(2**63, 2**63 + 3, dtype="uint64"))
    assert cp.arange(-1e308, 1e308, 1e308).tolist() == [-1e308, 0.0]
    assert cp.arange(0, 5e-324, 1.0).tolist() == [0.0]


@pytest.mark.parametrize("arguments", [(0, 1, 0), (0, 1, 0.0), (0, math.inf), (math.nan,), (0, 1, math.inf), (0, 1e30)])
def test_arange_refuses_impossible_ranges(arguments):
    with pytest.raises(ValueError, match="arange: "):
        cp.arange(*arguments)


def test_arange_refuses_other_arguments():
    for arguments in [("3",), (1j,), ([3],), (cp.arange(2),), (None,)]:
        with pytest.raises(TypeError, match="arange: "):
            cp.arange(*arguments)
    with pytest.raises(TypeError, match="arange: dtype bool"):
        cp.arange(2, dtype=bool)
    with pytest.raises(ValueError, match="arange: .*too"):
        cp.arange(2**62)
    with pytest.raises(OverflowError):
        cp.arange(10**400, 2.5)


# linspace


@examples(200)
@given(
    start=finite(),
    stop=finite(),
    num=st.integers(0, 200),
    endpoint=st.booleans(),
    dtype=st.sampled_from([None, "float32", "float64", "int64", "int16", "complex64"]),
)
def test_linspace(start, stop, num, endpoint, dtype):
    if dtype == "int16":
        start, stop = start / 1e3, stop / 1e3
    expected = np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
    # NumPy's first element is start + 0, which is not -0.
    expected[:1] = start if dtype not in ("int64", "int16") else math.floor(start)
    assert_same(cp.linspace(start, stop, num, endpoint=endpoint, dtype=dtype), expected)


@examples(50)
@given(start=st.complex_numbers(max_magnitude=1e6), stop=st.complex_numbers(max_magnitude=1e6), num=st.integers(0, 50))
def test_linspace_of_complex_numbers(start, stop, num):
    result = cp.linspace(start, stop, num)
    for part, first, last in [(cp.real, start.real, stop.real), (cp.imag, start.imag, stop.imag)]:
        assert_same(part(result) + 0.0, np.linspace(first, last, num) + 0.0)


def test_linspace_ends_exactly():
    for num in LENGTHS[1:]:
        x = cp.linspace(0.1, 0.7, num)
        assert x.shape == (num,) and float(x[0]) == 0.1 and (num == 1 or float(x[-1]) == 0.7)
    assert cp.linspace(0, 1, 3, endpoint=False).tolist() == cp.linspace(0, 1, 4)[:-1].tolist()
    assert cp.linspace(0, math.inf, 3).tolist() == [0.0, math.inf, math.inf]
    assert cp.linspace(-1.5e308, 1.5e308, 3).tolist() == [-1.5e308, 0.0, 1.5e308]
    assert cp.linspace(0, 5e-324, 3).tolist() == np.linspace(0, 5e-324, 3).tolist()
    assert np.isnan(array(cp.linspace(math.nan, 1, 3))).tolist() == [True, True, False]
    assert cp.linspace(0, 1, 0).shape == (0,)


def test_linspace_refuses_bad_arguments():
    with pytest.raises(ValueError, match="linspace: num must not be negative, got -1"):
        cp.linspace(0, 1, -1)
    with pytest.raises(TypeError, match="linspace: num must be an integer"):
        cp.linspace(0, 1, 2.5)
    with pytest.raises(TypeError, match="linspace: cannot cast complex128 to float64"):
        cp.linspace(0, 1j, 2, dtype="float64")
    with pytest.raises(TypeError, match="linspace: start must be a number"):
        cp.linspace("0", 1, 2)
    with pytest.raises(ValueError, match="linspace: .*too large"):
        cp.linspace(0, 1, 2**62)


# empty, zeros, ones, full and their like


@examples(100)
@given(shape=shapes, dtype=dtypes)
def test_constants_of_every_shape(shape, dtype):
    for got in (cp.zeros(shape, dtype=dtype), cp.ones(list(shape), dtype=dtype)):
        assert got.dtype == dtype and got.shape == shape
    assert_same(cp.zeros(shape, dtype=dtype), np.zeros(shape, dtype))
    assert_same(cp.ones(shape, dtype=dtype), np.ones(shape, dtype))
    assert cp.empty(shape, dtype=dtype).shape == shape


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["bool", "int16", "float32", "float64", "complex128"])
def test_constants_of_every_length(length, dtype):
    # Twice: the second time the memory is another tensor's and not zero.
    for _ in range(2):
        x = cp.ones(length, dtype=dtype)
        assert_same(x, np.ones(length, dtype))
        del x
        assert_same(cp.zeros(length, dtype=dtype), np.zeros(length, dtype))


def test_shapes_are_integers_or_sequences_of_them():
    expected = np.zeros((2, 3))
    two, three = cp.asarray(2), np.int8(3)
    for shape in [(2, 3), [2, 3], (two, three), [np.uint64(2), 3], np.array([2, 3]), cp.zeros((2, 3)).shape]:
        assert_same(cp.zeros(shape), expected)
    for shape in [3, cp.asarray(3), np.int64(3), (3,)]:
        assert cp.zeros(shape).shape == (3,)
    assert cp.zeros(()).shape == ()


@pytest.mark.parametrize("make", [cp.empty, cp.zeros, cp.ones, lambda shape, **kw: cp.full(shape, 1.0, **kw)])
def test_impossible_shapes_are_refused(make):
    for shape in [-1, (2, -1), (2**40, 2**40), (2**63, 1), 2**100, (0, 2**63), (1,) * 65]:
        with pytest.raises(ValueError, match=r"^(empty|zeros|ones|full): "):
            make(shape)
    for shape in [2.0, "3", (2, 3.5), None, (None,), {}.keys]:
        with pytest.raises(TypeError, match=r"^(empty|zeros|ones|full): "):
            make(shape)
    with pytest.raises(MemoryError, match="cannot allocate"):
        make(2**58)
    with pytest.raises(ValueError, match="unsupported device 'gpu'"):
        make(3, device="gpu")
    with pytest.raises(TypeError, match="is not a dtype"):
        make(3, dtype="float16")
    assert make(3, device="cpu", dtype=None).dtype == cp.float64


@examples(100)
@given(data=st.data(), shape=shapes, dtype=dtypes, other=st.none() | dtypes)
def test_like_functions_take_shape_dtype_and_layout(data, shape, dtype, other):
    layout = data.draw(layouts(shape))
    model, x = layout.make(lambda base: moderate(dtype, base, np.random.default_rng(0)))
    wanted = np.dtype(other or dtype)
    assert_same(cp.zeros_like(x, dtype=other), np.zeros(model.shape, wanted))
    assert_same(cp.ones_like(x, dtype=other), np.ones(model.shape, wanted))
    assert_same(cp.full_like(x, True, dtype=other), np.ones(model.shape, wanted))
    result = cp.empty_like(x, dtype=other)
    assert result.dtype == wanted and result.shape == model.shape


def test_like_functions_keep_the_order_in_memory():
    x = cp.zeros((3, 4, 5)).mT
    for like in (cp.zeros_like(x), cp.ones_like(x), cp.empty_like(x), cp.full_like(x, 2.0)):
        assert like.strides == x.strides == (160, 8, 40)
    rows = cp.asarray(np.arange(5.0).reshape(5, 1))
    assert_same(cp.full_like(x, rows), np.broadcast_to(array(rows), (3, 5, 4)))
    for function in (cp.zeros_like, cp.ones_like, cp.empty_like):
        with pytest.raises(TypeError, match=f"{function.__name__}: expected a corepy tensor, not list"):
            function([1])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (True, "bool"),
        (3, "int64"),
        (2**63, "uint64"),
        (1.5, "float64"),
        (1j, "complex128"),
        (np.float32(1.5), "float32"),
        (np.int8(-3), "int8"),
        (np.asarray(2, "uint16"), "uint16"),
    ],
)
def test_full_infers_the_dtype(value, dtype):
    assert_same(cp.full((2, 3), value), np.full((2, 3), value, dtype))
    assert_same(cp.full((2, 3), tensor(np.array(value, dtype))), np.full((2, 3), value, dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_full_refuses_what_does_not_fit(dtype):
    info = np.iinfo(dtype)
    for value in (info.min, info.max):
        assert cp.full(3, value, dtype=dtype).tolist() == [value] * 3
    for value in (info.min - 1, info.max + 1, 2**200, -(2**200), math.inf):
        with pytest.raises(OverflowError, match="^full(_like)?: "):
            cp.full(3, value, dtype=dtype)
        with pytest.raises(OverflowError, match="^full(_like)?: "):
            cp.full_like(cp.zeros(3, dtype=dtype), value)
    with pytest.raises(ValueError, match="NaN"):
        cp.full(3, math.nan, dtype=dtype)
    with pytest.raises(TypeError, match="full: "):
        cp.full(3, 1j, dtype=dtype)
    assert cp.full(3, 2.75, dtype=dtype).tolist() == [2] * 3


def test_full_broadcasts_arrays():
    assert_same(cp.full((2, 3), [1, 2, 3]), np.full((2, 3), [1, 2, 3]))
    assert_same(cp.full((2, 3), cp.asarray([[1.5], [2]]), dtype="float32"), np.full((2, 3), [[1.5], [2]], "float32"))
    with pytest.raises(ValueError, match="full: shapes"):
        cp.full((2, 3), [1, 2])
    with pytest.raises(TypeError, match="full: "):
        cp.full(2, "x")
    with pytest.raises(OverflowError):
        cp.full(2, 2**64)


# eye, tril, triu


@examples(100)
@given(
    rows=st.integers(0, 7),
    cols=st.none() | st.integers(0, 7),
    k=st.integers(-9, 9) | st.sampled_from([10**30, -(10**30)]),
    dtype=dtypes,
)
def test_eye(rows, cols, k, dtype):
    expected = np.eye(rows, cols, k=max(-100, min(k, 100)), dtype=dtype)
    assert_same(cp.eye(rows, cols, k=k, dtype=dtype), expected)


def test_eye_of_any_size_and_its_refusals():
    assert_same(cp.eye(300, 500, k=-7), np.eye(300, 500, k=-7))
    for arguments in [(-1,), (2, -1), (2**40, 2**40)]:
        with pytest.raises(ValueError, match="^eye: "):
            cp.eye(*arguments)
    for arguments in [(2.5,), ("2",), (2, 2.5)]:
        with pytest.raises(TypeError, match="^eye: n_"):
            cp.eye(*arguments)
    with pytest.raises(TypeError, match="^eye: k must be an integer"):
        cp.eye(2, k=0.5)


@examples(150)
@given(
    data=st.data(),
    shape=st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 6))
    | st.tuples(st.integers(0, 12), st.integers(0, 12)),
    k=st.integers(-8, 8) | st.sampled_from([10**30, -(10**30)]),
    dtype=dtypes,
)
def test_triangles(data, shape, k, dtype):
    layout = data.draw(layouts(shape))
    expected, x = layout.make(lambda base: moderate(dtype, base, np.random.default_rng(1)))
    bounded = max(-100, min(k, 100))
    assert_same(cp.tril(x, k=k), np.tril(expected, k=bounded))
    assert_same(cp.triu(x, k=k), np.triu(expected, k=bounded))


def test_triangles_of_any_size_and_their_refusals():
    x = np.random.default_rng(0).normal(size=(3, 170, 230))
    assert_same(cp.tril(tensor(x), k=5), np.tril(x, k=5))
    assert_same(cp.triu(tensor(x).mT, k=-5), np.triu(x.mT, k=-5))
    for function in (cp.tril, cp.triu):
        with pytest.raises(ValueError, match="at least 2 dimensions"):
            function(cp.zeros(3))
        with pytest.raises(TypeError, match="expected a corepy tensor"):
            function([[1]])


# meshgrid


@examples(100)
@given(sizes=st.lists(st.integers(0, 4), max_size=5), indexing=st.sampled_from(["xy", "ij"]), data=st.data())
def test_meshgrid(sizes, indexing, data):
    vectors = [np.arange(size).astype(data.draw(dtypes)) for size in sizes]
    expected = np.meshgrid(*vectors, indexing=indexing)
    result = cp.meshgrid(*map(tensor, vectors), indexing=indexing)
    assert isinstance(result, tuple) and len(result) == len(expected)
    for got, wanted in zip(result, expected, strict=True):
        assert_same(got, wanted)
        got[...] = True  # A copy of its own, hence writable.


def test_meshgrid_of_scalars_and_its_refusals():
    result = cp.meshgrid(cp.asarray(1.5), cp.arange(3))
    for got, wanted in zip(result, np.meshgrid(1.5, np.arange(3)), strict=True):
        assert_same(got, wanted)
    with pytest.raises(ValueError, match="indexing must be 'xy' or 'ij', not \"yx\""):
        cp.meshgrid(cp.arange(2), indexing="yx")
    with pytest.raises(ValueError, match=r"meshgrid: expected vectors, not a tensor of shape \(2, 2\)"):
        cp.meshgrid(cp.zeros((2, 2)))


# asarray


@pytest.mark.parametrize("dtype", DTYPES)
def test_asarray_of_nested_sequences(dtype):
    expected = moderate(dtype, (2, 3, 4), np.random.default_rng(2))
    assert_same(cp.asarray(expected.tolist()), np.asarray(expected.tolist()))
    assert_same(cp.asarray(expected.tolist(), dtype=dtype), expected)
    assert_same(cp.asarray(tuple(map(tuple, expected[0].tolist())), dtype=dtype), expected[0])


def test_asarray_infers_dtypes():
    for value, dtype in [
        (True, "bool"),
        ([True, 2], "int64"),
        ([1, 2.5], "float64"),
        ([1.5, 1j], "complex128"),
        ([], "float64"),
        ([[], []], "float64"),
        ([2**63], "uint64"),
        ([cp.asarray(1, dtype="int8"), cp.asarray(2, dtype="int16")], "int16"),
        ([np.float32(1), 2], "float64"),
    ]:
        assert cp.asarray(value).dtype == dtype, value
    assert cp.asarray([[], []]).shape == (2, 0)
    assert cp.asarray(range(5)).tolist() == [0, 1, 2, 3, 4]


@examples(100)
@given(data=st.data(), shape=shapes, source=dtypes, target=dtypes)
def test_asarray_casts(data, shape, source, target):
    layout = data.draw(layouts(shape))
    values, x = layout.make(lambda base: np.abs(moderate(source, base, np.random.default_rng(3))).astype(source))
    if source in COMPLEX and target not in (*COMPLEX, "bool"):
        with pytest.raises(TypeError, match=f"asarray: cannot cast {source} to {target}"):
            cp.asarray(x, dtype=target)
    else:
        assert_same(cp.asarray(x, dtype=target), values.astype(target))


def test_asarray_copies_as_asked():
    x = cp.asarray([1.0, 2.0, 3.0])
    assert cp.asarray(x) is x and cp.asarray(x, dtype="float64", copy=False) is x
    for copy in (None, False):
        shared = cp.asarray(x, copy=copy)
        shared[0] = 9.0
        assert float(x[0]) == 9.0
    own = cp.asarray(x, copy=True)
    own[0] = 5.0
    assert float(x[0]) == 9.0
    with pytest.raises(ValueError, match="asarray: float64 to int64 needs a copy, which copy=False forbids"):
        cp.asarray(x, dtype="int64", copy=False)
    for value in (1, [1, 2], ((1,), (2,))):
        with pytest.raises(ValueError, match="asarray: .*copy=False"):
            cp.asarray(value, copy=False)
    buffer = python_array("d", [1, 2, 3])
    view = cp.asarray(buffer, copy=False)
    buffer[1] = 7.0
    assert view.tolist() == [1.0, 7.0, 3.0]
    assert cp.asarray(buffer, copy=True).tolist() == [1.0, 7.0, 3.0]


def test_asarray_refuses_what_is_no_array():
    for value in ("abc", object(), {1: 2}, {1, 2}, None, ["a"], [None]):
        with pytest.raises(TypeError, match="^asarray: "):
            cp.asarray(value)
    for value in ([[1], [2, 3]], [1, [2]], [[1, 2], 3]):
        with pytest.raises(ValueError, match="asarray: the nested sequence is ragged"):
            cp.asarray(value)
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        cp.asarray(endless)
    for value, dtype in [(300, "uint8"), ([-1], "uint64"), ([2**64], None), ([2**63, -1], None), (1e30, "int64")]:
        with pytest.raises(OverflowError, match="^asarray: "):
            cp.asarray(value, dtype=dtype)
    with pytest.raises(TypeError, match="asarray: "):
        cp.asarray([1j], dtype="float64")
    with pytest.raises(ValueError, match="unsupported device"):
        cp.asarray([1], device="cuda")


# Threads


@pytest.mark.parametrize("dtype", REAL_FLOATING)
def test_no_bit_depends_on_the_number_of_threads(threads, dtype):
    def results():
        return [
            cp.linspace(0.1, 0.7, 300_001, dtype=dtype),
            cp.arange(0.1, 30_000.0, 0.1, dtype=dtype),
            cp.tril(cp.reshape(cp.arange(250_000, dtype=dtype), (500, 500)), k=3),
        ]

    threads(1)
    alone = [array(x) for x in results()]
    threads(2)
    for got, expected in zip(results(), alone, strict=True):
        assert_same(got, expected)
