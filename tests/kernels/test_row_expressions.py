"""Expressions with reductions along rows: the values, layouts and bits of evaluation one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import array, bits

REDUCTIONS = {"max": cp.max, "min": cp.min, "sum": cp.sum, "mean": cp.mean, "prod": cp.prod}
# Rows shorter than a vector, of vectors, of several blocks of temporaries; as many as are worth deferring.
SHAPES = ((500, 100), (512, 64), (313, 129), (33, 1000), (40, 1024), (12, 4099), (5, 8000), (2, 3, 6000))


def numbers(shape, dtype, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tensor(shape, dtype, seed=0):
    return cp.asarray(numbers(shape, dtype, seed), copy=True)


def row(name, x):
    return REDUCTIONS[name](x, axis=-1, keepdims=True)


def softmax(x):
    e = cp.exp(x - row("max", x))
    return e / row("sum", e)


def held(x):
    """Everything is asked for."""
    largest = row("max", x)
    e = cp.exp(x - largest)
    total = row("sum", e)
    return e / total, total, e, largest


def normalised(x):
    distance = x - row("mean", x)
    return distance / cp.sqrt(row("mean", distance * distance) + 1e-5)


def log_sum_exp(x):
    largest = row("max", x)
    return cp.log(row("sum", cp.exp(x - largest))) + largest


def scaled(x):
    return (x - row("min", x)) / (row("max", x) - row("min", x))


def chosen(x):
    return cp.where(x > row("mean", x), x, row("mean", x))


def reduced_again(x):
    return cp.sum(softmax(x) * 2.0, axis=0), cp.sum(softmax(x)), cp.max(softmax(x), axis=-1)


def other_dtypes(x):
    return (cp.astype(x - row("max", x), cp.float32) > -1.0), cp.astype(x, cp.float64) / row("sum", x)


def broadcast(x):
    """Operands of a column, of a row, and of one element."""
    column = cp.asarray(np.linspace(1, 2, x.shape[-2])[:, None].astype(str(x.dtype)), copy=True)
    line = cp.asarray(np.linspace(1, 2, x.shape[-1]).astype(str(x.dtype)), copy=True)
    one = cp.asarray(2.5, dtype=x.dtype)
    return (x * column - row("max", x)) / (line + row("sum", x * x)) * one


EXPRESSIONS = (softmax, held, normalised, log_sum_exp, scaled, chosen, reduced_again, other_dtypes, broadcast)


def evaluated(expression, *arguments):
    results = expression(*arguments)
    return results if isinstance(results, tuple) else (results,)


def assert_same(expression, *arguments):
    with cp.fusion(True):
        fused = evaluated(expression, *arguments)
    with cp.fusion(False):
        eager = evaluated(expression, *arguments)
    for one, other in zip(fused, eager, strict=True):
        assert (one.shape, one.dtype, one.strides) == (other.shape, other.dtype, other.strides)
        np.testing.assert_array_equal(bits(array(one)), bits(array(other)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_bits(expression, dtype):
    for shape in SHAPES:
        assert_same(expression, tensor(shape, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(dtype):
    values = numbers((60, 700), dtype)
    values[1, 3], values[2, 5], values[3, 699], values[4, 0] = np.nan, np.inf, -np.inf, -0.0
    values[5] = -np.inf
    x = cp.asarray(values, copy=True)
    for expression in EXPRESSIONS:
        with cp.fusion(True):
            fused = evaluated(expression, x)
        with cp.fusion(False):
            eager = evaluated(expression, x)
        for one, other in zip(fused, eager, strict=True):
            np.testing.assert_array_equal(array(one), array(other))


@pytest.mark.parametrize("threads", [1, 2])
def test_softmax_is_numpys(threads):
    before = cp.get_num_threads()
    cp.set_num_threads(threads)
    try:
        a = numbers((2000, 300), "float64", 7)
        e = np.exp(a - a.max(axis=1, keepdims=True))
        np.testing.assert_allclose(array(softmax(cp.asarray(a, copy=True))), e / e.sum(axis=1, keepdims=True), 1e-14)
    finally:
        cp.set_num_threads(before)


def test_large_results_are_written_past_the_caches():
    """More than half of any cache that counts."""
    x = tensor((9001, 1003), "float64")
    assert_same(softmax, x)
    assert_same(held, x)


@st.composite
def programs(draw):
    """Steps over earlier values of the rows: reductions, differences, products and functions."""
    steps = []
    for number in range(draw(st.integers(2, 25))):
        kind = draw(st.sampled_from(["reduce", "binary", "unary"]))
        first, second = draw(st.integers(0, number)), draw(st.integers(0, number))
        name = draw(
            st.sampled_from({"reduce": sorted(REDUCTIONS), "binary": ["+", "-", "*"], "unary": ["abs", "atan"]}[kind])
        )
        steps.append((kind, name, first, second))
    return steps


@given(
    program=programs(),
    dtype=st.sampled_from(["float32", "float64"]),
    shape=st.sampled_from(SHAPES),
    keeps=st.booleans(),
)
def test_programs(program, dtype, shape, keeps):
    binary = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}

    def calculate(x):
        values = [x]
        for kind, name, first, second in program:
            if kind == "reduce":
                # Of what is no row any more, too.
                values.append(row(name, values[first]))
            elif kind == "binary":
                values.append(cp.atan(binary[name](values[first], values[second])))
            else:
                values.append(getattr(cp, name)(values[first]))
        return tuple(values) if keeps else values[-1]

    assert_same(calculate, tensor(shape, dtype))


def test_writes_come_after():
    """What a pending reduction reads is read before it is written."""
    a = numbers((200, 300), "float64")
    x = cp.asarray(a, copy=True)
    largest = row("max", x)
    distance = x - largest
    x[0, :] = 100.0
    del largest
    np.testing.assert_array_equal(array(distance), a - a.max(axis=1, keepdims=True))
    x = cp.asarray(a, copy=True)
    total = row("sum", x)
    x[...] = 0.0
    np.testing.assert_allclose(array(total), a.sum(axis=1, keepdims=True), 1e-12)


def test_a_reduction_alone_and_shared():
    a = numbers((200, 300), "float64")
    x = cp.asarray(a, copy=True)
    with cp.fusion(True):
        largest = row("max", x)
        assert cp.explain(largest).startswith("pending")
        one, other = x - largest, x / largest
    np.testing.assert_array_equal(array(one), a - a.max(axis=1, keepdims=True))
    np.testing.assert_array_equal(array(largest), a.max(axis=1, keepdims=True))
    np.testing.assert_array_equal(array(other), a / a.max(axis=1, keepdims=True))


def test_explain_names_the_stages():
    with cp.fusion(True):
        text = cp.explain(softmax(tensor((300, 400), "float32")))
    assert text.splitlines()[0] == "pending float32 of shape (300, 400): row by row, in stages"
    assert "stage 0: n0 = max(in) of each row float32" in text
    assert text.splitlines()[-1] == "  stage 2: n4 = divide(n2, n3) float32, written"


def test_what_is_not_deferred():
    """Other layouts, axes and dtypes are reduced at once, with the same results."""
    a = numbers((300, 400), "float64")
    x = cp.asarray(a, copy=True)
    wholes = cp.asarray(np.arange(120_000).reshape(300, 400), copy=True)
    now = [
        cp.max(x.T, axis=1, keepdims=True),
        cp.max(x, axis=0, keepdims=True),
        cp.max(x, axis=1),
        cp.sum(x, axis=(0, 1), keepdims=True),
        cp.sum(wholes, axis=1, keepdims=True),
        cp.sum(x, axis=1, keepdims=True, dtype=cp.complex128),
    ]
    assert not any(cp.explain(result).startswith("pending") for result in now)
    with pytest.raises(IndexError, match="max"):
        cp.max(x, axis=2, keepdims=True)
