"""Manipulation functions and `diff`: against NumPy on views of any layout; views, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import corepy as cp
from support.arrays import DTYPES, INTEGERS, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate

SHAPES = npst.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5)
WITH_AXES = npst.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)


def view(data, shape, dtype=None):
    """An array of some dtype and layout, and the same as a tensor."""
    dtype = dtype or data.draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    return data.draw(layouts(shape)).make(lambda shape: moderate(dtype, shape, rng))


def one_axis(data, ndim):
    """An axis, perhaps counted from the last."""
    return data.draw(st.integers(-ndim, ndim - 1))


def some_axes(data, ndim):
    """Axes, each at most once, in any order, some counted from the last."""
    axes = data.draw(st.permutations(range(ndim)))[: data.draw(st.integers(0, ndim))]
    return tuple(axis - ndim if data.draw(st.booleans()) else axis for axis in axes)


@examples(100)
@given(data=st.data(), shape=SHAPES)
def test_axes_are_inserted_and_dropped(data, shape):
    """expand_dims, and squeeze back, with one axis or several."""
    a, x = view(data, shape)
    count = data.draw(st.integers(0, 3))
    rank = len(shape) + count
    axes = data.draw(st.permutations(range(rank)))[:count]
    axes = tuple(axis - rank if data.draw(st.booleans()) else axis for axis in axes)
    wide = cp.expand_dims(x, axes)
    assert_same(wide, np.expand_dims(a, axes))
    assert_same(cp.squeeze(wide, axes), a)
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    assert_same(cp.expand_dims(x, axis), np.expand_dims(a, axis))
    assert_same(cp.squeeze(cp.expand_dims(x, axis), axis=axis), a)


@examples(150)
@given(data=st.data(), shape=SHAPES)
def test_axes_are_moved_and_reversed(data, shape):
    """flip, permute_dims and moveaxis."""
    a, x = view(data, shape)
    axes = some_axes(data, a.ndim)
    assert_same(cp.flip(x, axis=axes), np.flip(a, axes))
    assert_same(cp.flip(x), np.flip(a))
    order = data.draw(st.permutations(range(a.ndim)))
    order = tuple(axis - a.ndim if data.draw(st.booleans()) else axis for axis in order)
    assert_same(cp.permute_dims(x, order), np.transpose(a, order))
    places = data.draw(st.permutations(range(a.ndim)))[: len(axes)]
    assert_same(cp.moveaxis(x, axes, tuple(places)), np.moveaxis(a, axes, places))
    if a.ndim:
        source, destination = one_axis(data, a.ndim), one_axis(data, a.ndim)
        assert_same(cp.moveaxis(x, source, destination), np.moveaxis(a, source, destination))
        assert_same(cp.flip(x, axis=source), np.flip(a, source))


@examples(100)
@given(data=st.data(), shape=WITH_AXES)
def test_unstacking_and_stacking(data, shape):
    """unstack gives views; stack joins them, promoting their dtypes."""
    a, x = view(data, shape)
    axis = one_axis(data, a.ndim)
    parts = cp.unstack(x, axis=axis)
    assert isinstance(parts, tuple)
    for part, expected in zip(parts, np.unstack(a, axis=axis), strict=True):
        assert_same(part, np.asarray(expected))
    others = [view(data, shape) for _ in range(data.draw(st.integers(1, 3)))]
    arrays = [a, *(b for b, _ in others)]
    tensors = [x, *(y for _, y in others)]
    axis = one_axis(data, a.ndim + 1)
    assert_same(cp.stack(tensors, axis=axis), np.stack(arrays, axis=axis))
    assert_same(cp.stack(tuple(tensors)), np.stack(arrays))


@examples(150)
@given(data=st.data(), shape=WITH_AXES)
def test_concat(data, shape):
    """Along any axis, with other sizes there, promoting dtypes; flattened with axis None."""
    axis = one_axis(data, len(shape))
    pairs = []
    for _ in range(data.draw(st.integers(1, 4))):
        sizes = list(shape)
        sizes[axis] = data.draw(st.integers(0, 5))
        pairs.append(view(data, sizes))
    arrays, tensors = [a for a, _ in pairs], [x for _, x in pairs]
    assert_same(cp.concat(tensors, axis=axis), np.concatenate(arrays, axis=axis))
    assert_same(cp.concat(tuple(tensors), axis=None), np.concatenate(arrays, axis=None))


@examples(150)
@given(data=st.data(), shape=SHAPES)
def test_roll(data, shape):
    """By numbers of any size, along one axis, several, the same one twice, or all as one."""
    a, x = view(data, shape)
    shifts = st.one_of(st.integers(-9, 9), st.sampled_from((2**63 - 1, -(2**63))))
    shift = data.draw(shifts)
    assert_same(cp.roll(x, shift), np.roll(a, shift % max(a.size, 1)))
    if a.ndim:
        count = data.draw(st.integers(1, 3))
        axes = tuple(one_axis(data, a.ndim) for _ in range(count))
        each = tuple(data.draw(shifts) for _ in range(count))
        small = tuple(s % max(a.shape[axis], 1) for s, axis in zip(each, axes, strict=True))
        assert_same(cp.roll(x, each, axis=axes), np.roll(a, small, axes))
        assert_same(cp.roll(x, 3, axis=axes), np.roll(a, 3, axes))
        assert_same(cp.roll(x, 10**30, axis=axes[0]), np.roll(a, 10**30 % max(a.shape[axes[0]], 1), axes[0]))


@examples(100)
@given(data=st.data(), shape=SHAPES)
def test_tile(data, shape):
    """With fewer, as many and more repetitions than axes, none of them included."""
    a, x = view(data, shape)
    times = tuple(data.draw(st.lists(st.integers(0, 3), max_size=6)))
    if a.size * np.prod(times, dtype=np.int64) <= 100_000:
        assert_same(cp.tile(x, times), np.tile(a, times))
    assert_same(cp.tile(x, 2), np.tile(a, 2))


@examples(100)
@given(data=st.data(), shape=SHAPES)
def test_repeat(data, shape):
    """One number for all, or a number for each element."""
    a, x = view(data, shape)
    times = data.draw(st.integers(0, 4))
    assert_same(cp.repeat(x, times), np.repeat(a, times))
    dtype = data.draw(st.sampled_from(INTEGERS))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    counts = rng.integers(0, 4, a.size).astype(dtype)
    assert_same(cp.repeat(x, tensor(counts)), np.repeat(a, counts.astype(np.int64)))
    if a.ndim:
        axis = one_axis(data, a.ndim)
        assert_same(cp.repeat(x, times, axis=axis), np.repeat(a, times, axis=axis))
        assert_same(cp.repeat(x, tensor([times]), axis=axis), np.repeat(a, times, axis=axis))
        counts = rng.integers(0, 4, a.shape[axis]).astype(dtype)
        assert_same(cp.repeat(x, tensor(counts), axis=axis), np.repeat(a, counts.astype(np.int64), axis=axis))
        assert_same(cp.repeat(x, counts.tolist(), axis=axis), np.repeat(a, counts.astype(np.int64), axis=axis))


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_moves(dtype, threads):
    """As many pieces as threads share; the number of threads changes nothing."""
    rng = np.random.default_rng(0)
    a = moderate(dtype, (700, 500), rng)
    b = np.asarray(a.T[:, ::-1])
    counts = rng.integers(0, 3, 700)
    for count in (1, 2):
        threads(count)
        x, y = tensor(a), cp.flip(cp.permute_dims(tensor(a), (1, 0)), axis=1)
        assert_same(cp.concat((x, y), axis=None), np.concatenate((a, b), axis=None))
        assert_same(cp.concat((y, x[:500, :1]), axis=1), np.concatenate((b, a[:500, :1]), axis=1))
        assert_same(cp.stack((x, x), axis=1), np.stack((a, a), axis=1))
        assert_same(cp.roll(y, (123, -45), axis=(0, 1)), np.roll(b, (123, -45), (0, 1)))
        assert_same(cp.roll(x, 123_456), np.roll(a, 123_456))
        assert_same(cp.tile(y, (2, 1, 3)), np.tile(b, (2, 1, 3)))
        assert_same(cp.repeat(x, tensor(counts), axis=0), np.repeat(a, counts, axis=0))
        assert_same(cp.repeat(x, 2, axis=1), np.repeat(a, 2, axis=1))
        each = rng.integers(0, 3, a.size)
        assert_same(cp.repeat(x, tensor(each)), np.repeat(a, each))


@examples(150)
@given(data=st.data(), shape=WITH_AXES)
def test_diff(data, shape):
    """Differences of any order, with something before and behind."""
    dtype = data.draw(st.sampled_from((*INTEGERS, "float32", "float64", "complex64", "complex128", "bool")))
    a, x = view(data, shape, dtype)
    axis, n = one_axis(data, a.ndim), data.draw(st.integers(1, 4))
    assert_same(cp.diff(x, axis=axis, n=n), np.diff(a, axis=axis, n=n))
    options, expected = {}, {}
    for end in ("prepend", "append"):
        if data.draw(st.booleans()):
            sizes = list(shape)
            sizes[axis] = data.draw(st.integers(0, 3))
            expected[end], options[end] = view(data, sizes, dtype)
    assert_same(cp.diff(x, axis=axis, n=n, **options), np.diff(a, axis=axis, n=n, **expected))
    if dtype != "bool":
        assert_same(cp.diff(x, axis=axis, append=1), np.diff(a, axis=axis, append=np.ones((), dtype)))


def test_diff_of_order_0_joins_only():
    """As the standard has it; NumPy would leave out what is put before."""
    x = cp.asarray([1, 2])
    assert_same(cp.diff(x, n=0, prepend=cp.asarray([0])), np.asarray([0, 1, 2]))
    assert_same(cp.diff(x, n=0), np.asarray([1, 2]))
    assert cp.diff(x, n=2**62).shape == (0,)


def test_results_are_views_where_numpys_are():
    """Writing through them reaches the original."""
    x = cp.zeros((2, 1, 3))
    made = (
        cp.expand_dims(x, 0),
        cp.flip(x),
        cp.moveaxis(x, 0, -1),
        cp.permute_dims(x, (2, 1, 0)),
        cp.squeeze(x, 1),
        *cp.unstack(x, axis=2),
    )
    for number, result in enumerate(made, 1):
        result[...] = float(number)
        assert (array(x) == number).any()
    for result in (cp.concat((x,)), cp.stack((x,)), cp.roll(x, 1), cp.roll(x, 0), cp.tile(x, 1), cp.repeat(x, 1)):
        result[...] = -1.0
        assert (array(x) != -1).all()
    with pytest.raises(ValueError, match="read-only"):
        cp.flip(cp.broadcast_to(cp.zeros(1), (3,)))[0] = 1.0


X = cp.zeros((2, 1, 3))
HUGE = 2**62
ERRORS = (
    (IndexError, "flip: axis 3", lambda: cp.flip(X, axis=3)),
    (ValueError, "flip: axis 0 is repeated", lambda: cp.flip(X, axis=(0, -3))),
    (IndexError, "expand_dims: axis 4", lambda: cp.expand_dims(X, 4)),
    (IndexError, "expand_dims: axis -6", lambda: cp.expand_dims(X, (0, -6))),
    (ValueError, "expand_dims: axis 0 is repeated", lambda: cp.expand_dims(X, (0, -5))),
    (ValueError, "65 dimensions", lambda: cp.expand_dims(cp.zeros((1,) * 64), 0)),
    (ValueError, r"squeeze: axis 0 of shape \(2, 1, 3\)", lambda: cp.squeeze(X, (0, 1))),
    (IndexError, "squeeze: axis -4", lambda: cp.squeeze(X, -4)),
    (ValueError, "squeeze: axis 1 is repeated", lambda: cp.squeeze(X, (1, 1))),
    (TypeError, "squeeze", lambda: cp.squeeze(X, None)),
    (ValueError, "permute_dims: 2 axes", lambda: cp.permute_dims(X, (0, 1))),
    (ValueError, "permute_dims: axis 1 is repeated", lambda: cp.permute_dims(X, (0, 1, 1))),
    (IndexError, "permute_dims: axis 3", lambda: cp.permute_dims(X, (0, 1, 3))),
    (ValueError, "moveaxis: 2 axes", lambda: cp.moveaxis(X, (0, 1), 0)),
    (ValueError, "moveaxis: axis 0 is repeated", lambda: cp.moveaxis(X, (0, 0), (0, 1))),
    (ValueError, "moveaxis: axis 0 is repeated", lambda: cp.moveaxis(X, (0, 1), (0, 0))),
    (IndexError, "moveaxis: axis 5", lambda: cp.moveaxis(X, 0, 5)),
    (IndexError, "unstack: axis 3", lambda: cp.unstack(X, axis=3)),
    (IndexError, "unstack: axis 0", lambda: cp.unstack(cp.asarray(1))),
    (TypeError, "unstack", lambda: cp.unstack(X, axis=None)),
    (ValueError, "stack: at least one", lambda: cp.stack(())),
    (ValueError, r"stack: shapes \(2, 1, 3\), \(\) must be alike", lambda: cp.stack((X, cp.asarray(1.0)))),
    (IndexError, "stack: axis 4", lambda: cp.stack((X, X), axis=4)),
    (TypeError, "stack", lambda: cp.stack((X, X), axis=None)),
    (TypeError, "stack: expected a corepy tensor, not int", lambda: cp.stack((X, 1))),
    (ValueError, "concat: at least one", lambda: cp.concat([], axis=None)),
    (ValueError, "concat: shapes", lambda: cp.concat((X, cp.zeros((2, 2, 3))), axis=0)),
    (ValueError, "concat: shapes", lambda: cp.concat((X, cp.zeros((2, 1))))),
    (IndexError, "concat: axis 0", lambda: cp.concat((cp.asarray(1), cp.asarray(2)))),
    (IndexError, "concat: axis -4", lambda: cp.concat((X, X), axis=-4)),
    (TypeError, "concat: expected a tuple or list", lambda: cp.concat(3)),
    (TypeError, "roll: shift", lambda: cp.roll(X, 1.5)),
    (IndexError, "roll: axis 3", lambda: cp.roll(X, 1, axis=3)),
    (ValueError, "roll: 2 shifts for 3 axes", lambda: cp.roll(X, (1, 2), axis=(0, 1, 2))),
    (ValueError, "tile: repetitions", lambda: cp.tile(X, (1, -1))),
    (ValueError, "tile: .*too large", lambda: cp.tile(X, (HUGE, HUGE))),
    (TypeError, "tile", lambda: cp.tile(X, 1.0)),
    (ValueError, "repeat: repeats", lambda: cp.repeat(X, -1)),
    (ValueError, "repeat: repeats must not be negative", lambda: cp.repeat(X, cp.asarray([1, -1]), axis=0)),
    (ValueError, "repeat: 2 repeats for 3", lambda: cp.repeat(X, cp.asarray([1, 1]), axis=2)),
    (ValueError, "repeat: .*one axis", lambda: cp.repeat(X, cp.asarray([[1]]))),
    (TypeError, "repeat: repeats must be integers, not float64", lambda: cp.repeat(X, cp.asarray([1.0]))),
    (TypeError, "repeat: repeats must be an integer", lambda: cp.repeat(X, 1.0)),
    (ValueError, "repeat: .*too large", lambda: cp.repeat(X, HUGE)),
    (ValueError, "repeat: .*too large", lambda: cp.repeat(X, cp.asarray([HUGE, HUGE]), axis=0)),
    (ValueError, "repeat: .*too large", lambda: cp.repeat(X, cp.asarray([2**64 - 1, 0], dtype=cp.uint64), axis=0)),
    (IndexError, "repeat: axis 3", lambda: cp.repeat(X, 1, axis=3)),
    (ValueError, "diff: n must not be negative", lambda: cp.diff(X, n=-1)),
    (TypeError, "diff: n must be an integer", lambda: cp.diff(X, n=1.0)),
    (IndexError, "diff: axis 3", lambda: cp.diff(X, axis=3)),
    (IndexError, "diff: axis -1", lambda: cp.diff(cp.asarray(1))),
    (ValueError, "diff: shapes", lambda: cp.diff(X, prepend=cp.zeros((3, 1, 3)))),
    (TypeError, "diff", lambda: cp.diff(X, append="1")),
)


@pytest.mark.parametrize(("error", "message", "call"), ERRORS, ids=[f"{number}" for number in range(len(ERRORS))])
def test_errors(error, message, call):
    """Each names its function and what is wrong."""
    with pytest.raises(error, match=message):
        call()
