"""Operands that are cast, broadcast, transposed, strided or reversed; a million elements."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

SIDE = 1000

# Expression, and what it shows. `m` is a square matrix, `v` a vector of as many elements.
EXPRESSIONS = (
    ("m + row", "row broadcast"),
    ("m + column", "column broadcast"),
    ("m.T + m", "transposed"),
    ("m[:, ::2] + m[:, 1::2]", "strided"),
    ("v[::-1] + w", "one reversed"),
    ("v[::-1] + w[::-1]", "both reversed"),
)


def inputs(dtype: str) -> dict[str, Uniform]:
    """The operands of every expression in one dtype."""
    return {
        "m": Uniform((SIDE, SIDE), dtype, -1, 1),
        "row": Uniform((SIDE,), dtype, -1, 1),
        "column": Uniform((SIDE, 1), dtype, -1, 1),
        "v": Uniform((SIDE * SIDE,), dtype, -1, 1),
        "w": Uniform((SIDE * SIDE,), dtype, -1, 1),
    }


GROUP = Group(
    "layouts",
    "Layouts",
    Target(each=1.5),
    (
        Case(
            "layouts",
            "int32 + float64",
            "a + b",
            {"a": Uniform((SIDE * SIDE,), "int32", -100, 100), "b": Uniform((SIDE * SIDE,), "float64", -1, 1)},
        ),
        *(
            Case("layouts", f"{expression} {dtype}, {meaning}", expression, inputs(dtype))
            for expression, meaning in EXPRESSIONS
            for dtype in ("float64", "float32")
        ),
    ),
)
