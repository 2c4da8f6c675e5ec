"""Ten elements: what a call costs besides arithmetic."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

EXPRESSIONS = ("a + b", "a * 2 + 1", "a < b", "xp.sqrt(a)")

GROUP = Group(
    "small",
    "Small calls",
    Target(each=2),
    tuple(
        Case(
            "small",
            f"{expression.replace('xp.', '')} {dtype} n=10",
            expression,
            {"a": Uniform((10,), dtype, 0, 1), "b": Uniform((10,), dtype, 0, 1)},
        )
        for expression in EXPRESSIONS
        for dtype in ("float64", "float32")
    ),
)
