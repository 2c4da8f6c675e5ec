"""Reductions of a matrix, over everything and over either axis, and of a long vector."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

# Axis, shape, name of the row.
AXES = (
    ("", (1000, 1000), "all of 1000×1000"),
    (", axis=0", (1000, 1000), "axis 0 of 1000×1000"),
    (", axis=1", (1000, 1000), "axis 1 of 1000×1000"),
    ("", (8_000_000,), "all of 8e6"),
)

GROUP = Group(
    "reductions",
    "Reductions",
    Target(each=1.5),
    tuple(
        Case(
            "reductions",
            f"{name} {dtype}, {title}",
            f"xp.{name}(a{axis})",
            {"a": Uniform(shape, dtype, 0, 1)},
        )
        for name in ("sum", "mean", "max")
        for axis, shape, title in AXES
        for dtype in ("float32", "float64")
    ),
)
