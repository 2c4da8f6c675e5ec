"""Reductions: values against NumPy and exact sums, over any axes of any layout, with any number of threads."""

import hashlib
import inspect
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
import corepy._core as core
from support.arrays import COMPLEX, DTYPES, INTEGERS, REAL_FLOATING, array, assert_same, bits, tensor
from support.effort import examples
from support.layouts import layouts, shapes
from support.process import digests_under

NAMES = ("sum", "prod", "mean", "max", "min", "any", "all")
ISAS = core.configuration()["isa_available"]
# Around the lanes of a row (32 to 256), the blocks of rows (4096, 16384) and of columns (1024).
WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)
LENGTHS = sorted({1, 2, 3, 5, *(width + more for width in WIDTHS for more in (-1, 0, 1)), 40000})


def numbers(dtype, rng, fraction=True):
    """A function from a shape to an array of small numbers, with halves where the dtype has them."""

    def make(shape):
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        if dtype in INTEGERS:
            info = np.iinfo(dtype)
            return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        values = rng.integers(-99, 99, shape) / (2 if fraction else 1)
        if dtype in COMPLEX:
            values = values + 1j * rng.integers(-99, 99, shape)
        return values.astype(dtype)

    return make


def signs(dtype, make):
    """As `make`, but 1, 0 and -1 only, whose products are exact."""
    return lambda shape: np.sign(make(shape).astype(np.complex128).real).astype(dtype)


def expected(name, x, axis, keepdims, **options):
    """As NumPy has it, with sums and means of float32 in float64; exact for what `numbers` makes."""
    function = getattr(np, name)
    if name in ("sum", "prod", "mean") and x.dtype.kind in "fc":
        wide = x.astype({"f": np.float64, "c": np.complex128}[x.dtype.kind])
        return np.asarray(function(wide, axis=axis, keepdims=keepdims)).astype(x.dtype)
    return np.asarray(function(x, axis=axis, keepdims=keepdims, **options))


@st.composite
def axes(draw, rank):
    """None, an axis, or some of them, counted from either end."""
    if rank == 0:
        return draw(st.sampled_from([None, ()]))
    chosen = draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=rank))
    signed = tuple(axis - rank if draw(st.booleans()) else axis for axis in chosen)
    return draw(st.sampled_from([None, signed, signed[0] if signed else None]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
@examples(30)
@given(data=st.data())
def test_any_axes_of_any_layout(name, dtype, data):
    """Integers wrap and halves add without rounding: equal to NumPy's result."""
    shape = data.draw(shapes())
    layout = data.draw(layouts(shape))
    axis = data.draw(axes(len(shape)))
    keepdims = data.draw(st.booleans())
    make = numbers(dtype, np.random.default_rng(data.draw(st.integers(0, 1000))))
    if name == "prod" and dtype not in INTEGERS:
        make = signs(dtype, make)
    x, t = layout.make(make)
    reduced = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(np.asarray(axis, int))]
    count = math.prod(x.shape[a] for a in reduced)
    if name in ("max", "min") and count == 0:
        with pytest.raises(ValueError, match=name):
            getattr(cp, name)(t, axis=axis, keepdims=keepdims)
        return
    got = getattr(cp, name)(t, axis=axis, keepdims=keepdims)
    if name != "mean":
        # Adding 0 makes -0 and 0 alike: which of two equal elements is the larger, nobody says.
        assert_same(got + 0, expected(name, x, axis, keepdims) + 0, f"{layout} axis {axis}")
        return
    # One sum, exact but for 64-bit integers, and one division.
    result = dtype if dtype in (*REAL_FLOATING, *COMPLEX) else "float64"
    wide = x.astype({"c": np.complex128}.get(x.dtype.kind, np.float64))
    total = np.asarray(np.sum(wide, axis=axis, keepdims=keepdims))
    if count == 0:
        want = np.full(total.shape, np.nan).astype(total.dtype) * (1 + 1j if total.dtype.kind == "c" else 1)
    else:
        want = (np.ascontiguousarray(total).view(np.float64) / count).view(total.dtype).reshape(total.shape)
    if dtype in ("int64", "uint64"):
        np.testing.assert_allclose(array(got), want, rtol=1e-13, atol=1e4)
    else:
        assert_same(got, want.astype(result), f"{layout} axis {axis}")


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "uint64", "float32", "float64", "complex64", "bool"])
@pytest.mark.parametrize("name", NAMES)
def test_lengths_around_lanes_and_blocks(name, dtype):
    """Every length, as a row, as a column and as rows of a matrix, in place and with gaps."""
    make = numbers(dtype, np.random.default_rng(0), fraction=name != "mean")
    for length in LENGTHS:
        x = make((3, length))
        if name == "prod" and dtype not in INTEGERS:
            x = np.where(np.arange(length) % 7 == 0, x, np.ones((), x.dtype)).astype(bool).astype(dtype)
        if name == "mean":
            x = x.astype(np.result_type(dtype, "f4")) * 0 + 3
        t = tensor(x)
        gaps = tensor(np.repeat(x, 2, axis=1))[:, ::2]
        column = tensor(np.ascontiguousarray(x.T))
        for got, axis in ((t, 1), (gaps, 1), (column.T, 1), (column.T, 0), (t, 0), (gaps, None), (t, None)):
            assert_same(
                getattr(cp, name)(got, axis=axis) + 0, expected(name, x, axis, False) + 0, f"{length} axis {axis}"
            )


