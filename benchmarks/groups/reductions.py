"""Reductions and scans of a matrix, over everything and over either axis, and of a long vector."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

DTYPES = ("float64", "float32")
MATRIX = (1000, 1000)
# Axis, shape, name of the row.
AXES = (
    ("", MATRIX, "all of 1000×1000"),
    (", axis=0", MATRIX, "axis 0 of 1000×1000"),
    (", axis=1", MATRIX, "axis 1 of 1000×1000"),
)
LONG = ("", (8_000_000,), "all of 8e6")
SCANNED = (("", (1_000_000,), "1e6"), *AXES[1:])

# The function, and the places where it is measured.
FUNCTIONS = (
    *((name, (*AXES, LONG)) for name in ("sum", "mean", "max")),
    *((name, AXES) for name in ("prod", "std", "var", "argmax")),
    *((name, SCANNED) for name in ("cumulative_sum", "cumulative_prod")),
)


def case(name: str, axis: str, shape: tuple[int, ...], title: str, dtype: str) -> Case:
    """One function of one dtype along one axis."""
    # A product of numbers near one stays finite.
    low, high = (0.99, 1.01) if "prod" in name else (0, 1)
    return Case(
        "reductions", f"{name} {dtype}, {title}", f"xp.{name}(a{axis})", {"a": Uniform(shape, dtype, low, high)}
    )


GROUP = Group(
    "reductions",
    "Reductions and scans",
    Target(each=1, mean=2),
    (
        *(case(name, *place, dtype) for name, places in FUNCTIONS for place in places for dtype in DTYPES),
        *(
            Case("reductions", f"{name} bool, {title}", f"xp.{name}(a{axis})", {"a": Uniform(shape, "bool", 0, 1)})
            for name in ("all", "count_nonzero")
            for axis, shape, title in AXES
        ),
    ),
    others=Target(each=1),
)
