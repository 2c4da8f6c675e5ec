"""Mathematical functions over the arguments they usually get."""

from __future__ import annotations

from benchmarks.case import Case, Group, Target, Uniform, count

# Name, lowest and highest argument.
FUNCTIONS = (
    ("exp", -10, 10),
    ("log", 0.001, 1000),
    ("sin", -10, 10),
    ("cos", -10, 10),
    ("tanh", -5, 5),
    ("atan", -10, 10),
    ("log1p", -0.9, 10),
    ("expm1", -5, 5),
)

GROUP = Group(
    "math",
    "Mathematical functions",
    Target(each=1, mean=1.5),
    tuple(
        Case(
            "math",
            f"{name} {dtype} n={count(elements)}",
            f"xp.{name}(a)",
            {"a": Uniform((elements,), dtype, low, high)},
        )
        for name, low, high in FUNCTIONS
        for dtype in ("float64", "float32")
        for elements in (10_000, 1_000_000)
    ),
)