@pytest.mark.parametrize("name", ["max", "min", "any", "all", "sum"])
@pytest.mark.parametrize("dtype", [*REAL_FLOATING, *COMPLEX])
def test_nan_wherever_it_stands(name, dtype):
    """One NaN or infinity among other numbers reaches the result from every place, on either axis."""
    for shape in ((70,), (300,), (17, 40), (40, 17), (5, 300), (33, 5)):
        base = numbers(dtype, np.random.default_rng(1))(shape)
        for place in range(0, base.size, 7):
            for special in (np.nan, np.inf, -np.inf):
                x = base.copy()
                x.reshape(-1)[place] = special
                x.reshape(-1)[(place * 5) % x.size] = np.inf
                for axis in (None, 0, -1):
                    got, want = getattr(cp, name)(tensor(x), axis=axis), expected(name, x, axis, False)
                    np.testing.assert_array_equal(array(got), want)


@pytest.mark.parametrize("dtype", [*REAL_FLOATING])
def test_extrema_of_infinities_and_zeros(dtype):
    """Infinities alone, opposite ones too, and zeros of either sign, which compare equal."""
    for n in (1, 5, 64, 1000):
        for value in (np.inf, -np.inf, 0.0, -0.0):
            x = np.full(n, value, dtype)
            assert_same(cp.max(tensor(x)), x[0])
            assert_same(cp.min(tensor(x)), x[0])
        mixed = np.resize(np.array([np.inf, -np.inf], dtype), n)
        assert float(cp.max(tensor(mixed))) == np.inf
        assert float(cp.min(tensor(mixed))) == (-np.inf if n > 1 else np.inf)
        assert float(cp.max(tensor(np.resize(np.array([0.0, -0.0], dtype), n)))) == 0


def test_negative_zeros_add_up_to_negative_zero():
    """As in NumPy; nothing at all adds up to zero."""
    for n in (1, 7, 8, 31, 100, 20000):
        for dtype in REAL_FLOATING:
            minus = np.full((n, 2), -0.0, dtype)
            assert_same(cp.sum(tensor(minus)), np.array(-0.0, dtype))
            assert_same(cp.sum(tensor(minus), axis=0), np.full(2, -0.0, dtype))
    assert_same(cp.sum(cp.asarray([], dtype=cp.float32)), np.array(0, "f4"))


def matrices(x):
    """The numbers of a vector as rows or columns to reduce, in place and not, with the axis."""
    x = np.asarray(x)
    yield tensor(x), None
    yield tensor(np.stack([x, x])), 1
    yield tensor(np.stack([x, x], axis=1)), 0
    yield tensor(np.stack([x] * 40, axis=1)), 0
    yield tensor(np.stack([x] * 3, axis=1)).T, 1
    yield tensor(np.repeat(x, 2))[::2], None
    yield tensor(x)[::-1], 0
    if x.size % 10 == 0:
        yield tensor(x.reshape(10, -1, 1)), None
        yield tensor(np.stack([x.reshape(10, -1)] * 2, axis=1)), (0, 2)


