"""Tensors whose values are computed later."""

import sys

import numpy as np

import corepy as cp
from support import process

# Enough elements for results to be deferred.
N = 40_000
HAS_SIGNALS = sys.platform != "win32"


def is_pending(x):
    return cp.explain(x).startswith("pending ")


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).random(shape or (N,))


def python(code, timeout=120, **environment):
    """Runs code in a new process, with fusion on; what it prints last, as JSON."""
    value, _ = process.python(code, timeout, **{"COREPY_FUSION": "1", **environment})
    return value
