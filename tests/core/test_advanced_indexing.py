"""Indexing by integers and masks, reading and writing, against NumPy; `take`, `take_along_axis`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, INTEGERS, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts
from support.values import moderate, wild

SHAPES = st.lists(st.integers(0, 5), max_size=5).map(tuple)
FILLED = st.lists(st.integers(1, 5), max_size=5).map(tuple)


def keys(shape, random):
    """A key for NumPy, a tuple with at least one mask or index array, and the same for corepy."""
    rank = len(shape)
    rng = np.random.default_rng(random.getrandbits(32))
    # What the index arrays of the key broadcast to.
    full = tuple(random.randint(0 if random.random() < 0.1 else 1, 4) for _ in range(random.choice([1, 1, 1, 2, 3])))

    def indices(size):
        kept = full[random.randint(0, len(full) - 1) :]
        sizes = tuple(1 if random.random() < 0.2 else n for n in kept)
        if size == 0:
            sizes = (*sizes[:-1], 0)
        dtype = random.choice(INTEGERS)
        # Now and then one that is out of bounds.
        beyond = random.random() < 0.02
        low = -size if np.dtype(dtype).kind == "i" else 0
        return rng.integers(low, max(size, 1) + beyond, sizes).astype(dtype)

    def mask(sizes):
        size = int(np.prod(sizes))
        result = np.zeros(size, bool)
        # Mostly as many as the index arrays have in their last axis.
        count = random.choice([full[-1], full[-1], 1, 0, size])
        result[rng.permutation(size)[:count]] = True
        return result.reshape(sizes)

    def part(kind, axis):
        match kind:
            case "none":
                return 0, None
            case "bool":
                return 0, random.choice([True, True, False, np.True_, np.array(True)])
            case "slice":
                start, stop = random.choice([None, -2, 0, 1, 3]), random.choice([None, -1, 0, 2, 9])
                return 1, slice(start, stop, random.choice([None, 1, -1, 2]))
            case "integer":
                return 1, random.randint(-shape[axis], shape[axis] - 1)
            case "indices":
                return 1, indices(shape[axis])
            case _:
                spanned = random.randint(1, min(rank - axis, 3))
                return spanned, mask(shape[axis : axis + spanned])

    parts, axis, has_ellipsis = [], 0, False
    for _ in range(random.randint(1, rank + 2)):
        kinds = ["none", "bool"]
        if axis < rank:
            kinds += ["slice", "indices", "mask"] * 2 + (["integer"] if shape[axis] else [])
        if not has_ellipsis and random.random() < 0.2:
            parts.append(...)
            has_ellipsis = True
            axis += random.randint(0, rank - axis)
        else:
            spanned, new = part(random.choice(kinds), axis)
            parts.append(new)
            axis += spanned
    if has_ellipsis:
        # What follows the ellipsis is for the last axes: the rest of them is drawn.
        while axis < rank:
            spanned, new = part(random.choice(["slice", "indices", "mask"]), axis)
            parts.append(new)
            axis += spanned
    if not any(isinstance(part, (bool, np.bool_, np.ndarray)) for part in parts):
        parts.append(True)
    return tuple(parts), given_to_corepy(parts, random)


def given_to_corepy(parts, random):
    """The key with tensors, lists or the arrays themselves in it."""
    result = []
    for part in parts:
        if isinstance(part, np.ndarray):
            # A list has no dtype of its own where it is empty, and no shape behind a 0.
            how = random.choice(["tensor", "tensor", "strided", "array", "list"])
            if how == "tensor" or (how == "list" and 0 in part.shape) or part.ndim == 0:
                part = tensor(part)
            elif how == "strided":
                part = tensor(np.repeat(part, 2, 0))[::2]
            elif how == "list":
                part = part.tolist()
        result.append(part)
    return result[0] if len(result) == 1 and random.random() < 0.5 else tuple(result)


def outcome(compute):
    """The value, or the class of the IndexError."""
    try:
        return compute()
    except IndexError as error:
        return error


@examples(500)
@given(data=st.data(), shape=SHAPES, seed=st.integers(0, 2**32 - 1), random=st.randoms(use_true_random=False))
def test_reading_gives_numpys_elements(data, shape, seed, random):
    """Any mixture of parts, on any layout."""
    rng = np.random.default_rng(seed)
    dtype = data.draw(st.sampled_from(DTYPES))
    a, x = data.draw(layouts(shape)).make(lambda shape: moderate(dtype, shape, rng))
    key, own_key = keys(shape, random)
    expected = outcome(lambda: a[key])
    got = outcome(lambda: x[own_key])
    if isinstance(expected, IndexError):
        assert isinstance(got, IndexError), f"{key!r}: {expected}"
    else:
        assert not isinstance(got, IndexError), f"{key!r}: {got}"
        assert_same(got, expected, repr(key))


@examples(500)
@given(data=st.data(), shape=FILLED, seed=st.integers(0, 2**32 - 1), random=st.randoms(use_true_random=False))
def test_writing_reaches_numpys_elements_and_no_others(data, shape, seed, random):
    """The value broadcasts, is cast, and of several for one element the last one stays."""
    rng = np.random.default_rng(seed)
    layout = data.draw(layouts(shape, repeats=False))
    dtype = data.draw(st.sampled_from(DTYPES))
    base = moderate(dtype, tuple(layout.base_shape), rng)
    owner, expected = tensor(base), base.copy()
    view, target = layout.of_tensor(owner), layout.of_array(expected)
    key, own_key = keys(shape, random)
    selected = outcome(lambda: np.asarray(target[key]).shape)
    if isinstance(selected, IndexError):
        with pytest.raises(IndexError):
            view[own_key] = 0
        assert_same(owner, base, "nothing is written")
        return
    if data.draw(st.booleans()):
        kept = selected[random.randint(0, len(selected)) :]
        value = moderate(dtype, tuple(1 if random.random() < 0.25 else n for n in kept), rng)
    else:
        value = moderate(dtype, selected, rng)
    if value.dtype.kind == "f" and data.draw(st.booleans()):
        value = value.astype("float32")
    target[key] = value
    view[own_key] = tensor(value)
    assert_same(owner, expected, f"[{key!r}] = {value!r}")


def test_the_last_of_several_values_stays(threads):
    """With any number of threads."""
    rng = np.random.default_rng(5)
    indices, values = rng.integers(0, 1000, 200_000), rng.integers(0, 1 << 40, 200_000)
    last = np.zeros(1000, "int64")
    for index, value in zip(indices.tolist(), values.tolist(), strict=True):
        last[index] = value
    for count in (1, 2, 3):
        threads(count)
        x = cp.zeros(1000, dtype=cp.int64)
        x[tensor(indices)] = tensor(values)
        assert_same(x, last)


def test_the_number_of_threads_changes_nothing(threads):
    """Reading by indices and masks, writing by masks, nonzero."""
    rng = np.random.default_rng(6)
    a, mask = rng.normal(size=300_000), rng.random(300_000) < 0.5
    indices = rng.integers(0, a.size, a.size)
    for count in (1, 2, 3):
        threads(count)
        x = tensor(a)
        assert_same(x[tensor(indices)], a[indices])
        assert_same(x[tensor(mask)], a[mask])
        assert_same(cp.nonzero(tensor(mask))[0], np.nonzero(mask)[0])
        assert int(cp.count_nonzero(tensor(mask))) == mask.sum()
        x[tensor(mask)] = 1.5
        assert_same(x, np.where(mask, 1.5, a))


def test_in_place_operators_on_selections():
    """x[key] += v reads, adds and writes."""
    a = np.arange(12.0).reshape(3, 4)
    x = tensor(a)
    x[tensor(np.array([0, 2]))] += 10
    a[[0, 2]] += 10
    x[x > 12] *= 2
    a[a > 12] *= 2
    x[:, [1, 1]] -= 1
    a[:, [1, 1]] -= 1
    assert_same(x, a)


def test_values_and_keys_that_share_memory_with_the_target():
    """As if they were copied first."""
    a = np.arange(100)
    order = np.random.default_rng(7).permutation(100)
    x = tensor(a)
    x[tensor(order)] = x
    expected = np.empty_like(a)
    expected[order] = a
    assert_same(x, expected)
    x = tensor(a)
    x[tensor(a % 2 == 0)] = x[:50]
    expected = a.copy()
    expected[a % 2 == 0] = a[:50]
    assert_same(x, expected)
    x = tensor(order)
    x[x] = x[::-1]
    expected = order.copy()
    expected[order] = order[::-1]
    assert_same(x, expected)
    for flip in (slice(None), slice(None, None, -1)):
        flags = order < 50
        x = tensor(flags)
        x[x[flip]] = tensor(order[:50] % 2 == 0)
        expected = flags.copy()
        expected[flags[flip]] = order[:50] % 2 == 0
        assert_same(x, expected)


def test_writing_python_scalars_and_casts():
    """The rules of assignment by basic keys."""
    x = tensor(np.zeros(4, "int8"))
    x[[0, 1]] = 2.75
    x[x == 0] = True
    assert_same(x, np.array([2, 2, 1, 1], "int8"))
    x[[0, 1]] = [1.5, 300.0 - 295.0]
    assert_same(x, np.array([1, 5, 1, 1], "int8"))
    for key in ([0, 1], x == 1):
        with pytest.raises(OverflowError, match="__setitem__: .*int8"):
            x[key] = 128
        with pytest.raises(TypeError, match="cannot cast complex128 to int8"):
            x[key] = tensor(np.ones(2, "complex128"))
        with pytest.raises(ValueError, match=r"__setitem__: shapes \(5,\) and \(\d,\) cannot be broadcast"):
            x[key] = tensor(np.ones(5, "int8"))
    assert_same(x, np.array([1, 5, 1, 1], "int8"))


def test_empty_keys():
    """Empty lists, masks without a true element, tensors without elements."""
    x = tensor(np.arange(6.0).reshape(2, 3))
    assert x[[]].shape == (0, 3) and x[:, []].shape == (2, 0) and x[[[]]].shape == (1, 0, 3)
    assert x[False].shape == (0, 2, 3) and x[True].shape == (1, 2, 3)
    assert x[cp.asarray(np.zeros((2, 3), bool))].shape == (0,)
    # As in NumPy and in the standard, a mask's axis of size 0 fits any.
    a = array(x)
    for shape in ((0,), (0, 3), (2, 0), (0, 0), (0, 7)):
        mask = np.zeros(shape, bool)
        if shape == (0, 7):
            with pytest.raises(IndexError, match="does not fit"):
                x[mask]
        else:
            assert_same(x[mask], a[mask])
            x[mask] = 7
    assert_same(x[:, np.zeros(0, bool)], a[:, np.zeros(0, bool)])
    x[[]] = 7
    x[False] = 7
    x[x < 0] = 7
    assert_same(x, np.arange(6.0).reshape(2, 3))
    empty = tensor(np.zeros((3, 0)))
    assert empty[[0, 2]].shape == (2, 0)
    with pytest.raises(IndexError, match="__getitem__: index 5 is out of bounds for axis 0 with size 3"):
        empty[[5]]
    with pytest.raises(IndexError, match="index 0 is out of bounds for axis 1 with size 0"):
        empty[:, [0]]


@pytest.mark.parametrize(
    "key, message",
    [
        ([2], "index 2 is out of bounds for axis 0 with size 2"),
        ([0, -3], "index -3 is out of bounds for axis 0 with size 2"),
        ((0, [1, 3]), "index 3 is out of bounds for axis 1 with size 3"),
        ((None, [0], [-4]), "index -4 is out of bounds for axis 1 with size 3"),
        ((..., np.array([200], "uint8")), "index 200 is out of bounds for axis 1 with size 3"),
        ((..., np.array([2**64 - 1], "uint64")), f"index {2**63 - 1} is out of bounds for axis 1 with size 3"),
        ([2**70], "out of bounds"),
        ([0.0], "not float64 elements"),
        ([1j], "not complex128 elements"),
        (np.zeros(0), "not float64 elements"),
        (np.float64(1), "not numpy.float64"),
        (["a"], "not list"),
        (b"ab", "not bytes"),
        (object(), "not object"),
        ([True], "a mask of shape (1,) does not fit the axes from 0 on, of shape (2,)"),
        (np.zeros((2, 4), bool), "a mask of shape (2, 4) does not fit the axes from 0 on, of shape (2, 3)"),
        ((0, np.zeros(2, bool)), "a mask of shape (2,) does not fit the axes from 1 on, of shape (3,)"),
        ((0, np.zeros((3, 1), bool)), "3 indices for a tensor of 2 dimensions"),
        (np.zeros((2, 3, 1), bool), "3 indices for a tensor of 2 dimensions"),
        (([0], [0], [0]), "3 indices for a tensor of 2 dimensions"),
        ((..., [0], ...), "single ellipsis"),
        (([0, 1], [0, 1, 2]), "indices of shapes (2,) and (3,) cannot be broadcast"),
    ],
)
def test_bad_keys(key, message):
    """IndexError, under the operation's name, and nothing is written."""
    escaped = message.replace("(", r"\(").replace(")", r"\)")
    x = tensor(np.zeros((2, 3)))
    with pytest.raises(IndexError, match="__getitem__: .*" + escaped):
        x[key]
    with pytest.raises(IndexError, match="__setitem__: .*" + escaped):
        x[key] = 1
    assert_same(x, np.zeros((2, 3)))