def ulp_error(got, exact, dtype):
    """Largest distance of the results from the exact one, in units of its last place."""
    return max(
        abs(float(value) - exact) / float(np.spacing(np.abs(np.asarray(exact, dtype))))
        for value in np.ravel(array(got))
    )


def test_float32_sums_are_rounded_once():
    """Within half an ULP, and a little, of the exact sum; the README's case among them."""
    rng = np.random.default_rng(2)
    for x in (
        np.full(1_000_000, 0.1, "f4"),
        rng.random(200_000, "f4"),
        (rng.standard_normal(50_000) * 1e6).astype("f4"),
    ):
        exact = math.fsum(x.tolist())
        for t, axis in matrices(x):
            assert ulp_error(cp.sum(t, axis=axis), exact, "f4") < 0.51
            assert ulp_error(cp.mean(t, axis=axis), exact / x.size, "f4") < 0.51


def test_ten_million_tenths():
    """10^7 float32 of 0.1 along each axis: within 1 ULP of the exact sum."""
    exact = float(np.float32(0.1)) * 10**7
    flat = cp.full((10**7,), 0.1, dtype=cp.float32)
    assert ulp_error(cp.sum(flat), exact, "f4") <= 1
    for shape, axis in (((10**6, 10), 0), ((10, 10**6), 1), ((3, 10**6, 2), 1)):
        x = cp.full(shape, 0.1, dtype=cp.float32)
        assert ulp_error(cp.sum(x, axis=axis), exact / 10, "f4") <= 1
    tenth = cp.asarray(0.1, dtype=cp.float32)
    assert ulp_error(cp.sum(cp.broadcast_to(tenth, (10**4, 10**3))), exact, "f4") <= 1
    assert ulp_error(cp.sum(cp.broadcast_to(tenth, (10**7, 2)), axis=0), exact, "f4") <= 1


def test_float64_sums_are_pairwise():
    """Within (21 + log2 n) 2^-53 of the sum of magnitudes, on every axis."""
    rng = np.random.default_rng(3)
    for n in (10, 1000, 200_000):
        for x in (np.full(n, 0.1), rng.standard_normal(n), rng.standard_normal(n) * 10.0 ** rng.integers(-9, 9, n)):
            exact, size = math.fsum(x), math.fsum(np.abs(x))
            bound = (22 + math.log2(n)) * 2.0**-53 * size
            for t, axis in matrices(x):
                assert np.max(np.abs(array(cp.sum(t, axis=axis)) - exact)) <= bound
                assert np.max(np.abs(array(cp.mean(t, axis=axis)) - exact / n)) <= 2 * bound / n


def test_float64_products():
    """Within n 2^-53 of the product."""
    rng = np.random.default_rng(4)
    for n in (5, 100, 3000):
        x = 2.0 ** rng.uniform(-0.01, 0.01, n)
        exact = np.prod(x.astype(np.longdouble))
        for t, axis in matrices(x):
            assert np.max(np.abs(array(cp.prod(t, axis=axis)) / exact - 1)) <= n * 2.0**-53


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("result", DTYPES)
def test_the_dtype_of_sums_and_products(source, result):
    """`dtype=` decides, in corepy's or NumPy's words; complex numbers do not become real."""
    x = np.array([[1, 0, 1], [1, 1, 1]], source)
    if source in COMPLEX and result not in (*COMPLEX, "bool"):
        with pytest.raises(TypeError, match=f"sum: cannot cast {source} to {result}"):
            cp.sum(tensor(x), dtype=result)
        return
    for name in ("sum", "prod"):
        for dtype in (result, getattr(cp, result), np.dtype(result)):
            for axis in (None, 0, (0, 1), ()):
                got = getattr(cp, name)(tensor(x), axis=axis, dtype=dtype)
                assert_same(got, getattr(np, name)(x, axis=axis, dtype=result), f"{name} {axis}")


def test_default_dtypes():
    """64 bits for integers and bool, as the standard has it."""
    for dtype in DTYPES:
        x = tensor(np.ones(3, dtype))
        kind = np.dtype(dtype).kind
        wide = {"b": "int64", "i": "int64", "u": "uint64"}.get(kind, dtype)
        assert cp.sum(x).dtype == wide and cp.prod(x).dtype == wide
        assert cp.mean(x).dtype == (dtype if kind in "fc" else "float64")
        assert cp.max(x).dtype == dtype and cp.min(x).dtype == dtype
        assert cp.any(x).dtype == "bool" and cp.all(x).dtype == "bool"


