"""Matrix products against NumPy: every dtype, sizes around tiles and blocks, layouts, batches, bits, errors."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels.test_isa import run

import corepy as cp
import corepy._core as core
from support.arrays import DTYPES, array, assert_same, bits, tensor
from support.effort import examples
from support.layouts import layouts

# Rows and columns of register tiles are 2 to 48, blocks are 256 deep.
SIDES = (1, 2, 3, 7, 8, 12, 13, 16, 17, 24, 31, 32, 33, 48, 49)
DEPTHS = (1, 2, 7, 8, 9, 63, 64, 65, 255, 256, 257, 600)


def values(dtype, shape, rng):
    """Random elements; integers of the whole range, so that sums wrap."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.2
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if dtype.kind == "c" else x).astype(dtype)


def assert_close(got, a, b, expected, depth, context=""):
    """Exact for integers and bool; otherwise depth roundings of the products' magnitudes, in either library."""
    assert got.shape == expected.shape and got.dtype == expected.dtype, context
    if expected.dtype.kind in "biu":
        assert_same(got, expected, context)
        return
    wide = np.abs(a).astype("float64") @ np.abs(b).astype("float64")
    bound = 4 * max(depth, 1) * np.finfo(expected.dtype).eps * wide
    assert np.all(np.abs(array(got) - expected) <= bound), context


@examples(150)
@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    m=st.sampled_from(SIDES),
    n=st.sampled_from(SIDES),
    k=st.sampled_from(DEPTHS),
    seed=st.integers(0, 2**32 - 1),
)
def test_matrices_of_every_layout(data, dtype, m, n, k, seed):
    """Rows, columns, steps, reversals, repeated rows."""
    rng = np.random.default_rng(seed)
    a, x = data.draw(layouts((m, k))).make(lambda shape: values(dtype, shape, rng))
    b, y = data.draw(layouts((k, n))).make(lambda shape: values(dtype, shape, rng))
    assert_close(x @ y, a, b, a @ b, k)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_products_on_all_threads(dtype, threads):
    """Long enough for several blocks and several threads; the same bits for each number of them."""
    rng = np.random.default_rng(3)
    a, b = values(dtype, (203, 530), rng), values(dtype, (530, 177), rng)
    results = []
    for count in (1, 2, 3):
        threads(count)
        results.append(tensor(a) @ tensor(b))
    assert_close(results[0], a, b, a @ b, 530)
    for other in results[1:]:
        assert_same(other, array(results[0]))
    # An element does not depend on what stands around it.
    part = tensor(a)[100:103] @ tensor(b)[:, 50:57]
    assert_same(part, array(results[0])[100:103, 50:57])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 31, 32, 33, 64, 100, 1000, 3001])
def test_vectors(dtype, n, threads):
    """Row by matrix, matrix by column, vector by vector, and vecdot."""
    rng = np.random.default_rng(n)
    a, v = values(dtype, (37, n), rng), values(dtype, n, rng)
    for count in (1, 2):
        threads(count)
        x, y = tensor(a), tensor(v)
        assert_close(x @ y, a, v, a @ v, n)
        assert_close(y @ x.T, v, a.T, v @ a.T, n)
        assert_close(tensor(np.asfortranarray(a).T).T @ y, a, v, a @ v, n)
        assert_close(x[::-2] @ y[::-1], a[::-2], v[::-1], a[::-2] @ v[::-1], n)
        assert_close(y @ y, v, v, np.asarray(v @ v), n)
        if dtype != "bool":
            expected = np.vecdot(a, v)
            assert_close(cp.vecdot(x, y), np.conj(a), v, expected, n)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int8", "int64"])
def test_long_rows(dtype, threads):
    """Runs of 32768 elements are summed by themselves, with the same bits on any threads and in any number of rows."""
    rng = np.random.default_rng(7)
    for n in (32767, 32768, 32769, 100003):
        a, v = values(dtype, (5, n), rng), values(dtype, n, rng)
        results = []
        for count in (1, 2):
            threads(count)
            results.append(tensor(a) @ tensor(v))
            assert_close(results[-1], a, v, a @ v, n)
            assert_same(tensor(a)[3] @ tensor(v), array(results[0])[3])
            assert_same(cp.vecdot(cp.conj(tensor(a)) if dtype[0] == "c" else tensor(a), tensor(v)), array(results[0]))
            assert_same(tensor(a) @ tensor(np.repeat(v, 2))[::2], array(results[0]))
        assert_same(results[1], array(results[0]))


@examples(100)
@given(data=st.data(), dtype=st.sampled_from(["float64", "complex64", "int32"]), seed=st.integers(0, 2**32 - 1))
def test_batches_broadcast(data, dtype, seed):
    """Leading dimensions of 0 to 5 elements, on views."""
    rng = np.random.default_rng(seed)
    full = data.draw(st.lists(st.integers(0, 4), max_size=3))
    shapes = [
        tuple(1 if data.draw(st.booleans()) else size for size in full[data.draw(st.integers(0, len(full))) :])
        for _ in "ab"
    ]
    m, k, n = (data.draw(st.integers(0, 6)) for _ in "mkn")
    a, x = data.draw(layouts((*shapes[0], m, k))).make(lambda shape: values(dtype, shape, rng))
    b, y = data.draw(layouts((*shapes[1], k, n))).make(lambda shape: values(dtype, shape, rng))
    expected = a @ b
    assert_close(cp.matmul(x, y), a, b, expected, k)


