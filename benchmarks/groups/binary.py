"""Arithmetic whose speed is that of memory."""

from __future__ import annotations

import numpy as np

from benchmarks.case import Case, Group, Traffic
from benchmarks.sample import Uniform, count
from benchmarks.target import Target

# Division of integers is floating-point in some libraries and not defined in the standard.
OPERATORS = {"float64": "+-*/", "float32": "+-*/", "int64": "+*", "int32": "+-*"}
SIZES = (1_000_000, 8_000_000)

GROUP = Group(
    "binary",
    "Binary arithmetic",
    Target(each=2.5),
    tuple(
        Case(
            "binary",
            f"a {operator} b {dtype} n={count(elements)}",
            f"a {operator} b",
            {"a": Uniform((elements,), dtype, -100, 100), "b": Uniform((elements,), dtype, -100, 100)},
            peers={"numexpr": f"a {operator} b"},
            traffic=Traffic(2 * elements * np.dtype(dtype).itemsize, elements * np.dtype(dtype).itemsize),
        )
        for dtype, operators in OPERATORS.items()
        for operator in operators
        for elements in SIZES
    ),
    others=Target(each=1.2),
)