def test_reductions_of_nothing():
    """Neutral elements, NaN for a mean, and ValueError where there is none."""
    nothing = cp.zeros((3, 0, 2))
    for name, value in (("sum", 0), ("prod", 1), ("any", False), ("all", True)):
        assert_same(getattr(cp, name)(nothing, axis=1), expected(name, np.zeros((3, 0, 2)), 1, False))
        assert getattr(cp, name)(nothing).item() == value
        assert getattr(cp, name)(nothing, axis=0).shape == (0, 2)
    assert math.isnan(cp.mean(nothing).item())
    for name in ("max", "min"):
        assert getattr(cp, name)(nothing, axis=0).shape == (0, 2)
        with pytest.raises(ValueError, match=f"^{name}: "):
            getattr(cp, name)(nothing, axis=1)
        with pytest.raises(ValueError, match=f"^{name}: "):
            getattr(cp, name)(nothing)


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments(name):
    """Exceptions that name the function, and leave no trace."""
    function, x = getattr(cp, name), cp.ones((2, 3))
    for axis in (2, -3, (0, 2), 2**70, -(2**70)):
        with pytest.raises(IndexError, match=f"^{name}: axis"):
            function(x, axis=axis)
    with pytest.raises(IndexError, match=f"^{name}: "):
        function(cp.ones(()), axis=0)
    for axis in ((0, 0), (0, -2), [1, -1]):
        with pytest.raises(ValueError, match=f"^{name}: axis . is repeated"):
            function(x, axis=axis)
    for axis in (1.0, "0", (0, 1.5), True, object(), {0}):
        with pytest.raises(TypeError, match=f"^{name}: axis must be"):
            function(x, axis=axis)
    for other in ([1, 2], 3, None, "text"):
        with pytest.raises(TypeError, match=f"^{name}: expected a corepy tensor"):
            function(other)
    with pytest.raises(TypeError):
        function(x, 0, None)
    if name in ("sum", "prod"):
        with pytest.raises(TypeError, match=name):
            function(x, dtype="float128x")
    else:
        with pytest.raises(TypeError):
            function(x, dtype=cp.float32)


@pytest.mark.parametrize("name", NAMES)
def test_lenient_arguments(name):
    """What NumPy's users write: the axis by place, lists, NumPy's integers."""
    function, x = getattr(cp, name), tensor(np.arange(24.0).reshape(2, 3, 4))
    want = array(function(x, axis=(0, 2)))
    for axis in ([0, 2], (np.int64(0), np.int8(-1)), (2, 0), (-3, -1)):
        np.testing.assert_array_equal(array(function(x, axis)), want)
    assert function(x, 1, keepdims=True).shape == (2, 1, 4)
    assert function(x, keepdims=True).shape == (1, 1, 1)
    assert list(inspect.signature(function).parameters)[:2] == ["x", "axis"]


