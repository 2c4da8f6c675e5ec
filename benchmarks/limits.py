"""What the machine can do at the most.

The loops are those of ``limits.cpp``, compiled for this machine when the benchmarks run, into a temporary folder.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.case import Traffic

SOURCE = Path(__file__).with_name("limits.cpp")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC", "-pthread")
# Elements of each array: more than the caches hold.
ELEMENTS = 8_000_000
PASSES = 30
FMA_PASSES = 400
# The loops by what they do: their number, and the arrays they move.
LOOPS = {"add": (0, 3), "copy": (1, 2), "read": (2, 2)}


@dataclass(frozen=True)
class Limits:
    """Bytes per second of each loop over memory, and floating-point operations (float64) per second."""

    bandwidth: dict[str, float]
    operations: float


def kind(traffic: Traffic) -> str:
    """The loop with the same mixture of reading and writing."""
    if traffic.written == 0:
        return "read"
    return "copy" if traffic.read <= traffic.written else "add"


def compiler() -> str | None:
    """A C++ compiler, if there is one."""
    candidates = filter(None, (os.environ.get("CXX"), "c++", "g++", "clang++"))
    return next(filter(None, map(shutil.which, candidates)), None)


def measure(threads: int) -> Limits | None:
    """The limits with so many threads; None where nothing can be compiled."""
    command = compiler()
    if command is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "limits.so"
        if subprocess.run([command, *FLAGS, "-o", str(path), str(SOURCE)], capture_output=True).returncode:
            return None
        library = ctypes.CDLL(str(path))
        library.memory_pass.restype = library.peak_fma.restype = ctypes.c_double
        library.memory_pass.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int, ctypes.c_int]
        bandwidth = {
            name: arrays * 8 * ELEMENTS / library.memory_pass(number, ELEMENTS, threads, PASSES)
            for name, (number, arrays) in LOOPS.items()
        }
        return Limits(bandwidth, library.peak_fma(threads, FMA_PASSES))


def larger(first: Limits | None, second: Limits | None) -> Limits | None:
    """The larger of each figure, where a limit was measured twice."""
    if first is None or second is None:
        return first or second
    bandwidth = {name: max(figure, second.bandwidth[name]) for name, figure in first.bandwidth.items()}
    return Limits(bandwidth, max(first.operations, second.operations))
