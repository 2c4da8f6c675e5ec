"""Fused evaluation gives what eager evaluation gives: dtype, shape, strides and every bit, whatever is held and in
whatever order it is asked for."""

import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
import corepy._core as core
from support.arrays import DTYPES, array, assert_same, bits, tensor
from support.effort import examples
from support.fusion import is_pending
from support.layouts import Layout
from support.oracle import REGISTRY
from support.process import digests_under
from support.values import moderate, wild

# Just above the size from which results are deferred, and no multiple of a block or a vector.
SHAPES = ((40_009,), (183, 191), (33, 32, 37))
REDUCTIONS = ("sum", "prod", "max", "min", "mean", "any", "all")
UNARY = [name for name, row in REGISTRY.items() if row["arity"] == 1]
BINARY = [name for name, row in REGISTRY.items() if row["arity"] == 2]
NUMBERS = (True, 0, 1, 2, 3, -1, 7, 200, 1 << 40, 0.0, -0.0, 0.5, 2.0, float("nan"), float("inf"), 1j, 2 - 1j)


def facts(x):
    """All that there is to see of a tensor, as plain objects."""
    return x.strides, array(x)


def assert_equal(got, expected, context=""):
    """A tensor is what `facts` has noted."""
    strides, values = expected
    assert_same(got, values, context)
    assert got.strides == strides, f"{context}: strides {got.strides}, expected {strides}"


def attempt(function, *operands, **options):
    """The result, or what was raised."""
    try:
        return function(*operands, **options)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        return f"{type(error).__name__}: {error}"


def run(leaves, steps):
    """The values of the leaves and then of each step; a step that fails leaves its message."""
    values = list(leaves)
    for kind, name, (i, j, k), number in steps:
        usable = [value for value in values if not isinstance(value, str)]
        # The newest ones are the likeliest, so that expressions become deep.
        x, y, z = (usable[-1 - place % len(usable)] for place in (i, j, k))
        match kind:
            case "unary":
                value = attempt(getattr(cp, UNARY[name % len(UNARY)]), x)
            case "binary":
                value = attempt(getattr(cp, BINARY[name % len(BINARY)]), x, y)
            case "number":
                operands = (x, number) if j % 2 else (number, x)
                value = attempt(getattr(cp, BINARY[name % len(BINARY)]), *operands)
            case "arithmetic":
                value = attempt(getattr(cp, ("add", "subtract", "multiply", "maximum")[name % 4]), x, y)
            case "pow":
                value = attempt(cp.pow, x, (2, 3, 0, 1, -1, 0.5, 2.0)[name % 7])
            case "where":
                value = attempt(cp.where, cp.astype(z, cp.bool), x, number if name % 3 == 0 else y)
            case "clip":
                value = attempt(cp.clip, x, (None, -1, y)[name % 3], (3, None, z)[name % 3])
            case "astype":
                value = attempt(cp.astype, x, getattr(cp, DTYPES[name % len(DTYPES)]), copy=bool(j % 2))
            case "compare":
                value = attempt(getattr(cp, ("less", "equal", "not_equal", "greater_equal")[name % 4]), x, y)
        values.append(value)
    return values


KINDS = ("unary", "binary", "number", "arithmetic", "arithmetic", "pow", "where", "clip", "astype", "compare")
places = st.tuples(*[st.integers(0, 9)] * 3)
steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 200), places, st.sampled_from(NUMBERS))


@st.composite
def leaves(draw, shape):
    """A NumPy base, and a view of it that broadcasts to `shape`: strided, reversed, transposed, of size 1 along axes."""
    dtype = draw(st.sampled_from(DTYPES))
    rank = draw(st.sampled_from((len(shape),) * 4 + (0, 1)))
    kept = tuple(1 if draw(st.integers(0, 6)) == 0 else size for size in shape[len(shape) - rank :])
    plain = draw(st.booleans())
    cuts = [1 if plain else draw(st.sampled_from((1, 1, 2, -1, -2))) for _ in kept]
    repeated = [not plain and draw(st.integers(0, 5)) == 0 for _ in kept]
    layout = Layout(kept, cuts, [0] * rank, not plain and draw(st.booleans()), repeated)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    values = draw(st.sampled_from((moderate, moderate, wild)))
    return layout.of_tensor(tensor(values(dtype, tuple(layout.base_shape), rng)))


