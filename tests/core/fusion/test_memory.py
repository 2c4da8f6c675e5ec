"""Memory of results that are computed later: what is bounded, released, or not to be had."""

from pathlib import Path

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.fusion import HAS_SIGNALS, N, numbers, python
from support.process import live


def test_dropped_intermediates_cost_nothing():
    """Peak memory of an expression is its inputs, its output, and a little; eagerly it is more."""
    code = """
n = 1 << 20
a, b, c, d, e = (cp.full(n, float(i + 1)) for i in range(5))
y = a * b + c - d / e
y[0]
print(json.dumps([cp.memory_stats()["peak"], 6 * 8 * n]))
"""
    peak, least = python(code, COREPY_FUSION="1")
    assert least <= peak <= least + (1 << 20)
    peak, least = python(code, COREPY_FUSION="0")
    assert peak >= least + (8 << 20)
    peak, least = python(
        code.replace("y[0]", "z = cp.sum(y * 2, axis=0)").replace("y = ", "y = 0 + "), COREPY_FUSION="1"
    )
    assert peak <= least + (2 << 20)


def test_the_exponentials_of_a_softmax_stay_in_the_caches():
    """Peak memory is the input and the result, where rows are computed one by one."""
    code = """
x = cp.reshape(cp.linspace(0, 1, 1 << 21), (2048, 1024))
def softmax(x):
    e = cp.exp(x - cp.max(x, axis=1, keepdims=True))
    return e / cp.sum(e, axis=1, keepdims=True)
y = cp.evaluate(softmax(x))
print(json.dumps([cp.memory_stats()["peak"], 2 * 8 * (1 << 21)]))
"""
    peak, least = python(code, COREPY_FUSION="1")
    assert least <= peak <= least + (2 << 20)
    peak, least = python(code, COREPY_FUSION="0")
    assert peak >= least + (14 << 20)


@pytest.mark.parametrize("hold", [False, True])
def test_long_chains_hold_bounded_memory(hold):
    """Ten thousand operations in a loop neither pile up nor overflow a stack."""
    x = tensor(numbers())
    start, most = live(), 0
    y, held = x, []
    for number in range(10_000):
        y = y * 0.5 + x if number % 2 else x - y
        if hold and number % 100 == 0:
            held = [*held[-3:], y]
        if number % 50 == 0:
            most = max(most, cp.memory_stats()["live"])
    assert most <= start + 12 * 8 * N
    expected = array(x)
    for number in range(10_000):
        expected = expected * 0.5 + array(x) if number % 2 else array(x) - expected
    assert_same(y, expected)
    del y, held
    assert live() == start


def test_sums_of_what_is_dropped_hold_bounded_memory():
    """A pending total keeps only so many of the terms alive."""
    n = 1_000_000
    start, most = live(), 0
    total = cp.zeros(n)
    for number in range(60):
        term = cp.full(n, float(number))
        total = total + term * 0.5
        most = max(most, cp.memory_stats()["live"])
    assert most <= start + 12 * 8 * n
    assert_same(total, np.full(n, sum(range(60)) * 0.5))
    # What is read several times is kept once.
    x, y = cp.ones(n), cp.ones(n)
    z = x * y
    for _ in range(10):
        z = z * x - z / y
    assert cp.explain(z).startswith(f"pending float64 of shape ({n},): 31 operations")


def test_wide_and_shared_expressions_are_bounded():
    """Expressions that double with each step are as large as they are, not as large as they read."""
    x = tensor(numbers())
    start = live()
    y = x
    for _ in range(200):
        y = y + y * 1.0 - y * 0.5
    y = y / y
    assert_same(y, np.ones(N))
    parts = [x + number for number in range(300)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    del parts, part
    expected = sum(((array(x) + number) for number in range(1, 300)), array(x) + 0)
    assert_same(total, expected)
    del y, total
    assert live() == start


def test_pending_results_that_are_dropped_leave_nothing():
    """Neither tensors nor what is noted about readers."""
    x = tensor(numbers())
    y = x + 1
    start = live()
    for _ in range(100):
        z = y * x - y
        del z
    assert live() == start
    code = """
x = cp.ones(40_000)
y = x + 1
def rounds(n):
    for _ in range(n):
        z = y * 2
        w = x * 3
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
before = rounds(1000)
after = rounds(60_000)
print(json.dumps([after - before, cp.explain(y).split()[0]]))
"""
    if Path("/proc/self/statm").exists():
        grown, state = python(code)
        assert grown < 4 << 20 and state == "pending"


def test_small_views_keep_no_large_storage():
    """An operation on a small part of a tensor is not deferred: dropping the tensor frees it."""
    start = live()
    x = cp.ones(4_000_000)
    y = x[:N] + 1
    z = cp.astype(x[::50], cp.int8)
    del x
    assert live() - start <= 2 * 8 * N
    assert_same(y, np.full(N, 2.0))
    assert_same(z, np.ones(80_000, "int8"))


def test_operands_are_released_with_evaluation():
    """An evaluated tensor keeps nothing of its expression."""
    start = live()
    a, b = cp.ones(N), cp.ones(N)
    x = a + b
    y = x * a
    del a, b, x
    assert live() - start >= 2 * 8 * N
    cp.evaluate(y)
    assert live() - start <= 9 * N
    del y
    assert live() == start


@pytest.mark.skipif(not HAS_SIGNALS, reason="no limits here")
def test_memory_errors_leave_tensors_pending():
    """When there is no room for the result, the error says so, and later there may be."""
    code = """
import resource
n = 8_000_000
x = cp.ones(n); y = cp.ones(40_000)
big = (x + 1) * 2
small = y + 1
kept = big * 0.5
cp.empty_cache()
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * resource.getpagesize()
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (now + (32 << 20), hard))
errors = []
def attempt(function):
    try:
        function()
        errors.append(None)
    except MemoryError as error:
        errors.append(str(error))
attempt(lambda: cp.evaluate(big))
attempt(lambda: big[0])
attempt(lambda: x.__setitem__(0, 5.0))
attempt(lambda: cp.evaluate(small))
def increase():
    global x
    x += 1
attempt(increase)
attempt(lambda: memoryview(x))
pending = [cp.explain(t).split()[0] for t in (big, small, kept)]
unwritten = float(x[0])
total = float(cp.sum((x + 1) * 2 + x)) / n
resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
x[0] = 7.0
print(json.dumps([errors, pending, unwritten, total, float(big[0]), float(kept[0]), float(kept[-1]), float(x[0])]))
"""
    if not Path("/proc/self/statm").exists():
        return
    errors, *rest = python(code, COREPY_NUM_THREADS="1")
    assert [error is None for error in errors] == [False, False, False, True, False, False]
    assert all("allocate 64000000 bytes" in error for error in errors if error)
    assert rest == [["pending", "in", "pending"], 1.0, 5.0, 4.0, 2.0, 2.0, 7.0]