def test_nothing_is_written_where_a_late_index_is_bad():
    """All are checked first, also in long keys."""
    indices = np.zeros(100_000, "int64")
    indices[-1] = 10
    x = tensor(np.zeros(10))
    with pytest.raises(IndexError, match="__setitem__: index 10 is out of bounds for axis 0 with size 10"):
        x[tensor(indices)] = 1
    assert_same(x, np.zeros(10))
    with pytest.raises(IndexError, match="take: index 10 is out of bounds for axis 0 with size 10"):
        cp.take(x, tensor(indices))


def test_read_only_targets():
    """ValueError, as for basic keys."""
    x = cp.broadcast_to(tensor(np.arange(3.0)), (4, 3))
    for key in ([0], [], True, x > 1):
        with pytest.raises(ValueError, match="__setitem__: the tensor is read-only"):
            x[key] = 1


def test_too_many_dimensions():
    """The result's rank has a bound."""
    x = tensor(np.zeros((1,) * 40))
    with pytest.raises(ValueError, match="at most 64"):
        x[cp.zeros((1,) * 30, dtype=cp.int64)]
    with pytest.raises(ValueError, match="at most 64"):
        x[cp.zeros((1,) * 30, dtype=cp.int64)] = 1


def test_results_that_cannot_be():
    """Broadcast index arrays of more elements than there is memory."""
    x = cp.broadcast_to(tensor(np.zeros(1)), (2**40,))
    huge = cp.broadcast_to(tensor(np.zeros(1, "int64")), (2**30, 2**29))
    for compute in (lambda: x[huge], lambda: cp.take(x, huge)):
        with pytest.raises((ValueError, MemoryError)):
            compute()


