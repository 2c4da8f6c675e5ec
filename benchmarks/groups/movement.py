"""Functions that move elements: at indices and by masks, joined, rolled, reversed, transposed; a million of them."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Sample, Uniform, count
from benchmarks.target import Target

SIZE = 1_000_000
SIDE = 1000

# The name of a row and its expression. `a` and `b` are vectors, `mask` and `index` are as long, `flags`
# has numbers of which half are 0; `m` is a square matrix, `rows` indexes it, `lines` its lines.
EXPRESSIONS = (
    ("take", "xp.take(a, index)"),
    ("a[index]", "a[index]"),
    ("a[mask]", "a[mask]"),
    ("where", "xp.where(mask, a, b)"),
    ("take_along_axis", "xp.take_along_axis(m, lines, axis=1)"),
    ("m[rows]", "m[rows]"),
    ("m[:, rows]", "m[:, rows]"),
    ("m.T copied", "xp.reshape(m.T, (-1,))"),
    ("concat of two", "xp.concat((a, a))"),
    ("concat of two on axis 0", "xp.concat((m, m), axis=0)"),
    ("concat of two on axis 1", "xp.concat((m, m), axis=1)"),
    ("roll", "xp.roll(a, 1000)"),
    ("roll on axis 0", "xp.roll(m, 100, axis=0)"),
    ("roll on axis 1", "xp.roll(m, 100, axis=1)"),
)
REORDERED = (
    ("stack of two on axis 1", "xp.stack((a, b), axis=1)"),
    ("repeat", "xp.repeat(a, 2)"),
    ("flip (a view)", "xp.flip(a)"),
    ("flip and copy", "xp.asarray(xp.flip(a), copy=True)"),
    ("flip and copy on axis 0", "xp.asarray(xp.flip(m, axis=0), copy=True)"),
    ("flip and copy on axis 1", "xp.asarray(xp.flip(m, axis=1), copy=True)"),
)
SEARCHES = (
    ("nonzero int64", "xp.nonzero(flags)[0]"),
    ("nonzero bool", "xp.nonzero(mask)[0]"),
)


def inputs(dtype: str) -> dict[str, Sample]:
    """What the expressions are about; each takes what it names."""
    return {
        "a": Uniform((SIZE,), dtype, -1, 1),
        "b": Uniform((SIZE,), dtype, -1, 1),
        "flags": Uniform((SIZE,), "int64", 0, 2),
        "mask": Uniform((SIZE,), "bool", 0, 1),
        "index": Uniform((SIZE,), "int64", -SIZE, SIZE),
        "m": Uniform((SIDE, SIDE), dtype, -1, 1),
        "rows": Uniform((SIDE,), "int64", -SIDE, SIDE),
        "lines": Uniform((SIDE, SIDE), "int64", 0, SIDE),
    }


def case(group: str, name: str, expression: str, dtype: str) -> Case:
    """One function of one dtype."""
    # Where PyTorch's result is a copy by itself, it need not make another; and it has no views of reversed elements.
    peers = (
        {"torch": expression.replace("xp.asarray(", "").replace(", copy=True)", "")} if "copy=" in expression else {}
    )
    without = dict.fromkeys(("torch", "jax"), "flip is no view") if "a view" in name else {}
    suffix = f" {dtype}" if dtype else ""
    title = f"{name}{suffix}, {count(SIZE)}"
    return Case(group, title, expression, inputs(dtype or "float64"), peers=peers, without=without)


GROUP = Group(
    "movement",
    "Indexing and moving elements",
    Target(each=1, mean=2),
    (
        *(
            case("movement", name, expression, dtype)
            for name, expression in EXPRESSIONS
            for dtype in ("float64", "float32")
        ),
        *(case("movement", name, expression, "") for name, expression in SEARCHES),
    ),
    others=Target(each=1),
)
MANIPULATION = Group(
    "manipulation",
    "Stacking, repeating, reversing",
    Target(each=1),
    tuple(case("manipulation", *row, dtype) for row in REORDERED for dtype in ("float64", "float32")),
)
