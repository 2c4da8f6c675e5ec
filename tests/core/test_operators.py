"""The operators: reflected, in place, overlapping, with foreign operands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, array, assert_same, tensor
from support.effort import examples
from support.layouts import Layout, layouts
from support.oracle import REGISTRY, compute_dtype, reference, result_dtype
from support.values import moderate, nonnegative

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
BINARY = [(name, row["operator"]) for name, row in REGISTRY.items() if row["operator"] and row["arity"] == 2]
UNARY = [(name, row["operator"]) for name, row in REGISTRY.items() if row["operator"] and row["arity"] == 1]
IN_PLACE = [(name, stem) for name, stem in BINARY if stem not in COMPARISONS]


def operands(name, dtype, shape, rng):
    """Two operands, the second fit to be an exponent."""
    second = moderate(dtype, shape, rng)
    return moderate(dtype, shape, rng), nonnegative(second) if name == "pow" else second


@pytest.mark.parametrize("name, stem", BINARY)
def test_dunders_are_the_functions(name, stem):
    """`a op b`, reflected too, has the function's bits and dtype."""
    rng = np.random.default_rng(0)
    for dtype in REGISTRY[name]["computes"]:
        x, y = (tensor(operand) for operand in operands(name, dtype, (3, 5), rng))
        expected = array(getattr(cp, name)(x, y))
        assert_same(getattr(x, f"__{stem}__")(y), expected, name)
        if stem not in COMPARISONS:
            assert_same(getattr(y, f"__r{stem}__")(x), expected, f"reflected {name}")
        scalar = {"b": True, "i": 2, "u": 2, "f": 2.5, "c": 2 - 1j}[np.dtype(dtype).kind]
        assert_same(getattr(x, f"__{stem}__")(scalar), array(getattr(cp, name)(x, scalar)), name)
        if stem not in COMPARISONS:
            expected = array(getattr(cp, name)(scalar, y))
            assert_same(getattr(y, f"__r{stem}__")(scalar), expected, f"reflected {name}")


@pytest.mark.parametrize("name, stem", UNARY)
def test_unary_dunders_are_the_functions(name, stem):
    """-x, +x, abs(x), ~x."""
    for dtype in REGISTRY[name]["computes"]:
        x = tensor(moderate(dtype, 7, np.random.default_rng(0)))
        assert_same(getattr(x, f"__{stem}__")(), array(getattr(cp, name)(x)), name)


@pytest.mark.parametrize("name, stem", IN_PLACE)
@examples(12)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_in_place_keeps_object_dtype_and_shape(name, stem, data, seed):
    """Through any view and with any operand that broadcasts; kinds that go down are a TypeError."""
    rng = np.random.default_rng(seed)
    shape = data.draw(st.lists(st.integers(0, 6), max_size=3).map(tuple))
    layout = data.draw(layouts(shape, repeats=False))
    other_shape = tuple(1 if data.draw(st.booleans()) else size for size in shape)
    for dtype in DTYPES:
        other = rng.choice(DTYPES)
        base = moderate(dtype, tuple(layout.base_shape), rng)
        y = operands(name, other, other_shape, rng)[1]
        owner = tensor(base)
        x, z = layout.of_tensor(owner), tensor(y)
        compute = compute_dtype(name, dtype, str(other))
        allowed = compute is not None and np.can_cast(result_dtype(name, compute), dtype, "same_kind")
        if not allowed:
            with pytest.raises(TypeError, match=f"{name}: "):
                getattr(x, f"__i{stem}__")(z)
            assert_same(owner, base, "untouched")
            continue
        expected = base.copy()
        got = array(getattr(cp, name)(layout.of_tensor(tensor(base)), z))
        layout.of_array(expected)[...] = got.astype(dtype)
        assert getattr(x, f"__i{stem}__")(z) is x
        assert x.dtype == dtype and x.shape == shape
        assert_same(owner, expected, f"{dtype} {stem}= {other}")