def test_many_small_products_on_all_threads(threads):
    """Whole products are shared out."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(500, 9, 8)), rng.normal(size=(500, 8, 7))
    threads(2)
    two = tensor(a) @ tensor(b)
    threads(1)
    assert_same(tensor(a) @ tensor(b), array(two))
    assert_close(two, a, b, a @ b, 8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_products_have_the_bits_of_large_ones(dtype):
    """Small matrices are read in place, large ones are packed: every width around a vector's, and stacks of them."""
    rng = np.random.default_rng(5)
    a, b = values(dtype, (2, 700, 40), rng), values(dtype, (2, 40, 700), rng)
    large = array(tensor(a) @ tensor(b))
    transposed = array(cp.matrix_transpose(tensor(b)) @ cp.matrix_transpose(tensor(a)))
    for width in (2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 31, 32, 33, 40, 65):
        for height in (2, 3, 5, 12, 13, 27):
            rows, cols = slice(30, 30 + height), slice(50, 50 + width)
            x, y = tensor(a)[:, rows], tensor(b)[:, :, cols]
            assert_same(x @ y, large[:, rows, cols])
            assert_same(x[0] @ y[0], large[0, rows, cols])
            assert_same(cp.matrix_transpose(y) @ cp.matrix_transpose(x), transposed[:, cols, rows])


def test_stacks_of_small_products_of_every_layout(threads):
    """Runs of a stack are one call: strides of every kind, on two axes that merge and on two that do not."""
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(30, 40, 6, 5)), rng.normal(size=(40, 30, 7, 5))
    views = [
        (a, b.transpose(1, 0, 3, 2)),
        (a[::-1, ::2], b[::2].transpose(1, 0, 3, 2)),
        (a[:1], b.transpose(1, 0, 3, 2)),
        (a[:, :1], np.ascontiguousarray(b.transpose(1, 0, 3, 2))),
        (a, np.ascontiguousarray(b[0, 0].T)),
        (np.ascontiguousarray(a.swapaxes(2, 3)).swapaxes(2, 3), np.broadcast_to(b[0, 0, 0, :, None], (30, 40, 5, 1))),
    ]
    for x, y in views:
        for count in (1, 2):
            threads(count)
            assert_close(tensor(x) @ tensor(y), x, y, x @ y, 5)


def test_mixed_dtypes_promote():
    """As in NumPy 2, and with NumPy arrays as operands."""
    rng = np.random.default_rng(0)
    for left in DTYPES:
        for right in DTYPES:
            a, b = np.ones((2, 3), left), np.full((3, 2), 2, right)
            expected = (a @ b).dtype if "float16" not in str((a @ b).dtype) else np.dtype("float32")
            got = tensor(a) @ tensor(b)
            assert got.dtype == expected, (left, right)
            np.testing.assert_array_equal(array(got), (a.astype(expected) @ b.astype(expected)))
    a = rng.normal(size=(3, 3))
    assert isinstance(a @ tensor(a), cp.Tensor) and isinstance(tensor(a) @ a, cp.Tensor)
    np.testing.assert_allclose(array(a @ tensor(a)), a @ a)


def test_nan_and_infinity_stay_where_they_are():
    """A special value reaches its row and column, and nothing beside them."""
    for special in (np.nan, np.inf):
        a = np.ones((30, 300))
        a[7, 290] = special
        b = np.ones((300, 40))
        b[3, 11] = special
        np.testing.assert_array_equal(array(tensor(a) @ tensor(b)), a @ b)


@examples(100)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_tensordot(data, seed):
    """Random pairs of axes, and numbers of axes."""
    rng = np.random.default_rng(seed)
    shared = data.draw(st.lists(st.integers(0, 4), max_size=2))
    own = [data.draw(st.lists(st.integers(0, 4), max_size=2)) for _ in "ab"]
    orders = [data.draw(st.permutations(range(len(shared) + len(part)))) for part in own]
    shapes, axes = [], []
    for part, order in zip(own, orders, strict=True):
        sizes = [*shared, *part]
        shapes.append(tuple(sizes[i] for i in order))
        axes.append([order.index(i) - data.draw(st.sampled_from([0, len(order)])) for i in range(len(shared))])
    a, x = data.draw(layouts(shapes[0])).make(lambda shape: rng.integers(-9, 9, shape))
    b, y = data.draw(layouts(shapes[1])).make(lambda shape: rng.integers(-9, 9, shape))
    assert_same(cp.tensordot(x, y, axes=tuple(axes)), np.tensordot(a, b, axes))
    count = data.draw(st.integers(0, 2))
    c = rng.integers(-9, 9, (2, 3, 4, 2))
    d = c.transpose(2, 3, 0, 1)
    assert_same(
        cp.tensordot(tensor(c), tensor(d), axes=count if count != 1 else ((3,), (1,))),
        np.tensordot(c, d, count if count != 1 else ((3,), (1,))),
    )


