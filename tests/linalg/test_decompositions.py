"""Decompositions: what they are made of gives the matrix back, for every dtype, size, stack and layout."""

import os
import pickle
import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linalg.matrices import (
    BATCHES,
    DTYPES,
    SIZES,
    assert_close,
    assert_orthonormal,
    definite,
    hermitian,
    norm,
    random,
)

import corepy as cp
from support.arrays import real_dtype, tensor
from support.layouts import layouts

RECTANGLES = ((1, 1), (5, 3), (3, 5), (40, 7), (7, 40), (64, 64), (130, 129), (0, 3), (3, 0), (0, 0))
EXTREMES = ((1e-200, "float64"), (1e200, "float64"), (1e-300, "complex128"), (1e30, "float32"), (1e-35, "float32"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(size, dtype, upper):
    a = definite((2, size, size), dtype)
    factor = np.asarray(cp.linalg.cholesky(tensor(a), upper=upper))
    assert factor.dtype == a.dtype
    assert np.array_equal(factor, np.triu(factor) if upper else np.tril(factor))
    product = factor.mT.conj() @ factor if upper else factor @ factor.mT.conj()
    assert_close(product, a, norm(a))


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_reads_one_triangle(upper):
    a = definite((6, 6), "complex128")
    expected = np.asarray(cp.linalg.cholesky(tensor(a), upper=upper))
    other = np.tril(a, -1) if upper else np.triu(a, 1)
    spoiled = np.where(other != 0, np.nan, a)
    assert np.array_equal(np.asarray(cp.linalg.cholesky(tensor(spoiled), upper=upper)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", RECTANGLES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(shape, dtype, mode):
    a = random((2, *shape), dtype)
    q, r = (np.asarray(part) for part in cp.linalg.qr(tensor(a), mode=mode))
    expected = np.linalg.qr(a, mode=mode)
    assert (q.shape, r.shape) == (expected.Q.shape, expected.R.shape)
    assert q.dtype == r.dtype == a.dtype
    assert np.array_equal(r, np.triu(r))
    assert_orthonormal(q)
    assert_close(q @ r, a, norm(a))


@pytest.mark.parametrize("rank", [0, 1, 3])
@pytest.mark.parametrize("shape", [(6, 5), (5, 6), (80, 60)])
def test_qr_of_deficient_rank(shape, rank):
    a = random((shape[0], rank)) @ random((rank, shape[1]), seed=1)
    a[:, 1] = 0
    q, r = (np.asarray(part) for part in cp.linalg.qr(tensor(a), mode="complete"))
    assert_orthonormal(q)
    assert np.array_equal(r, np.triu(r))
    assert_close(q @ r, a, norm(a), 200)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", RECTANGLES)
@pytest.mark.parametrize("full", [False, True])
def test_svd(shape, dtype, full):
    a = random((2, *shape), dtype)
    u, s, vh = (np.asarray(part) for part in cp.linalg.svd(tensor(a), full_matrices=full))
    expected = np.linalg.svd(a, full_matrices=full)
    assert (u.shape, s.shape, vh.shape) == (expected.U.shape, expected.S.shape, expected.Vh.shape)
    assert u.dtype == vh.dtype == a.dtype
    assert s.dtype == real_dtype(dtype)
    assert (s >= 0).all()
    assert (np.diff(s) <= 0).all()
    assert_orthonormal(u)
    assert_orthonormal(vh.mT.conj())
    k = s.shape[-1]
    assert_close((u[..., :k] * s[..., None, :]) @ vh[..., :k, :], a, norm(a))
    assert_close(s, expected.S, norm(a)[..., 0])
    assert_close(cp.linalg.svdvals(tensor(a)), expected.S, norm(a)[..., 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_eigh(size, dtype):
    a = hermitian((2, size, size), dtype)
    values, vectors = (np.asarray(part) for part in cp.linalg.eigh(tensor(a)))
    assert values.dtype == real_dtype(dtype)
    assert vectors.dtype == a.dtype
    assert (np.diff(values) >= 0).all()
    assert_orthonormal(vectors)
    assert_close((vectors * values[..., None, :]) @ vectors.mT.conj(), a, norm(a))
    expected = np.linalg.eigvalsh(a)
    assert_close(values, expected, norm(a)[..., 0])
    assert_close(cp.linalg.eigvalsh(tensor(a)), expected, norm(a)[..., 0])


def test_eigh_reads_the_lower_triangle():
    a = hermitian((6, 6), "complex128")
    expected = np.asarray(cp.linalg.eigh(tensor(a)).eigenvectors)
    spoiled = np.where(np.triu(np.ones((6, 6)), 1) != 0, np.nan, a)
    assert np.array_equal(np.asarray(cp.linalg.eigh(tensor(spoiled)).eigenvectors), expected)


def sorted_values(values):
    """Complex numbers in an order that rounding errors hardly change."""
    return np.sort_complex(np.round(np.asarray(values).astype("complex128"), 4))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_eig(size, dtype):
    a = random((2, size, size), dtype)
    values, vectors = (np.asarray(part) for part in cp.linalg.eig(tensor(a)))
    assert values.dtype == vectors.dtype == np.result_type(dtype, "complex64")
    assert_close(a @ vectors, vectors * values[..., None, :], norm(a), 100)
    assert_close(np.sqrt(np.sum(np.abs(vectors) ** 2, axis=-2)), np.ones((2, size)), 1)
    assert_close(values.sum(-1), np.trace(a, axis1=-2, axis2=-1), norm(a)[..., 0, 0], 200)
    alone = np.asarray(cp.linalg.eigvals(tensor(a)))
    tolerance = 1e-2 if dtype in ("float32", "complex64") else 1e-3
    np.testing.assert_allclose(sorted_values(alone), sorted_values(np.linalg.eigvals(a)), atol=tolerance)


def test_eig_of_a_rotation_is_a_conjugate_pair():
    values, vectors = cp.linalg.eig(cp.asarray([[0.6, -0.8], [0.8, 0.6]]))
    assert complex(values[0]) == complex(values[1]).conjugate()
    assert np.array_equal(np.asarray(vectors[:, 0]), np.asarray(cp.conj(vectors[:, 1])))


@pytest.mark.parametrize(("scale", "dtype"), EXTREMES)
def test_extreme_magnitudes_neither_overflow_nor_vanish(scale, dtype):
    a = random((9, 9), dtype)
    scaled = tensor((a * np.float64(scale)).astype(dtype))
    scale = np.asarray(scaled)[0, 0] / a[0, 0]
    np.testing.assert_allclose(np.asarray(cp.linalg.svdvals(scaled)) / scale.real, np.linalg.svdvals(a), rtol=1e-4)
    h = hermitian((9, 9), dtype)
    scaled = tensor(h * scale)
    np.testing.assert_allclose(
        np.asarray(cp.linalg.eigh(scaled).eigenvalues) / scale.real, np.linalg.eigvalsh(h), rtol=1e-3, atol=1e-4
    )
    values, vectors = (np.asarray(part) for part in cp.linalg.eig(scaled))
    np.testing.assert_allclose(h @ vectors, vectors * (values / scale), atol=1e-3)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(
    "name", ["cholesky", "qr", "svd", "svdvals", "eigh", "eigvalsh", "eig", "eigvals", "inv", "pinv"]
)
def test_a_stack_is_decomposed_matrix_by_matrix(name, batch):
    function = getattr(cp.linalg, name)
    a = definite((*batch, 4, 4))
    whole = function(tensor(a))
    parts = whole if isinstance(whole, tuple) else (whole,)
    for index in np.ndindex(batch):
        single = function(tensor(a[index]))
        for part, one in zip(parts, single if isinstance(single, tuple) else (single,), strict=True):
            assert np.array_equal(np.asarray(part)[index], np.asarray(one))
    for part in parts:
        assert part.shape[: len(batch)] == batch


@given(st.data())
def test_layouts_do_not_matter(data):
    shape = data.draw(st.sampled_from([(3, 3), (2, 4, 4), (2, 3, 5, 5)]))
    array, view = data.draw(layouts(shape)).make(lambda shape: random(shape))
    for function in (cp.linalg.qr, cp.linalg.svd, cp.linalg.eigh, cp.linalg.det, cp.linalg.slogdet, cp.linalg.pinv):
        got, expected = function(view), function(tensor(array))
        pairs = zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]
        for one, other in pairs:
            assert np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "int32"])
def test_integers_are_computed_in_float64(dtype):
    a = (np.eye(3) * 2 + [[0, 1, 0], [0, 0, 1], [0, 0, 0]]).astype(dtype)
    for name in ("cholesky", "det", "inv", "pinv", "svdvals", "eigvalsh"):
        result = getattr(cp.linalg, name)(tensor(np.eye(3, dtype=dtype) if name == "cholesky" else a))
        assert result.dtype == cp.float64
    assert cp.linalg.eigvals(tensor(a)).dtype == cp.complex128
    assert cp.linalg.solve(tensor(a), tensor(a)).dtype == cp.float64


FIELDS = {
    "eig": ("eigenvalues", "eigenvectors"),
    "eigh": ("eigenvalues", "eigenvectors"),
    "qr": ("Q", "R"),
    "slogdet": ("sign", "logabsdet"),
    "svd": ("U", "S", "Vh"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_results_are_named_tuples_and_pickle(name):
    result = getattr(cp.linalg, name)(cp.eye(2))
    assert result._fields == FIELDS[name]
    for index, field in enumerate(FIELDS[name]):
        assert result[index] is getattr(result, field)
    copy = pickle.loads(pickle.dumps(result))
    assert type(copy) is type(result)
    assert np.array_equal(np.asarray(copy[1]), np.asarray(result[1]))


def parts(result):
    """The bytes of each part of a result."""
    return [np.asarray(x).tobytes() for x in (result if isinstance(result, tuple) else (result,))]


def with_threads(counts, work):
    """What `work` returns with each number of threads."""
    before = cp.get_num_threads()
    try:
        results = []
        for threads in counts:
            cp.set_num_threads(threads)
            results.append(work())
        return results
    finally:
        cp.set_num_threads(before)


@pytest.mark.parametrize("name", ["cholesky", "qr", "svd", "eigh", "eig", "inv", "det", "slogdet"])
@pytest.mark.parametrize("shape", [(150, 150), (40, 12, 12)])
def test_bits_do_not_depend_on_the_threads(name, shape):
    a = tensor(definite(shape))
    results = with_threads((1, 2, 3), lambda: parts(getattr(cp.linalg, name)(a)))
    assert results[0] == results[1] == results[2]


LARGE = ("cholesky", "svd", "svdvals", "eigh", "eigvalsh", "inv", "det")


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("dtype", ["float64", "complex64"])
def test_bits_of_large_matrices_do_not_depend_on_the_threads_or_the_stack(name, dtype):
    """These are decomposed by all threads together."""
    a = definite((400, 400), dtype)
    results = with_threads((1, 2, 3), lambda: parts(getattr(cp.linalg, name)(tensor(a))))
    assert results[0] == results[1] == results[2]
    stacked = getattr(cp.linalg, name)(tensor(np.stack([a.T, a])))
    stacked = stacked if isinstance(stacked, tuple) else (stacked,)
    assert [np.asarray(x)[1].tobytes() for x in stacked] == results[0]


def test_large_solutions_do_not_depend_on_the_threads():
    a, b = tensor(definite((400, 400))), tensor(random((400, 3)))
    results = with_threads((1, 2, 3), lambda: np.asarray(cp.linalg.solve(a, b)))
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()
    assert_close(results[0], np.linalg.solve(np.asarray(a), np.asarray(b)), 1e5)


def test_python_threads_decompose_large_matrices_at_once():
    a = definite((300, 300))
    expected = parts(cp.linalg.eigh(tensor(a)))
    found = []
    workers = [
        threading.Thread(target=lambda: found.append(parts(cp.linalg.eigh(tensor(a))) == expected)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [True] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("busy", [False, True])
def test_a_forked_child_decomposes_large_matrices(busy):
    """Also one forked while another thread decomposes, whose pool's threads and locks it does not have."""
    a = tensor(definite((300, 300)))

    def work():
        return parts(cp.linalg.eigh(a))

    expected, stop = work(), threading.Event()

    def keep_busy():
        while not stop.is_set():
            work()

    other = threading.Thread(target=keep_busy)
    if busy:
        other.start()
    try:
        for _ in range(3):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                try:
                    os._exit(0 if work() == expected else 2)
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        if busy:
            other.join()
    assert work() == expected