@st.composite
def programs(draw, most=14):
    """Leaves, of which one has the full shape, and steps."""
    shape = draw(st.sampled_from(SHAPES))
    first = draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    tensors = [draw(leaves(shape)) for _ in range(draw(st.integers(0, 4)))]
    tensors.append(tensor(moderate(first, shape, rng)))
    return tensors, draw(st.lists(steps, min_size=3, max_size=most))


@examples(150)
@given(programs(), st.data())
def test_random_expressions_have_the_bits_of_eager_evaluation(program, data):
    """Results that stay held, evaluated in any order, next to others that were dropped."""
    tensors, steps = program
    with cp.fusion(False):
        expected = [value if isinstance(value, str) else facts(value) for value in run(tensors, steps)]
    values = run(tensors, steps)
    numbers = range(len(tensors), len(values))
    held = sorted(data.draw(st.sets(st.sampled_from(numbers))) | {len(values) - 1})
    order = data.draw(st.permutations(held))
    values = {number: values[number] for number in held}
    for number in held:
        value = values[number]
        if isinstance(value, str):
            assert value == expected[number]
        else:
            strides, eager = expected[number]
            assert (value.dtype, value.shape, value.strides) == (eager.dtype, eager.shape, strides), steps
    for number in order:
        if not isinstance(values[number], str):
            assert_equal(values[number], expected[number], f"step {number} of {steps}")


@examples(150)
@given(programs(8), st.sampled_from(REDUCTIONS), st.booleans(), st.booleans(), st.booleans(), st.data())
def test_random_expressions_are_reduced_to_the_bits_of_eager_evaluation(program, name, keepdims, drop, again, data):
    """Along any axes, the operand held or dropped, and evaluated after the reduction."""
    tensors, steps = program
    function = getattr(cp, name)
    rank = tensors[-1].ndim
    axis = data.draw(st.sampled_from([None, *range(rank), *itertools.combinations(range(rank), 2)]))
    with cp.fusion(False):
        operand = [value for value in run(tensors, steps) if not isinstance(value, str)][-1]
        reduced = attempt(function, operand, axis=axis, keepdims=keepdims)
        expected = [value if isinstance(value, str) else facts(value) for value in (reduced, operand)]
    values = [value for value in run(tensors, steps) if not isinstance(value, str)]
    if drop:
        got = attempt(function, values.pop(), axis=axis, keepdims=keepdims)
    else:
        got = attempt(function, values[-1], axis=axis, keepdims=keepdims)
        assert_equal(values[-1], expected[1], f"the operand of {name} over {axis}, {steps}")
        if again:
            got = attempt(function, values[-1], axis=axis, keepdims=keepdims)
    if isinstance(got, str):
        assert got == expected[0]
    else:
        assert_equal(got, expected[0], f"{name} over {axis} of {steps}")


REDUCED_SHAPES = (
    (70_001,),
    (40, 2500),
    (2503, 40),
    (600, 1100),
    (3000, 129),
    (33, 32, 37),
    (5, 3001, 4),
    (2, 200, 200),
)


def expression(x, row, column):
    return (x * row + column) * x - row


def operands(shape, dtype, order="C", seed=0):
    """A tensor of a shape, a row and a column, with zeros and ones among small numbers."""
    rng = np.random.default_rng(seed)
    x = np.array(moderate(dtype, shape, rng), order=order)
    x = tensor(x.T).mT if order == "F" and len(shape) == 2 else tensor(x)
    last = shape[-1]
    return x, tensor(moderate(dtype, (last,), rng)), tensor(moderate(dtype, (*shape[:-1], 1), rng))


def subsets(rank):
    for count in range(1, rank + 1):
        yield from itertools.combinations(range(rank), count)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex64", "int64", "uint8"])