@examples(200)
@given(data=st.data(), shape=FILLED.filter(bool), seed=st.integers(0, 2**32 - 1))
def test_take(data, shape, seed):
    """Indices of any rank, on any layout and axis."""
    rng = np.random.default_rng(seed)
    a, x = data.draw(layouts(shape)).make(lambda shape: rng.normal(size=shape))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = tuple(data.draw(st.lists(st.integers(0, 5), max_size=2)))
    indices = rng.integers(-shape[axis], shape[axis], sizes)
    assert_same(cp.take(x, tensor(indices), axis=axis), np.take(a, indices, axis))


@examples(300)
@given(data=st.data(), shape=FILLED.filter(bool), seed=st.integers(0, 2**32 - 1))
def test_take_along_axis(data, shape, seed):
    """The other axes broadcast, in either direction."""
    rng = np.random.default_rng(seed)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    own, others = list(shape), list(shape)
    for place in range(len(shape)):
        stretched = data.draw(st.integers(0, 5))
        if stretched < 2 and place != axis % len(shape):
            (own, others)[stretched][place] = 1
    others[axis] = data.draw(st.integers(0, 5))
    a, x = data.draw(layouts(own)).make(lambda shape: rng.normal(size=shape))
    dtype = data.draw(st.sampled_from(INTEGERS))
    low = -shape[axis] if np.dtype(dtype).kind == "i" else 0
    k, indices = data.draw(layouts(others)).make(lambda sizes: rng.integers(low, shape[axis], sizes).astype(dtype))
    # NumPy refuses unsigned 64-bit indices nowhere, but mixes them with int64 ones.
    assert_same(cp.take_along_axis(x, indices, axis=axis), np.take_along_axis(a, k.astype("int64"), axis))