def test_searches_over_large_tensors():
    """One element decides, wherever it stands; bytes other than 0 and 1 are true."""
    n = 3_000_000
    for place in (0, 1, n // 3, n - 2, n - 1):
        x = cp.zeros(n, dtype=cp.bool)
        x[place] = True
        assert cp.any(x).item() and not cp.any(x[:place]).item() and not cp.any(x[place + 1 :]).item()
        assert not cp.all(cp.logical_not(x)).item()
        matrix = cp.zeros((n // 1000, 1000), dtype=cp.int16)
        matrix[place // 1000, place % 1000] = 1
        for axis, index in ((0, place % 1000), (1, place // 1000)):
            found = array(cp.any(matrix, axis=axis))
            assert found[index] and found.sum() == 1
            assert not array(cp.all(cp.equal(matrix, 0), axis=axis))[index]
    foreign = cp.asarray(np.array([2, 0, 255], np.uint8).view(np.bool_))
    assert array(cp.any(foreign, axis=())).tolist() == [True, False, True]
    assert cp.sum(foreign).item() == 2
    assert cp.max(foreign, keepdims=True).tolist() == [True]


# What the work is cut into: whole rows, parts of rows, columns, narrow columns, gathered and cast ones,
# two stages.
CUTS = (
    ((100_000,), (0,), None),
    ((300, 301), (0,), None),
    ((300, 301), (1,), None),
    ((3, 40_000), (1,), None),
    ((40_000, 3), (0,), None),
    ((40_000, 3), (1,), None),
    ((9, 300, 41), (0, 2), None),
    ((90, 30, 41), (1,), None),
    ((300, 301), (0, 1), "gaps"),
    ((300, 301), (0,), "gaps"),
    ((300, 301), (1,), "gaps"),
    ((300, 301), (0, 1), "rows"),
    ((300, 301), (0,), "transposed"),
    ((40, 30, 20, 10), (1, 3), "transposed"),
)


LAYOUTS = {
    None: lambda x: x,
    "gaps": lambda x: x[..., ::2],
    "rows": lambda x: x[:, 3:-3],
    "transposed": lambda x: x.mT,
}


SPREADS = ("var", "std")


def spread(name, a, axis, correction, keepdims):
    """As NumPy has it in the wider dtype, without its warnings; the variance of complex numbers is real."""
    wide = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(getattr(np, name)(wide, axis=axis, correction=correction, keepdims=keepdims))


@examples(250)
@given(data=st.data(), shape=shapes(), dtype=st.sampled_from(DTYPES[1:]))
def test_spreads_over_any_axes_of_any_layout(data, shape, dtype):
    """Variances and standard deviations, to a few roundings."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    a, x = data.draw(layouts(shape)).make(numbers(dtype, rng))
    axes = data.draw(st.permutations(range(a.ndim)))[: data.draw(st.integers(0, a.ndim))]
    axis = data.draw(st.sampled_from((None, tuple(axes))))
    keepdims, correction = data.draw(st.booleans()), data.draw(st.sampled_from((0, 1, 0.5)))
    result = np.dtype("float32") if dtype in ("float32", "complex64") else np.dtype("float64")
    for name in SPREADS:
        got = array(getattr(cp, name)(x, axis=axis, correction=correction, keepdims=keepdims))
        wanted = spread(name, a, axis, correction, keepdims)
        assert got.dtype == result and got.shape == wanted.shape
        # The mean of large integers is rounded to float64, here and in NumPy.
        variance = (2.0**-51 * float(np.max(np.abs(a.astype(float)), initial=0))) ** 2 if a.dtype.kind in "iu" else 0.0
        atol = 1e-15 + (variance if name == "var" else variance**0.5)
        np.testing.assert_allclose(got, wanted, rtol=1e-12 if result == "float64" else 2e-7, atol=atol)


@pytest.mark.parametrize("dtype", (*REAL_FLOATING, *COMPLEX, "int32"))
@pytest.mark.parametrize("n", LENGTHS)
def test_lengths_of_spreads(dtype, n):
    """Around each width, block and leaf, as a row and as columns."""
    rng = np.random.default_rng(n)
    a = numbers(dtype, rng)((n,))
    wanted = spread("var", a, None, 0, False)
    rtol = 1e-13 if np.dtype(dtype).itemsize * (2 if dtype in REAL_FLOATING else 1) >= 16 or dtype == "int32" else 1e-7
    for x, axis in ((tensor(a), 0), (tensor(np.stack([a] * 9, axis=1)), 0), (cp.flip(tensor(a)), None)):
        got = array(cp.var(x, axis=axis))
        np.testing.assert_allclose(got, np.broadcast_to(wanted, got.shape), rtol=rtol if dtype != "complex64" else 1e-7)


def test_spreads_far_from_zero():
    """A mean that is large beside the spread costs nothing: the distances are exact where the mean is."""
    a = 1e9 + np.random.default_rng(0).random(100_000)
    exact = float(np.var(a.astype(np.longdouble)))
    assert abs(float(cp.var(tensor(a))) - exact) <= 1e-9 * exact
    small = (1e4 + np.random.default_rng(0).random(100_000)).astype(np.float32)
    exact = float(np.var(small.astype(np.longdouble)))
    assert abs(float(cp.var(tensor(small))) - exact) <= 2.0**-23 * exact


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int64"])
@pytest.mark.parametrize("shape", [(100_000,), (3000, 40), (40, 5000)])
def test_spreads_where_a_sample_misleads(dtype, shape):
    """The elements that distances are taken from at first lie far from all others; sorted numbers; equal ones."""
    rng = np.random.default_rng(1)
    for axis in range(len(shape)):
        a = (1000 * rng.random(shape)).astype(dtype)
        places = np.arange(16) * shape[axis] // 16
        np.moveaxis(a, axis, 0)[places] = 10**7
        for values in (a, np.sort(a, axis=axis), 3 * a - 10**9):
            exact = np.var(values.astype(np.clongdouble if dtype == "complex128" else np.longdouble), axis=axis)
            tolerance = 3e-7 if dtype == "float32" else 1e-13
            np.testing.assert_allclose(array(cp.var(tensor(values), axis=axis)), exact.astype("float64"), tolerance)
    equal = tensor(np.full(shape, 0.1).astype(dtype))
    for axis in (None, *range(len(shape))):
        assert array(cp.max(cp.var(equal, axis=axis))) <= 1e-32


def test_spreads_of_little_and_of_special_values():
    """NaN where nothing is left to divide by, and of anything that is not finite."""
    with np.errstate(all="ignore"):
        for name in SPREADS:
            function = getattr(cp, name)
            assert_same(function(cp.zeros((0, 3)), axis=0), np.full(3, np.nan))
            assert_same(function(cp.zeros((0, 3)), axis=1, keepdims=True), np.zeros((0, 1)))
            assert_same(function(cp.asarray([2.0]), correction=1), np.asarray(np.nan))
            assert_same(function(cp.asarray([[2.0, np.inf]]), axis=0), np.asarray([0.0, np.nan]))
            assert_same(function(cp.asarray([2.0, 3.0, np.nan])), np.asarray(np.nan))
            assert_same(function(cp.asarray([2.0, np.inf])), np.asarray(np.nan))
            assert_same(function(cp.asarray([1.0, 2.0]), axis=()), np.zeros(2))
            with pytest.raises(TypeError, match=f"{name}: dtype bool"):
                function(cp.asarray([True]))
            with pytest.raises(ValueError, match=f"{name}: axis 0 is repeated"):
                function(cp.zeros((2, 2)), axis=(0, 0))
            with pytest.raises(IndexError, match=f"{name}: axis 2"):
                function(cp.zeros((2, 2)), axis=2)


def digests():
    """As computed in this process: a hash of the results' bits per reduction, dtype and cut."""
    result = {}
    rng = np.random.default_rng(5)
    for shape, axis, layout in CUTS:
        values, imaginary = rng.standard_normal(shape), rng.standard_normal(shape)
        for dtype in ("float32", "float64", "complex64", "complex128", "int32", "int8"):
            for name in NAMES + SPREADS:
                if name == "prod":
                    # Numbers near the unit circle, whose products neither overflow nor vanish.
                    elements = np.exp(0.01 * values + 1j * imaginary * (dtype in COMPLEX))
                else:
                    elements = values + 1j * imaginary
                elements = elements if dtype in COMPLEX else elements.real
                x = LAYOUTS[layout](tensor((elements * 100 if dtype in INTEGERS else elements).astype(dtype)))
                got = bits(array(getattr(cp, name)(x, axis=axis)))
                result[f"{name} {dtype} {shape} {axis} {layout}"] = hashlib.sha256(got.tobytes()).hexdigest()
    return result


def test_the_number_of_threads_changes_no_bit(threads):
    """Blocks and the tree that combines them depend on the shape alone."""
    threads(1)
    one = digests()
    for count in (2, 5):
        threads(count)
        assert digests() == one


@pytest.mark.parametrize("isa", ISAS[1:])
def test_the_instruction_set_changes_no_bit(isa):
    """Each sums in the same lanes, the baseline too; it only lacks the fused steps of complex products."""
    under, best = digests_under(__file__, COREPY_ISA=isa), digests_under(__file__, COREPY_ISA=ISAS[-1])
    assert under == best
    baseline = digests_under(__file__, COREPY_ISA=ISAS[0])
    assert all(baseline[case] == best[case] for case in best if not case.startswith("prod complex"))
