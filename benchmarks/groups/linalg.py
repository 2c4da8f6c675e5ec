"""Decompositions; the peers' are those of their LAPACK libraries."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Definite, Sample, Uniform
from benchmarks.target import Target

# The name, whether the matrix is positive definite, and the part of the result that is compared: the signs of
# vectors, and of the rows of a triangular factor, are each library's own, and eigenvalues come in any order.
DECOMPOSITIONS = (
    ("cholesky", True, ""),
    ("solve", True, ""),
    ("inv", True, ""),
    ("qr", False, "xp.abs(xp.linalg.qr(a)[1])"),
    ("svd", False, "xp.linalg.svd(a)[1]"),
    ("eigh", True, "xp.linalg.eigh(a)[0]"),
    ("eigvals", False, "xp.sort(xp.abs(xp.linalg.eigvals(a)))"),
)


def case(side: int, name: str, definite: bool, compared: str) -> Case:
    """One decomposition of one square matrix."""
    matrix = Definite(side, "float64") if definite else Uniform((side, side), "float64", -1, 1)
    inputs: dict[str, Sample] = {"a": matrix}
    arguments = "a"
    if name == "solve":
        inputs["b"] = Uniform((side,), "float64", -1, 1)
        arguments = "a, b"
    return Case("linalg", f"{name} {side}×{side}", f"xp.linalg.{name}({arguments})", inputs, compared=compared)


GROUP = Group(
    "linalg",
    "Decompositions",
    Target(each=0.9, mean=1.2),
    tuple(case(side, *row) for side in (32, 512) for row in DECOMPOSITIONS),
    others=Target(each=1),
)
