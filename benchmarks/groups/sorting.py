"""Sorting and searching random elements."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Ascending, Uniform, count
from benchmarks.target import Target

# What `a` is drawn from, in every dtype; `s` too, which is searched.
LOW, HIGH = -1e6, 1e6


def case(name: str, expression: str, dtype: str, elements: int, compared: str = "") -> Case:
    """One function of one dtype and length."""
    inputs: dict[str, Uniform] = {"a": Uniform((elements,), dtype, LOW, HIGH)}
    if "(s" in expression:
        inputs["s"] = Ascending((elements,), dtype, LOW, HIGH)
    return Case("sorting", f"{name} {dtype} n={count(elements)}", expression, inputs, compared=compared)


GROUP = Group(
    "sorting",
    "Sorting and searching",
    Target(each=1, mean=1.5),
    tuple(
        case(name, expression, dtype, elements, compared)
        for name, expression, compared in (
            ("sort", "xp.sort(a)", ""),
            # With ties there is no one order but the stable one.
            ("argsort", "xp.argsort(a)", "xp.argsort(a, stable=True)"),
            # NumPy's are in no order where it hashes.
            ("unique_values", "xp.unique_values(a)", "xp.sort(xp.unique_values(a))"),
            ("searchsorted", "xp.searchsorted(s, a)", ""),
        )
        for dtype in ("float64", "float32", "int64", "int32")
        for elements in (1_000, 1_000_000)
    ),
    others=Target(each=1),
)
