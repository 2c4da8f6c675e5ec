"""Matrix products; the peer's are those of its BLAS library."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target


def case(group: str, side: int, dtype: str) -> Case:
    """The product of two square matrices."""
    matrix = Uniform((side, side), dtype, -10, 10)
    return Case(group, f"{dtype} {side}×{side}", "a @ b", {"a": matrix, "b": matrix})


SMALL = Group(
    "products-small",
    "Small matrix products",
    Target(each=1.5),
    tuple(case("products-small", side, dtype) for dtype in ("float64", "float32") for side in (16, 64)),
)
LARGE = Group(
    "products",
    "Matrix products",
    Target(each=0.8),
    tuple(case("products", side, dtype) for dtype in ("float64", "float32") for side in (256, 1024, 2000)),
)
INTEGER = Group(
    "products-integer",
    "Matrix products of integers",
    Target(each=10),
    (case("products-integer", 256, "int64"),),
)
