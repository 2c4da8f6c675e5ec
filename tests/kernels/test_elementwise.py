"""Every element-wise operation × dtype × layout against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import COMPLEX, DTYPES, array, tensor
from support.check import check, comparable
from support.effort import examples
from support.layouts import broadcast_shapes, layouts
from support.oracle import REGISTRY, compute_dtype, function, promoted, result_dtype
from support.values import moderate, nonnegative, wild

CASES = [(name, dtype) for name, row in REGISTRY.items() for dtype in row["computes"]]
REFUSED = [(name, dtype) for name, row in REGISTRY.items() for dtype in DTYPES if dtype not in row["computes"]]


def operand(name, position, dtype, compute, shape, rng):
    """Random elements: any bits for real dtypes, moderate ones where the tolerance is a modulus."""
    if name == "pow" and position == 1 and np.dtype(compute).kind in "iu":
        # A negative exponent is refused: see test_special_values.
        return nonnegative(moderate(dtype, shape, rng))
    if compute in COMPLEX or rng.random() < 0.5:
        return moderate(dtype, shape, rng)
    return wild(dtype, shape, rng)


@pytest.mark.parametrize("name", REGISTRY)
@examples(15)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_values_and_dtype_in_every_layout(name, data, seed):
    """On each dtype, broadcasting, strides of every sign and empty shapes change nothing."""
    row = REGISTRY[name]
    ways = [data.draw(layouts(shape)) for shape in data.draw(broadcast_shapes(row["arity"]))]
    rng = np.random.default_rng(seed)
    for dtype, compute in row["computes"].items():
        if not comparable(name, compute):
            continue
        operands, tensors = [], []
        for position, layout in enumerate(ways):
            base = operand(name, position, dtype, compute, layout.base_shape, rng)
            operands.append(layout.of_array(base))
            tensors.append(layout.of_tensor(tensor(base)))
        check(name, compute, getattr(cp, name)(*tensors), operands)


@pytest.mark.parametrize("name", [name for name, row in REGISTRY.items() if row["arity"] > 1])
@examples(15)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_operands_of_different_dtypes(name, data, seed):
    """Operands are promoted as NumPy 2 promotes, then computed as the registry says."""
    shapes = data.draw(broadcast_shapes(REGISTRY[name]["arity"]))
    rng = np.random.default_rng(seed)
    for dtype in DTYPES:
        dtypes = [dtype, *rng.choice(DTYPES, len(shapes) - 1).tolist()]
        rng.shuffle(dtypes)
        compute = compute_dtype(name, *dtypes)
        operands = [moderate(dtype, shape, rng) for dtype, shape in zip(dtypes, shapes, strict=True)]
        if name == "pow":
            operands[1] = nonnegative(operands[1])
        tensors = [tensor(operand) for operand in operands]
        if compute is None:
            with pytest.raises(TypeError, match=f"{name}: dtype "):
                getattr(cp, name)(*tensors)
        elif comparable(name, compute):
            check(name, compute, getattr(cp, name)(*tensors), operands)


SCALARS = st.one_of(
    st.booleans(),
    st.integers(0, 100),
    st.floats(-1000, 1000, width=32),
    st.complex_numbers(max_magnitude=10, width=64),
)


@pytest.mark.parametrize("name", [name for name, row in REGISTRY.items() if row["arity"] == 2])
@examples(15)
@given(data=st.data(), scalar=SCALARS, left=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_python_scalars_on_either_side(name, data, scalar, left, seed):
    """A Python scalar takes the tensor's dtype unless its kind is higher."""
    shape = data.draw(broadcast_shapes(1))[0]
    rng = np.random.default_rng(seed)
    for dtype in DTYPES:
        values = moderate(dtype, shape, rng)
        values = nonnegative(values) if name == "pow" else values
        beside = np.result_type(values.dtype, scalar).name
        compute = compute_dtype(name, beside)
        operands, arguments = [values, np.asarray(scalar).astype(beside)], [tensor(values), scalar]
        if left:
            operands.reverse()
            arguments.reverse()
        if compute is None:
            with pytest.raises(TypeError, match=f"{name}: dtype "):
                getattr(cp, name)(*arguments)
        elif comparable(name, compute):
            check(name, compute, getattr(cp, name)(*arguments), operands)