# Overlapping views of one vector or matrix: target, source.
OVERLAPS = {
    "shifted up": ((12,), lambda m: m[1:], lambda m: m[:-1]),
    "shifted down": ((12,), lambda m: m[:-1], lambda m: m[1:]),
    "reversed": ((12,), lambda m: m, lambda m: m[::-1]),
    "reversed target": ((12,), lambda m: m[::-1], lambda m: m),
    "every other": ((12,), lambda m: m[::2], lambda m: m[len(m) // 2 :]),
    "transposed": ((6, 6), lambda m: m.T, lambda m: m),
    "transposed source": ((6, 6), lambda m: m, lambda m: m.T),
    "stack of transposes": ((3, 4, 4), lambda m: m.mT, lambda m: m),
    "first row": ((5, 7), lambda m: m, lambda m: m[2]),
    "one column": ((5, 7), lambda m: m, lambda m: m[:, 3:4]),
    "one element": ((5, 7), lambda m: m, lambda m: m[1, 1]),
    "itself": ((5, 7), lambda m: m, lambda m: m),
    "rotated": ((4, 4), lambda m: m[::-1, 1:], lambda m: m[:, :-1]),
}


@pytest.mark.parametrize("scale", [1, 60])
@pytest.mark.parametrize("case", OVERLAPS)
@pytest.mark.parametrize("stem", ["add", "sub", "mul"])
def test_overlapping_operands_behave_as_copied(case, stem, scale):
    """As if the right side were copied first: small ones and those cut into many blocks."""
    shape, target, source = OVERLAPS[case]
    shape = tuple(size * scale for size in shape[-2:])
    shape = (3, *shape) if case.startswith("stack") else shape
    base = np.random.default_rng(1).integers(-9, 9, shape).astype("int64")
    x = tensor(base)
    view = target(x)
    assert getattr(view, f"__i{stem}__")(source(x)) is view
    expected = base.copy()
    function = {"add": np.add, "sub": np.subtract, "mul": np.multiply}[stem]
    target(expected)[...] = function(target(base), source(base))
    assert_same(x, expected, case)


def test_overlap_with_a_cast_between_dtypes():
    """The source is the target's own memory, and passes through a float on its way."""
    base = np.arange(2000.0)
    x = tensor(base)
    x[1:] += x[:-1] * 1.0
    assert_same(x, np.concatenate([base[:1], base[1:] + base[:-1]]))
    x = tensor(base)
    x[::-1] -= x
    assert_same(x, (base[::-1] - base)[::-1])


def test_in_place_never_broadcasts_the_target():
    """ValueError naming the function and both shapes; the target is unchanged."""
    x = tensor(np.ones(3))
    with pytest.raises(ValueError, match=r"add: shapes \(3,\) and \(2, 3\) cannot be broadcast"):
        x += tensor(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"multiply: shapes \(3,\) and \(4,\) cannot be broadcast"):
        x *= tensor(np.ones(4))
    scalar = tensor(np.array(1.0))
    with pytest.raises(ValueError, match="add: "):
        scalar += x
    assert_same(x, np.ones(3))


def test_in_place_needs_a_writable_target():
    """A broadcast view is read-only."""
    x = cp.broadcast_to(tensor(np.ones(3)), (2, 3))
    with pytest.raises(ValueError, match="add: the tensor is read-only"):
        x += 1


@pytest.mark.parametrize("statement", ["x += 1.5", "x -= 1j", "x /= 2", "x **= 0.5", "x *= f"])
def test_kinds_do_not_go_down(statement):
    """int += float is a TypeError that names both dtypes, and leaves the tensor alone."""
    x = tensor(np.arange(1, 5))
    f = tensor(np.ones(4))
    with pytest.raises(TypeError, match=r"\w+: cannot cast \w+ to int64"):
        exec(statement, {"x": x, "f": f})
    assert_same(x, np.arange(1, 5))


class Foreign:
    """Knows what to do with a tensor."""

    def __getattr__(self, name):
        raise AttributeError(name)


def _answer(stem):
    return lambda self, other: (stem, type(other).__name__)


for _, _stem in BINARY:
    _reflected = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}.get(_stem, "r" + _stem)
    setattr(Foreign, f"__{_reflected}__", _answer(_stem))
Foreign.__hash__ = object.__hash__


@pytest.mark.parametrize("name, stem", BINARY)
def test_foreign_operands_get_their_turn(name, stem):
    """`NotImplemented` leaves the operation to the other operand's reflected dunder."""
    x, other = tensor(np.ones(2)), Foreign()
    assert getattr(x, f"__{stem}__")(other) is NotImplemented
    if stem not in COMPARISONS:
        assert getattr(x, f"__r{stem}__")(other) is NotImplemented
        assert getattr(x, f"__i{stem}__")(other) is NotImplemented
    symbols = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"}
    symbols |= {"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
    symbols |= {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
    assert eval(f"x {symbols[stem]} other", {"x": x, "other": other}) == (stem, "Tensor")


@pytest.mark.parametrize("other", ["text", None, [1, 2], (1,), {}, object(), b"bytes"])
def test_operands_that_mean_nothing(other):
    """TypeError from Python itself; == and != compare by identity, as for any two objects."""
    x = tensor(np.ones(2))
    for symbol in ("+", "-", "*", "/", "//", "%", "**", "&", "<<", "<", ">="):
        with pytest.raises(TypeError):
            eval(f"x {symbol} other", {"x": x, "other": other})
        if symbol in "%+" and isinstance(other, str | bytes):
            continue  # Python formats, or joins bytes with the tensor's buffer.
        with pytest.raises(TypeError):
            eval(f"other {symbol} x", {"x": x, "other": other})
    assert (x == other) is False and (x != other) is True
    with pytest.raises(TypeError, match="add: expected a corepy tensor or a Python scalar"):
        cp.add(x, other)


def test_pow_with_a_modulus_is_refused():
    """The third argument of pow() is for integers only."""
    x = tensor(np.arange(3))
    with pytest.raises(TypeError, match="pow: a modulo is not supported"):
        pow(x, 2, 3)


def test_comparison_chains_need_one_truth():
    """`a < b < c` asks for bool(a < b)."""
    x = tensor(np.arange(3))
    with pytest.raises(TypeError, match="only a tensor of size 1"):
        0 < x < 2  # noqa: B015
    one = tensor(np.array(1))
    assert 0 < one < 2


def test_int_subclasses_and_numpy_scalars_are_scalars():
    """An IntEnum member is an int; a NumPy scalar of any kind is a Python one."""
    import enum

    member = enum.IntEnum("Count", {"two": 2}).two
    x = tensor(np.array([1, 2], "int8"))
    assert (x + member).dtype == cp.int8
    for scalar in (np.float32(0.5), np.int64(2), np.bool_(True), np.complex64(1j)):
        assert_same(x * scalar, np.array([1, 2], "int8") * scalar.item())


def test_layouts_cut_what_they_say():
    """The helper behind these tests: a view's shape is the one asked for, in every layout."""
    layout = Layout((3, 4), [2, -1], [1, 0], True, [False, True])
    a, x = layout.make(lambda shape: np.random.default_rng(0).random(shape))
    assert a.shape == (3, 4) and x.strides == a.strides
    assert_same(x, a)


def test_reference_is_in_the_result_dtype_when_exact():
    """The helper behind these tests: an exact reference needs no tolerance."""
    assert reference("add", "int8", [np.int8(100), np.int8(100)]).dtype == "int8"
