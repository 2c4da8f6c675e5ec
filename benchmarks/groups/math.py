"""Mathematical functions over the arguments they usually get."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform, count
from benchmarks.target import Target

# Name, lowest and highest argument, and numexpr's name.
FUNCTIONS = (
    ("exp", -10, 10, "exp"),
    ("log", 0.001, 1000, "log"),
    ("sin", -10, 10, "sin"),
    ("cos", -10, 10, "cos"),
    ("tanh", -5, 5, "tanh"),
    ("atan", -10, 10, "arctan"),
    ("log1p", -0.9, 10, "log1p"),
    ("expm1", -5, 5, "expm1"),
)
SIZES = (10_000, 100_000, 1_000_000, 8_000_000)

GROUP = Group(
    "math",
    "Mathematical functions",
    Target(each=1.2, mean=2),
    tuple(
        Case(
            "math",
            f"{name} {dtype} n={count(elements)}",
            f"xp.{name}(a)",
            {"a": Uniform((elements,), dtype, low, high)},
            peers={"numexpr": f"{string}(a)"},
        )
        for name, low, high, string in FUNCTIONS
        for dtype in ("float64", "float32")
        for elements in SIZES
    ),
    others=Target(each=1),
)
