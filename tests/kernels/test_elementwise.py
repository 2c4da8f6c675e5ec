"""Every element-wise operation × dtype × layout against NumPy."""

import corepy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ulp
from support.arrays import DTYPES, array, assert_same, tensor
from support.effort import examples
from support.layouts import broadcast_shapes, layouts
from support.oracle import (
    COMPLEX_ULP,
    HAS_WIDE,
    REGISTRY,
    compute_dtype,
    exactness,
    function,
    promoted,
    reference,
    result_dtype,
)
from support.values import moderate, wild

CASES = [(name, dtype) for name, row in REGISTRY.items() for dtype in row["computes"]]
REFUSED = [(name, dtype) for name, row in REGISTRY.items() for dtype in DTYPES if dtype not in row["computes"]]


def check(name, compute, got, operands):
    """`got` is what `name` gives for NumPy operands, to the accuracy that the registry states."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    dtype = result_dtype(name, compute)
    assert got.dtype == np.dtype(dtype) and got.shape == shape, f"{got.dtype} {got.shape}, not {dtype} {shape}"
    how = exactness(name, compute)
    expected = reference(name, compute, operands)
    if how == "exact":
        assert_same(got, expected, name)
        return
    values = array(got)
    if how == "ulp":
        error, bound = ulp.error(values, expected), 1.0
    else:
        error, bound = ulp.complex_error(values, expected), COMPLEX_ULP[name]
    if error.size and error.max() > bound + ulp.REFERENCE_SLACK:
        place = np.unravel_index(error.argmax(), shape)
        inputs = [np.broadcast_to(operand, shape)[place].item() for operand in operands]
        raise AssertionError(
            f"{name} of {inputs!r} in {compute} is {values[place].item()!r}, "
            f"expected {expected[place]!r}: {error.max():.3g} ULP"
        )


def elements(name, compute, position, rng):
    """Random operands: any bits for real dtypes, moderate ones where the tolerance is a modulus."""
    if compute in ("complex64", "complex128"):
        return lambda dtype, shape: moderate(dtype, shape, rng)
    if name == "pow" and position == 1 and np.dtype(compute).kind == "i":
        # A negative exponent is refused: see test_special_values.
        return lambda dtype, shape: np.maximum(moderate(dtype, shape, rng), 0)
    if rng.random() < 0.5:
        return lambda dtype, shape: moderate(dtype, shape, rng)
    return lambda dtype, shape: wild(dtype, shape, rng)


def wide_enough(name, compute):
    """Skips where NumPy has no wider dtype to compare with."""
    if not HAS_WIDE and exactness(name, compute) != "exact" and compute in ("float64", "complex128"):
        pytest.skip("long double is no wider than float64 here")


@pytest.mark.parametrize("name, dtype", CASES)
@examples(8)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_values_and_dtype_in_every_layout(name, dtype, data, seed):
    """Broadcasting, strides of every sign and empty shapes change nothing."""
    row = REGISTRY[name]
    compute = row["computes"][dtype]
    wide_enough(name, compute)
    rng = np.random.default_rng(seed)
    operands, tensors = [], []
    for position, shape in enumerate(data.draw(broadcast_shapes(row["arity"]))):
        layout = data.draw(layouts(shape))
        fill = elements(name, compute, position, rng)
        values, x = layout.make(lambda shape, fill=fill: fill(dtype, shape))
        operands.append(values)
        tensors.append(x)
    check(name, compute, getattr(cp, name)(*tensors), operands)


@pytest.mark.parametrize("name", [name for name, row in REGISTRY.items() if row["arity"] > 1])
@examples(40)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_operands_of_different_dtypes(name, data, seed):
    """Operands are promoted as NumPy 2 promotes, then computed as the registry says."""
    row = REGISTRY[name]
    dtypes = [data.draw(st.sampled_from(DTYPES)) for _ in range(row["arity"])]
    compute = compute_dtype(name, *dtypes)
    rng = np.random.default_rng(seed)
    shapes = data.draw(broadcast_shapes(row["arity"]))
    operands = [moderate(dtype, shape, rng) for dtype, shape in zip(dtypes, shapes, strict=True)]
    if name == "pow":
        operands[1] = np.abs(operands[1]) if operands[1].dtype.kind == "i" else operands[1]
    tensors = [tensor(operand) for operand in operands]
    if compute is None:
        with pytest.raises(TypeError, match=f"{name}: dtype "):
            getattr(cp, name)(*tensors)
        return
    wide_enough(name, compute)
    check(name, compute, getattr(cp, name)(*tensors), operands)


SCALARS = {"b": st.booleans(), "i": st.integers(0, 100), "f": st.floats(-1e3, 1e3, width=32)}
SCALARS["c"] = st.complex_numbers(max_magnitude=10, width=64)


@pytest.mark.parametrize("name, dtype", [case for case in CASES if REGISTRY[case[0]]["arity"] == 2])
@examples(8)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_python_scalars_on_either_side(name, dtype, data, seed):
    """A Python scalar takes the tensor's dtype unless its kind is higher."""
    rng = np.random.default_rng(seed)
    scalar = data.draw(SCALARS[data.draw(st.sampled_from("bifc"))])
    left = data.draw(st.booleans())
    values = moderate(dtype, data.draw(broadcast_shapes(1))[0], rng)
    if name == "pow":
        values = np.abs(values)
        scalar = abs(scalar) if not isinstance(scalar, bool) else scalar
    beside = np.result_type(values.dtype, scalar).name
    compute = compute_dtype(name, beside)
    operands = [np.asarray(scalar).astype(beside), values]
    arguments = [scalar, tensor(values)]
    if not left:
        operands.reverse()
        arguments.reverse()
    if compute is None:
        with pytest.raises(TypeError, match=f"{name}: dtype "):
            getattr(cp, name)(*arguments)
        return
    wide_enough(name, compute)
    check(name, compute, getattr(cp, name)(*arguments), operands)


