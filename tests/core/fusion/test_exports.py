"""Memory that others may write while results are pending."""

import gc

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.fusion import N, is_pending, numbers


class Interface:
    """The array interface alone, so that NumPy takes no other way."""

    def __init__(self, x):
        self.__array_interface__ = x.__array_interface__
        self.x = x


@pytest.mark.parametrize(
    "export",
    [np.asarray, lambda x: np.asarray(memoryview(x)), np.from_dlpack, lambda x: np.asarray(Interface(x))],
    ids=["array", "buffer", "dlpack", "interface"],
)
def test_memory_that_was_handed_out_is_read_at_once(export):
    """What was pending sees the values from before, later operations those at their time."""
    a = numbers()
    x = tensor(a)
    before = x + 1
    outside = export(x)
    assert outside.__array_interface__["data"][0] == x.__array_interface__["data"][0]
    if outside.flags.writeable:
        outside[:10] = 7.0
        between = x + 1
        view = x[5:35_005] * 2
        outside[:10] = 8.0
        assert_same(between, np.concatenate([np.full(10, 8.0), a[10:] + 1]))
        assert_same(view, np.concatenate([np.full(5, 14.0), a[10:35_005] * 2]))
    assert_same(before, a + 1)
    x += 1
    np.testing.assert_array_equal(outside, array(x))


def test_memory_of_pending_results_is_handed_out():
    """They are evaluated, and so is what reads them."""
    a = numbers()
    x = tensor(a)
    y = x * 2
    z = y + 1
    outside = np.asarray(y)
    outside[...] = 0.0
    assert_same(z, a * 2 + 1)
    assert_same(y + 1, np.ones(N))


def test_released_memory_is_read_late_again():
    """After a buffer's or a capsule's end; never after the array interface gave the address away."""
    x = tensor(numbers())
    for export in (
        memoryview,
        np.asarray,
        np.from_dlpack,
        lambda x: x.__dlpack__(),
        lambda x: cp.asarray(memoryview(x)),
    ):
        assert is_pending(x + 1)
        outside = export(x)
        assert not is_pending(x + 1)
        assert not is_pending(x[::-1] + 1)
        del outside
        gc.collect()
        assert is_pending(x + 1)
    view = memoryview(x)
    view.release()
    assert is_pending(x + 1)
    address = x.__array_interface__
    del address
    assert not is_pending(x + 1)


def test_imported_memory_is_read_at_once():
    """`asarray` of a NumPy array shares its memory, which may change at any time."""
    a = numbers()
    for own in (cp.asarray, cp.from_dlpack, lambda a: cp.asarray(memoryview(a))):
        b = a.copy()
        x = own(b)
        y, z, total = x + 1, (tensor(a) + 0) * x, cp.sum(x * 2)
        b[...] = 0.0
        assert_same(y, a + 1)
        assert_same(z, a * a)
        np.testing.assert_allclose(float(total), 2 * a.sum())
    b = a.copy()
    y = tensor(a) + b
    b[...] = 0.0
    assert_same(y, a + a)


def test_read_only_views_hand_out_nothing_to_write():
    """A broadcast view is exported read-only: operations on it stay deferred, and NumPy sees the values."""
    a = numbers(1, 200)
    x = cp.broadcast_to(tensor(a), (200, 200))
    outside = np.asarray(x)
    assert not outside.flags.writeable
    assert_same(x + 1, outside + 1)
