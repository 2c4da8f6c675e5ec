"""NumPy and tensors together: dtypes, operators, ufuncs, functions, and what stays NumPy's."""

import operator
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, assert_same, tensor

# Dtypes


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_are_numpys(name):
    own, theirs = getattr(cp, name), np.dtype(name)
    assert own == theirs and theirs == own
    assert operator.ne(own, theirs) is False and operator.ne(theirs, own) is False
    assert hash(own) == hash(theirs)
    assert own in {theirs} and theirs in {own}
    assert {theirs: 1}[own] == 1
    assert np.dtype(own) is theirs
    assert np.zeros(3, dtype=own).dtype == theirs
    assert np.ones(3).astype(own).dtype == theirs
    assert own == theirs.type and own == name
    for attribute in ["name", "kind", "itemsize", "char", "str", "byteorder", "alignment", "type", "isnative"]:
        assert getattr(own, attribute) == getattr(theirs, attribute), attribute
    assert own.__numpy_dtype__ is theirs
    for spelling in [theirs, theirs.type, name, own, theirs.str]:
        assert cp.asarray([0], dtype=spelling).dtype == own


def test_dtypes_differ():
    for name in DTYPES:
        for other in DTYPES:
            assert (getattr(cp, name) == np.dtype(other)) == (name == other)
    for thing in [None, 1, "float16", np.dtype("f2"), np.dtype(">f8"), np.dtype("O"), np.dtype("i4,f4"), object()]:
        assert operator.ne(cp.float64, thing) is True and operator.eq(cp.float64, thing) is False
    assert len({hash(getattr(cp, name)) for name in DTYPES}) == 13


def test_neither_hashing_nor_importing_loads_numpy():
    code = (
        "import corepy as cp, sys\n"
        "hash(cp.float64); x = cp.asarray([1, 2]); x + 1; memoryview(x); cp.asarray(b'ab'); repr(x)\n"
        "x.__dlpack__(); cp.from_dlpack(x); x == 1; x += x; cp.float64 == 'f8'; x.__array_interface__\n"
        "import pickle; pickle.loads(pickle.dumps(x))\n"
        "try: cp.add(x, object())\n"
        "except TypeError: pass\n"
        "assert 'numpy' not in sys.modules, 'numpy is loaded'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


# The array protocol


@pytest.mark.parametrize("name", DTYPES)
def test_dunder_array(name):
    x = tensor(np.arange(6).astype(name).reshape(2, 3))[:, ::2]
    a = x.__array__()
    assert type(a) is np.ndarray and a.dtype == name
    a[0, 0] = 1
    assert x.tolist() == a.tolist()
    b = x.__array__(copy=True)
    b[0, 0] = 0
    assert a[0, 0] == 1
    x.__array__(None, copy=False)
    assert x.__array__(cp.complex128).dtype == "complex128"
    assert x.__array__("c16").dtype == np.asarray(x, "c16").dtype == "complex128"
    if name != "complex128":
        with pytest.raises(ValueError, match="copy"):
            x.__array__("complex128", copy=False)
    assert np.array(x, copy=False).dtype == name
    with pytest.raises(TypeError):
        x.__array__(None, None)


def test_numpy_reads_tensors_everywhere():
    x = cp.asarray([3, 1, 2])
    assert np.arange(10.0)[x].tolist() == [3.0, 1.0, 2.0]
    assert np.arange(10.0)[x[0]] == 3.0
    assert np.arange(3)[x > 1].tolist() == [0, 2]
    a = np.zeros(3)
    a[...] = x
    assert a.tolist() == [3.0, 1.0, 2.0]
    assert np.array([x, x]).shape == (2, 3)
    assert range(10)[x[1]] == 1


# Operators

BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]
INTEGER = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]


@pytest.mark.parametrize("op", BINARY + INTEGER, ids=lambda op: op.__name__)
def test_operators_with_arrays_give_tensors(op):
    dtype = "int64" if op in INTEGER else "float64"
    a, b = np.array([[5, 6, 7]], dtype), np.array([[1], [2]], dtype)
    for result in [op(tensor(a), b), op(a, tensor(b))]:
        assert type(result) is cp.Tensor
        assert_same(result, op(a, b))


IN_PLACE = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
]