def test_take_along_axis_inverts_a_sort_of_many_short_lines():
    """More lines than a block, each with its own indices."""
    rng = np.random.default_rng(8)
    a = rng.normal(size=(5000, 3))
    for axis in (0, 1):
        order = np.argsort(a, axis)
        assert_same(cp.take_along_axis(tensor(a), tensor(order), axis=axis), np.sort(a, axis))


def test_bad_arguments_of_take():
    """Each error names the function."""
    x = tensor(np.zeros((2, 3)))
    for function in (cp.take, cp.take_along_axis):
        name = function.__name__
        for indices in (tensor(np.zeros((1, 1))), tensor(np.ones((1, 1), bool)), 1.5):
            with pytest.raises(TypeError, match=f"{name}: indices must have an integer dtype"):
                function(x, indices, axis=0)
        with pytest.raises(IndexError, match=f"{name}: axis 2 is out of bounds"):
            function(x, tensor(np.zeros((1, 1), int)), axis=2)
        with pytest.raises(IndexError, match=f"{name}: index 5 is out of bounds for axis 1 with size 3"):
            function(x, tensor(np.full((1, 1), 5)), axis=1)
        with pytest.raises(TypeError, match=f"{name}: expected a corepy tensor, not list"):
            function([1], tensor(np.zeros(1, int)), axis=0)
    with pytest.raises(ValueError, match="take: axis is required for a tensor of 2 dimensions"):
        cp.take(x, [0])
    with pytest.raises(ValueError, match="take: axis is required"):
        cp.take(tensor(np.array(1)), [0])
    with pytest.raises(ValueError, match="take_along_axis: indices of 1 dimensions for a tensor of 2"):
        cp.take_along_axis(x, [0], axis=0)
    with pytest.raises(ValueError, match=r"take_along_axis: shapes \(2, 3\) and \(3, 1\) cannot be broadcast"):
        cp.take_along_axis(x, tensor(np.zeros((3, 1), int)), axis=1)
    with pytest.raises(IndexError, match="take: index 0 is out of bounds for axis 0 with size 0"):
        cp.take(cp.zeros(0), [0])


