"""The kernels that move rows: lengths around vectors, blocks and pieces, on one and on two threads."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import DTYPES, assert_same, tensor
from support.values import moderate, wild

# Around a vector, its unrolled loop, a row of its own and a piece of a long copy.
LENGTHS = (1, 3, 15, 31, 33, 63, 65, 127, 255, 257, 1000, 1025, 40_003)
# As many bytes as each element has.
BY_SIZE = ("bool", "int16", "float32", "int64", "complex128")


@pytest.mark.parametrize("dtype", BY_SIZE)
@pytest.mark.parametrize("length", LENGTHS)
def test_joins(dtype, length, threads):
    """Side by side on each axis, at any alignment."""
    rng = np.random.default_rng(length)
    rows = max(1, 60_000 // length)
    a, b, c = (wild(dtype, (rows, length + extra), rng)[:, extra:] for extra in (0, 0, 3))
    for count in (1, 2):
        threads(count)
        x, y, z = map(tensor, (a, b, c))
        for axis in (0, 1):
            assert_same(cp.concat((x, y, x), axis=axis), np.concatenate((a, b, a), axis=axis))
            assert_same(cp.concat((x, z), axis=axis), np.concatenate((a, c), axis=axis))
        for axis in (0, 1, 2):
            for parts, arrays in (((x, y), (a, b)), ((y, x, x), (b, a, a)), ((x,) * 5, (a,) * 5)):
                assert_same(cp.stack(parts, axis=axis), np.stack(arrays, axis=axis))
        assert_same(cp.concat((x, y[:, :1]), axis=1), np.concatenate((a, b[:, :1]), axis=1))
        assert_same(cp.roll(x, (1, 2), axis=(0, 1)), np.roll(a, (1, 2), axis=(0, 1)))


@pytest.mark.parametrize("dtype", BY_SIZE)
@pytest.mark.parametrize("length", LENGTHS)
def test_repetitions(dtype, length, threads):
    """Elements, rows and the whole, a few times and often."""
    rng = np.random.default_rng(length)
    a = wild(dtype, (3, length), rng)
    counts = rng.integers(0, 9, a.size)
    for count in (1, 2):
        threads(count)
        x = tensor(a)
        for times in (1, 2, 3, 4, 5, 70):
            assert_same(cp.repeat(x, times), np.repeat(a, times))
            assert_same(cp.repeat(x, times, axis=0), np.repeat(a, times, axis=0))
            assert_same(cp.tile(x, (times,)), np.tile(a, (times,)))
            assert_same(cp.tile(x, (2, times, 1)), np.tile(a, (2, times, 1)))
        assert_same(cp.repeat(x, tensor(counts)), np.repeat(a, counts))
        assert_same(cp.repeat(x, tensor(counts[:length]), axis=1), np.repeat(a, counts[:length], axis=1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_last_of_several_values_stays(dtype, threads):
    """Many positions for each place, whichever thread writes it."""
    rng = np.random.default_rng(5)
    for shape in ((7000,), (70, 3), (70, 200)):
        a = wild(dtype, shape, rng)
        indices = rng.integers(-shape[0], shape[0], 300_000 // (a.size // shape[0]))
        values = wild(dtype, (len(indices), *shape[1:]), rng)
        expected = a.copy()
        for index, value in zip(indices, values, strict=True):
            expected[index] = value
        for count in (1, 2):
            threads(count)
            x = tensor(a)
            x[tensor(indices)] = tensor(values)
            assert_same(x, expected)
            x[tensor(indices)] = tensor(values[:1])
            filled = expected.copy()
            filled[indices] = values[0]
            assert_same(x, filled)


@pytest.mark.parametrize("dtype", DTYPES)
def test_differences(dtype, threads):
    """Two at a time, of long tensors."""
    a = moderate(dtype, (300, 41), np.random.default_rng(6))
    for count in (1, 2):
        threads(count)
        for axis in (0, 1):
            for n in (1, 2, 3, 4, 39, 41):
                assert_same(cp.diff(tensor(a), axis=axis, n=n), np.diff(a, axis=axis, n=n))


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint32", "float32", "float64", "complex64"])
def test_long_scans_are_the_same_on_any_number_of_threads(dtype, threads):
    """Rows in several units, each of which waits for the one before."""
    a = moderate(dtype, (2, 200_001), np.random.default_rng(7))
    for scan in (cp.cumulative_sum, cp.cumulative_prod):
        threads(1)
        one = scan(tensor(a), axis=1)
        threads(2)
        for _ in range(3):
            assert_same(scan(tensor(a), axis=1), one)
    if np.dtype(dtype).kind in "iu":
        assert_same(cp.cumulative_prod(tensor(a), axis=1), np.cumprod(a, axis=1))
        assert_same(cp.cumulative_sum(tensor(a), axis=1), np.cumsum(a, axis=1))


@pytest.mark.parametrize("place", [0, 5, 32_767, 32_768, 99_999])
def test_the_first_true_one(place, threads):
    """Whether it lies in the first unit or behind."""
    a = np.zeros(100_000, bool)
    a[place] = a[-1] = True
    for count in (1, 2):
        threads(count)
        assert int(cp.argmax(tensor(a))) == int(cp.argmin(tensor(~a))) == place
