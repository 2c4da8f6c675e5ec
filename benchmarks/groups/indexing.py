"""Elements at indices and by masks: of a vector, in random order, half of them chosen; rows and columns of a matrix."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform, count
from benchmarks.target import Target

SIZE = 1_000_000
SIDE = 1000

# The name of a row and its expression. `a` and `b` are vectors, `mask` and `index` are as long, `flags`
# has numbers of which half are 0; `m` is a square matrix, `rows` indexes it.
EXPRESSIONS = (
    ("take", "xp.take(a, index)"),
    ("a[index]", "a[index]"),
    ("a[mask]", "a[mask]"),
    ("nonzero", "xp.nonzero(flags)[0]"),
    ("nonzero of a mask", "xp.nonzero(mask)[0]"),
    ("count_nonzero of a mask", "xp.count_nonzero(mask)"),
    ("where", "xp.where(mask, a, b)"),
    ("m[rows]", "m[rows]"),
    ("m[:, rows]", "m[:, rows]"),
    ("take_along_axis", "xp.take_along_axis(m, lines, axis=1)"),
)


def inputs(dtype: str) -> dict[str, Uniform]:
    """The operands of every expression in one dtype."""
    return {
        "a": Uniform((SIZE,), dtype, -1, 1),
        "b": Uniform((SIZE,), dtype, -1, 1),
        "flags": Uniform((SIZE,), "int64", 0, 2),
        "mask": Uniform((SIZE,), "bool", 0, 1),
        "index": Uniform((SIZE,), "int64", -SIZE, SIZE),
        "m": Uniform((SIDE, SIDE), dtype, -1, 1),
        "rows": Uniform((SIDE,), "int64", -SIDE, SIDE),
        "lines": Uniform((SIDE, SIDE), "int64", -SIDE, SIDE),
    }


GROUP = Group(
    "indexing",
    "Indexing",
    Target(each=1),
    tuple(
        Case("indexing", f"{name} {dtype}, {count(SIZE)}", expression, inputs(dtype))
        for name, expression in EXPRESSIONS
        for dtype in ("float64", "float32")
    ),
)
