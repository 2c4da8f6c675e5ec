"""Systems, inverses, determinants, powers, ranks."""

import numpy as np
import pytest
from linalg.matrices import BATCHES, DTYPES, SIZES, assert_close, norm, random

import corepy as cp
from support.arrays import assert_same, real_dtype, tensor


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_inverse(size, dtype):
    a = random((2, size, size), dtype)
    inverse = np.asarray(cp.linalg.inv(tensor(a)))
    assert inverse.dtype == a.dtype
    assert_close(a @ inverse, np.broadcast_to(np.eye(size), a.shape), norm(a) * norm(inverse))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("columns", [0, 1, 5, 40])
def test_solve(size, columns, dtype):
    a, b = random((2, size, size), dtype), random((2, size, columns), dtype, 1)
    x = np.asarray(cp.linalg.solve(tensor(a), tensor(b)))
    assert x.dtype == a.dtype
    assert_close(a @ x, b, norm(a) * norm(x) + norm(b))


@pytest.mark.parametrize(
    ("first", "second"),
    [((3, 3), (3,)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 3)), ((3, 3), (4, 3, 2)), ((2, 1, 3, 3), (4, 3, 2)), ((0, 0), (0,)),
     ((0, 3, 3), (3,)), ((5, 0, 0), (0, 2)), ((3, 3), (3, 1))],
)  # fmt: skip
def test_solve_broadcasts(first, second):
    a, b = random(first), random(second, seed=1)
    x = cp.linalg.solve(tensor(a), tensor(b))
    expected = np.linalg.solve(a, b)
    assert_close(x, expected, 1e3)


def test_solve_promotes():
    a = np.array([[2, 0], [0, 4]], "float32")
    assert cp.linalg.solve(tensor(a), tensor(np.ones(2, "complex64"))).dtype == cp.complex64
    assert cp.linalg.solve(tensor(a), tensor(np.ones(2, "float64"))).dtype == cp.float64


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_determinants(size, dtype):
    a = (random((3, size, size), dtype) / max(size, 1) ** 0.5).astype(dtype)
    wide = a.astype(np.result_type(dtype, "float64"))
    expected = np.linalg.slogdet(wide)
    result = cp.linalg.slogdet(tensor(a))
    assert result.sign.dtype == a.dtype
    assert result.logabsdet.dtype == real_dtype(dtype)
    condition = np.linalg.cond(wide) if size else 1
    assert_close(result.sign, expected.sign, condition)
    assert_close(result.logabsdet, expected.logabsdet, condition * (1 + size))
    det = cp.linalg.det(tensor(a))
    assert det.dtype == a.dtype
    assert_close(det, np.linalg.det(wide), condition * np.abs(np.linalg.det(wide)))


def test_determinants_do_not_overflow_on_the_way():
    a = np.diag([1e200, 1e200, -1e-200, 1e-200])
    assert_close(cp.linalg.det(tensor(a)), -1.0, 1)
    a = np.diag([1e-200] * 3)
    assert float(cp.linalg.det(tensor(a))) == 0
    assert_close(cp.linalg.slogdet(tensor(a)).logabsdet, 3 * np.log(1e-200), 1e3)
    assert float(cp.linalg.det(tensor(np.diag([1e200] * 2)))) == np.inf
    assert float(cp.linalg.det(tensor(np.diag([5e-324])))) == 5e-324


def test_determinants_of_singular_matrices_are_zero():
    for dtype in DTYPES:
        a = tensor(np.array([[[1, 2], [2, 4]], [[0, 0], [0, 0]], [[0, 1], [0, 1]]], dtype))
        assert_same(cp.linalg.det(a), np.zeros(3, dtype))
        sign, log = cp.linalg.slogdet(a)
        assert_same(sign, np.zeros(3, dtype))
        assert_same(log, np.full(3, -np.inf, real_dtype(dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 5), (40, 7), (0, 3), (3, 0)])
def test_pseudo_inverse(shape, dtype):
    a = random((2, *shape), dtype)
    p = np.asarray(cp.linalg.pinv(tensor(a)))
    assert p.shape == (2, shape[1], shape[0])
    assert_close(a @ p @ a, a, norm(a) ** 2 * norm(p))
    assert_close(p, np.linalg.pinv(a), norm(a) * norm(p) ** 2)


def test_pseudo_inverse_and_rank_of_deficient_rank():
    a = random((6, 2)) @ random((2, 5), seed=1)
    assert_close(cp.linalg.pinv(tensor(a)), np.linalg.pinv(a), 1e3)
    assert int(cp.linalg.matrix_rank(tensor(a))) == 2
    assert_same(cp.linalg.pinv(cp.zeros((2, 3))), np.zeros((3, 2)))


def test_rank_and_tolerance():
    a = np.stack([np.diag([1, 1e-3, 1e-6]), np.zeros((3, 3)), np.diag([2.0, 2, 2])])
    assert_same(cp.linalg.matrix_rank(tensor(a)), np.array([3, 0, 3]))
    assert_same(cp.linalg.matrix_rank(tensor(a), rtol=1e-4), np.array([2, 0, 3]))
    assert_same(cp.linalg.matrix_rank(tensor(a), rtol=cp.asarray([0.1, 0.1, 1.5])), np.array([1, 0, 0]))
    assert_same(cp.linalg.matrix_rank(tensor(a), rtol=cp.asarray([[0.1], [0.0]])), np.array([[1, 0, 3], [3, 0, 3]]))
    inverse = np.asarray(cp.linalg.pinv(tensor(a), rtol=cp.asarray([1e-4, 0.0, 0.0])))
    assert_close(inverse[0], np.diag([1, 1e3, 0]), 1e3)
    for shape in ((0, 3), (3, 0), (0, 0), (2, 0, 3)):
        assert_same(cp.linalg.matrix_rank(cp.zeros(shape)), np.zeros(shape[:-2], int))


@pytest.mark.parametrize("dtype", [*DTYPES, "int64", "uint8"])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_powers(n, batch, dtype):
    a = np.round(random((*batch, 3, 3)) * 2).astype(dtype)
    expected = np.linalg.matrix_power(a, n)
    result = cp.linalg.matrix_power(tensor(a), n)
    assert result.dtype == expected.dtype
    assert np.array_equal(np.asarray(result), expected)


def test_negative_powers():
    a = random((2, 4, 4))
    inverse = np.linalg.inv(a)
    assert_close(cp.linalg.matrix_power(tensor(a), -3), inverse @ inverse @ inverse, norm(inverse) ** 3 * 1e3)
    assert cp.linalg.matrix_power(cp.asarray([[2, 0], [0, 2]]), -1).dtype == cp.float64
    assert cp.linalg.matrix_power(cp.zeros((0, 0)), -1).shape == (0, 0)
    huge = cp.linalg.matrix_power(cp.eye(2), -(2**63))
    assert np.array_equal(np.asarray(huge), np.eye(2))


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200])
def test_extreme_magnitudes(scale):
    a = random((5, 5))
    b = random((5,))
    np.testing.assert_allclose(
        np.asarray(cp.linalg.solve(tensor(a * scale), tensor(b * scale))), np.linalg.solve(a, b), rtol=1e-8
    )
    inverse = np.asarray(cp.linalg.inv(tensor(a * scale)))
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(inverse, np.linalg.inv(a) / scale, rtol=1e-8)
    log = float(cp.linalg.slogdet(tensor(a * scale)).logabsdet)
    np.testing.assert_allclose(log, np.linalg.slogdet(a).logabsdet + 5 * np.log(scale), rtol=1e-8)