def test_vecdot_broadcasts_over_any_axis():
    """The axis counts from the last in each."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 9, (3, 1, 4, 5)), rng.integers(-9, 9, (2, 4, 1))
    assert_same(cp.vecdot(tensor(a), tensor(b), axis=-2), np.vecdot(a, b, axis=-2))
    z, w = values("complex128", (4, 6), rng), values("complex128", (4, 6), rng)
    np.testing.assert_allclose(array(cp.vecdot(tensor(z), tensor(w), axis=0)), np.vecdot(z, w, axis=0))


def test_in_place():
    """x @= y writes into x; what does not fit is refused and changes nothing."""
    a = np.arange(9.0).reshape(3, 3)
    x = y = tensor(a)
    x @= tensor(a)
    assert x is y
    assert_same(y, a @ a)
    with pytest.raises(TypeError, match="matmul: cannot cast complex128 to float64"):
        x @= tensor(a + 1j)
    with pytest.raises(ValueError, match="matmul"):
        x @= tensor(a[:, :2])
    assert_same(y, a @ a)


@pytest.mark.parametrize(
    "function, shapes, error, message",
    [
        (
            cp.matmul,
            ((), (3,)),
            ValueError,
            r"matmul: at least 1 dimension is required; the shapes are \(\) and \(3,\)",
        ),
        (
            cp.matmul,
            ((2, 3), (2, 3)),
            ValueError,
            r"matmul: shapes \(2, 3\) and \(2, 3\) do not match: 3 columns by 2 rows",
        ),
        (cp.matmul, ((3,), (4,)), ValueError, r"matmul: shapes \(3,\) and \(4,\)"),
        (
            cp.matmul,
            ((2, 3, 4), (3, 4, 5)),
            ValueError,
            r"matmul: shapes \(2, 3, 4\) and \(3, 4, 5\) cannot be broadcast",
        ),
        (cp.vecdot, ((3,), (4,)), ValueError, r"vecdot: shapes \(3,\) and \(4,\) do not match"),
        (cp.vecdot, ((), (4,)), IndexError, "vecdot: axis -1 is out of bounds"),
        (cp.tensordot, ((3, 4), (4, 3)), ValueError, "tensordot: .*axis 0 of size 3 with axis 0 of size 4"),
        (cp.matrix_transpose, ((3,),), ValueError, "matrix_transpose: at least 2 dimensions are required"),
    ],
)
def test_bad_shapes(function, shapes, error, message):
    """The function, the shapes and what is wrong."""
    with pytest.raises(error, match=message):
        function(*(tensor(np.ones(shape)) for shape in shapes))


def test_bad_arguments():
    """Axes that are repeated, out of range, of unequal number; operands that are no tensors."""
    x = tensor(np.ones((2, 3)))
    for axes, error in (
        (3, IndexError),
        (-1, ValueError),
        (((0, 0), (0, 1)), ValueError),
        (((0,), (0, 1)), ValueError),
    ):
        with pytest.raises(error, match="tensordot"):
            cp.tensordot(x, x, axes=axes)
    for axes in ("a", 1.5, (1, 2, 3)):
        with pytest.raises((TypeError, ValueError), match="tensordot"):
            cp.tensordot(x, x, axes=axes)
    for other in (2, "a", [1]):
        with pytest.raises(TypeError, match="matmul"):
            cp.matmul(x, other)
    with pytest.raises(TypeError):
        x @ 2
    with pytest.raises((ValueError, MemoryError), match="matmul"):
        cp.broadcast_to(tensor(np.ones((1, 1))), (2**31, 1)) @ cp.broadcast_to(tensor(np.ones((1, 1))), (1, 2**31))


def digests():
    """A hash of the bits of products of several shapes."""
    rng = np.random.default_rng(0)
    result = {}
    for dtype in ("float32", "float64", "complex64", "complex128", "int64"):
        for m, k, n in (
            (5, 300, 7),
            (70, 513, 65),
            (13, 20, 5),
            (9, 33, 49),
            (1, 1000, 40),
            (40, 1000, 1),
            (3, 40000, 1),
        ):
            a, b = tensor(values(dtype, (m, k), rng)), tensor(values(dtype, (k, n), rng))
            result[f"{dtype} {m} {k} {n}"] = hashlib.sha256(bits(array(a @ b)).tobytes()).hexdigest()
            result[f"{dtype} {m} {k} {n} T"] = hashlib.sha256(bits(array(b.T @ a.T)).tobytes()).hexdigest()
    return result


@pytest.mark.skipif(not {"avx2", "avx512"} <= set(core.configuration()["isa_available"]), reason="needs both")
def test_avx2_and_avx512_give_the_same_bits():
    """Fused multiply-adds in the same order."""
    found = []
    for isa in ("avx2", "avx512"):
        done = run(
            ["-c", f"import runpy; print(runpy.run_path({__file__!r})['digests']())"],
            COREPY_ISA=isa,
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] == found[1]
