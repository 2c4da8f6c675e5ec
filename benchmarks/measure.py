"""Interleaved timing.

All libraries run in one process, turn by turn, so that a disturbance of the machine hits them alike; the order
changes every round. Where a case says so, the process rests before each turn until the threads of the library before are
asleep, and then runs the expression untimed for 20 ms: on a virtual machine a sleeping thread may take 10 ms to come. A turn
repeats the expression until it lasts about a millisecond. The figure is the fastest turn,
divided by its repeats: what the code costs when nothing disturbs it. The garbage collector is off.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.case import Case
from benchmarks.peer import Library

TURN_NANOSECONDS = 1_000_000
WARM_UP_NANOSECONDS = 20_000_000
MAXIMUM_REPEATS = 1 << 20

Loop = Callable[[Iterable[None]], None]


@dataclass(frozen=True)
class Measurement:
    """One case with one peer; the times are seconds per evaluation."""

    group: str
    case: str
    peer: str
    corepy: float
    time: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes."""
        return self.time / self.corepy


class Skipped(Exception):
    """A case cannot run; the message says why."""


@contextmanager
def collector_off() -> Iterator[None]:
    """Keeps the garbage collector out of a measurement."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def turn(loop: Loop, repeats: int) -> int:
    """Nanoseconds for that many evaluations."""
    items = itertools.repeat(None, repeats)
    start = time.perf_counter_ns()
    loop(items)
    return time.perf_counter_ns() - start


def warm_up(loop: Loop, repeats: int) -> None:
    """Evaluates until the library's own threads are awake."""
    end = time.perf_counter_ns() + WARM_UP_NANOSECONDS
    while time.perf_counter_ns() < end:
        turn(loop, repeats)


def calibrate(loop: Loop) -> int:
    """The repeats that make a turn long enough; the trials warm up caches, pools and threads."""
    turn(loop, 1)
    repeats = 1
    while (elapsed := turn(loop, repeats)) < TURN_NANOSECONDS and repeats < MAXIMUM_REPEATS:
        growth = TURN_NANOSECONDS / max(elapsed, 1)
        repeats = max(repeats + 1, min(10 * repeats, int(repeats * growth * 1.1)))
    return repeats


def fastest(loops: list[Loop], rounds: int, rest: float = 0.0) -> list[float]:
    """Seconds per evaluation of each loop, with a rest of so many seconds before each turn."""
    best = [float("inf")] * len(loops)
    with collector_off():
        repeats = [calibrate(loop) for loop in loops]
        order = list(range(len(loops)))
        for _ in range(rounds):
            for index in order:
                if rest > 0:
                    time.sleep(rest)
                    warm_up(loops[index], repeats[index])
                best[index] = min(best[index], turn(loops[index], repeats[index]) / repeats[index])
            order = order[1:] + order[:1]
    return [nanoseconds * 1e-9 for nanoseconds in best]


def differs(actual: np.ndarray, expected: np.ndarray) -> str:
    """A note where two libraries' results disagree, or nothing: a fast wrong answer is worth no row."""
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return f"results differ: {actual.dtype}{actual.shape}, {expected.dtype}{expected.shape}"
    if expected.dtype.kind not in "fc":
        return "" if np.array_equal(actual, expected) else "results differ"
    tolerance = 64 * np.finfo(expected.dtype).eps
    if expected.ndim == 0:
        # A sum's rounding error grows with its length, and NumPy's is the larger.
        tolerance = 1e-3 if expected.dtype == np.float32 else 1e-9
    scale = np.nanmax(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    agree = np.allclose(actual, expected, rtol=tolerance, atol=float(tolerance * scale), equal_nan=True)
    return "" if agree else "results differ"


def measure(case: Case, corepy: Library, peers: list[Library], rounds: int) -> list[Measurement]:
    """Times `case` with corepy and with each peer that can run it."""
    if missing := corepy.missing(case):
        raise Skipped(f"corepy has no {', '.join(missing)}")
    able = [peer for peer in peers if not peer.missing(case)]
    libraries = [corepy, *able]
    loops, results = [], []
    for library in libraries:
        try:
            variables = library.variables(case)
            results.append(library.evaluate(case, variables))
            loops.append(library.loop(case, variables))
        except Exception as error:
            raise Skipped(f"{library.name}: {type(error).__name__}: {error}") from error
    times = fastest(loops, rounds, case.rest)
    return [
        Measurement(
            case.group,
            case.name,
            peer.name,
            times[0],
            seconds,
            "; ".join(filter(None, [case.note, differs(results[0], result)])),
        )
        for peer, seconds, result in zip(able, times[1:], results[1:], strict=True)
    ]
