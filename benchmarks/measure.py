"""Interleaved timing.

All libraries run in one process, turn by turn, so that a disturbance of the machine hits them alike; the order
changes every round. A turn repeats the expression until it lasts about a millisecond. Where threads take part, each turn
begins when the threads of the library before have gone to sleep, with untimed evaluations that wake the library's
own. The figure is the fastest turn, divided by its repeats: what the code costs when nothing disturbs it. A library's
turns in a case end when they have taken `BUDGET`, or twice that where there were fewer than `LEAST`. The garbage collector is off.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from benchmarks.agreement import differs
from benchmarks.case import Case
from benchmarks.peer import Library, Loop, Unable

TURN = 1_000_000
# A sleeping thread may take milliseconds to come on a virtual machine.
WARM_UP = 2_000_000
BUDGET = 400_000_000
LEAST = 3
MAXIMUM_REPEATS = 1 << 20
# Results of larger inputs are not compared: there are cases with fewer elements of the same expression.
COMPARED = 20_000_000
REFERENCE = "numpy"


@dataclass(frozen=True)
class Measurement:
    """One case: seconds per evaluation of corepy and of each peer that took part, and remarks."""

    group: str
    case: str
    corepy: float
    peers: dict[str, float]
    notes: list[str] = field(default_factory=list)

    def ratio(self, peer: str) -> float | None:
        """How many times as long a peer takes."""
        return self.peers[peer] / self.corepy if peer in self.peers else None

    @property
    def reference(self) -> float | None:
        """The ratio to NumPy."""
        return self.ratio(REFERENCE)

    @property
    def best(self) -> str | None:
        """The fastest of the peers other than NumPy."""
        others = {name: seconds for name, seconds in self.peers.items() if name != REFERENCE}
        return min(others, key=others.__getitem__, default=None)

    @property
    def other(self) -> float | None:
        """The ratio to the fastest of the peers other than NumPy."""
        return self.ratio(self.best) if self.best else None


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


def calibrate(loop: Loop) -> int:
    """The repeats that make a turn long enough; the trials warm up caches, pools and threads."""
    first = turn(loop, 1)
    if first > 100 * TURN:
        return 1
    repeats = 1
    while (elapsed := turn(loop, repeats)) < TURN and repeats < MAXIMUM_REPEATS:
        growth = TURN / max(elapsed, 1)
        repeats = max(repeats + 1, min(10 * repeats, int(repeats * growth * 1.1)))
    return repeats


@dataclass
class Runner:
    """One library's turns in one case."""

    loop: Loop
    restless: float
    repeats: int = 1
    best: float = float("inf")
    spent: int = 0

    def take_turn(self, threaded: bool) -> None:
        """One turn, warmed up where threads take part."""
        begin = time.perf_counter_ns()
        if threaded and self.best < WARM_UP:
            while time.perf_counter_ns() - begin < WARM_UP:
                self.loop(itertools.repeat(None, self.repeats))
        elapsed = turn(self.loop, self.repeats)
        self.best = min(self.best, elapsed / self.repeats)
        # The calibration was disturbed: the clock itself would weigh too much.
        if 2 * elapsed < TURN:
            self.repeats = min(MAXIMUM_REPEATS, self.repeats * TURN // max(elapsed, 1))
        self.spent += time.perf_counter_ns() - begin
        if threaded:
            time.sleep(self.restless)


def fastest(runners: list[Runner], rounds: int, threaded: bool) -> list[float]:
    """Seconds per evaluation of each library."""
    with collector_off():
        for runner in runners:
            runner.repeats = calibrate(runner.loop)
        order = list(runners)
        for played in range(rounds):
            for runner in order:
                if runner.spent < (2 * BUDGET if played < LEAST else BUDGET):
                    runner.take_turn(threaded)
            order = order[1:] + order[:1]
    return [runner.best * 1e-9 for runner in runners]


def measure(case: Case, corepy: Library, peers: list[Library], rounds: int) -> Measurement:
    """Times `case` with corepy and with each peer that can run it."""
    samples = {name: sample.make(seed) for seed, (name, sample) in enumerate(case.used.items())}
    notes = [case.note] if case.note else []
    runners: dict[str, Runner] = {}
    own: np.ndarray | None = None
    for library in (corepy, *peers):
        try:
            library.check(case)
            variables = library.variables(case, samples)
            result = library.evaluate(case, variables) if case.elements <= COMPARED else None
            runners[library.name] = Runner(library.loop(case, variables), library.restless)
        except Exception as error:
            why = str(error) if isinstance(error, Unable) else f"{type(error).__name__}: {error}".split("\n")[0][:120]
            if library is corepy:
                raise Skipped(f"corepy: {why}") from error
            notes += [f"{library.name}: {why}"] if why else []
            continue
        if library is corepy:
            own = result
        elif own is not None and (note := differs(own, result)):
            notes.append(f"{library.name}: {note}")
    # What is held in memory must not disturb the timing.
    del own, result
    times = dict(zip(runners, fastest(list(runners.values()), rounds, case.is_large), strict=True))
    return Measurement(case.group, case.name, times.pop(corepy.name), times, notes)
