"""Python threads and forks while results are pending."""

import contextlib
import os
import signal
import threading
import time

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.fusion import numbers
from support.process import in_threads


def test_threads_need_the_same_result():
    """All get the same values; overlapping expressions, written in different orders, do not wait for each other."""
    a, b = numbers(200_000), numbers(200_000, seed=1)
    for _ in range(15):
        x, y = tensor(a), tensor(b)
        base = x * y
        first = base + x
        second = base - y
        results = [first * second, second / (first + 1), base, (first + base) * 2, cp.sqrt(base) + second]
        expected = [
            (a * b + a) * (a * b - b),
            (a * b - b) / (a * b + a + 1),
            a * b,
            (a * b + a + a * b) * 2,
            np.sqrt(a * b) + (a * b - b),
        ]

        def work(number, results=results, expected=expected, first=first):
            order = np.random.default_rng(number).permutation(len(results))
            for place in order:
                if number % 3 == 0:
                    np.testing.assert_allclose(cp.sum(results[place]).item(), expected[place].sum(), rtol=1e-9)
                elif number % 3 == 1:
                    cp.evaluate(*results)
                assert_same(results[place], expected[place])
            assert_same(first + number, a * b + a + number)

        in_threads(8, work)


def test_threads_build_on_what_others_evaluate():
    """Consumers are made of results that are being evaluated at that moment."""
    a = numbers(100_000)
    x = tensor(a)
    for _ in range(10):
        shared = cp.sin(x) * 2
        deeper = shared + 1
        expected = np.asarray(cp.sin(x)) * 2

        def work(number, shared=shared, deeper=deeper, expected=expected):
            for step in range(10):
                mine = (shared * number + deeper) - step
                if (number + step) % 3 == 0:
                    cp.evaluate(deeper)
                if (number + step) % 4 == 0:
                    assert_same(mine, (expected * number + (expected + 1)) - step)
                cp.sum(mine * shared)

        in_threads(8, work)


def test_two_writers_wait_for_what_reads():
    """Neither writes while what was asked for before is being computed for the other."""
    a = numbers(1_000_000)
    for count in range(6):
        x = tensor(a)
        y = x
        for _ in range(8):
            y = cp.sin(y)
        results = [y + x, y - x]

        def work(number, x=x):
            time.sleep(0.001 * number)
            x[number::2] = -5.0

        in_threads(2, work)
        assert_same(x, np.full(a.size, -5.0))
        with cp.fusion(False):
            x = y = tensor(a)
            for _ in range(8):
                y = cp.sin(y)
        assert_same(results[0], array(y) + a, f"round {count}")
        assert_same(results[1], array(y) - a)


def test_handing_out_memory_while_others_defer():
    """Whatever a thread asked for before it told the others is computed before they write."""
    a = numbers(50_000)
    for _ in range(100):
        x = tensor(a)
        exported, done = [], threading.Event()

        def work(number, x=x, exported=exported, done=done):
            if number == 0:
                y = x + 1
                done.set()
                exported.append(y)
            else:
                outside = np.asarray(x)
                done.wait(30)
                outside[...] = 0.0

        in_threads(2, work)
        assert_same(exported[0], a + 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_with_pending_tensors(threads):
    """The child and the parent evaluate them, each for itself."""
    threads(2)
    a = numbers(300_000)
    x = tensor(a)
    y = x * 2 + 1
    cp.evaluate(x * 3)
    z = y - x
    child = os.fork()
    if child == 0:
        status = 1
        try:
            z[0] = 5.0
            x += 1
            good = np.array_equal(array(y), a * 2 + 1) and np.array_equal(array(z)[1:], (a * 2 + 1 - a)[1:])
            status = 0 if good and np.array_equal(array(x + y), a + 1 + (a * 2 + 1)) else 2
        finally:
            os._exit(status)
    deadline = time.monotonic() + 60
    while (done := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if done == (0, 0):
        os.kill(child, signal.SIGKILL)
    assert done != (0, 0) and os.waitstatus_to_exitcode(done[1]) == 0
    assert_same(z, a * 2 + 1 - a)
    assert_same(y, a * 2 + 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_while_others_defer_and_evaluate(threads):
    """A child finds nothing locked: neither the tensors that other threads read late, nor what they evaluate."""
    threads(2)
    x, big = tensor(numbers()), cp.full(400_000, 1 + 0.5j)
    expected, stop = array(x) + 1, threading.Event()
    statuses = []

    def child(work):
        number = os.fork()
        if number == 0:
            status = 1
            with contextlib.suppress(BaseException):
                status = 0 if work() else 2
            os._exit(status)
        deadline = time.monotonic() + 20
        while (done := os.waitpid(number, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(number, signal.SIGKILL)
            time.sleep(0.0005)
        statuses.append(os.waitstatus_to_exitcode(done[1]))

    def write():
        y = x + 1
        x[0] = 2.0
        return np.array_equal(array(y), expected)

    def work(number):
        if number:
            while not stop.is_set():
                for _ in range(20):
                    x + 1
            return
        try:
            for _ in range(60):
                child(write)
        finally:
            stop.set()

    in_threads(3, work)
    assert statuses == [0] * 60
    pending = cp.pow(big, big) * 1
    evaluating = threading.Thread(target=cp.evaluate, args=(pending,))
    evaluating.start()
    time.sleep(0.02)
    child(lambda: abs(pending[0].item() - (1 + 0.5j) ** (1 + 0.5j)) < 1e-14)
    evaluating.join()
    assert statuses[60:] == [0]
