"""Cumulative sums and products: values against NumPy, over any axis of any layout, with any number of threads."""

import hashlib

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

ISAS = core.configuration()["isa_available"]
# Around leaves (64), chains of them (256), units of columns (256), of rows (16384), and two passes (65536).
LENGTHS = sorted({1, 2, 3, 5, *(n + more for n in (64, 128, 192, 256, 16384, 65536) for more in (-1, 0, 1)), 100_001})


def wide(a):
    """Floating-point elements as the wider dtype."""
    return a.astype({"f": np.float64, "c": np.complex128}.get(a.dtype.kind, a.dtype))


def numbers(dtype, shape, rng):
    """Small whole numbers, whose sums are exact; all integers of an integer dtype."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    values = rng.integers(-9, 9, shape)
    return (values + 1j * rng.integers(-9, 9, shape) if dtype in COMPLEX else values).astype(dtype)


def signs(dtype, shape, rng):
    """1 and -1, and units of the complex plane, whose products are exact."""
    if dtype == "bool" or dtype in INTEGERS:
        return numbers(dtype, shape, rng)
    units = np.asarray([1, -1, 1j, -1j] if dtype in COMPLEX else [1, -1])
    return units[rng.integers(0, len(units), shape)].astype(dtype)


@examples(250)
@given(data=st.data(), shape=shapes(), dtype=st.sampled_from(DTYPES))
def test_any_axis_of_any_layout(data, shape, dtype):
    """Exact where NumPy is."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    layout = data.draw(layouts(shape))
    initial = data.draw(st.booleans())
    axis = data.draw(st.integers(-len(shape), len(shape) - 1)) if shape else None
    if len(shape) == 1 and data.draw(st.booleans()):
        axis = None
    for name, make in (("cumulative_sum", numbers), ("cumulative_prod", signs)):
        a, x = layout.make(lambda shape, make=make: make(dtype, shape, rng))
        expected = getattr(np, name)(wide(a), axis=axis, include_initial=initial)
        if dtype in REAL_FLOATING or dtype in COMPLEX:
            expected = expected.astype(dtype)
        got = getattr(cp, name)(x, axis=axis, include_initial=initial)
        # Zeros of complex products have signs that depend on how products are fused.
        if dtype in COMPLEX:
            got, expected = got + 0, expected + 0
        assert_same(got, expected, f"{name} {axis}")


@pytest.mark.parametrize("dtype", ("float32", "float64", "complex64", "complex128", "int64", "uint8"))
@pytest.mark.parametrize("n", LENGTHS)
def test_lengths(dtype, n, threads):
    """Around each length at which another way is taken, as a row and as columns."""
    rng = np.random.default_rng(n)
    a = numbers(dtype, n, rng)
    expected = np.cumulative_sum(wide(a))
    if dtype in REAL_FLOATING or dtype in COMPLEX:
        expected = expected.astype(dtype)
    for count in (1, 2):
        threads(count)
        assert_same(cp.cumulative_sum(tensor(a)), expected)
        pair = cp.permute_dims(cp.stack((tensor(a), tensor(a))), (1, 0))
        assert_same(cp.cumulative_sum(pair, axis=0)[:, 1], expected)
        assert_same(cp.cumulative_sum(cp.asarray(pair, copy=True), axis=0)[:, 0], expected)


@pytest.mark.parametrize("name", ("cumulative_sum", "cumulative_prod"))
@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype(name, source, dtype):
    """The elements are cast first; complex ones only to complex or bool."""
    a = np.asarray([[0, 1, 0], [3, 2, 1], [1, 1, 5]]).astype(source)
    x = tensor(a)
    if np.dtype(source).kind == "c" and np.dtype(dtype).kind not in "cb":
        with pytest.raises(TypeError, match=f"{name}: cannot cast"):
            getattr(cp, name)(x, axis=0, dtype=dtype)
        return
    for axis in (0, 1):
        expected = getattr(np, name)(a.astype(dtype), axis=axis, dtype=dtype)
        assert_same(getattr(cp, name)(x, axis=axis, dtype=dtype), expected)


@pytest.mark.parametrize("dtype", ("float32", "float64", "complex64"))
def test_accuracy(dtype):
    """Within the bound of the docstring, on either axis."""
    rng = np.random.default_rng(1)
    a = rng.random((300, 3000)).astype(dtype)
    for axis in (0, 1):
        exact = np.cumsum(a.real.astype(np.longdouble), axis=axis)
        got = array(cp.cumulative_sum(tensor(a), axis=axis))
        steps = 65 + a.shape[axis] / 64
        bound = steps * 2.0**-53 + (0 if dtype == "float64" else 2.0**-24)
        assert got.dtype == dtype and (abs(got.real - exact) <= bound * exact).all()


