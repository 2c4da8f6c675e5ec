"""Whether two libraries computed the same: a fast wrong answer is worth no row."""

from __future__ import annotations

import numpy as np

# Elements compared at a time, so that the comparison stays in the caches.
BLOCK = 1 << 15


def differs(actual: np.ndarray, expected: np.ndarray) -> str:
    """A note where two libraries' results disagree, or nothing."""
    if actual.shape != expected.shape:
        return f"results differ: shape {expected.shape}, not {actual.shape}"
    if actual.dtype != expected.dtype:
        # Places and counts are int32 in some libraries; anything else is another computation.
        places = actual.dtype.kind == expected.dtype.kind == "i" and np.array_equal(actual, expected)
        return f"its result is {expected.dtype}" if places else f"results differ: {expected.dtype}, not {actual.dtype}"
    if expected.dtype.kind not in "fc":
        return "" if np.array_equal(actual, expected) else "results differ"
    tolerance = 64 * np.finfo(expected.dtype).eps
    if expected.ndim < 2:
        # A sum's rounding error grows with its length, and the peers' is the larger; so it does in a long product.
        tolerance = max(tolerance, 1e-3 if expected.dtype in (np.float32, np.complex64) else 1e-9)
    if close(actual.ravel(), expected.ravel(), float(tolerance)):
        return ""
    return f"results differ by {distance(actual, expected):.1g} of the largest"


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    """Whether all elements agree, relative to themselves or to the largest of all."""
    scale = max((largest(expected[start : start + BLOCK]) for start in range(0, expected.size, BLOCK)), default=0.0)
    for start in range(0, expected.size, BLOCK):
        x, y = actual[start : start + BLOCK], expected[start : start + BLOCK]
        with np.errstate(invalid="ignore", over="ignore"):
            agree = np.abs(x - y) <= tolerance * (scale + np.abs(y))
        if not agree.all() and not np.allclose(x, y, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            return False
    return True


def largest(values: np.ndarray) -> float:
    """The largest finite magnitude."""
    with np.errstate(over="ignore"):
        magnitudes = np.abs(values)
    found = float(np.max(magnitudes, initial=0.0))
    return found if np.isfinite(found) else float(np.max(magnitudes, initial=0.0, where=np.isfinite(magnitudes)))


def distance(actual: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest magnitude; infinite where only one of two is finite."""
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    differences = np.abs(actual[~same] - expected[~same])
    if not np.isfinite(differences).all():
        return float("inf")
    return float(differences.max(initial=0.0)) / max(largest(np.ravel(expected)), np.finfo(np.float64).tiny)
