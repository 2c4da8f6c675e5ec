"""Basic indexing: views, writing through them, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import corepy as cp
from support.arrays import DTYPES, assert_same, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate

SHAPES = npst.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6)


def keys(shape):
    """Basic keys of an array of this shape."""
    return npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


@examples(200)
@given(data=st.data(), shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_reading_gives_numpys_view(data, shape, seed):
    """Of a plain tensor or a view; twice over."""
    rng = np.random.default_rng(seed)
    layout = data.draw(layouts(shape))
    a, x = layout.make(lambda shape: rng.integers(-100, 100, shape))
    for _ in range(2):
        key = data.draw(keys(a.shape))
        # NumPy gives a scalar where every axis has an integer, corepy a 0-d tensor.
        a, x = np.asarray(a[key]), x[key]
        assert_same(x, a, repr(key))


@examples(200)
@given(data=st.data(), shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_writing_reaches_the_base_and_nothing_else(data, shape, seed):
    """x[key] = value, and through a view of a view; the value broadcasts and is cast."""
    rng = np.random.default_rng(seed)
    layout = data.draw(layouts(shape, repeats=False))
    dtype = data.draw(st.sampled_from(DTYPES))
    base = moderate(dtype, tuple(layout.base_shape), rng)
    owner, expected = tensor(base), base.copy()
    view, target = layout.of_tensor(owner), layout.of_array(expected)
    key = data.draw(keys(shape))
    size = np.asarray(target[key]).shape
    value_shape = tuple(1 if data.draw(st.booleans()) else n for n in size)[data.draw(st.integers(0, len(size))) :]
    sources = [name for name in DTYPES if np.dtype(name).kind != "c" or np.dtype(dtype).kind == "c"]
    value = np.abs(moderate(data.draw(st.sampled_from(sources)), value_shape, rng))
    target[(*key, ...) if isinstance(key, tuple) and ... not in key else key] = value
    view[key] = tensor(value)
    assert_same(owner, expected, f"[{key!r}] = {value!r}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_writing_python_scalars(dtype):
    """Scalars of the dtype's kind or lower; floats truncate into integers; complex only into bool."""
    kind = np.dtype(dtype).kind
    for scalar in (True, 3, 2.75, 1 - 2j):
        a, x = np.ones((2, 3), dtype), tensor(np.ones((2, 3), dtype))
        if isinstance(scalar, complex) and kind not in "bc":
            with pytest.raises(TypeError, match=f"__setitem__: .*{dtype}"):
                x[0] = scalar
            assert_same(x, a)
            continue
        a[0] = scalar
        x[0] = scalar
        assert_same(x, a, f"= {scalar!r}")


def test_writing_what_does_not_fit():
    """OverflowError, ValueError or TypeError; nothing is written."""
    x = tensor(np.ones(3, "int8"))
    for value, error in ((128, OverflowError), (-129, OverflowError), (10**30, OverflowError), (1e9, OverflowError)):
        with pytest.raises(error, match="__setitem__: .*int8"):
            x[:] = value
    for value, error in (
        (float("nan"), ValueError),
        (float("inf"), OverflowError),
        ("a", TypeError),
        (None, TypeError),
    ):
        with pytest.raises(error):
            x[:] = value
    with pytest.raises(TypeError, match="cannot cast complex128 to int8"):
        x[:] = tensor(np.ones(3, "complex128"))
    with pytest.raises(ValueError, match=r"__setitem__: shapes \(2,\) and \(3,\) cannot be broadcast"):
        x[:] = tensor(np.ones(2, "int8"))
    with pytest.raises(ValueError, match=r"__setitem__: shapes .*cannot be broadcast"):
        x[:] = tensor(np.ones((2, 3), "int8"))
    assert_same(x, np.ones(3, "int8"))


def test_leading_axes_of_one_fall_away_in_assignment():
    """As in NumPy: a (1, 1, 3) value goes into a (3,) view."""
    x = tensor(np.zeros(3))
    x[...] = tensor(np.arange(3.0).reshape(1, 1, 3))
    assert_same(x, np.arange(3.0))


def test_assignment_of_lists_and_arrays():
    """Nested lists and NumPy arrays are values too."""
    x = tensor(np.zeros((2, 3)))
    x[0] = [1, 2, 3]
    x[1] = np.array([4, 5, 6], "int16")
    assert_same(x, np.arange(1.0, 7).reshape(2, 3))
    x[...] = [[1], [2]]
    assert_same(x, np.array([[1.0] * 3, [2.0] * 3]))