@pytest.mark.parametrize("op", IN_PLACE, ids=lambda op: op.__name__)
def test_in_place_operators_keep_the_left_object(op):
    a, b = np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0])
    expected = op(a.copy(), b)
    x = tensor(a)
    result = op(x, b)
    assert result is x
    assert_same(x, expected)
    left = a.copy()
    result = op(left, tensor(b))
    assert result is left and type(result) is np.ndarray
    np.testing.assert_array_equal(left, expected)


def test_in_place_with_itself():
    x = cp.asarray([1.0, 2.0, 3.0])
    x[1:] += np.asarray(x)[:-1]
    assert x.tolist() == [1.0, 3.0, 5.0]


def test_in_place_refuses_what_does_not_fit():
    x = cp.asarray([1, 2])
    with pytest.raises(TypeError):
        x += np.array([1.5, 2.5])
    with pytest.raises(ValueError, match="broadcast"):
        x += np.ones((3, 2), int)
    assert x.tolist() == [1, 2]


def test_numpys_scalars():
    x = cp.asarray([1.0, 2.0])
    for scalar in [np.float64(2), np.float32(2), np.int64(2), np.uint8(2)]:
        for result in [x * scalar, scalar * x]:
            assert type(result) is cp.Tensor and result.tolist() == [2.0, 4.0]
        assert (scalar == x).tolist() == [False, True]


@pytest.mark.parametrize("dtype", ["f2", ">f8", "M8[s]", "O"])
def test_arrays_of_other_dtypes(dtype):
    x = cp.asarray([1, 2])
    a = np.array([1, 2], dtype)
    if dtype == "M8[s]":
        with pytest.raises(TypeError):
            x * a
        return
    for result in [x + a, a + x]:
        assert result.tolist() == [2, 4]
    with pytest.raises(TypeError, match="add"):
        cp.add(x, a)


def test_functions_take_arrays():
    a = np.array([1.0, 2.0])
    assert_same(cp.add(tensor(a), a), a + a)
    assert_same(cp.add(a, tensor(a)), a + a)
    assert_same(cp.sqrt(a), np.sqrt(a))
    assert_same(cp.clip(tensor(a), a, a), a)
    with pytest.raises(ValueError, match="pow"):
        cp.pow(cp.asarray([1, 2]), np.array([1, -2]))


def test_foreign_objects_are_not_operands():
    x = cp.asarray([1.0, 2.0])

    class Foreign:
        def __add__(self, other):
            return "add"

        def __radd__(self, other):
            return "radd"

    assert x + Foreign() == "radd" and Foreign() + x == "add"

    class Subclass(np.ndarray):
        __array_priority__ = 20

        def __radd__(self, other):
            return "radd"

    assert x + np.ones(2).view(Subclass) == "radd"
    for thing in [[1.0, 2.0], "ab", None, object()]:
        with pytest.raises(TypeError):
            x + thing


def test_masks_are_not_lost():
    x, masked = cp.asarray([1.0, 2.0]), np.ma.array([3.0, 4.0], mask=[False, True])
    for result in [x + masked, masked + x, np.add(x, masked), np.add(x, masked, where=True, dtype="float64")]:
        assert type(result) is np.ma.MaskedArray
        assert result.tolist() == [4.0, None]


# Ufuncs

UNARY = (
    "abs ceil cos cosh exp expm1 floor log log10 log1p log2 negative positive sign sin sinh sqrt square tan tanh trunc"
)
RENAMED = {
    "arccos": "acos",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctanh": "atanh",
    "absolute": "abs",
    "conjugate": "conj",
    "signbit": "signbit",
    "isnan": "isnan",
}


@pytest.mark.parametrize("name", [*UNARY.split(), *RENAMED])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unary_ufuncs(name, dtype):
    x = cp.asarray([0.25, 0.5, 0.75], dtype=dtype)
    result = getattr(np, name)(x)
    assert type(result) is cp.Tensor
    assert_same(result, np.asarray(getattr(cp, RENAMED.get(name, name))(x)))


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("add", "add"),
        ("true_divide", "divide"),
        ("power", "pow"),
        ("arctan2", "atan2"),
        ("maximum", "maximum"),
        ("hypot", "hypot"),
        ("equal", "equal"),
        ("remainder", "remainder"),
        ("mod", "remainder"),
    ],
)
def test_binary_ufuncs(name, own):
    x, a = cp.asarray([1.0, 2.0]), np.array([[3.0], [4.0]])
    expected = np.asarray(getattr(cp, own)(x, tensor(a)))
    for other in [a, tensor(a), [[3.0], [4.0]]]:
        result = getattr(np, name)(x, other)
        assert type(result) is cp.Tensor
        assert_same(result, expected)
    assert getattr(np, name)(x, 3.0).tolist() == getattr(cp, own)(x, 3.0).tolist()


