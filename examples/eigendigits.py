"""Eigendigits: what distinguishes handwritten digits, and how far a few numbers per digit tell them apart.

The 1,797 digits of 8×8 pixels come with scikit-learn. corepy gets them without a copy, finds their principal components
by the singular value decomposition of half of them, and assigns each of the other half to the digit whose mean is nearest
in the space of the first components. What computes uses only names of the Array API standard, so that NumPy can run the
very same code: the example checks that both agree, and compares their times.

    python examples/eigendigits.py --output eigendigits.png
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

import corepy as cp

COMPONENTS = 20
SHOWN = 10
SIDE = 8  # Pixels.
BRIGHTEST = 16.0
TOLERANCE = 1e-10

# A tensor or a NumPy array: the same code runs on both.
Array: TypeAlias = Any
Result = TypeVar("Result")


def load() -> tuple[Any, Any]:
    """Pixels, one digit in a row, in [0, 1], and which digits they are."""
    pixels, labels = load_digits(return_X_y=True)
    return np.ascontiguousarray(pixels) / BRIGHTEST, labels.astype(np.int64)


def split(x: Any) -> tuple[Any, Any]:
    """Every other row to learn from, and the others to test with."""
    return x[0::2, ...], x[1::2, ...]


def principal_components(xp: ModuleType, x: Array, count: int) -> tuple[Array, Array, Array]:
    """The mean of the rows, the directions in which they vary most, one in a row, and all the variances.

    Each direction is turned so that its largest element is positive: decompositions leave the sign open.
    """
    mean = xp.mean(x, axis=0)
    _, scales, directions = xp.linalg.svd(x - mean, full_matrices=False)
    chosen = directions[:count, :]
    largest = xp.max(chosen, axis=1, keepdims=True)
    smallest = xp.min(chosen, axis=1, keepdims=True)
    return mean, xp.where(largest >= -smallest, chosen, -chosen), xp.square(scales) / (x.shape[0] - 1)


def centroids(xp: ModuleType, scores: Array, labels: Array, classes: int) -> Array:
    """The mean of each class's rows."""
    members = xp.astype(labels == xp.arange(classes)[:, None], scores.dtype)
    return members @ scores / xp.sum(members, axis=1, keepdims=True)


def distances(xp: ModuleType, scores: Array, centres: Array) -> Array:
    """The squared distance of each row from each centre."""
    return xp.sum(xp.square(scores[:, None, :] - centres), axis=2)


def classify(
    xp: ModuleType, train: Array, labels: Array, test: Array, count: int, classes: int = 10
) -> tuple[Array, Array, Array]:
    """The components, the variances, and how far each row of `test` is from the centre of each class."""
    mean, directions, variances = principal_components(xp, train, count)
    centres = centroids(xp, (train - mean) @ directions.T, labels, classes)
    return directions, variances, distances(xp, (test - mean) @ directions.T, centres)


def fastest(function: Callable[..., Result], *arguments: Any, runs: int = 10) -> tuple[Result, float]:
    """The result, and the seconds of the fastest run: what it takes when nothing else disturbs the machine."""
    best = math.inf
    for _ in range(runs):
        start = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return result, best


def check(ours: tuple[Array, ...], theirs: tuple[Array, ...]) -> float:
    """The largest difference between corepy's results and NumPy's; raises if it exceeds the tolerance."""
    difference = max(float(np.max(np.abs(np.asarray(x) - y))) for x, y in zip(ours, theirs, strict=True))
    if not difference <= TOLERANCE:
        raise SystemExit(f"corepy and NumPy differ by {difference:.1e}")
    return difference


def draw(directions: Array, variances: Array, test: Any, labels: Any, nearest: Any, path: Path) -> None:
    """Writes the first components, the variance that they explain, and digits that were taken for others."""
    figure = plt.figure(figsize=(12.4, 7.4), layout="constrained")
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=(1.25, 1))).tolist()
    shares = np.asarray(variances) / np.sum(np.asarray(variances))
    images = np.asarray(directions)[:SHOWN].reshape(-1, SIDE, SIDE)
    upper.suptitle("The first components of 899 handwritten digits, with the variance that each explains", fontsize=15)
    for panel, image, share in zip(upper.subplots(2, SHOWN // 2).flat, images, shares, strict=False):
        limit = float(np.max(np.abs(image)))
        panel.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="bicubic")
        panel.set_title(f"{share:.1%}", fontsize=11)
        panel.set_axis_off()
    left, right = np.asarray(lower.subfigures(1, 2, width_ratios=(1, 1.5))).tolist()
    axes = left.subplots()
    axes.plot(np.arange(1, len(shares) + 1), 100 * np.cumsum(shares), color="#2b6ca3")
    axes.axvline(COMPONENTS, color="#c44e52", linestyle="--", linewidth=1)
    axes.text(COMPONENTS + 1, 20, f"{COMPONENTS} are used", color="#c44e52")
    axes.set(xlabel="components", ylabel="variance explained (%)", xlim=(1, len(shares)), ylim=(0, 101))
    wrong = np.flatnonzero(nearest != labels)
    right.suptitle("Taken for another digit", fontsize=12)
    panels = list(right.subplots(2, 7).flat)
    for panel in panels:
        panel.set_axis_off()
    for panel, index in zip(panels, wrong, strict=False):
        panel.imshow(test[index].reshape(SIDE, SIDE), cmap="gray_r")
        panel.set_title(f"{labels[index]} as {nearest[index]}", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Classifies the digits with corepy and with NumPy, compares them, and writes the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".png"), help="the picture's path")
    path = parser.parse_args().output

    pixels, digits = load()
    (train, test), (labels, expected) = split(pixels), split(digits)
    print(f"{len(train)} digits to learn from, {len(test)} to test with, {SIDE}×{SIDE} pixels")

    arguments = [cp.asarray(x, copy=False) for x in (train, labels, test)]
    ours, corepy_seconds = fastest(classify, cp, *arguments, COMPONENTS)
    theirs, numpy_seconds = fastest(classify, np, train, labels, test, COMPONENTS)
    difference, ratio = check(ours, theirs), numpy_seconds / corepy_seconds
    print(f"corepy and NumPy agree: largest difference {difference:.1e}, tolerance {TOLERANCE:.0e}")
    print(f"corepy {corepy_seconds * 1e3:.2f} ms, NumPy {numpy_seconds * 1e3:.2f} ms, ratio {ratio:.2f}")

    directions, variances, far = ours
    nearest = np.argmin(np.asarray(far), axis=1)
    explained = float(cp.sum(variances[:COMPONENTS]) / cp.sum(variances))
    print(f"{COMPONENTS} components explain {explained:.1%} of the variance")
    print(f"accuracy {np.mean(nearest == expected):.1%}: {np.sum(nearest == expected)} of {len(expected)} digits")
    draw(directions, variances, test, expected, nearest, path)
    print(f"The picture is in {path.resolve()}")


if __name__ == "__main__":
    main()