@pytest.mark.parametrize("shape", REDUCED_SHAPES, ids=str)
def test_every_reduction_over_every_axis(shape, dtype):
    """Held operands (whose values are written on the way), intermediates that are held, and dropped ones."""
    for order in ("C", "F") if len(shape) == 2 else ("C",):
        x, row, column = operands(shape, dtype, order)
        with cp.fusion(False):
            whole = facts(expression(x, row, column))
        for name, axis in itertools.product(REDUCTIONS, subsets(len(shape))):
            function = getattr(cp, name)
            keepdims = len(axis) % 2 == 0
            with cp.fusion(False):
                result = attempt(function, expression(x, row, column), axis=axis, keepdims=keepdims)
            if isinstance(result, str):
                assert attempt(function, expression(x, row, column), axis=axis, keepdims=keepdims) == result
                continue
            expected, context = facts(result), f"{name} over {axis} of {shape} {dtype} {order}"
            assert_equal(function(expression(x, row, column), axis=axis, keepdims=keepdims), expected, context)
            held = expression(x, row, column)
            assert_equal(function(held, axis=axis, keepdims=keepdims), expected, context + ", held")
            assert_equal(held, whole, context + ", its operand")
    intermediate = x * row
    got = cp.sum((intermediate + column) * x - row, axis=0)
    with cp.fusion(False):
        assert_equal(got, facts(cp.sum(expression(x, row, column), axis=0)))
        assert_equal(intermediate, facts(x * row))


@pytest.mark.parametrize("dtype", [None, "float32", "float64", "int64", "complex128"])
@pytest.mark.parametrize("name", ["sum", "prod", "mean"])
@pytest.mark.parametrize("source", ["float32", "int16", "bool", "complex64", "float64"])
def test_reductions_to_another_dtype(name, dtype, source):
    """`dtype` of sum and prod; the same errors."""
    options = {} if dtype is None or name == "mean" else {"dtype": getattr(cp, dtype)}
    rng = np.random.default_rng(0)
    x, y = (tensor(moderate(source, (211, 190), rng)) for _ in range(2))
    for axis in (None, 0, 1):
        with cp.fusion(False):
            expected = attempt(getattr(cp, name), cp.where(x == y, x, y), axis=axis, **options)
        got = attempt(getattr(cp, name), cp.where(x == y, x, y), axis=axis, **options)
        if isinstance(expected, str):
            assert got == expected
        else:
            assert_equal(got, facts(expected), f"{name} over {axis}")