@pytest.mark.parametrize("name, dtype", REFUSED)
def test_other_dtypes_are_refused_by_name(name, dtype):
    """Outside its domain a function raises TypeError, naming itself, the dtype and what it takes."""
    operands = [tensor(np.ones(3, dtype))] * REGISTRY[name]["arity"]
    with pytest.raises(TypeError, match=rf"^{name}: dtype {dtype}.* is not supported; expected ") as raised:
        getattr(cp, name)(*operands)
    assert REGISTRY[name]["accepts"] in str(raised.value)


# Where the dtype differs from NumPy's: corepy has no float16, and computes no rounding in bool.
DTYPE_DIFFERENCES = {
    "float16": "corepy has no float16: functions of bool and 8-bit integers give float32",
    "bool rounding": "NumPy's floor, ceil and trunc of bool give bool; corepy computes in int8",
}


@pytest.mark.parametrize("name, dtype", CASES)
def test_result_dtypes_are_numpys(name, dtype):
    """For each dtype NumPy takes, but for the differences above."""
    row = REGISTRY[name]
    operands = [np.ones(2, dtype)] * row["arity"]
    got = getattr(cp, name)(*map(tensor, operands)).dtype.name
    try:
        expected = function(name)(*operands).dtype.name
    except TypeError:
        # NumPy refuses; the registry says what corepy does.
        assert got == result_dtype(name, row["computes"][dtype])
        return
    if expected == "float16":
        assert got == "float32"
    elif expected == "bool" and name in ("floor", "ceil", "trunc"):
        assert got == "int8"
    else:
        assert got == expected


def test_registry_is_namespace_is_operators_is_tests():
    """One table: each row has its function, its dunders and its cases, and there are no others."""
    binary = set()
    for name, row in REGISTRY.items():
        public = getattr(cp, name)
        assert callable(public) and public.__name__ == name
        assert row["summary"] in public.__doc__
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
            "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul divmod eq ne lt le gt ge "
            "neg pos abs invert round trunc floor ceil"
        ).split()
        for prefix in ("", "r", "i")
    }
    present = {stem for stem in vars(cp.Tensor) if stem in number_protocol}
    assert present == binary
    assert {name for name, _ in CASES} == set(REGISTRY)
    assert promoted("int8", "uint8") == "int16"
