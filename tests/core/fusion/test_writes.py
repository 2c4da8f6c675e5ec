"""Writes to what results that are computed later read."""

import contextlib
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.effort import examples
from support.fusion import N, is_pending, numbers
from support.process import live


def whole(x):
    x[...] = 5.0


def some(x):
    x[3:-7:2] = cp.zeros(1)


def one(x):
    x[17] = -1


def masked(x):
    x[x > 0.5] = 9.0


def chosen(x):
    x[[1, 5, -1]] = cp.asarray([7.0, 8.0, 9.0])


def added(x):
    x += 1


def multiplied_by_itself(x):
    x *= x


def through_a_slice(x):
    view = x[::-1]
    view[:100] = 3.0


def through_a_shape(x):
    matrix = cp.reshape(x, (200, -1))
    matrix += 1


def with_a_pending_value(x):
    x[...] = x * 2 + x[::-1]


def with_a_pending_mask(x):
    x[(x * 2) > 1.0] = 0.0


def by_a_pending_operand(x):
    x -= x * x + 1


def with_a_slice_of_itself(x):
    x[1:] = x[:-1]


WRITES = [
    whole,
    some,
    one,
    masked,
    chosen,
    added,
    multiplied_by_itself,
    through_a_slice,
    through_a_shape,
    with_a_pending_value,
    with_a_pending_mask,
    by_a_pending_operand,
    with_a_slice_of_itself,
]


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_an_operand_comes_after_what_was_asked_for_before(write):
    """Also where the operand is read through views, and through other pending results."""
    a = numbers()
    x, other = tensor(a), tensor(a)
    with cp.fusion(False):
        expected = tensor(a)
        write(expected)
    y = x + 1
    z = cp.sqrt(y) * x[::-1]
    dropped = (x * 3 - 1) * 2
    unrelated = other + 1
    assert is_pending(y) and is_pending(z) and is_pending(dropped)
    write(x)
    assert is_pending(unrelated)
    after = x + 1
    assert_same(dropped, (a * 3 - 1) * 2)
    assert_same(z, np.sqrt(a + 1) * a[::-1])
    assert_same(y, a + 1)
    assert_same(x, array(expected))
    assert_same(after, array(expected) + 1)
    assert_same(unrelated, a + 1)


@pytest.mark.parametrize("write", WRITES)
def test_a_write_to_an_intermediate(write):
    """While consumers of it are pending, whether it is evaluated itself or not."""
    a = numbers()
    for evaluated_first in (False, True):
        x = tensor(a)
        y = x + 0
        z = y * 2 + x
        second = (y - 1) * y
        if evaluated_first:
            cp.evaluate(y)
        assert is_pending(z)
        with cp.fusion(False):
            expected = tensor(a)
            write(expected)
        write(y)
        assert_same(y, array(expected))
        assert_same(second, (a - 1) * a)
        assert_same(z, a * 2 + a)
        assert_same(x, a)


def test_a_write_evaluates_whole_expressions():
    """In one pass, not their first operations alone; what only they need is not written to memory."""
    a = numbers()
    for reading in (lambda x: cp.sqrt(x + 1) * 2, lambda x: (x * x - x) / (x + 3) - 1):
        x = tensor(a)
        y = reading(x)
        start = live()
        x[0] = 7.0
        assert not is_pending(y) and live() - start <= 9 * N
        with cp.fusion(False):
            assert_same(y, array(reading(tensor(a))))
    x = tensor(a)
    start = live()
    x -= (x * 2 + 1) * x
    assert_same(x, a - (a * 2 + 1) * a)
    del y, reading
    assert live() <= start + 1024


def test_in_place_operators_on_pending_tensors():
    """The name keeps its object; other names of it see the change, results computed from it do not."""
    a, b = numbers(), numbers(seed=1) + 0.5
    steps = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"]
    for step in steps:
        function = getattr(operator, step)
        x = tensor(a) + 1
        alias, consumer, expected = x, x * 3, a + 1
        x = function(x, tensor(b) * 2)
        expected = function(expected, b * 2)
        assert x is alias
        assert_same(consumer, (a + 1) * 3)
        if step != "ipow":
            assert_same(alias, expected, step)
    bits = tensor(np.arange(N)) + 0
    for step in ("iand", "ior", "ixor", "ilshift", "irshift"):
        bits = getattr(operator, step)(bits, 3)
    assert_same(bits, (((np.arange(N) & 3) | 3) ^ 3) << 3 >> 3)
    matrix = tensor(numbers(200, 200)) + 0
    consumer = matrix + 1
    matrix @= tensor(np.eye(200)) * 2
    np.testing.assert_allclose(array(matrix), numbers(200, 200) * 2)
    assert_same(consumer, numbers(200, 200) + 1)


def test_code_that_runs_while_a_key_or_a_value_is_read():
    """What it computes from the tensor comes before the write."""
    a = numbers()
    x, kept = tensor(a), []

    class Index:
        def __index__(self):
            kept.append(x + 1)
            return 0

    class Value:
        def __float__(self):
            kept.append(x + 2)
            return 7.0

    x[Index()] = 5.0
    assert_same(kept[0], a + 1)
    a[0] = 5.0
    with contextlib.suppress(TypeError):
        x[1:2] = [Value()]
        a[1] = 7.0
    for result in kept[1:]:
        assert array(result)[1] == 2 + numbers()[1]
    assert_same(x, a)


@st.composite
def histories(draw):
    """Operations and writes on a few names, in any order."""
    actions = st.sampled_from(("add", "multiply", "view", "write", "increase", "assign", "evaluate", "drop", "sum"))
    return draw(st.lists(st.tuples(actions, *[st.integers(0, 5)] * 3), min_size=5, max_size=40))


@examples(80)
@given(histories())
def test_any_history_of_operations_and_writes(history):
    """The same as with NumPy."""
    ours = [tensor(numbers(seed=seed)) for seed in range(3)]
    theirs = [numbers(seed=seed) for seed in range(3)]
    for action, i, j, k in history:
        (x, y), (a, b) = ([names[i % len(names)], names[j % len(names)]] for names in (ours, theirs))
        match action:
            case "add":
                ours.append(x + y * 0.5)
                theirs.append(a + b * 0.5)
            case "multiply":
                ours.append(x * 0.25)
                theirs.append(a * 0.25)
            case "view":
                ours.append(x[::-1])
                theirs.append(a[::-1])
            case "write":
                x[k :: k + 1] = float(k)
                a[k :: k + 1] = float(k)
            case "increase":
                x += k
                a += k
            case "assign":
                x[...] = y
                a[...] = b
            case "evaluate":
                cp.evaluate(x)
            case "drop" if len(ours) > 2:
                del ours[i % len(ours)], theirs[i % len(theirs)]
            case "sum":
                np.testing.assert_allclose(cp.sum(x + y).item(), (a + b).sum(), rtol=1e-9)
    for x, a in zip(reversed(ours), reversed(theirs), strict=True):
        assert_same(x, a)
