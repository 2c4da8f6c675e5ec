"""The memory of dead `Tensor` objects serves the next ones; nothing of the old ones shows."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, tensor


@pytest.mark.parametrize("base", [cp.asarray(np.arange(3.0)), cp.arange(3.0)], ids=["foreign", "own"])
def test_weak_references_die_with_their_tensor(base):
    for _ in range(200):
        x = base[1]
        reference = weakref.ref(x)
        assert reference() is x
        del x
        assert reference() is None
        y = base[2]
        assert reference() is None and weakref.ref(y)() is y


def test_the_class_counts_its_instances():
    x = tensor(np.arange(10.0))
    before = sys.getrefcount(cp.Tensor)
    for _ in range(1000):
        x[3]
    held = [x[3] for _ in range(100)]
    assert abs(sys.getrefcount(cp.Tensor) - before - len(held)) <= 2
    del held
    assert abs(sys.getrefcount(cp.Tensor) - before) <= 2
    gc.collect()
    assert array(x[3]) == 3


def test_foreign_memory_is_released():
    for _ in range(100):
        owner = np.arange(10.0)
        reference = weakref.ref(owner)
        view = cp.asarray(owner)[2:]
        del owner
        assert reference() is not None and float(view[0]) == 2
        del view
        assert reference() is None


def test_storage_is_released():
    before = cp.memory_stats()["live"]
    for _ in range(100):
        x = cp.ones(1000)
        views = [x[i : i + 10] for i in range(100)]
        assert all(float(view[0]) == 1 for view in views)
    del x, views
    assert cp.memory_stats()["live"] == before


def test_many_threads_take_and_give_back():
    x, failures = tensor(np.arange(100)), []

    def work(number):
        for i in range(3000):
            parts = [x[(number + i + k) % 100] for k in range(5)]
            if [int(part) for part in parts] != [(number + i + k) % 100 for k in range(5)]:
                failures.append((number, i))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    "key", [3, -4, slice(1, 3), slice(None, None, -1), (0, 1), (slice(1, None), None, -1), ..., None]
)
def test_plain_keys_select_as_in_numpy(key):
    a = np.arange(24.0).reshape(4, 6)
    np.testing.assert_array_equal(array(tensor(a)[key]), a[key])


@pytest.mark.parametrize("key", [4, -5, (0, 6), (0, 0, 0), (..., ...), 1 << 70, slice(None, None, 0)])
def test_keys_that_do_not_fit_are_refused(key):
    a = tensor(np.arange(24.0).reshape(4, 6))
    with pytest.raises((IndexError, ValueError)):
        a[key]
