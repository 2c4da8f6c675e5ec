"""Whole expressions, written as one writes them: corepy evaluates each in one pass, without being asked to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.case import Case, Group, Traffic
from benchmarks.sample import Uniform, count
from benchmarks.target import Target

SIZES = (1_000_000, 8_000_000)
# Columns of the matrices.
COLUMNS = 1000


@dataclass(frozen=True)
class Expression:
    """An expression, the intervals its inputs are drawn from, and what a pass over memory moves at the least."""

    name: str
    text: str
    inputs: dict[str, tuple[float, float]]
    # Times that an array of the size of the inputs is read from memory, and written.
    reads: int
    numexpr: str = ""
    matrix: bool = False
    writes: int = 1


HORNER = "(((((0.7 * x - 0.1) * x + 0.3) * x - 1.2) * x + 0.9) * x - 0.4) * x + 2.1"
GAUSSIAN = "exp(-0.5 * ((x - 0.3) / 1.7) ** 2) / (1.7 * 2.5066282746310002)"

# The normal distribution function by formula 26.2.17 of Abramowitz and Stegun: the standard has no erf.
NORMAL = """
u = 1 / (1 + 0.2316419 * xp.abs(d))
p = 0.3989422804014327 * xp.exp(-0.5 * d * d)
p = p * u * (0.31938153 + u * (-0.356563782 + u * (1.781477937 + u * (-1.821255978 + u * 1.330274429))))
n = xp.where(d > 0, 1 - p, p)
"""


def black_scholes() -> str:
    """The price of a European call; the distribution function stands in the place of its two calls."""
    lines = ["w = v * xp.sqrt(t)", "d = (xp.log(s / k) + (0.02 + 0.5 * v * v) * t) / w"]
    lines += [*NORMAL.strip().splitlines(), "n1 = n", "d = d - w", *NORMAL.strip().splitlines()]
    return "\n".join([*lines, "s * n1 - k * xp.exp(-0.02 * t) * n"])


def black_scholes_string() -> str:
    """The same for numexpr, which has no statements, but computes what occurs twice once."""
    w = "(v * sqrt(t))"
    d1 = f"((log(s / k) + (0.02 + 0.5 * v * v) * t) / {w})"

    def normal(d: str) -> str:
        u = f"(1 / (1 + 0.2316419 * abs({d})))"
        series = f"({u} * (0.31938153 + {u} * (-0.356563782 + {u} * (1.781477937 + {u} * (-1.821255978 + {u} * 1.330274429)))))"
        p = f"(0.3989422804014327 * exp(-0.5 * {d} * {d}) * {series})"
        return f"where({d} > 0, 1 - {p}, {p})"

    return f"s * {normal(d1)} - k * exp(-0.02 * t) * {normal(f'({d1} - {w})')}"


EXPRESSIONS = (
    Expression("a*b+a-b/a", "a * b + a - b / a", {"a": (1, 2), "b": (-1, 1)}, 2, "a * b + a - b / a"),
    Expression(
        "norm of three",
        "xp.sqrt(x**2 + y**2 + z**2)",
        {"x": (-1, 1), "y": (-1, 1), "z": (-1, 1)},
        3,
        "sqrt(x**2 + y**2 + z**2)",
    ),
    Expression("Horner, degree 6", HORNER, {"x": (-1, 1)}, 1, HORNER),
    Expression("Gaussian pdf", GAUSSIAN.replace("exp", "xp.exp"), {"x": (-5, 5)}, 1, GAUSSIAN),
    Expression("sigmoid", "1 / (1 + xp.exp(-x))", {"x": (-5, 5)}, 1, "1 / (1 + exp(-x))"),
    Expression(
        "Black-Scholes",
        black_scholes(),
        {"s": (50, 150), "k": (50, 150), "t": (0.1, 2), "v": (0.1, 0.5)},
        4,
        black_scholes_string(),
    ),
    Expression("sum((a-b)**2)", "xp.sum((a - b) ** 2)", {"a": (-1, 1), "b": (-1, 1)}, 2, "sum((a - b)**2)", writes=0),
    # Twice read, as the matrix does not fit into a cache between the moments and the division.
    Expression("standardize, axis 0", "(x - xp.mean(x, axis=0)) / xp.std(x, axis=0)", {"x": (-1, 1)}, 2, matrix=True),
    Expression(
        "softmax, axis 1",
        "e = xp.exp(x - xp.max(x, axis=1, keepdims=True))\ne / xp.sum(e, axis=1, keepdims=True)",
        {"x": (-5, 5)},
        1,
        matrix=True,
    ),
)


def case(expression: Expression, dtype: str, elements: int) -> Case:
    """One expression of one dtype and size."""
    size = elements * np.dtype(dtype).itemsize
    shape = (elements // COLUMNS, COLUMNS) if expression.matrix else (elements,)
    return Case(
        "fused",
        f"{expression.name} {dtype} n={count(elements)}",
        expression.text,
        {name: Uniform(shape, dtype, *interval) for name, interval in expression.inputs.items()},
        peers={"numexpr": expression.numexpr} if expression.numexpr else {},
        traffic=Traffic(expression.reads * size, expression.writes * size),
    )


GROUP = Group(
    "fused",
    "Fused expressions",
    Target(each=3, mean=5),
    tuple(
        case(expression, dtype, elements)
        for expression in EXPRESSIONS
        for dtype in ("float64", "float32")
        for elements in SIZES
    ),
    others=Target(each=0.9, mean=1.2),
)