def test_integer_ufuncs():
    x = cp.asarray([1, 2, 3])
    assert np.left_shift(x, 2).tolist() == [4, 8, 12]
    assert np.invert(x).tolist() == np.bitwise_not(x).tolist() == [-2, -3, -4]
    assert np.logical_not(x > 1).tolist() == [True, False, False]


def test_out():
    x = cp.asarray([1.0, 4.0, 9.0])
    out = cp.zeros((3,))
    assert np.sqrt(x, out=out) is out and out.tolist() == [1.0, 2.0, 3.0]
    assert np.sqrt(x, out) is out
    array = np.zeros(3)
    assert np.sqrt(x, out=array) is array and array.tolist() == [1.0, 2.0, 3.0]
    assert np.sqrt(np.array([4.0]), out=out).tolist() == [2.0, 2.0, 2.0]
    # An operand as its own output.
    assert np.add(x[:2], x[1:], out=x[1:]).tolist() == [5.0, 13.0]
    single = cp.zeros((3,), dtype=cp.float32)
    np.add(out, 0.5, out=single)
    assert single.tolist() == [2.5, 2.5, 2.5]
    for bad, error in [(cp.zeros((3,), dtype=cp.int64), TypeError), (cp.zeros((2,)), ValueError)]:
        with pytest.raises(error):
            np.sqrt(out, out=bad)
        assert not np.asarray(bad).any()
    with pytest.raises(ValueError, match="read-only"):
        np.sqrt(np.ones(3), out=cp.broadcast_to(cp.asarray(1.0), (3,)))
    fraction, whole = cp.zeros((3,)), cp.zeros((3,))
    result = np.modf(out + 0.25, out=(fraction, whole))
    assert result[0] is fraction and result[1] is whole
    assert fraction.tolist() == [0.25] * 3 and whole.tolist() == [2.0] * 3
    part, _ = np.modf(out, out=(fraction, None))
    assert part is fraction


def test_what_only_numpy_can_do_comes_back_as_a_tensor():
    x = cp.asarray([1.0, 2.0, 3.0])
    out = cp.zeros((3,))
    assert np.add(x, 1.0, where=[True, False, True], out=out) is out
    assert out.tolist() == [2.0, 0.0, 4.0]
    for result, expected in [
        (np.add(x, 1, dtype="float32"), [2.0, 3.0, 4.0]),
        (np.add.accumulate(x), [1.0, 3.0, 6.0]),
        (np.multiply.outer(x, [1.0, 2.0]), [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]),
        (np.add.reduceat(x, [0, 1]), [1.0, 5.0]),
        (np.add(cp.asarray([True, False]), cp.asarray([True, False])), [True, False]),
    ]:
        assert type(result) is cp.Tensor and result.tolist() == expected
    assert np.add.at(x, [0, 0], 1.0) is None
    assert x.tolist() == [3.0, 2.0, 3.0]


def test_ufuncs_that_corepy_does_not_have():
    x = cp.asarray([1.5, -2.25])
    for result in [np.rint(x), np.cbrt(x), np.fmax(x, 0.0), np.frexp(x)[0], *np.modf(x), *np.divmod(x, 1.0)]:
        assert type(result) is np.ndarray
    # A stranger's ufunc is not mistaken for NumPy's of the same name.
    add = np.frompyfunc(lambda a, b: (a, b), 2, 1)
    assert add(x, 1.0).tolist() == [(1.5, 1.0), (-2.25, 1.0)]


