"""What takes more than one accumulator: cumulative sums, spreads, places of extrema."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

# Axis, shape, name of the row.
AXES = (
    ("", (1_000_000,), "1e6"),
    (", axis=0", (1000, 1000), "axis 0 of 1000×1000"),
    (", axis=1", (1000, 1000), "axis 1 of 1000×1000"),
)

GROUP = Group(
    "scans",
    "Scans, spreads and places of extrema",
    Target(each=1.5),
    tuple(
        Case("scans", f"{name} {dtype}, {title}", f"xp.{name}(a{axis})", {"a": Uniform(shape, dtype, 0, 1)})
        for name in ("cumulative_sum", "std", "var", "argmax")
        for axis, shape, title in AXES
        for dtype in ("float32", "float64")
    ),
)
