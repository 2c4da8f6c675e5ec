"""Ten elements: what a call costs besides arithmetic."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Listed, Sample, Uniform, count
from benchmarks.target import Target

ELEMENTS = 10
# Of arrays in both floating-point dtypes.
ARITHMETIC = (
    *("a + b", "a * b", "a / b", "a + 1", "a * 2 + 1", "a < b", "xp.add(a, b)", "xp.maximum(a, b)"),
    *("-a", "xp.abs(a)", "xp.sqrt(a)", "xp.exp(a)"),
)
REDUCTIONS = ("xp.sum(a)", "xp.max(a)", "xp.mean(a)", "xp.argmax(a)", "xp.any(a)", "xp.sum(m, axis=0)")
CREATION = (
    "xp.zeros(10)",
    "xp.ones(10)",
    "xp.full((10,), 2.5)",
    "xp.arange(10)",
    "xp.asarray(values)",
    "xp.zeros_like(a)",
)
INDEXING = ("a[3]", "m[1, 2]", "a[2:5]", "a[::2]", "m[:, 1]", "a[..., None]", "a[index]", "xp.take(a, index)")
VIEWS = ("xp.reshape(a, (2, 5))", "m.T", "xp.permute_dims(m, (1, 0))", "xp.expand_dims(a, axis=0)")
VIEWS = (*VIEWS, "xp.broadcast_to(a, (3, 10))")


def inputs(dtype: str) -> dict[str, Sample]:
    """What the expressions are about; each takes what it names."""
    return {
        "a": Uniform((ELEMENTS,), dtype, 0, 1),
        "b": Uniform((ELEMENTS,), dtype, 0, 1),
        "m": Uniform((2, ELEMENTS // 2), dtype, 0, 1),
        "index": Uniform((ELEMENTS,), "int64", 0, ELEMENTS),
        "values": Listed(ELEMENTS),
    }


def case(expression: str, dtype: str) -> Case:
    """One expression of one dtype."""
    name = f"{expression.replace('xp.', '')} {dtype} n={count(ELEMENTS)}"
    return Case("small", name, expression, inputs(dtype))


GROUP = Group(
    "small",
    "Small calls",
    Target(each=1, mean=3),
    (
        *(case(expression, dtype) for expression in ARITHMETIC for dtype in ("float64", "float32")),
        *(case(expression, "float64") for expression in (*REDUCTIONS, *CREATION, *INDEXING, *VIEWS)),
    ),
    others=Target(each=5),
)