@pytest.mark.parametrize("size", [5, 1000, 40000])
def test_overlapping_assignment_behaves_as_copied(size):
    """Shifts, reversals and transposes of one memory."""
    base = np.arange(size)
    for target, source in (
        (slice(1, None), slice(None, -1)),
        (slice(None, -1), slice(1, None)),
        (slice(None, None, -1), slice(None)),
    ):
        x, expected = tensor(base), base.copy()
        x[target] = x[source]
        expected[target] = base[source]
        assert_same(x, expected)
    side = int(size**0.5)
    square = np.arange(side * side).reshape(side, side)
    x = tensor(square)
    x[...] = x.T
    assert_same(x, square.T)


def test_integers_of_every_kind_are_indices():
    """Python's, NumPy's, 0-d integer tensors, anything with __index__."""

    class Index:
        def __index__(self):
            return 1

    a = np.arange(6).reshape(2, 3)
    x = tensor(a)
    for index in (1, -1, np.int8(1), np.uint64(1), Index(), tensor(np.array(1, "uint8"))):
        assert_same(x[index], a[1])
        assert_same(x[0, index], np.asarray(a[0, int(index.__index__())]))
    assert_same(x[Index() : tensor(np.array(2))], a[1:2])


def test_slices_of_every_kind():
    """Out of range, empty, of any step; a step of 0 is an error."""
    a = np.arange(10)
    x = tensor(a)
    for key in (
        slice(5, 100),
        slice(-100, 3),
        slice(8, 2),
        slice(8, 2, -1),
        slice(None, None, -3),
        slice(100, -100, -4),
        slice(2**70, None),
        slice(None, None, 2**62),
        slice(None, None, -(2**62)),
        slice(None, None, 2**70),
        slice(-(2**70), 2**70),
    ):
        assert_same(x[key], a[key], repr(key))
    with pytest.raises(ValueError, match="zero"):
        x[::0]
    with pytest.raises(TypeError):
        x["a":]
    with pytest.raises(TypeError):
        x[1.0:]


@pytest.mark.parametrize(
    "key, message",
    [
        (2, "__getitem__: index 2 is out of bounds for axis 0 with size 2"),
        (-3, "__getitem__: index -3 is out of bounds for axis 0 with size 2"),
        ((0, 3), "__getitem__: index 3 is out of bounds for axis 1 with size 3"),
        ((..., -4), "__getitem__: index -4 is out of bounds for axis 1 with size 3"),
        ((slice(1), 3), "__getitem__: index 3 is out of bounds for axis 1 with size 3"),
        ((None, 0, 7), "__getitem__: index 7 is out of bounds for axis 1 with size 3"),
        (2**70, "out of bounds"),
        (-(2**70), "out of bounds"),
        ((0, 0, 0), "__getitem__: 3 indices for a tensor of 2 dimensions"),
        ((..., ...), "single ellipsis"),
        (1.0, "must be an integer, a slice, an ellipsis, None, or integers or booleans .*, not float"),
        ("a", "must be an integer, a slice, an ellipsis, None, or integers or booleans .*, not str"),
        ((0, 1j), "must be an integer, a slice, an ellipsis, None, or integers or booleans .*, not complex"),
    ],
)
def test_bad_keys(key, message):
    """IndexError, naming the index as given, the axis of the tensor, and its size."""
    with pytest.raises(IndexError, match=message.replace("(", r"\(")):
        tensor(np.zeros((2, 3)))[key]


def test_bad_keys_in_assignment_and_deletion():
    """The same errors, under their own name."""
    x = tensor(np.zeros((2, 3)))
    with pytest.raises(IndexError, match="__setitem__: index 5 is out of bounds for axis 0 with size 2"):
        x[5] = 1
    with pytest.raises(TypeError, match="cannot be deleted"):
        del x[0]
    with pytest.raises(IndexError, match="0 dimensions"):
        tensor(np.array(1.0))[0]


def test_zero_dimensional_tensors():
    """() and ... give views; both can be written."""
    x = tensor(np.array(1.0))
    x[()] = 2.0
    assert x.item() == 2.0
    x[...] = 3
    assert x[()].item() == 3.0 and x[None].shape == (1,)


def test_broadcast_views_are_read_only():
    """Elements that lie on one another cannot be written."""
    x = cp.broadcast_to(tensor(np.arange(3.0)), (4, 3))
    with pytest.raises(ValueError, match="__setitem__: the tensor is read-only"):
        x[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        x[1:][0] += 1


def test_views_keep_their_base_alive():
    """The elements live as long as any view."""
    view = tensor(np.arange(1e5))[::-2][10:20]
    filler = [tensor(np.zeros(100_000)) for _ in range(3)]
    assert_same(view, np.arange(1e5)[::-2][10:20])
    del filler