def test_reductions_by_ufuncs():
    x = cp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    a = np.asarray(x)
    for ufunc in [np.add, np.multiply, np.maximum, np.minimum]:
        for keywords in [{}, {"axis": 1}, {"axis": None}, {"axis": (0, 1)}, {"axis": -1, "keepdims": True}]:
            result = ufunc.reduce(x, **keywords)
            assert type(result) is cp.Tensor
            assert_same(result, ufunc.reduce(a, **keywords))
    assert_same(np.logical_and.reduce(x > 1), np.logical_and.reduce(a > 1))
    assert_same(np.logical_or.reduce(x > 5), np.logical_or.reduce(a > 5))
    assert_same(np.add.reduce(x, initial=10.0), np.add.reduce(a, initial=10.0))
    assert_same(np.add.reduce(x, where=a > 2), np.add.reduce(a, where=a > 2))
    out = cp.zeros((3,))
    assert np.add.reduce(x, out=out) is out and out.tolist() == [5.0, 7.0, 9.0]


def test_libraries_that_answer_themselves():
    class Other:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "other"

        def __array_function__(self, func, types, args, kwargs):
            return "other"

    x = cp.asarray([1.0])
    assert np.add(x, Other()) == np.add(Other(), x) == "other"
    assert np.concatenate([x, Other()]) == "other"
    assert x.__array_ufunc__(np.add, "__call__", x, Other()) is NotImplemented

    class Silent:
        __array_ufunc__ = None

    with pytest.raises(TypeError):
        np.add(x, Silent())


# Functions


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda x: np.sum(x), "sum"),
        (lambda x: np.sum(x, 0), "sum"),
        (lambda x: np.sum(x, axis=1, keepdims=True), "sum"),
        (lambda x: np.sum(x, dtype="float32"), "sum"),
        (lambda x: np.sum(x, initial=1.0), "sum"),
        (lambda x: np.prod(x, axis=0), "prod"),
        (lambda x: np.mean(x), "mean"),
        (lambda x: np.mean(x, (0, 1)), "mean"),
        (lambda x: np.mean(x, dtype="float32"), "mean"),
        (lambda x: np.max(x, 1), "max"),
        (lambda x: np.amin(x, 1), "min"),
        (lambda x: np.any(x > 5, axis=0), "any"),
        (lambda x: np.all(x > 0), "all"),
        (lambda x: np.std(x, axis=0, ddof=1), "std"),
        (lambda x: np.var(x, correction=1), "var"),
        (lambda x: np.clip(x, 2.0, 4.0), "clip"),
        (lambda x: np.clip(x, None, 4.0), "clip"),
        (lambda x: np.clip(x, min=2.0), "clip"),
        (lambda x: np.round(x), "round"),
        (lambda x: np.round(x, 1), "round"),
        (lambda x: np.zeros_like(x), "zeros_like"),
        (lambda x: np.ones_like(x, dtype="i4"), "ones_like"),
        (lambda x: np.full_like(x, 3.0), "full_like"),
        (lambda x: np.full_like(x, 3.0, shape=(2,)), "full_like"),
        (lambda x: np.tril(x), "tril"),
        (lambda x: np.triu(x, k=1), "triu"),
        (lambda x: np.broadcast_to(x, (2, 2, 3)), "broadcast_to"),
        (lambda x: np.astype(x, np.float32), "astype"),
        (lambda x: np.real(x), "real"),
        (lambda x: np.reshape(x, (3, 2)), "reshape"),
        (lambda x: np.reshape(x, (3, 2), order="F"), "reshape"),
        (lambda x: np.transpose(x), "permute_dims"),
        (lambda x: np.transpose(x, (1, 0)), "permute_dims"),
        (lambda x: np.concatenate([x, np.asarray(x)]), "concat"),
        (lambda x: np.concat((x, x), axis=1), "concat"),
        (lambda x: np.stack([x, x]), "stack"),
        (lambda x: np.expand_dims(x, 0), "expand_dims"),
        (lambda x: np.squeeze(x[:1]), "squeeze"),
        (lambda x: np.flip(x, 0), "flip"),
        (lambda x: np.roll(x, 1), "roll"),
        (lambda x: np.where(x > 2, x, 0.0), "where"),
        (lambda x: np.sort(x, axis=0), "sort"),
        (lambda x: np.argmax(x), "argmax"),
        (lambda x: np.cumsum(x), "cumulative_sum"),
        (lambda x: np.cumsum(x, axis=1), "cumulative_sum"),
        (lambda x: np.take(x, cp.asarray([0, 1]), axis=1), "take"),
        (lambda x: np.take(x, [0, 1]), "take"),
        (lambda x: np.tile(x, (2, 1)), "tile"),
        (lambda x: np.repeat(x, 2), "repeat"),
        (lambda x: np.diff(x), "diff"),
        (lambda x: np.moveaxis(x, 0, 1), "moveaxis"),
    ],
)
def test_functions_give_tensors_where_corepy_has_them(call, names):
    x = cp.asarray([[1.25, 2.5, 3.75], [4.0, 5.0, 6.0]])
    expected = call(np.asarray(x))
    result = call(x)
    assert type(result) is (cp.Tensor if hasattr(cp, names) else type(expected))
    np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-12)
    assert np.asarray(result).dtype == expected.dtype


