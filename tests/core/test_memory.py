"""The pool, the arena and the environment variables that set them."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import assert_same, tensor
from support.process import live, python

FIELDS = {"live", "cached", "peak", "hits", "misses", "limit", "arena"}


def test_fields_are_counts():
    """Non-negative integers, and the most that was live is at least what is."""
    stats = cp.memory_stats()
    assert set(stats) == FIELDS
    assert all(isinstance(value, int) and value >= 0 for value in stats.values())
    assert stats["cached"] <= stats["limit"]


@pytest.mark.parametrize("size", [1, 1000, 100_000, 3_000_000])
def test_live_bytes_return_to_their_start(size):
    """A tensor counts whole while any view of it lives, and its views count nothing."""
    start = live()
    x = cp.ones(size)
    held = live()
    assert start + 8 * size <= held <= start + 8 * size * 9 // 8 + 256
    view = x[::2]
    assert live() == held
    del x
    assert live() == held
    del view
    assert live() == start


def test_errors_leak_nothing():
    """Neither failed operations nor their exceptions keep memory."""
    x, y = cp.ones(1000), cp.ones(1001)
    start = live()
    for _ in range(50):
        with pytest.raises(ValueError, match="add"):
            x + y
        with pytest.raises(TypeError):
            x & x
        with pytest.raises(OverflowError):
            cp.asarray([1, 2, 3] * 100, dtype=cp.int8) + 1000
        with pytest.raises(ValueError, match="asarray"):
            cp.asarray([[1.0] * 1000, [1.0]])
    assert live() == start


def test_freed_memory_is_used_again():
    """The second allocation of a size is a hit, and cached bytes do not grow."""
    for size in (10, 5000, 1_000_000):
        x = cp.ones(size)
        del x
        before = cp.memory_stats()
        x = cp.ones(size)
        after = cp.memory_stats()
        assert after["hits"] == before["hits"] + 1 and after["misses"] == before["misses"]
        del x
        assert cp.memory_stats()["cached"] == before["cached"]


def test_peak_follows_the_largest_sum():
    """It grows with what is live, to within a thread's grain, and never falls."""
    before = cp.memory_stats()
    x = cp.ones((before["peak"] - before["live"]) // 8 + 1_000_000)
    after = cp.memory_stats()
    assert after["peak"] >= after["live"] - (64 << 10) > before["peak"]
    del x
    assert cp.memory_stats()["peak"] == after["peak"]


def test_empty_cache_returns_everything():
    """Nothing is cached afterwards, and computing goes on."""
    x = cp.ones(500_000)
    y = x + x
    del x
    assert cp.memory_stats()["cached"] > 0
    assert cp.empty_cache() is None
    assert cp.memory_stats()["cached"] == 0
    assert (y + y)[-1].item() == 4.0


def test_zeros_are_zero_in_used_memory():
    """Memory that held something else is cleared."""
    for size in (100, 100_000, 2_000_000):
        x = cp.full(size, 7.0)
        del x
        assert_same(cp.zeros(size), np.zeros(size))


def test_results_do_not_share_memory_with_anything():
    """An operation's result is new, even for operations that change nothing."""
    x = tensor(np.arange(4.0))
    for result in (+x, x + 0, cp.floor(x), cp.asarray(x, copy=True), cp.positive(x[:2])):
        result[...] = 9.0
    assert_same(x, np.arange(4.0))


@pytest.mark.parametrize(
    "shape", [(1 << 62,), (1 << 40, 1 << 40), (1 << 63,), (10**30,), (1 << 33, 1 << 33), (1 << 40, 0, 1 << 40)]
)
def test_shapes_beyond_any_address(shape):
    """ValueError, MemoryError or OverflowError that names the function, never an abort."""
    for function in (cp.zeros, cp.empty, cp.ones, lambda shape: cp.full(shape, 1)):
        with pytest.raises((ValueError, MemoryError, OverflowError), match="zeros|empty|ones|full"):
            function(shape)


@pytest.mark.parametrize("name", ["zeros", "empty", "ones"])
def test_memory_that_there_is_not(name):
    """A shape that could be, but 2^58 bytes that are not: MemoryError, with their number."""
    with pytest.raises(MemoryError, match=f"{name}: cannot allocate {1 << 58} bytes"):
        getattr(cp, name)((1 << 55,))
    assert cp.ones(3)[0].item() == 1.0


REPORT = """
x = cp.ones(200_000); y = x[::3] + 1; z = (x[:1000, None].T + y[:500, None]); del z
s = cp.memory_stats()
print(json.dumps([s["limit"], s["arena"], cp.get_num_threads(), float(y[5]), s["cached"]]))
"""


@pytest.mark.parametrize(
    "text, limit",
    [("0", 0), ("1048576", 1 << 20), ("64M", 64 << 20), ("1G", 1 << 30), ("512k", 512 << 10), (" 4096 ", 4096)],
)
def test_pool_limit(text, limit):
    """COREPY_POOL_LIMIT in bytes, or with a unit; 0 keeps nothing."""
    (found, _, _, value, cached), stderr = python(REPORT, COREPY_POOL_LIMIT=text)
    assert found == limit and value == 2.0 and cached <= limit
    assert not stderr


@pytest.mark.parametrize("text, size", [("4096", 4096), ("1M", 1 << 20), ("64", 64), ("16M", 16 << 20)])
def test_arena_size(text, size):
    """COREPY_ARENA_SIZE: what does not fit goes to the pool, and no result changes."""
    (_, found, _, value, _), stderr = python(REPORT, COREPY_ARENA_SIZE=text)
    assert found == size and value == 2.0
    assert not stderr


@pytest.mark.parametrize("variable", ["COREPY_POOL_LIMIT", "COREPY_ARENA_SIZE", "COREPY_NUM_THREADS"])
@pytest.mark.parametrize("text", ["many", "-1", "1.5", "1e3", "99999999999999999999999", "12Q", "0x10", "é"])
def test_environment_variables_that_make_no_sense(variable, text):
    """The default holds, with a warning that names the variable, its text, and what holds instead."""
    default, _ = python(REPORT)
    found, stderr = python(REPORT, **{variable: text})
    assert found[:4] == default[:4]
    assert variable in stderr and text in stderr and "Warning" in stderr


@pytest.mark.parametrize("variable", ["COREPY_POOL_LIMIT", "COREPY_ARENA_SIZE", "COREPY_NUM_THREADS"])
def test_empty_environment_variables_are_unset(variable):
    """As if they were not there: no warning."""
    default, _ = python(REPORT)
    found, stderr = python(REPORT, **{variable: ""})
    assert found[:4] == default[:4] and not stderr


@pytest.mark.parametrize("count", [1, 2, 7])
def test_number_of_threads(count):
    """COREPY_NUM_THREADS."""
    (_, _, found, value, _), stderr = python(REPORT, COREPY_NUM_THREADS=str(count))
    assert found == count and value == 2.0 and not stderr


def test_results_do_not_depend_on_pool_or_arena():
    """The tightest and the default settings give the same bits."""
    code = """
import hashlib
x = cp.reshape(cp.arange(90_000, dtype=cp.float64), (300, 300))
y = cp.astype(x[::-1, ::2], cp.float32) * x.T[:, 1::2] + cp.sin(x[:, :150])
print(json.dumps(hashlib.sha256(bytes(memoryview(y))).hexdigest()))
"""
    default, _ = python(code)
    for environment in ({"COREPY_POOL_LIMIT": "0"}, {"COREPY_ARENA_SIZE": "64"}, {"COREPY_NUM_THREADS": "5"}):
        assert python(code, **environment)[0] == default
