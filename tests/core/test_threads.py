"""Python threads, corepy's own threads, fork, and Ctrl-C."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.process import in_threads


@pytest.mark.parametrize("size", [10, 3000, 200_000])
def test_many_python_threads_compute_at_once(size):
    """Each with its own tensors and all with one that is shared."""
    shared = np.random.default_rng(0).random((2, size))
    x = tensor(shared)

    def work(number):
        own = tensor(np.full(size, float(number)))
        for _ in range(10):
            assert_same(own * x[0] + x[1, ::-1], number * shared[0] + shared[1, ::-1])
            assert_same(cp.sqrt(x), np.sqrt(shared))

    in_threads(8, work)


def test_memory_freed_in_another_thread():
    """Tensors made in one thread and dropped in others: nothing leaks, nothing breaks."""
    before = cp.memory_stats()["live"]
    pile = [tensor(np.full(1 + number * 37 % 5000, number)) for number in range(400)]

    def work(number):
        while True:
            try:
                x = pile.pop()
            except IndexError:
                return
            assert (x + 1)[0].item() == x[0].item() + 1

    in_threads(6, work)
    assert cp.memory_stats()["live"] == before


def test_changing_the_number_of_threads_while_computing():
    """No result is lost or wrong."""
    a = np.random.default_rng(1).random(300_000)
    x, stop = tensor(a), threading.Event()
    before = cp.get_num_threads()

    def work(number):
        if number == 0:
            for count in (1, 2, 3, 1, 4, 2) * 3:
                cp.set_num_threads(count)
                time.sleep(0.002)
            stop.set()
        while not stop.is_set():
            assert_same(x * x, a * a)

    in_threads(4, work)
    cp.set_num_threads(before)


@pytest.mark.parametrize("count", [0, -1, 1 << 20, -(1 << 62)])
def test_impossible_numbers_of_threads(count, threads):
    """ValueError with the number; the setting stays."""
    before = cp.get_num_threads()
    with pytest.raises(ValueError, match=r"set_num_threads: "):
        threads(count)
    assert cp.get_num_threads() == before


@pytest.mark.parametrize("count", ["2", 1.5, None, 1 << 80])
def test_numbers_of_threads_that_are_none(count, threads):
    """TypeError, or OverflowError for an integer beyond all bounds."""
    with pytest.raises((TypeError, OverflowError, ValueError)):
        threads(count)


def test_the_number_of_threads_is_kept(threads):
    """What was set is what is used."""
    for count in (1, 2, 3, 16):
        threads(count)
        assert cp.get_num_threads() == count
        assert_same(cp.ones(100_000) + 1, np.full(100_000, 2.0))


def wait_for(child):
    """The child's exit status; -1 if it hangs."""
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("generations", [1, 2])
def test_fork_after_parallel_work(generations, threads):
    """The child computes in parallel, so does its own child, and the parent goes on."""
    threads(3)
    a = np.random.default_rng(2).random(1_000_000)
    x = tensor(a)
    expected = a * a + 1
    assert_same(x * x + 1, expected)

    def descend(depth):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for _ in range(3):
                    if not np.array_equal(array(x * x + 1), expected):
                        os._exit(2)
                    cp.set_num_threads(2)
                status = 0 if depth <= 1 else descend(depth - 1)
            finally:
                os._exit(status)
        return wait_for(child)

    assert descend(generations) == 0
    assert_same(x * x + 1, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_while_other_threads_compute(threads):
    """A child forked in the middle of other threads' operations finds nothing locked."""
    threads(2)
    a = np.random.default_rng(3).random(300_000)
    x, stop = tensor(a), threading.Event()
    statuses = []

    def work(number):
        if number:
            while not stop.is_set():
                assert_same(x + x, a + a)
            return
        try:
            for _ in range(5):
                child = os.fork()
                if child == 0:
                    try:
                        good = np.array_equal(array(x + x), a + a)
                    except BaseException:
                        good = False
                    os._exit(0 if good else 2)
                statuses.append(wait_for(child))
        finally:
            stop.set()

    in_threads(3, work)
    assert statuses == [0] * 5


def interrupted(operation, delay=0.1):
    """Whether SIGINT, sent after a while, ends the operation, and after how many seconds."""
    main = threading.main_thread().ident
    timer = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
    # Jobs in the background inherit that the signal is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    timer.start()
    try:
        operation()
        return False, time.monotonic() - start
    except KeyboardInterrupt:
        return True, time.monotonic() - start
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between threads here")
@pytest.mark.parametrize("count", [1, 2])
def test_control_c_ends_a_long_operation(count, threads):
    """KeyboardInterrupt long before the operation would end, and everything works afterwards."""
    threads(count)
    row = tensor(np.ones((1, 1 << 17)))
    start = cp.memory_stats()["live"]
    wide = cp.broadcast_to(row, (1 << 9, 1 << 17))

    def operation():
        # Each takes longer than the delay; the loop makes sure that one is running.
        for _ in range(1000):
            cp.evaluate(cp.sin(wide))

    ended, seconds = interrupted(operation)
    assert ended and seconds < 20
    assert cp.memory_stats()["live"] == start
    assert array(row + row).sum() == 2 << 17


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between threads here")
def test_a_signal_handlers_own_exception_comes_through(threads):
    """Whatever the handler raises ends the operation; a handler that returns does not."""

    class Stop(Exception):
        pass

    def handler(number, frame):
        raise Stop

    threads(2)
    wide = cp.broadcast_to(tensor(np.ones((1, 1 << 17))), (1 << 9, 1 << 17))
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Stop):
            for _ in range(1000):
                cp.evaluate(cp.exp(wide))
        calls = []
        signal.signal(signal.SIGALRM, lambda number, frame: calls.append(number))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        deadline = time.monotonic() + 30
        while not calls and time.monotonic() < deadline:
            assert cp.evaluate(cp.exp(wide[:64])).shape == (64, 1 << 17)
        assert calls
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
