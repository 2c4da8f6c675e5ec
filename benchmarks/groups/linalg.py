"""Decompositions; the peer's are those of its LAPACK library."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Definite, Uniform
from benchmarks.target import Target

# The name, whether the matrix is positive definite, and the part of the result that both libraries agree on.
DECOMPOSITIONS = (
    ("solve", True, ""),
    ("inv", True, ""),
    ("cholesky", True, ""),
    ("qr", False, "[1]"),
    ("svd", False, "[1]"),
    ("eigh", True, "[0]"),
)


def case(group: str, side: int, name: str, definite: bool, part: str) -> Case:
    """One decomposition of one square matrix."""
    matrix = Definite(side, "float64") if definite else Uniform((side, side), "float64", -1, 1)
    inputs: dict[str, Uniform | Definite] = {"a": matrix}
    arguments = "a"
    if name == "solve":
        inputs["b"] = Uniform((side,), "float64", -1, 1)
        arguments = "a, b"
    return Case(group, f"{name} {side}×{side}", f"xp.linalg.{name}({arguments}){part}", inputs)


SMALL = Group(
    "linalg-small",
    "Decompositions of small matrices",
    Target(each=1),
    tuple(case("linalg-small", 32, *row) for row in DECOMPOSITIONS),
)
LARGE = Group(
    "linalg",
    "Decompositions",
    Target(each=0.8),
    tuple(case("linalg", 512, *row) for row in DECOMPOSITIONS),
)