def test_a_sum_of_positive_numbers_never_falls():
    """Not even where leaves and units meet."""
    x = cp.asarray(np.random.default_rng(2).random(200_000) * 1e-3)
    sums = cp.cumulative_sum(x)
    assert cp.all(sums[1:] >= sums[:-1])


@pytest.mark.parametrize("dtype", REAL_FLOATING)
def test_special_values(dtype):
    """As one addition or multiplication after another has them, also across leaves."""
    a = np.ones(70_000, dtype)
    for places in ({5: np.inf}, {5: np.inf, 9: -np.inf}, {5: np.inf, 300: -np.inf}, {66_000: np.nan}, {80: 0}):
        b = a.copy()
        for place, value in places.items():
            b[place] = value
        with np.errstate(invalid="ignore"):
            assert_same(cp.cumulative_sum(tensor(b)), np.cumulative_sum(b.astype(np.float64)).astype(dtype))
            assert_same(cp.cumulative_prod(tensor(b)), np.cumulative_prod(b.astype(np.float64)).astype(dtype))
    assert_same(cp.cumulative_sum(tensor(np.full(70, -0.0, dtype))), np.full(70, -0.0, dtype))
    # The product of a part alone would vanish.
    b = np.concatenate((np.full(900, 2.0), np.full(900, 0.5)))
    assert_same(cp.cumulative_prod(tensor(b)), np.cumulative_prod(b))


def test_rank_and_axes():
    """A number counts as a row of one, as in NumPy; an axis is needed beyond one."""
    assert_same(cp.cumulative_sum(cp.asarray(3)), np.asarray([3]))
    assert_same(cp.cumulative_prod(cp.asarray(3), include_initial=True), np.asarray([1, 3]))
    assert_same(cp.cumulative_sum(cp.zeros((2, 0)), axis=1, include_initial=True), np.zeros((2, 1)))
    for name in ("cumulative_sum", "cumulative_prod"):
        function = getattr(cp, name)
        with pytest.raises(ValueError, match=f"{name}: axis is required for a tensor of 2 dimensions"):
            function(cp.zeros((2, 2)))
        with pytest.raises(IndexError, match=f"{name}: axis 2 is out of bounds"):
            function(cp.zeros((2, 2)), axis=2)
        with pytest.raises(TypeError, match=name):
            function(cp.zeros((2, 2)), axis=(0, 1))
        with pytest.raises(TypeError, match=name):
            function([1, 2])


CASES = (((70_000,), 0), ((3, 70_000), 1), ((40, 1000), 1), ((1000, 300), 0), ((9, 70, 30), 1))


def digests():
    """A hash of each of many results, by name."""
    result = {}
    for shape, axis in CASES:
        rng = np.random.default_rng(5)
        values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        for dtype in ("float32", "float64", "complex64", "complex128", "int32"):
            elements = values if dtype in COMPLEX else values.real
            x = tensor((elements * 100 if dtype in INTEGERS else elements).astype(dtype))
            for name in ("cumulative_sum", "cumulative_prod"):
                got = bits(array(getattr(cp, name)(x, axis=axis)))
                result[f"{name} {dtype} {shape} {axis}"] = hashlib.sha256(got.tobytes()).hexdigest()
    return result


def test_the_number_of_threads_changes_no_bit(threads):
    """Leaves depend on the place alone."""
    threads(1)
    one = digests()
    for count in (2, 5):
        threads(count)
        assert digests() == one


@pytest.mark.parametrize("axis", (0, 1))
def test_the_layout_changes_no_bit(axis):
    """Rows and columns add up in the same order."""
    a = np.random.default_rng(3).standard_normal((500, 400))
    rows = cp.cumulative_sum(tensor(a), axis=axis)
    columns = cp.cumulative_sum(cp.permute_dims(tensor(a.T), (1, 0)), axis=axis)
    assert (bits(array(rows)) == bits(array(columns))).all()


@pytest.mark.parametrize("isa", ISAS)
def test_the_instruction_set_changes_no_bit(isa):
    """The baseline only lacks the fused steps of complex products."""
    under, best = digests_under(__file__, COREPY_ISA=isa), digests_under(__file__, COREPY_ISA=ISAS[-1])
    assert all(under[case] == best[case] for case in best if "prod complex" not in case or isa != ISAS[0])
