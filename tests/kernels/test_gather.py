"""The kernels of indexing: offsets, gathering, scattering, masks; lengths around words, vectors and blocks."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import DTYPES, INTEGERS, assert_same, tensor
from support.values import wild

# Around a word of 64 booleans, a vector, a block of offsets and a chunk of a mask.
LENGTHS = (1, 7, 8, 9, 63, 64, 65, 127, 129, 1023, 1025, 16_383, 16_385, 50_003)
SHARES = (0.0, 0.02, 0.5, 0.97, 1.0)


def masks(length):
    """Masks of each density, and those with a lone true element at an end."""
    rng = np.random.default_rng(length)
    for share in SHARES:
        yield rng.random(length) < share
    for place in (0, length - 1):
        lone = np.zeros(length, bool)
        lone[place] = True
        yield lone
        yield ~lone


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.97, 1.0])
def test_long_masks(dtype, share):
    """Lengths around the words and chunks of the kernels."""
    rng = np.random.default_rng(3)
    for size in (63, 64, 65, 1000, 16_384, 16_385, 50_003):
        a, mask = wild(dtype, (size,), rng), rng.random(size) < share
        x, chosen = tensor(a), tensor(mask)
        assert_same(x[chosen], a[mask])
        values = wild(dtype, (int(mask.sum()),), rng)
        x[chosen] = tensor(values)
        a[mask] = values
        assert_same(x, a)
        x[chosen] = tensor(a[:1])
        a[mask] = a[0]
        assert_same(x, a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_indices(dtype):
    """Rows, columns and elements of a matrix, more than a block of them."""
    rng = np.random.default_rng(4)
    for shape in ((50_000,), (300, 7), (7, 300), (300, 1), (40, 3, 5)):
        a = wild(dtype, shape, rng)
        x = tensor(a)
        for axis in range(len(shape)):
            indices = rng.integers(-shape[axis], shape[axis], 3000)
            key = (*[slice(None)] * axis, indices)
            assert_same(x[(*key[:-1], tensor(indices))], a[key])
            assert_same(cp.take(x, tensor(indices), axis=axis), np.take(a, indices, axis))
            value = wild(dtype, a[key].shape, rng)
            x[(*key[:-1], tensor(indices))] = tensor(value)
            for place, index in enumerate(indices):
                a[(*key[:-1], index)] = value[(*key[:-1], place)]
            assert_same(x, a)


@pytest.mark.parametrize("length", LENGTHS)
def test_positions_and_counts(length):
    """nonzero and count_nonzero; the elements before and behind the mask are not looked at."""
    for mask in masks(length):
        padded = np.ones(length + 2, bool)
        padded[1:-1] = mask
        x = tensor(padded)[1:-1]
        assert_same(cp.nonzero(x)[0], np.flatnonzero(mask))
        assert_same(cp.count_nonzero(x), np.count_nonzero(mask))


@pytest.mark.parametrize("shape", [(1000, 1), (1, 1000), (300, 7), (7, 300), (10, 20, 30), (3, 1, 70, 5)])
def test_positions_along_several_axes(shape):
    """Few and many true elements in each line."""
    for mask in masks(int(np.prod(shape))):
        mask = mask.reshape(shape)
        for got, expected in zip(cp.nonzero(tensor(mask)), np.nonzero(mask), strict=True):
            assert_same(got, expected)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex128"])
def test_compressing_and_expanding_write_nothing_else(dtype):
    """Whole vectors are stored, but never past what was chosen."""
    rng = np.random.default_rng(9)
    for length in LENGTHS[:-2]:
        a = wild(dtype, (length,), rng)
        x = tensor(a)
        for mask in masks(length):
            chosen = tensor(mask)
            assert_same(x[chosen], a[mask])
            values = wild(dtype, (int(mask.sum()),), rng)
            for value in (values, values[:1]):
                if mask.any():
                    padded = np.concatenate([a[:1], a, a[-1:]])
                    target, expected = tensor(padded), padded.copy()
                    target[1:-1][chosen] = tensor(value)
                    expected[1:-1][mask] = value
                    assert_same(target, expected)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_indices_of_every_dtype(dtype):
    """The ends of the range, and the first that is out of bounds is named."""
    limits = np.iinfo(dtype)
    size = min(int(limits.max), 300) + 1
    a = np.arange(size)
    x = tensor(a)
    low = max(int(limits.min), -size)
    indices = np.random.default_rng(10).integers(low, size, 5000).astype(dtype)
    indices[:2] = low, size - 1
    assert_same(x[tensor(indices)], a[indices])
    short = tensor(a[: size - 1])
    for place in (0, 1, 7, 8, 255, 256, 1023, 1024, 4999):
        for bad in (size - 1, low) if low == -size else (size - 1,):
            wrong = np.zeros(5000, dtype)
            wrong[place:] = bad
            for key in (tensor(wrong), tensor(wrong[: place + 1])):
                with pytest.raises(IndexError, match=f"index {bad} is out of bounds for axis 0 with size {size - 1}$"):
                    short[key]


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 64, 65, 66, 200])
def test_rows_of_every_length(columns):
    """Copied as runs: by size where that is a power of two, else in pieces."""
    rng = np.random.default_rng(11)
    for dtype in ("uint8", "int16", "float64"):
        a = wild(dtype, (50, columns), rng)
        x = tensor(a)
        indices = rng.integers(-50, 50, 400)
        assert_same(x[tensor(indices)], a[indices])
        order = rng.permutation(50)
        values = wild(dtype, (50, columns), rng)
        x[tensor(order)] = tensor(values)
        a[order] = values
        assert_same(x, a)
        x[tensor(order[:20])] = tensor(values[0, :1])
        a[order[:20]] = values[0, 0]
        assert_same(x, a)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "complex128"])
def test_results_that_bypass_the_caches(dtype):
    """Large results, whose last piece fills no line; in several steps they begin within one."""
    rng = np.random.default_rng(13)
    a = wild(dtype, (3, 1001), rng)
    x = tensor(a)
    for count in (900_001, 900_032):
        indices = rng.integers(-1001, 1001, count)
        own = tensor(indices)
        assert_same(x[0][own], a[0][indices])
        assert_same(x[:, own], a[:, indices])


@pytest.mark.parametrize("length", [1, 2, 3, 5, 1000])
def test_lines_that_blocks_cut(length):
    """take_along_axis: blocks of offsets end within lines, and lines within blocks."""
    rng = np.random.default_rng(12)
    a = rng.normal(size=(3, 700 // length + 2, length))
    indices = rng.integers(-length, length, a.shape)
    for axis in (0, 1, 2):
        bounded = indices % a.shape[axis]
        got = cp.take_along_axis(tensor(a), tensor(bounded), axis=axis)
        assert_same(got, np.take_along_axis(a, bounded, axis))