@examples(200)
@given(data=st.data(), shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_nonzero_and_count_nonzero(data, shape, seed):
    """Any dtype, layout and axes; NaN is not zero, -0 is."""
    rng = np.random.default_rng(seed)
    dtype = data.draw(st.sampled_from(DTYPES))

    def values(shape):
        result = wild(dtype, shape, rng)
        result[rng.random(shape) < 0.5] = 0
        return result

    a, x = data.draw(layouts(shape)).make(values)
    if shape:
        got, expected = cp.nonzero(x), np.nonzero(a)
        assert len(got) == len(expected)
        for own, other in zip(got, expected, strict=True):
            assert_same(own, other)
        assert_same(x[got], a[expected])
    axis = data.draw(st.sampled_from([None, (), *range(-len(shape), len(shape)), tuple(range(0, len(shape), 2))]))
    keepdims = data.draw(st.booleans())
    assert_same(cp.count_nonzero(x, axis=axis, keepdims=keepdims), np.count_nonzero(a, axis=axis, keepdims=keepdims))


def test_negative_zero_is_zero_and_foreign_booleans_are_true():
    """Whatever byte but 0 a foreign buffer holds for true."""
    assert cp.nonzero(tensor(np.array([0.0, -0.0, np.nan])))[0].tolist() == [2]
    flags = np.array([0, 1, 2, 255] * 50, "uint8").view(bool)
    x = cp.asarray(flags, copy=False)
    assert int(cp.count_nonzero(x)) == 150 and int(cp.count_nonzero(x, axis=0)) == 150
    assert cp.nonzero(x)[0].shape == (150,)
    assert array(tensor(np.arange(200))[x]).tolist() == [n for n in range(200) if n % 4]


def test_bad_arguments_of_nonzero():
    """A 0-d tensor has no axis."""
    with pytest.raises(ValueError, match="nonzero: a 0-d tensor"):
        cp.nonzero(tensor(np.array(1)))
    with pytest.raises(TypeError, match="nonzero: expected a corepy tensor"):
        cp.nonzero([1])
    with pytest.raises(IndexError, match="count_nonzero: axis 1 is out of bounds"):
        cp.count_nonzero(tensor(np.zeros(1)), axis=1)
    with pytest.raises(ValueError, match="count_nonzero: axis 0 is repeated"):
        cp.count_nonzero(tensor(np.zeros(1)), axis=(0, -1))
