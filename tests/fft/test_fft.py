"""The Fourier transforms: against NumPy, which computes in the same precision by other algorithms, within a bound."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, array, assert_same, bits, tensor
from support.effort import examples
from support.layouts import layouts, shapes

ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
MANY = ("fftn", "ifftn", "rfftn", "irfftn")
NORMS = ("backward", "ortho", "forward")
REAL_INPUT = ("rfft", "ihfft", "rfftn")
REAL_OUTPUT = ("irfft", "hfft", "irfftn")
# 1, 2, odd, powers, primes (the last two by Rader's and Bluestein's algorithms), and lengths around and past those that
# are cut in two: square, not square, odd, with a prime factor that leaves them whole.
LENGTHS = (1, 2, 3, 4, 5, 7, 15, 16, 31, 100, 255, 1024, 1009, 10007)
LONG = (2**16, 2**17, 2**18, 3**11, 65537, 2 * 65537, 200_000, 257 * 263, 2 * 257 * 263)
EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}


def numbers(rng, shape, name, wide=True):
    """Random input of a function: real or complex."""
    values = rng.standard_normal(shape)
    if name not in REAL_INPUT:
        values = values + 1j * rng.standard_normal(shape)
    return values if wide else values.astype(np.complex64 if values.dtype.kind == "c" else np.float32)


def result_dtype(name, dtype):
    """What the standard says, and float64 where NumPy takes integers as such."""
    component = "float32" if dtype in ("float32", "complex64") else "float64"
    return component if name in REAL_OUTPUT else {"float32": "complex64", "float64": "complex128"}[component]


def assert_close(got, expected, points, context=""):
    """Right dtype and shape; the error's norm within 4 roundings, and those of each doubling, of the result's norm."""
    found = array(got)
    assert found.shape == expected.shape, f"{context}: shape {found.shape}, expected {expected.shape}"
    epsilon = EPSILON[str(found.real.dtype)]
    error = float(np.linalg.norm((found - expected).reshape(-1)))
    bound = (4 + math.log2(max(points, 1))) * epsilon * float(np.linalg.norm(expected.reshape(-1)))
    # What cancels to nothing is bounded by what it came from: inputs here are of order 1.
    assert error <= bound + 64 * epsilon * points * 1e-3, f"{context}: error {error:.3g}, bound {bound:.3g}"


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", ONE)
def test_every_length(name, norm):
    rng = np.random.default_rng(1)
    for n in LENGTHS:
        for wide in (True, False):
            x = numbers(rng, n, name, wide)
            got = getattr(cp.fft, name)(tensor(x), n=n, norm=norm)
            # NumPy in float64: it computes float32 by other means in some releases.
            expected = getattr(np.fft, name)(x.astype(np.result_type(x.dtype, np.float64)), n=n, norm=norm)
            assert got.dtype == getattr(cp, result_dtype(name, str(x.dtype)))
            assert_close(got, expected, n, f"{name} of {n} points, {x.dtype}, {norm}")


@pytest.mark.parametrize("name", ONE)
def test_long_lines(name, threads):
    """Also the same bits whatever the number of threads."""
    rng = np.random.default_rng(2)
    for n, wide in [(n, True) for n in LONG] + [(2**16, False), (200_000, False)]:
        x = numbers(rng, n, name, wide)
        results = []
        for count in (1, 2, 5):
            threads(count)
            results.append(getattr(cp.fft, name)(tensor(x), n=n, norm="ortho"))
        expected = getattr(np.fft, name)(x.astype(np.result_type(x.dtype, np.float64)), n=n, norm="ortho")
        assert_close(results[0], expected, n, f"{name} of {n} points, {x.dtype}")
        for other in results[1:]:
            assert np.array_equal(bits(array(results[0])), bits(array(other))), f"{name} of {n} points"


@pytest.mark.parametrize("name", ("fft", "ifft"))
def test_a_real_line_is_the_complex_line_without_imaginary_parts(name):
    rng = np.random.default_rng(3)
    for n in (*LENGTHS, *LONG):
        x = rng.standard_normal((2, n))
        got = getattr(cp.fft, name)(tensor(x))
        assert got.dtype == cp.complex128
        assert_close(got, getattr(np.fft, name)(x), n, f"{name} of {n} real points")
        got = getattr(cp.fft, name)(tensor(x.T), axis=0)
        assert_close(got, getattr(np.fft, name)(x.T, axis=0), n, f"{name} of {n} real points in columns")


@examples(150)
@given(data=st.data(), shape=shapes(max_dims=5, max_size=300), seed=st.integers(0, 2**32 - 1))
def test_any_axis_of_any_layout(data, shape, seed):
    """Views with odd strides, empty ones, padding and trimming."""
    if not shape:
        shape = (3,)
    rng = np.random.default_rng(seed)
    name = data.draw(st.sampled_from(ONE))
    layout = data.draw(layouts(shape))
    a, x = layout.make(lambda shape: numbers(rng, shape, name))
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    size = a.shape[axis]
    n = data.draw(st.one_of(st.none(), st.integers(1, 2 * size + 3)))
    points = n if n is not None else (2 * (size - 1) if name in REAL_OUTPUT else size)
    if points < 1:
        with pytest.raises(ValueError, match=f"{name}: .*at least 1"):
            getattr(cp.fft, name)(x, n=n, axis=axis)
        return
    norm = data.draw(st.sampled_from(NORMS))
    got = getattr(cp.fft, name)(x, n=n, axis=axis, norm=norm)
    expected = np.zeros_like(array(got)) if size == 0 else getattr(np.fft, name)(a, n=n, axis=axis, norm=norm)
    assert_close(got, expected, points, f"{name} n={n} axis={axis} {norm} of {layout}")


@examples(150)
@given(data=st.data(), shape=shapes(max_dims=4, max_size=60), seed=st.integers(0, 2**32 - 1))
def test_several_axes(data, shape, seed):
    rng = np.random.default_rng(seed)
    name = data.draw(st.sampled_from(MANY))
    layout = data.draw(layouts(shape))
    a, x = layout.make(lambda shape: numbers(rng, shape, name))
    axes = data.draw(st.one_of(st.none(), st.permutations(range(a.ndim)).map(tuple)))
    if axes:
        axes = axes[: data.draw(st.integers(1, len(axes)))]
    count = a.ndim if axes is None else len(axes)
    s = data.draw(st.one_of(st.none(), st.lists(st.integers(1, 7), min_size=count, max_size=count).map(tuple)))
    if s is not None and axes is None:
        axes = tuple(range(a.ndim))
    norm = data.draw(st.sampled_from(NORMS))
    sizes = [a.shape[axis] for axis in (range(a.ndim) if axes is None else axes)] if s is None else list(s)
    if s is None and sizes and name == "irfftn":
        sizes[-1] = 2 * (sizes[-1] - 1)
    if any(size < 1 for size in sizes) or (not sizes and name in ("rfftn", "irfftn")):
        with pytest.raises(ValueError, match=f"{name}: .*at least"):
            getattr(cp.fft, name)(x, s=s, axes=axes, norm=norm)
        return
    got = getattr(cp.fft, name)(x, s=s, axes=axes, norm=norm)
    if a.size == 0:
        expected = np.zeros(got.shape)
    elif not sizes:
        expected = a
    else:
        expected = getattr(np.fft, name)(a, s=s, axes=axes, norm=norm)
    assert_close(got, expected, math.prod(sizes), f"{name} s={s} axes={axes} {norm} of {layout}")


@pytest.mark.parametrize("wide", (True, False))
@pytest.mark.parametrize("name", MANY)
def test_matrices_on_any_number_of_threads(name, wide, threads):
    x = numbers(np.random.default_rng(4), (129, 6, 200), name, wide)
    results = []
    for count in (1, 2, 5):
        threads(count)
        results.append(getattr(cp.fft, name)(tensor(x)))
    assert_close(results[0], getattr(np.fft, name)(x.astype(np.result_type(x.dtype, float))), x.size, name)
    for other in results[1:]:
        assert np.array_equal(bits(array(results[0])), bits(array(other)))


def test_many_long_lines():
    x = numbers(np.random.default_rng(5), (3, 2**16, 2), "fft")
    assert_close(cp.fft.fft(tensor(x), axis=1), np.fft.fft(x, axis=1), 2**16)
    assert_close(cp.fft.fft(tensor(x)[::-1, ::-1, 1], axis=1), np.fft.fft(x[::-1, ::-1, 1], axis=1), 2**16)
    assert_close(cp.fft.ifft(tensor(x), n=70_000, axis=1), np.fft.ifft(x, n=70_000, axis=1), 70_000)
    r = x.real
    for n in (2**17, 2**17 + 2**16, 200_000):
        assert_close(cp.fft.rfft(tensor(r), n=n, axis=1), np.fft.rfft(r, n=n, axis=1), n)
        assert_close(cp.fft.irfft(tensor(x), n=n, axis=1), np.fft.irfft(x, n=n, axis=1), n)
        assert_close(cp.fft.fft(tensor(r), n=n, axis=1), np.fft.fft(r, n=n, axis=1), n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE + MANY)
def test_dtypes(name, dtype):
    x = np.arange(1, 13).reshape(3, 4).astype(dtype)
    if name in REAL_INPUT and dtype.startswith("complex"):
        with pytest.raises(TypeError, match=f"{name}: dtype {dtype} is not supported; expected real-valued"):
            getattr(cp.fft, name)(tensor(x))
        return
    got = getattr(cp.fft, name)(tensor(x))
    assert got.dtype == getattr(cp, result_dtype(name, dtype))
    exact = x.astype(np.complex128 if dtype.startswith("complex") else np.float64)
    assert_close(got, getattr(np.fft, name)(exact), x.size, name)


@pytest.mark.parametrize("n", (1, 2, 5, 8, 2**17))
def test_what_a_real_line_cannot_have_counts_as_nothing(n):
    """The imaginary parts of frequency 0 and, for an even length, of the highest one."""
    x = numbers(np.random.default_rng(6), n // 2 + 1, "irfft")
    clean = x.copy()
    clean[0] = clean[0].real
    if n % 2 == 0:
        clean[-1] = clean[-1].real
    assert_same(cp.fft.irfft(tensor(x), n=n), array(cp.fft.irfft(tensor(clean), n=n)))
    assert_close(cp.fft.irfft(tensor(x), n=n), np.fft.irfft(x, n=n), n)


@pytest.mark.parametrize("n", (5, 8, 1009, 2**16, 2**17))
@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("value", (math.nan, math.inf, -math.inf))
def test_nan_and_infinity_spread_and_end(name, value, n):
    """Each element of the result depends on each of the input."""
    x = numbers(np.random.default_rng(7), n, name)
    x[n // 3] = value
    with np.errstate(all="ignore"):
        expected = getattr(np.fft, name)(x, n=n)
    got = array(getattr(cp.fft, name)(tensor(x), n=n))
    assert not np.isfinite(got).any() or np.isfinite(expected).any()


@pytest.mark.parametrize("name", ("fft", "ifft", "rfft", "irfft", "fftn", "rfftn", "irfftn"))
def test_the_input_stays(name):
    for shape in ((8,), (3, 2**16)):
        x = numbers(np.random.default_rng(8), shape, name)
        t = tensor(x)
        getattr(cp.fft, name)(t, norm="ortho")
        assert np.array_equal(array(t), x)


@pytest.mark.parametrize("forward", ("fft", "rfft", "ihfft", "fftn", "rfftn"))
def test_there_and_back(forward):
    back = {"fft": "ifft", "rfft": "irfft", "ihfft": "hfft", "fftn": "ifftn", "rfftn": "irfftn"}[forward]
    for shape in ((12,), (5, 11, 6), (2, 2**16)):
        x = numbers(np.random.default_rng(9), shape, forward)
        there = getattr(cp.fft, forward)(tensor(x), norm="forward")
        length = {"s": shape, "axes": range(len(shape))} if back.endswith("n") else {"n": shape[-1]}
        if "axes" in length:
            length["axes"] = tuple(length["axes"])
        assert_close(getattr(cp.fft, back)(there, norm="forward", **length), x, x.size)


@pytest.mark.parametrize("name", ONE)
def test_errors_of_one_axis(name):
    f = getattr(cp.fft, name)
    x = cp.zeros((2, 3))
    for n in (0, -1, -(2**70)):
        with pytest.raises(ValueError, match=f"^{name}: the number of points must be at least 1, got -?[0-9]+"):
            f(x, n=n)
    with pytest.raises(IndexError, match=f"^{name}: axis 2 is out of bounds for a tensor of 2 dimensions"):
        f(x, axis=2)
    with pytest.raises(IndexError, match=name):
        f(x, axis=-(2**70))
    with pytest.raises(IndexError, match=f"^{name}: axis -1"):
        f(cp.asarray(1.0))
    with pytest.raises(ValueError, match=f'^{name}: norm must be .*got "both"'):
        f(x, norm="both")
    with pytest.raises(ValueError, match=f"^{name}: an axis of size 0 gives"):
        f(cp.zeros((2, 0)))
    for n in (1.5, "3", [4]):
        with pytest.raises(TypeError, match=f"^{name}: n must be an integer"):
            f(x, n=n)
    with pytest.raises(TypeError, match=f"^{name}: axis must be an integer"):
        f(x, axis=0.5)
    with pytest.raises(TypeError, match=f"^{name}: expected a corepy tensor"):
        f([1.0, 2.0])


@pytest.mark.parametrize("n", (2**40, 2**40 + 15, 2**58, 2**62, 2**63 - 1, 2**70))
@pytest.mark.parametrize("name", ONE)
def test_lengths_without_memory(name, n):
    for shape in ((3,), (2, 3)):
        with pytest.raises((MemoryError, ValueError), match=f"^{name}: "):
            getattr(cp.fft, name)(cp.zeros(shape), n=n)
    if n < 2**60:
        # The result is empty, and there is nothing to compute.
        assert getattr(cp.fft, name)(cp.zeros((0, 3)), n=n).size == 0
    else:
        with pytest.raises(ValueError, match=f"^{name}: "):
            getattr(cp.fft, name)(cp.zeros((0, 3)), n=n)


@pytest.mark.parametrize("name", MANY)
def test_errors_of_several_axes(name):
    f = getattr(cp.fft, name)
    x = cp.zeros((2, 3))
    for axes in ((0, 0), (0, -2), (1, 0, 1)):
        with pytest.raises(ValueError, match=f"^{name}: axis [01] is repeated"):
            f(x, axes=axes)
    with pytest.raises(IndexError, match=f"^{name}: axis 2 is out of bounds"):
        f(x, axes=(0, 2))
    with pytest.raises(ValueError, match=f"^{name}: 1 sizes for 2 axes"):
        f(x, s=(4,), axes=(0, 1))
    with pytest.raises(ValueError, match=f"^{name}: 3 sizes for a tensor of 2 dimensions"):
        f(x, s=(4, 4, 4))
    with pytest.raises(ValueError, match=f"^{name}: the number of points must be at least 1, got 0"):
        f(x, s=(0, 3), axes=(0, 1))
    with pytest.raises(ValueError, match=f"^{name}: an axis of size 0 gives"):
        f(cp.zeros((0, 3)))
    with pytest.raises(ValueError, match=f"^{name}: norm must be"):
        f(x, norm="")
    with pytest.raises((ValueError, MemoryError), match=f"^{name}: "):
        f(x, s=(2**40, 2**40), axes=(0, 1))


def test_sizes_as_numpy_reads_them():
    x = numbers(np.random.default_rng(10), (3, 4, 5), "fftn")
    t = tensor(x)
    assert_close(cp.fft.fftn(t, s=(-1, 6), axes=(0, 2)), np.fft.fftn(x, s=(-1, 6), axes=(0, 2)), 18)
    assert_close(cp.fft.fftn(t, s=[6, 2]), np.fft.fftn(x, s=[6, 2], axes=(1, 2)), 12)
    assert_close(cp.fft.fftn(t, axes=1), np.fft.fft(x, axis=1), 4)
    assert_same(cp.fft.fftn(t, axes=()), x)
    assert_same(cp.fft.fftn(cp.asarray(2.5)), np.asarray(2.5 + 0j))


@examples(100)
@given(data=st.data(), shape=shapes(max_dims=4), seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from(DTYPES))
def test_shifts(data, shape, seed, dtype):
    rng = np.random.default_rng(seed)
    layout = data.draw(layouts(shape))
    a, x = layout.make(lambda shape: rng.integers(0, 100, shape).astype(dtype))
    axes = data.draw(st.one_of(st.none(), st.sets(st.integers(0, max(a.ndim - 1, 0)), max_size=a.ndim).map(tuple)))
    for name in ("fftshift", "ifftshift"):
        # NumPy fails for 0-d arrays.
        expected = getattr(np.fft, name)(a, axes=axes) if a.ndim else a
        assert_same(getattr(cp.fft, name)(x, axes=axes if a.ndim else None), expected, name)


def test_shifts_of_one_axis_and_errors():
    x = np.arange(12).reshape(3, 4)
    for name in ("fftshift", "ifftshift"):
        f = getattr(cp.fft, name)
        assert_same(f(tensor(x), axes=-1), getattr(np.fft, name)(x, axes=-1))
        with pytest.raises(IndexError, match=f"^{name}: axis 2 is out of bounds"):
            f(tensor(x), axes=2)
        with pytest.raises(ValueError, match=f"^{name}: axis 1 is repeated"):
            f(tensor(x), axes=(1, -1))


@pytest.mark.parametrize("name", ("fftfreq", "rfftfreq"))
def test_frequencies(name):
    f, g = getattr(cp.fft, name), getattr(np.fft, name)
    for n in (1, 2, 3, 4, 7, 10, 1001, 100_000):
        for d in (1.0, 0.1, -3.0, 7e-5, math.inf):
            assert_same(f(n, d=d), g(n, d=d))
            assert_same(f(n, d=d, dtype=cp.float32), g(n, d=d).astype(np.float32))
    for n in (0, -3, -(2**70)):
        with pytest.raises(ValueError, match=f"^{name}: the number of points must be at least 1, got"):
            f(n)
    for n in (2**45, 2**62, 2**70):
        with pytest.raises((ValueError, MemoryError), match=f"^{name}: "):
            f(n)
    with pytest.raises(ValueError, match=f"^{name}: the spacing of the samples must not be 0"):
        f(3, d=0.0)
    with pytest.raises(TypeError, match=f"^{name}: dtype int64 is not supported"):
        f(3, dtype=cp.int64)
    with pytest.raises(TypeError, match=f"^{name}: n must be an integer"):
        f(3.5)
    with pytest.raises(ValueError, match=f"^{name}: unsupported device"):
        f(3, device="gpu")


def test_more_lengths_than_plans_are_kept():
    x = numbers(np.random.default_rng(11), 300, "fft")
    for n in (*range(1, 200), *range(200, 0, -1)):
        assert_close(cp.fft.fft(tensor(x), n=n), np.fft.fft(x, n=n), n)


def test_several_threads_share_the_plans():
    rng = np.random.default_rng(12)
    lines = {n: numbers(rng, n, "fft") for n in (*range(90, 200), 2**16)}
    expected = {n: np.fft.fft(x) for n, x in lines.items()}
    failures = []

    def work():
        try:
            for n, x in lines.items():
                assert_close(cp.fft.fft(tensor(x)), expected[n], n)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
