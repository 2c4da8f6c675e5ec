"""Sums of expressions that are computed as they are summed: the bits of sums of what lies in memory."""

from __future__ import annotations

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, bits

# From here on results are deferred.
LARGE = 1 << 15
# Elements of a leaf of the tree: 16 times 32 lanes.
LEAF = 512

EXPRESSIONS = {
    "square": lambda x, y: x * x,
    "distance": lambda x, y: (x - y) ** 2,
    "negative abs": lambda x, y: -cp.abs(x),
    "numbers": lambda x, y: 1.5 - x * 2.25 / (y + 3.0),
    "long": lambda x, y: ((x * y - x / y) * (x + 0.5) - cp.sqrt(cp.abs(x * 3.0 - y))) * (y - 0.25) + x,
    "function": lambda x, y: cp.exp(x) - y,
    "written besides": lambda x, y: x * y,
}


def numbers(shape, dtype, seed):
    values = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    values[np.abs(values) < 0.1] = -0.0
    values[values == 0] = np.where(np.arange((values == 0).sum()) % 2, 1e-30, -0.0)
    return values


def assert_same_bits(calculate, *tensors):
    with cp.fusion(True):
        fused = calculate(*tensors)
    with cp.fusion(False):
        eager = calculate(*tensors)
    assert np.isfinite(array(eager)).all()
    np.testing.assert_array_equal(bits(array(fused)), bits(array(eager)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_sums_at_lengths_around_leaves(name, dtype):
    expression = EXPRESSIONS[name]
    lengths = [LARGE + extra for extra in (0, 1, 31, 32, 33, LEAF - 1, LEAF, LEAF + 1, 3 * LEAF, 7 * LEAF + 5)]
    for length in [*lengths, 5 * 16384 + 3 * LEAF, 100_003]:
        x, y = (cp.asarray(numbers(length, dtype, seed) + 2 * seed, copy=True) for seed in (0, 1))
        for reduce in (cp.sum, cp.mean):
            assert_same_bits(lambda x, y, reduce=reduce: reduce(expression(x, y)), x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [500, 512, 513, 1023, 1024, 1025, 4096, 4099, 20_000])
def test_sums_of_rows(columns, dtype):
    """Rows that begin anywhere, of one block and of several."""
    rows = LARGE // columns + 3
    x, y = (cp.asarray(numbers((rows, columns), dtype, seed) + 2 * seed, copy=True) for seed in (0, 1))
    for name in ("square", "distance", "numbers"):
        expression = EXPRESSIONS[name]
        assert_same_bits(lambda x, y, expression=expression: cp.sum(expression(x, y), axis=1), x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_reach_the_sum(dtype):
    for special in (np.nan, np.inf, -np.inf):
        for place in (0, 517, LARGE - 1):
            values = np.ones(LARGE, dtype)
            values[place] = special
            x = cp.asarray(values, copy=True)
            np.testing.assert_array_equal(float(cp.sum(x - x * x)), special - special * special)
            np.testing.assert_array_equal(float(cp.sum(x * 2.0)), special)


def test_a_sum_of_negative_zeros_is_one():
    for dtype in ("float32", "float64"):
        x = cp.asarray(np.full(LARGE + 7, -0.0, dtype), copy=True)
        assert np.signbit(array(cp.sum(x * 1.0)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_the_program_holds_is_written(dtype):
    x, y = (cp.asarray(numbers(LARGE + 5, dtype, seed), copy=True) for seed in (0, 1))
    held = x * y
    total = cp.sum(held)
    with cp.fusion(False):
        np.testing.assert_array_equal(bits(array(held)), bits(array(x * y)))
        np.testing.assert_array_equal(bits(array(total)), bits(array(cp.sum(x * y))))
