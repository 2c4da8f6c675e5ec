"""Arithmetic in registers: the bits of the kernels, on each instruction set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import array, bits
from support.oracle import REGISTRY

# From here on results are deferred.
LARGE = 1 << 15
UNARY = {"sqrt": cp.sqrt, "abs": cp.abs, "negative": cp.negative, "square": lambda x: x**2}
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}
SPECIAL = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, -1e-45, 3e38, 1.0]


def numbers(size: int, dtype: str, seed: int) -> np.ndarray:
    """Normal and special numbers."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=size).astype(dtype)
    places = generator.integers(0, size, 200)
    values[places] = generator.choice(np.asarray(SPECIAL), 200).astype(dtype)
    return values


def assert_same_bits(calculate, *tensors) -> None:
    """Deferred and at once, `calculate` gives the same bits."""
    with cp.fusion(True):
        fused = calculate(*tensors)
    assert not cp.explain(fused).startswith("in memory")
    with cp.fusion(False):
        eager = calculate(*tensors)
    assert cp.explain(eager).startswith("in memory")
    assert fused.strides == eager.strides
    np.testing.assert_array_equal(bits(array(fused)), bits(array(eager)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("extra", [0, 1, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 511, 512, 513])
def test_each_operation_at_lengths_around_vectors(dtype, extra):
    """Unary and binary operations after one another, so that they are one group; with a number on either side."""
    a, b = (cp.asarray(numbers(LARGE + extra, dtype, seed), copy=True) for seed in (1, 2))
    for unary in UNARY.values():
        for binary in BINARY.values():
            assert_same_bits(lambda a, b, unary=unary, binary=binary: unary(binary(a, b)), a, b)
            assert_same_bits(lambda a, b, unary=unary, binary=binary: binary(unary(a), 2.5) + b, a, b)
            assert_same_bits(lambda a, b, unary=unary, binary=binary: binary(-0.5, unary(b)) * a, a, b)


@pytest.mark.parametrize("extra", [0, 1, 5, 9, 63])
@pytest.mark.parametrize("layout", ["whole", "column", "row in Fortran order"])
def test_a_number_whose_place_is_written(extra, layout):
    """A cast of one element, for all or for a row, is a number in a temporary, which the product must not take over
    before the last elements are computed."""
    rows, cols = (1, LARGE + 7000 + extra) if layout == "whole" else (37, 1200 + extra)
    counts = cp.asarray(np.random.default_rng(6).integers(1, 100, (rows, cols)).astype("uint64"), copy=True)
    numbers = cp.asarray(np.arange(70, 70 + rows, dtype="int8")[:, None], copy=True)
    if layout == "row in Fortran order":
        counts, numbers = counts.T, numbers.T
    assert_same_bits(lambda a, b: cp.negative(cp.abs(a * b)) + cp.negative(a), counts, numbers)
    # Made of nothing but numbers, and read twice.
    assert_same_bits(lambda a, b: (c := cp.sqrt(b) * 0.5) * cp.abs(a - c) + cp.negative(a * c), counts, numbers)


def test_a_number_of_each_row_whose_place_is_written():
    """A cast of a row's reduction is one, too."""
    a = cp.asarray(numbers(37 * 1203, "float32", 7).reshape(37, 1203), copy=True)
    b = cp.asarray(np.random.default_rng(6).integers(1, 100, (37, 1203)).astype("uint64"), copy=True)

    def calculate(a, b):
        scale = cp.sum(cp.abs(a), axis=1, keepdims=True)
        return cp.negative(cp.abs(b * scale)) + cp.negative(b)

    assert_same_bits(calculate, a, b)


@st.composite
def programs(draw):
    """Steps over earlier values: the name of an operation and the places of its operands; negative ones are numbers."""
    steps, known = [], 3
    for _ in range(draw(st.integers(2, 60))):
        recent = st.one_of(st.integers(0, known - 1), st.integers(max(0, known - 3), known - 1))
        if draw(st.integers(0, 3)) == 0:
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(recent), None))
        else:
            other = draw(st.one_of(recent, st.integers(-5, -1)))
            steps.append((draw(st.sampled_from(sorted(BINARY))), draw(recent), other))
        known += 1
    return steps


