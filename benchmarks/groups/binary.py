"""Arithmetic whose speed is that of memory."""

from __future__ import annotations

from benchmarks.case import Case, Group, Target, Uniform, count

GROUP = Group(
    "binary",
    "Binary arithmetic",
    Target(each=2),
    tuple(
        Case(
            "binary",
            f"{expression} {dtype} n={count(elements)}",
            expression,
            {"a": Uniform((elements,), dtype, -100, 100), "b": Uniform((elements,), dtype, -100, 100)},
        )
        for expression in ("a + b", "a * b")
        for dtype in ("float64", "float32", "int32")
        for elements in (1_000_000, 8_000_000)
    ),
)
