"""Functions that move elements: joining, rolling, reversing."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

VECTOR, MATRIX = (1_000_000,), (1000, 1000)
# Name of the row, shape, expression.
ROWS = (
    ("concat of two, 1e6", VECTOR, "xp.concat((a, a))"),
    ("concat of two on axis 0, 1000×1000", MATRIX, "xp.concat((a, a), axis=0)"),
    ("concat of two on axis 1, 1000×1000", MATRIX, "xp.concat((a, a), axis=1)"),
    ("roll, 1e6", VECTOR, "xp.roll(a, 1000)"),
    ("roll on axis 0, 1000×1000", MATRIX, "xp.roll(a, 100, axis=0)"),
    ("roll on axis 1, 1000×1000", MATRIX, "xp.roll(a, 100, axis=1)"),
    ("flip (a view), 1e6", VECTOR, "xp.flip(a)"),
    ("flip and copy, 1e6", VECTOR, "xp.asarray(xp.flip(a), copy=True)"),
    ("flip and copy on axis 0, 1000×1000", MATRIX, "xp.asarray(xp.flip(a, axis=0), copy=True)"),
    ("flip and copy on axis 1, 1000×1000", MATRIX, "xp.asarray(xp.flip(a, axis=1), copy=True)"),
)

GROUP = Group(
    "manipulation",
    "Manipulation",
    Target(each=1),
    tuple(
        Case("manipulation", f"{name}, {dtype}", expression, {"a": Uniform(shape, dtype, 0, 1)})
        for name, shape, expression in ROWS
        for dtype in ("float32", "float64")
    ),
)