@given(program=programs(), dtype=st.sampled_from(["float32", "float64"]), layout=st.integers(0, 3))
def test_long_programs(program, dtype, layout):
    """More values than registers, more operands than addresses, shared subexpressions, rows and columns broadcast."""
    shape = (173, 199)
    size = shape[0] * shape[1]
    assert size >= LARGE
    values = [cp.asarray(numbers(size, dtype, seed).reshape(shape), copy=True) for seed in (3, 4, 5)]
    if layout == 1:
        values[1] = values[1][:1, :]
    elif layout == 2:
        values[1] = cp.asarray(values[1][:, :1], copy=True)
    elif layout == 3:
        values[1] = cp.reshape(values[1], shape[::-1]).T

    def calculate(*values):
        known = list(values)
        for name, first, second in program:
            if second is None:
                known.append(UNARY[name](known[first]))
            else:
                known.append(BINARY[name](known[first], known[second] if second >= 0 else 0.75 * second))
        # Whatever was not used by the last is used by the sum.
        total = known[-1]
        for value in known[3::7]:
            total = total + value
        return total + values[0]

    assert_same_bits(calculate, *values)


FUNCTIONS = [name for name, row in REGISTRY.items() if row["arity"] < 3 and row["computes"].get("float64") == "float64"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_that_generated_code_calls(name, dtype):
    """Between instructions, with values and numbers that are used before and after the call, of special arguments too."""
    function, arity = getattr(cp, name), REGISTRY[name]["arity"]
    x, y = (cp.asarray(numbers(LARGE + 7, dtype, seed), copy=True) for seed in (8, 9))

    def calculate(x, y):
        a, b = x * 0.75, y - x
        result = function(a) if arity == 1 else function(a, b)
        return result if result.dtype == cp.bool else (0.5 - result) / (1 + a) + b

    assert_same_bits(calculate, x, y)
    # Also first and last of its group.
    assert_same_bits(lambda x, y: function(*(x, y)[:arity]) == y, x, y)
    assert_same_bits(lambda x, y: function(*(-x, y)[:arity]), x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [31, 33, 130, 999, 1000, 1003])
def test_rows_that_begin_within_a_vector(columns, dtype):
    """The elements up to a whole cache line go by themselves."""
    rows = LARGE // columns + 3
    x = cp.asarray(numbers(rows * columns, dtype, 10).reshape(rows, columns), copy=True)
    row, column = x[3:4, :], x[:, 5:6]
    for operand in (row, column):
        operand = cp.asarray(operand, copy=True)
        assert_same_bits(lambda x, y: cp.exp(x - y) * 2, x, operand)
        assert_same_bits(lambda x, y: (x * 3 - y) / 7, x, operand)
    large = cp.asarray(numbers(8_000 * columns, dtype, 11).reshape(8_000, columns), copy=True)
    assert_same_bits(lambda x, y: cp.exp(x - y), large, large[:, :1] + 0)


def test_groups_between_kernels():
    """Functions that are not one instruction stand between groups; temporaries are handed on."""
    x = cp.asarray(numbers(LARGE + 5, "float64", 6), copy=True)
    y = cp.asarray(numbers(LARGE + 5, "float64", 7), copy=True)
    assert_same_bits(lambda x, y: (cp.exp(-(x * x) + 0.5) * y - x) / (1 + cp.exp(y * 0.5 - x)), x, y)
    assert_same_bits(lambda x, y: cp.where(x * 2 - y > 0, x / 3 + y, cp.abs(y - x) * 2) - x, x, y)


def test_past_the_caches():
    """Results larger than any cache, at addresses that are and are not multiples of a vector."""
    x = cp.ones((2049, 2047))
    y = x + 0.5
    for _ in range(2):
        assert_same_bits(lambda x, y: (x * 3 - y) / (y + x), x, y)
    large = cp.reshape(cp.arange(6_000_000, dtype=cp.float64), (6_000_000,))
    assert_same_bits(lambda a: (a * 0.5 + 1) / (a + 2), large)
    assert_same_bits(lambda a: (a * 0.5 + 1) / (a + 2), large[1:])


def test_past_the_caches_where_rows_end_within_a_line():
    """Matrices whose rows are no whole cache lines, and whose blocks of rows are, but for the first of each matrix."""
    # 24 rows of 2728 bytes are whole lines, 101 are no multiple of any vector. Operands that vary between the axes keep
    # these apart.
    shape, rows = (70, 101, 341), (1, 101, 1)
    x = cp.reshape(cp.arange(70 * 101 * 341, dtype=cp.float64), shape)
    y = cp.evaluate(-x)
    even = cp.reshape(cp.asarray(np.arange(101) % 2 == 0, copy=True), rows)
    factor = cp.reshape(cp.asarray(np.arange(1.0, 102.0), copy=True), rows)
    with cp.fusion(False):
        chosen = cp.where(even, x, y)
    np.testing.assert_array_equal(array(chosen), np.where(array(even), array(x), array(y)))
    held = x * factor
    assert_same_bits(lambda held: held + 1.0, held)
    np.testing.assert_array_equal(array(held), array(x) * array(factor))
    with cp.fusion(True):
        held = x * factor
        after = cp.evaluate(held + 1.0)
    np.testing.assert_array_equal(array(after), array(x) * array(factor) + 1.0)
