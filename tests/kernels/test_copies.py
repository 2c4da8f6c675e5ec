"""Copies and operations between layouts: reversed, strided and transposed; evenly spaced numbers from their indices."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import DTYPES, INTEGERS, assert_same, tensor
from support.values import wild

# Around a vector, a tile, a block and a chunk.
LENGTHS = (1, 7, 17, 63, 65, 257, 1025, 33_001)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_copies_between_layouts(dtype, length, threads):
    """Each way to walk a source, to fresh tensors and to views."""
    rng = np.random.default_rng(length)
    rows = max(2, 70_000 // length)
    a = wild(dtype, (rows, length), rng)
    for count in (1, 2):
        threads(count)
        x = tensor(a)
        for key in (
            (slice(None, None, -1),),
            (..., slice(None, None, -1)),
            (slice(None, None, -1),) * 2,
            (..., slice(None, None, 2)),
            (..., slice(None, None, -3)),
        ):
            assert_same(cp.asarray(x[key], copy=True), a[key])
            assert_same(cp.reshape(x[key].T, (-1,)), a[key].T.reshape(-1))
            for back in (slice(None), slice(None, None, -1)):
                y, b = cp.zeros(a[key].shape, dtype=x.dtype), np.zeros(a[key].shape, dtype)
                y[..., back] = x[key]
                b[..., back] = a[key]
                assert_same(y, b)
        assert_same(cp.roll(x, (3, -5), axis=(0, 1)), np.roll(a, (3, -5), axis=(0, 1)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "int16"])
@pytest.mark.parametrize("length", LENGTHS)
def test_operands_that_are_walked_backwards(dtype, length, threads):
    """One, both, or the destination; with a transposed one."""
    rng = np.random.default_rng(length)
    a, b = wild(dtype, (2, length), rng), wild(dtype, (2, length), rng)
    square = wild(dtype, (min(length, 300), 270), rng)
    for count in (1, 2):
        threads(count)
        x, y, m = tensor(a), tensor(b), tensor(square)
        with np.errstate(all="ignore"):
            assert_same(x[:, ::-1] + y, a[:, ::-1] + b)
            assert_same(x[:, ::-1] + y[:, ::-1], a[:, ::-1] + b[:, ::-1])
            assert_same(x[:, ::-1] + x[:, ::-1], a[:, ::-1] + a[:, ::-1])
            assert_same(
                m.T[::-1, ::-1] + cp.reshape(m, m.T.shape), square.T[::-1, ::-1] + square.reshape(square.T.shape)
            )
            x[:, ::-1] += y
            a = a.copy()
            a[:, ::-1] += b
            assert_same(x, a)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("kind", DTYPES)
def test_the_first_index_out_of_bounds(dtype, kind, threads):
    """Whatever comes behind it, at any place in a vector; and nothing is read there."""
    info = np.iinfo(dtype)
    size = 100
    x = tensor(np.zeros(size, kind))
    for count in (1, 2):
        threads(count)
        for length in (1, 7, 9, 300, 70_000):
            for place in {0, length // 2, length - 1}:
                for bad in {min(size, info.max), max(-size - 1, info.min), info.max, info.min}:
                    if -size <= bad < size:
                        continue
                    index = np.zeros(length, dtype)
                    index[place] = bad
                    index[place + 1 :: 5] = info.max
                    shown = min(int(bad), 2**63 - 1)
                    with pytest.raises(IndexError, match=f"index {shown} "):
                        x[tensor(index)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "start, step",
    [
        (0, 1),
        (3, -2),
        (-0.0, 1),
        (-0.0, -1),
        (0.0, -1),
        (0.1, 0.3),
        (2**30, 1),
        (2**31 - 100, 1),
        (-(2**31), 1),
        (1e30, 1e28),
        (16_777_210, 1),
    ],
)
@pytest.mark.parametrize("length", LENGTHS)
def test_evenly_spaced_numbers(dtype, start, step, length):
    """Computed in float64 and rounded once."""
    got = cp.arange(start, start + step * (length - 0.5), step, dtype=getattr(cp, dtype))
    expected = (np.float64(start) + np.arange(got.size, dtype=np.float64) * np.float64(step)).astype(dtype)
    assert_same(got, expected)
