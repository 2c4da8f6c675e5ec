"""Representative operations over the number of elements: the time per element, and the steps of the caches in it."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform, count

# The name, the expression, numexpr's, and the largest size: sorting takes long.
OPERATIONS = (
    ("a + b", "a + b", "a + b", 100_000_000),
    ("exp", "xp.exp(a)", "exp(a)", 100_000_000),
    ("a*b+a-b/a", "a * b + a - b / a", "a * b + a - b / a", 100_000_000),
    ("sum", "xp.sum(a)", "", 100_000_000),
    ("sort", "xp.sort(a)", "", 3_000_000),
)
SIZES = (*(digit * 10**exponent for exponent in range(3, 7) for digit in (1, 3)), 10**7, 10**8)


def case(name: str, expression: str, string: str, elements: int) -> Case:
    """One operation at one size."""
    return Case(
        "scaling",
        f"{name} n={count(elements)}",
        expression,
        {"a": Uniform((elements,), "float64", 1, 2), "b": Uniform((elements,), "float64", -1, 1)},
        peers={"numexpr": string} if string else {},
    )


GROUP = Group(
    "scaling",
    "Time over size, float64",
    None,
    tuple(
        case(name, expression, string, elements)
        for elements in SIZES
        for name, expression, string, largest in OPERATIONS
        if elements <= largest
    ),
)
