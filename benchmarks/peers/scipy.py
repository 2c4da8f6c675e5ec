"""SciPy: Fourier transforms on all cores."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace

import scipy
import scipy.fft

from benchmarks.case import Case, functions
from benchmarks.peer import Library, Unable

TRANSFORMS = "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft".split()


class Scipy(Library):
    """A peer for transforms only: elsewhere its users call NumPy."""

    def check(self, case: Case) -> None:
        """As in `Library`, for transforms."""
        if not any(name.startswith("fft.") for name in functions(case.expression)):
            raise Unable
        super().check(case)


def library() -> Library:
    """SciPy with a worker per core."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    transforms = {name: partial(getattr(scipy.fft, name), workers=workers) for name in TRANSFORMS}
    namespace = SimpleNamespace(fft=SimpleNamespace(**transforms))
    return Scipy("scipy", namespace, scipy.__version__, lambda array: array)