def test_functions_of_several_tensors():
    x = cp.asarray([1.0, 2.0])
    first, second = np.broadcast_arrays(x, cp.asarray([[1.0], [2.0]]))
    assert first.shape == second.shape == (2, 2)
    assert type(first) is (cp.Tensor if hasattr(cp, "broadcast_arrays") else np.ndarray)
    rows, columns = np.meshgrid(x, x, indexing="ij")
    assert rows.tolist() == [[1.0, 1.0], [2.0, 2.0]] and columns.tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_functions_that_corepy_does_not_have():
    x = cp.asarray([1.0, 2.0, 4.0])
    for result in [
        np.interp(x, [0, 5], [0, 10]),
        np.gradient(x),
        np.histogram(x)[0],
        np.vander(x),
        np.polyfit(x, x, 1),
    ]:
        assert type(result) is np.ndarray
    assert np.shape(x) == (3,) and np.ndim(x) == 1 and np.size(x) == 3
    assert np.array_equal(x, x) is True and np.allclose(x, [1.0, 2.0, 4.0]) is True
    assert np.result_type(x, np.float32) == np.float64
    assert np.shares_memory(x, x[1:]) and not np.shares_memory(x, cp.asarray([1.0]))
    np.testing.assert_array_equal(x, [1.0, 2.0, 4.0])
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(x, [1.0, 2.0, 5.0])
    np.copyto(x, 7.0)
    assert x.tolist() == [7.0, 7.0, 7.0]
    out = cp.zeros((3,))
    assert np.cumsum(x, out=out) is out and out.tolist() == [7.0, 14.0, 21.0]


def test_reductions_into_out():
    x = cp.asarray([[1.0, 2.0], [3.0, 4.0]])
    out, array = cp.zeros((2,)), np.zeros(2)
    assert np.sum(x, axis=0, out=out) is out and out.tolist() == [4.0, 6.0]
    assert np.sum(x, axis=0, out=array) is array and array.tolist() == [4.0, 6.0]
    with pytest.raises(ValueError):
        np.sum(x, axis=0, out=cp.zeros((3,)))


def test_errors_are_raised_once():
    x = cp.asarray([1.0, 2.0])
    with pytest.raises(ValueError, match="broadcast"):
        np.add(x, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError):
        np.sum(x, nonsense=1)
    with pytest.raises((ValueError, IndexError)):
        np.sum(x, axis=5)
    with pytest.raises(TypeError):
        np.sin(cp.asarray([1.0]), object())


def test_a_tensor_in_a_container_numpy_does_not_know():
    class Items(list):
        pass

    assert np.asarray(np.concatenate(Items([cp.asarray([1.0]), cp.asarray([2.0])]))).tolist() == [1.0, 2.0]


@given(st.data())
def test_the_same_as_numpy_on_random_operands(data):
    ufunc = data.draw(st.sampled_from([np.add, np.subtract, np.multiply, np.maximum, np.less, np.equal]))
    names = st.sampled_from([name for name in DTYPES if not name.startswith(("bool", "complex"))])
    left = np.arange(4).astype(data.draw(names))
    right = np.arange(3, -1, -1).astype(data.draw(names))
    expected = ufunc(left, right)
    for operands in [(tensor(left), right), (left, tensor(right)), (tensor(left), tensor(right))]:
        assert_same(ufunc(*operands), expected)
