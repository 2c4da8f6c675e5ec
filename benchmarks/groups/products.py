"""Matrix products; the peers' are those of their BLAS libraries."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

SIDES = (16, 32, 64, 128, 256, 512, 1000, 2000)
# Floating-point operations of one multiplication and addition.
OPERATIONS = {"float64": 2, "float32": 2, "complex128": 8}


def case(group: str, side: int, dtype: str) -> Case:
    """The product of two square matrices."""
    matrix = Uniform((side, side), dtype, -10, 10)
    operations = OPERATIONS.get(dtype, 0) * side**3
    return Case(group, f"{dtype} {side}×{side}", "a @ b", {"a": matrix, "b": matrix}, operations=operations)


def transposed(expression: str, side: int) -> Case:
    """The product of matrices of which one is a transposed view."""
    matrix = Uniform((side, side), "float64", -10, 10)
    return Case("products-views", f"{expression}, float64 {side}×{side}", expression, {"a": matrix, "b": matrix})


GROUP = Group(
    "products",
    "Matrix products",
    Target(each=0.95, mean=1.2),
    tuple(case("products", side, dtype) for dtype in OPERATIONS for side in SIDES),
    others=Target(each=1),
)
INTEGER = Group(
    "products-integer",
    "Matrix products of integers",
    Target(each=10),
    tuple(case("products-integer", side, "int64") for side in (256, 512)),
    others=Target(each=1),
)
BATCHED = Group(
    "products-batched",
    "Products of many small matrices",
    Target(each=4),
    tuple(
        Case("products-batched", f"{dtype} 2000 of 8×8", "a @ b", {"a": batch, "b": batch})
        for dtype in ("float64", "float32")
        for batch in [Uniform((2000, 8, 8), dtype, -10, 10)]
    ),
    others=Target(each=1),
)
VIEWS = Group(
    "products-views",
    "Products of transposed matrices and with vectors",
    Target(each=0.95),
    (
        *(transposed(expression, side) for expression in ("a.T @ b", "a @ b.T") for side in (64, 512)),
        *(
            Case(
                "products-views",
                f"{dtype} 2000×2000 by a vector",
                "a @ b",
                {"a": Uniform((2000, 2000), dtype, -10, 10), "b": Uniform((2000,), dtype, -10, 10)},
            )
            for dtype in ("float64", "float32")
        ),
    ),
)