@pytest.mark.parametrize("name, dtype", REFUSED)
def test_other_dtypes_are_refused_by_name(name, dtype):
    """Outside its domain a function raises TypeError, naming itself, the dtype and what it takes."""
    operands = [tensor(np.ones(3, dtype))] * REGISTRY[name]["arity"]
    with pytest.raises(TypeError, match=rf"^{name}: dtype {dtype}.* is not supported; expected ") as raised:
        getattr(cp, name)(*operands)
    assert REGISTRY[name]["accepts"] in str(raised.value)


# Where the result's dtype is not NumPy's, and why; the registry's rule holds there.
def differs_from_numpy(name, dtype, numpys):
    """The reason, or None."""
    if numpys == "float16":
        return "corepy has no float16: functions of bool and 8-bit integers give float32"
    if name in ("floor", "ceil", "trunc", "round") and dtype == "bool":
        return "rounding has no boolean meaning: corepy computes in int8, as for the arithmetic of bool"
    if name == "reciprocal" and np.dtype(dtype).kind in "biu":
        return "an integer's reciprocal is no integer: NumPy truncates it to 0, corepy gives floating-point"
    return None


@pytest.mark.parametrize("name, dtype", CASES)
def test_result_dtypes_are_numpys(name, dtype):
    """For each dtype that NumPy takes, but for the differences above."""
    row = REGISTRY[name]
    operands = [np.ones(2, dtype)] * row["arity"]
    got = getattr(cp, name)(*map(tensor, operands)).dtype.name
    assert got == result_dtype(name, row["computes"][dtype])
    try:
        numpys = function(name)(*operands).dtype.name
    except TypeError:
        return  # NumPy refuses what corepy takes.
    if differs_from_numpy(name, dtype, numpys):
        assert got != numpys
    else:
        assert got == numpys


def test_registry_is_namespace_is_operators_is_tests():
    """One table: each row has its function, its dunders and its cases, and there are no others."""
    binary = set()
    for name, row in REGISTRY.items():
        public = getattr(cp, name)
        assert callable(public) and public.__name__ == name
        assert row["summary"] in public.__doc__.replace("``", "`")
        assert row["computes"] and set(row["computes"]) <= set(DTYPES)
        assert callable(function(name)), "NumPy has a function of this name"
        if row["operator"]:
            stems = [row["operator"]]
            if row["arity"] == 2 and row["operator"] not in ("eq", "ne", "lt", "le", "gt", "ge"):
                stems += ["r" + row["operator"], "i" + row["operator"]]
            binary |= {f"__{stem}__" for stem in stems}
    number_protocol = {
        f"__{prefix}{stem}__"
        for stem in (
            "add sub mul truediv floordiv mod pow lshift rshift and or xor divmod eq ne lt le gt ge "
            "neg pos abs invert round trunc floor ceil"
        ).split()
        for prefix in ("", "r", "i")
    }
    present = {stem for stem in vars(cp.Tensor) if stem in number_protocol}
    assert present == binary
    assert {name for name, _ in CASES} == set(REGISTRY)
    assert promoted("int8", "uint8") == "int16"


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
def test_results_past_the_caches(dtype):
    """Results too large for any cache are written past them, in whole lines, also from broadcast rows and casts."""
    rows, cols = 2001, 2101 * 8 // np.dtype(dtype).itemsize
    rng = np.random.default_rng(8)
    a = rng.integers(1, 1000, (rows, cols)).astype(dtype)
    column, row = a[:, :1].copy(), a[:1].copy()
    ta, tcolumn, trow = tensor(a), tensor(column), tensor(row)
    for got, expected in (
        (ta + ta, a + a),
        (ta - tcolumn, a - column),
        (trow * ta, row * a),
        (ta[:, 1:] + trow[:, 1:], a[:, 1:] + row[:, 1:]),
        (3 - ta, 3 - a),
        (-ta, -a),
        (cp.astype(ta, cp.float32), a.astype("float32")),
        (cp.floor(ta), np.floor(a)),
        (ta < 500, a < 500),
        (ta + tensor(a[:, ::-1].astype("int16"))[:, ::-1], a + a.astype("int16")),
    ):
        assert np.array_equal(array(got), expected)
