"""Casts between dtypes, and arrays made from nothing; a million elements."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

ELEMENTS = 1_000_000
DTYPES = ("float64", "float32", "int32", "int64")

# Expression without the dtype, which is appended.
CREATIONS = (
    f"xp.zeros({ELEMENTS}",
    f"xp.full({ELEMENTS}, 3",
    f"xp.arange({ELEMENTS}",
    f"xp.linspace(0, 1, {ELEMENTS}",
)

GROUP = Group(
    "conversion",
    "Casts and creation",
    Target(each=1, most=2),
    (
        *(
            Case(
                "conversion",
                f"astype {source} to {target}",
                f"xp.astype(a, xp.{target})",
                {"a": Uniform((ELEMENTS,), source, -1e6, 1e6)},
            )
            for source in DTYPES
            for target in DTYPES
            if source != target
        ),
        *(
            Case(
                "conversion",
                f"{expression.partition('(')[0].removeprefix('xp.')} {dtype}",
                f"touch({expression}, dtype=xp.{dtype}))",
            )
            for expression in CREATIONS
            for dtype in ("float64", "float32", "int32")
            if not ("linspace" in expression and dtype == "int32")
        ),
    ),
)
