"""Every row of the registry of element-wise functions, at 1e5 elements; derived, so that none can be forgotten."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from corepy import _core

ELEMENTS = 100_000

# The intervals of the arguments, where the usual one is outside the function's domain or overflows.
USUAL = (-5.0, 5.0)
DOMAINS = {
    "acosh": [(1, 10)],
    "acos": [(-1, 1)],
    "asin": [(-1, 1)],
    "atanh": [(-0.99, 0.99)],
    "log": [(0.001, 1000)],
    "log2": [(0.001, 1000)],
    "log10": [(0.001, 1000)],
    "log1p": [(-0.9, 10)],
    "sqrt": [(0, 100)],
    "pow": [(0.1, 10), (-5, 5)],
    "floor_divide": [(-100, 100), (1, 10)],
    "remainder": [(-100, 100), (1, 10)],
    "divide": [(-100, 100), (1, 10)],
    "bitwise_left_shift": [(0, 1000), (0, 20)],
    "bitwise_right_shift": [(0, 1000), (0, 20)],
    "clip": [(-5, 5), (-3, -1), (1, 3)],
}
# NumPy does nothing for these: it returns a view of its argument, or the argument.
VIEWS = {"real", "imag"}


def case(row: dict) -> Case:
    """The benchmark of one row, in float64 where the function takes it."""
    name, computes = row["name"], row["computes"]
    if row["accepts"] == "complex floating-point":
        dtype = "complex128"
    elif row["family"] == "bitwise":
        dtype = "bool" if name.startswith("logical") else "int64"
    else:
        dtype = next(dtype for dtype in ("float64", "complex128", "int64", "bool") if dtype in computes)
    domains = DOMAINS.get(name, [USUAL] * row["arity"])
    inputs = {
        variable: Uniform((ELEMENTS,), dtype, low, high) for variable, (low, high) in zip("abc", domains, strict=False)
    }
    note = "NumPy returns a view" if name in VIEWS else ""
    return Case("registry", f"{name} {dtype}", f"xp.{name}({', '.join(inputs)})", inputs, note)


GROUP = Group("registry", "Every element-wise function, n=1e5", None, tuple(case(row) for row in _core.registry()))