OTHERS = {
    "std": lambda x: cp.std(x, axis=0),
    "var": lambda x: cp.var(x, axis=1, correction=1),
    "argmax": lambda x: cp.argmax(x, axis=0),
    "argmin": cp.argmin,
    "count_nonzero": lambda x: cp.count_nonzero(x, axis=1),
    "cumulative_sum": lambda x: cp.cumulative_sum(x, axis=1),
    "sort": cp.sort,
    "matmul": lambda x: x @ x.mT,
    "transpose": lambda x: x.T,
    "slice": lambda x: x[::-2, 3:7],
    "mask": lambda x: x[x > 0],
    "take": lambda x: cp.take(x, cp.asarray([3, 1, 2]), axis=1),
    "concat": lambda x: cp.concat([x, x]),
    "reshape": lambda x: cp.reshape(x, (-1,)),
    "broadcast_to": lambda x: cp.broadcast_to(x, (2, *x.shape)),
    "norm": cp.linalg.matrix_norm,
    "fft": cp.fft.fft,
    "unique_values": lambda x: cp.unique_values(cp.round(x)),
    "real": lambda x: (x + 1j).imag,
    "tril": cp.tril,
    "nonzero": lambda x: cp.nonzero(x > 1)[1],
    "asarray": lambda x: cp.asarray(x, copy=True),
    "searchsorted": lambda x: cp.searchsorted(cp.asarray([-1.0, 0.0, 1.0]), x),
    "diff": cp.diff,
    "full_like": lambda x: cp.full_like(x, 2),
    "repeat": lambda x: cp.repeat(x, 2, axis=0),
    "isin": lambda x: cp.isin(cp.round(x), cp.asarray([1.0, 2.0])),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_operations_take_pending_operands(name):
    """They see the values, and their results are those of eager evaluation."""
    rng = np.random.default_rng(1)
    x, y = tensor(rng.normal(size=(200, 200))), tensor(rng.normal(size=(200, 1)))
    with cp.fusion(False):
        expected = facts(OTHERS[name](x * y + x))
    pending = x * y + x
    assert is_pending(pending)
    assert_equal(OTHERS[name](pending), expected)
    assert_equal(OTHERS[name](x * y + x), expected)


@pytest.mark.parametrize("signed", ["int8", "int64"])
def test_signed_and_unsigned_integers_compare_exactly(signed):
    """int64 beside uint64, within an expression, where no dtype holds both."""
    limits = np.iinfo(signed)
    a = np.resize(np.array([limits.min, -1, 0, 1, limits.max], signed), 40_000)
    b = np.resize(np.array([0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 127], "uint64"), 40_000)
    x, y = tensor(a), tensor(b)
    for name in ("less", "less_equal", "equal", "not_equal", "greater", "greater_equal"):
        got = getattr(cp, name)(x - 0, y + 0)
        assert_same(~got, ~getattr(np, name)(a, b), name)
        assert_same(getattr(cp, name)(y ^ 0, x | 0), getattr(np, name)(b, a), name)


def test_scalars_made_of_scalars():
    """Operands that are one element for all, and what is computed of them, stand for all elements."""
    rng = np.random.default_rng(2)
    a, b, c = rng.random((300, 200)), rng.random(), rng.random((300, 1))
    x, one, column = tensor(a), tensor(np.float64(b)), tensor(c)
    wide = cp.broadcast_to(one, (300, 200))
    assert_same((wide + 1) * x, (b + 1) * a)
    assert_same(x - (wide * 2 + 1) * 3, a - (b * 2 + 1) * 3)
    assert_same((wide * 2 + 1) * 3, np.full((300, 200), (b * 2 + 1) * 3))
    tall = cp.broadcast_to(column, (300, 200))
    assert_same((tall + 1) * (tall + 2) - x, (c + 1) * (c + 2) - a)
    narrow = tensor(np.float32(b))
    assert_same(x * (narrow + 0) + narrow, a * np.float64(np.float32(b)) + np.float64(np.float32(b)))
    assert_same(cp.where(wide > 0.5, x, wide), np.where(b > 0.5, a, b))
    whole = cp.sum((wide + 1) * x, axis=1)
    with cp.fusion(False):
        assert_equal(whole, facts(cp.sum((wide + 1) * x, axis=1)))


def test_common_subexpressions_are_computed_once():
    """Also where they were written twice; held ones are tensors of their own."""
    a = np.random.default_rng(3).random(50_000)
    x = tensor(a)
    y = cp.sqrt(x + 1) * cp.sqrt(x + 1)
    assert cp.explain(y).count("sqrt(") == 1 and cp.explain(y).count("add(") == 1
    p, q = x + 1, x + 1
    total = p * q
    assert_same(total, (a + 1) * (a + 1))
    assert not is_pending(p) and not is_pending(q)
    p[0] = 5.0
    assert_same(q, a + 1)
    assert p[0].item() == 5.0
    # +0 and -0 are not the same number.
    zeros = tensor(np.zeros(40_000))
    plus, minus = zeros * 0.0, zeros * -0.0
    assert_same(cp.copysign(x[:40_000], plus) + cp.copysign(x[:40_000], minus), np.zeros(40_000))


def test_held_intermediates_are_written_in_the_same_pass():
    """Dropped ones are not."""
    x = cp.ones(100_000)
    intermediate = x + 1
    text = cp.explain(intermediate * 2)
    assert "out1 = " in text and "800000 bytes read, 1600000 written" in text
    del intermediate
    text = cp.explain((x + 1) * 2)
    assert "out1" not in text and "800000 bytes read, 800000 written" in text
    intermediate = x + 1
    cp.evaluate(intermediate * 2)
    assert not is_pending(intermediate)


def test_more_held_intermediates_than_one_pass_takes():
    """Dozens of operands and of results that are held: several passes, and the same values."""
    rng = np.random.default_rng(4)
    parts = rng.random((45, 40_000))
    inputs = [tensor(part) for part in parts]
    for reduced in (False, True):
        held, total = [], inputs[0]
        expected, sums = [], parts[0]
        for number, (x, part) in enumerate(zip(inputs[1:], parts[1:], strict=True)):
            total, sums = total * x if number % 3 else total - x, sums * part if number % 3 else sums - part
            held.append(total)
            expected.append(sums)
        if reduced:
            result = cp.sum(total + 1)
            with cp.fusion(False):
                assert_equal(result, facts(cp.sum(total + 1)))
        else:
            assert "pass" in cp.explain(total)
            assert_same(total + 1, sums + 1)
        for got, wanted in zip(reversed(held), reversed(expected), strict=True):
            assert_same(got, wanted)


def test_temporaries_of_many_dtypes_share_no_slot_wrongly():
    """Slots are used again only by what they fit, also by the function of three operands."""
    rng = np.random.default_rng(5)
    a, b, c = rng.normal(size=(3, 40_000))
    x, y, z = tensor(a), tensor(b), tensor(c)

    def chain(m, x, y, z, cast):
        p, q = x * y, x - z
        r = m.where(p > q, m.where(q > 0, p, q), m.where(p > 0, q, z))
        narrow = cast(r, "float32") * cast(p, "float32")
        whole = cast(narrow * 8, "int16") % 7
        s = m.where(whole > 3, r, narrow) + m.where(whole == 2, whole, q)
        return s * cast(whole, "float64") - m.where(narrow < 0, s, p) + r

    got = chain(cp, x, y, z, lambda x, dtype: cp.astype(x, getattr(cp, dtype)))
    assert_same(got, chain(np, a, b, c, lambda x, dtype: x.astype(dtype)))


def test_layouts_are_those_of_eager_evaluation():
    """Results lie as their operands do; where these disagree, in C order; also held ones of other layouts."""
    rng = np.random.default_rng(6)
    a, b = rng.random((200, 300)), rng.random((300, 200))
    x, y = tensor(a), tensor(b)
    cases = [
        lambda: x.T + y.T[::-1].T,
        lambda: (x.T * 2) + y,
        lambda: y * (x.T + 1) * (x.T - 1),
        lambda: cp.permute_dims(cp.reshape(x, (20, 10, 300)), (2, 0, 1)) * 3 + 1,
        lambda: cp.flip(x, axis=1) * x,
        lambda: cp.astype(x.T, cp.float32) + 1,
        lambda: cp.where(x.T > 0.5, x.T, y),
        lambda: x.T * y[:, :1] + y[:1, :],
    ]
    for number, case in enumerate(cases):
        with cp.fusion(False):
            expected = facts(case())
        assert_equal(case(), expected, f"case {number}")
    transposed, straight = x.T * 2, y * 3
    total = transposed + straight + transposed
    reduced = cp.sum(total * 2, axis=0)
    with cp.fusion(False):
        eager = x.T * 2, y * 3
        assert_equal(reduced, facts(cp.sum((eager[0] + eager[1] + eager[0]) * 2, axis=0)))
    assert_equal(transposed, facts(eager[0]))
    assert_equal(straight, facts(eager[1]))
    assert_same(total, a.T * 2 + b * 3 + a.T * 2)


def digests():
    """Hashes of expressions and their reductions, on operands that are the same in every process."""
    result = {}
    for shape, dtype in itertools.product(((70_001,), (600, 1100), (5, 3001, 4)), ("float64", "float32", "complex128")):
        x, row, column = operands(shape, dtype)
        functions = [cp.exp, cp.sin, cp.tanh] if dtype != "complex128" else [cp.square, cp.conj]
        for number, function in enumerate(functions):
            y = function(x / 4) * row - column
            result[f"{shape} {dtype} {number}"] = array(y)
            for axis in (None, *subsets(len(shape))):
                result[f"{shape} {dtype} {number} {axis}"] = array(cp.sum(function(x / 4) * row - column, axis=axis))
    return {case: hashlib.sha256(bits(values).tobytes()).hexdigest() for case, values in result.items()}


@pytest.mark.parametrize("isa", core.configuration()["isa_available"])
def test_every_instruction_set_gives_the_bits_of_eager_evaluation(isa):
    """And AVX2 and AVX-512 the same ones."""
    fused = digests_under(__file__, COREPY_ISA=isa, COREPY_FUSION="1")
    assert fused == digests_under(__file__, COREPY_ISA=isa, COREPY_FUSION="0")
    if isa == "avx512":
        assert fused == digests_under(__file__, COREPY_ISA="avx2", COREPY_FUSION="1")


def test_the_number_of_threads_changes_no_bit(threads):
    threads(1)
    one = digests()
    threads(2)
    assert digests() == one
    threads(3)
    assert digests() == one
