"""Signals while results are computed."""

import signal

import numpy as np
import pytest

import corepy as cp
from support.arrays import assert_same
from support.fusion import HAS_SIGNALS, is_pending, python


class Stop(Exception):
    """Raised by a signal handler."""


@pytest.fixture
def alarm():
    """Calls a handler after some seconds."""
    before = signal.getsignal(signal.SIGALRM) if HAS_SIGNALS else None

    def arm(handler, seconds):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    yield arm
    if HAS_SIGNALS:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def stop(number, frame):
    raise Stop


@pytest.mark.skipif(not HAS_SIGNALS, reason="no alarms here")
@pytest.mark.parametrize("how", ["evaluate", "sum", "write", "export"])
@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupted_evaluation_leaves_the_tensor_pending(how, count, alarm, threads):
    """Nothing is written, nothing is lost, and the next attempt computes it all."""
    threads(count)
    x = cp.full(800_000, 1 + 0.5j)
    # One pass takes far longer than the 50 ms between two looks at signals.
    held = cp.pow(x, x)
    y = held * 2 + x
    alarm(stop, 0.01)
    with pytest.raises(Stop):
        match how:
            case "evaluate":
                cp.evaluate(y)
            case "sum":
                cp.sum(y)
            case "write":
                x += 1
            case "export":
                memoryview(x)
        pytest.fail("not interrupted")
    assert is_pending(y) and is_pending(held)
    assert x[0].item() == 1 + 0.5j
    x[...] = 2.0
    assert not is_pending(held)
    value = held[0].item()
    assert abs(value - (1 + 0.5j) ** (1 + 0.5j)) < 1e-14
    assert_same(held, np.full(x.shape, value))
    assert_same(y, np.full(x.shape, value * 2 + (1 + 0.5j)))
    assert is_pending(x + 1)


@pytest.mark.skipif(not HAS_SIGNALS, reason="no alarms here")
def test_a_signal_handler_uses_what_is_being_evaluated():
    """It cannot wait for the operation that it interrupts: an error instead of a deadlock. Others it can use."""
    code = """
import signal
x = cp.ones(4_000_000); other = cp.ones(40_000) + 1
y = x
for _ in range(50):
    y = cp.sin(y)
seen = []
def handler(number, frame):
    seen.append(float(other[0]))
    for use in (lambda: y[0], lambda: x.__setitem__(0, 5.0), lambda: cp.sum(y + 1)):
        try:
            use()
            seen.append("done")
        except RuntimeError as error:
            seen.append(str(error).split(":")[1][:20])
    signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.02)
cp.evaluate(y)
print(json.dumps([seen, float(x[0]), float(y[0]) == float(y[-1])]))
"""
    seen, first, same = python(code, timeout=60)
    assert seen == [2.0, *[" a signal handler ca"] * 3]
    assert first == 1.0 and same
