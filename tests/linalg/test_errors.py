"""What has no result raises, and what is not finite ends."""

import numpy as np
import pytest
from linalg.matrices import DTYPES, random

import corepy as cp
from support.arrays import tensor

SQUARE = ("cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "slogdet")
MATRIX = ("matrix_norm", "matrix_rank", "pinv", "qr", "svd", "svdvals", "diagonal", "trace")
LinAlgError = cp.linalg.LinAlgError


def test_the_error_is_a_value_error_of_the_module():
    assert issubclass(LinAlgError, ValueError)
    assert (LinAlgError.__module__, LinAlgError.__name__) == ("corepy.linalg", "LinAlgError")


@pytest.mark.parametrize("name", [*SQUARE, *MATRIX])
def test_too_few_dimensions(name):
    for shape in ((), (3,)):
        with pytest.raises(ValueError, match=name):
            getattr(cp.linalg, name)(cp.ones(shape))


@pytest.mark.parametrize("name", [*SQUARE, "matrix_power", "solve"])
def test_not_square(name):
    more = {"matrix_power": (2,), "solve": (cp.ones(2),)}.get(name, ())
    with pytest.raises(ValueError, match=rf"{name}: .*\(4, 2, 3\)"):
        getattr(cp.linalg, name)(cp.ones((4, 2, 3)), *more)


@pytest.mark.parametrize("name", [*SQUARE, *MATRIX, "vector_norm"])
def test_not_a_tensor(name):
    for x in ([[1.0]], None, 1.0, "x"):
        with pytest.raises(TypeError, match=name):
            getattr(cp.linalg, name)(x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("a", [[[0]], [[1, 2], [2, 4]], [[0, 0], [0, 0]], [[1, 0, 0], [0, 0, 0], [0, 0, 1]]])
def test_singular(a, dtype):
    stack = tensor(np.stack([np.eye(len(a), dtype=dtype), np.array(a, dtype)]))
    a = tensor(np.array(a, dtype))
    for call in (cp.linalg.inv, lambda a: cp.linalg.solve(a, a), lambda a: cp.linalg.matrix_power(a, -2)):
        with pytest.raises(LinAlgError, match=r"(inv|solve|matrix_power): the matrix is singular"):
            call(a)
    with pytest.raises(LinAlgError, match="singular"):
        cp.linalg.inv(stack)


def test_large_singular_matrices():
    a = random((100, 100))
    a[:, 70] = 0
    with pytest.raises(LinAlgError, match="singular"):
        cp.linalg.inv(tensor(a))
    a = random((100, 100))
    a[20] = 0
    with pytest.raises(LinAlgError, match="singular"):
        cp.linalg.solve(tensor(a), cp.ones(100))
    assert float(cp.linalg.det(tensor(a))) == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("upper", [False, True])
def test_not_positive_definite(dtype, upper):
    large = np.eye(100)
    large[77, 77] = -1
    for a in ([[0]], [[-1]], [[1, 2], [2, 1]], [[1, 0], [0, 0]], large, [[np.nan]], [[1, 0], [0, np.nan]], [[np.inf]]):
        with pytest.raises(LinAlgError, match="cholesky: the matrix is not positive definite"):
            cp.linalg.cholesky(tensor(np.array(a, dtype)), upper=upper)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [1, 2, 5, 60])
def test_what_is_not_finite_ends(size, bad, dtype):
    for place in ((0, 0), (size - 1, 0), (size - 1, size - 1)):
        a = random((size, size), dtype)
        a[place] = bad
        a = tensor(a)
        for name in ("eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "pinv", "matrix_rank"):
            with pytest.raises(LinAlgError, match=f"{name}: the matrix has elements that are not finite"):
                getattr(cp.linalg, name)(a)
        q, r = (np.asarray(part) for part in cp.linalg.qr(a))
        assert np.isnan(q).all()
        assert np.isnan(r[np.triu_indices(size)]).all()
        if np.isnan(bad):
            assert not np.isfinite(np.asarray(cp.linalg.det(a)))
            assert not np.isfinite(np.asarray(cp.linalg.slogdet(a).logabsdet))
            assert np.isnan(np.asarray(cp.linalg.inv(a))).any()
            assert np.isnan(np.asarray(cp.linalg.solve(a, cp.ones(size)))).any()
        else:
            cp.linalg.det(a), cp.linalg.slogdet(a), cp.linalg.inv(a), cp.linalg.solve(a, cp.ones(size))


def test_shapes_that_do_not_match():
    eye = cp.eye(3)
    for b in (cp.ones(2), cp.ones((2, 3)), cp.ones(()), cp.ones((4, 2, 1))):
        with pytest.raises(ValueError, match=r"solve: shapes \(3, 3\)"):
            cp.linalg.solve(eye, b)
    with pytest.raises(ValueError, match="solve"):
        cp.linalg.solve(cp.ones((2, 3, 3)), cp.ones((4, 3, 1)))
    with pytest.raises(ValueError, match="outer"):
        cp.linalg.outer(cp.ones((2, 2)), cp.ones(2))
    with pytest.raises(ValueError, match="outer"):
        cp.linalg.outer(cp.ones(()), cp.ones(2))
    with pytest.raises(ValueError, match="cross: .*3 elements"):
        cp.linalg.cross(cp.ones(2), cp.ones(3))
    with pytest.raises(ValueError, match="cross"):
        cp.linalg.cross(cp.ones((1,)), cp.ones(3))
    with pytest.raises(ValueError, match="cross"):
        cp.linalg.cross(cp.ones((2, 3)), cp.ones((4, 3)))
    with pytest.raises(IndexError, match="cross"):
        cp.linalg.cross(cp.ones(3), cp.ones(3), axis=-2)
    with pytest.raises(IndexError, match="cross"):
        cp.linalg.cross(cp.ones(()), cp.ones(3))
    with pytest.raises(TypeError, match="cross"):
        cp.linalg.cross(cp.ones(3, dtype=cp.bool), cp.ones(3, dtype=cp.bool))


def test_bad_arguments():
    a = cp.eye(2)
    with pytest.raises(ValueError, match="qr: mode"):
        cp.linalg.qr(a, mode="raw")
    for order in (3, 0, "f", float("nan")):
        with pytest.raises(ValueError, match="matrix_norm: ord"):
            cp.linalg.matrix_norm(a, ord=order)
    for order in (None, "fro", 1j):
        if order is not None:
            with pytest.raises(TypeError, match="vector_norm: ord"):
                cp.linalg.vector_norm(a, ord=order)
    with pytest.raises(IndexError, match="vector_norm"):
        cp.linalg.vector_norm(a, axis=2)
    with pytest.raises(ValueError, match="vector_norm"):
        cp.linalg.vector_norm(a, axis=(0, -2))
    for n in (1.0, "1", None, True):
        with pytest.raises(TypeError, match="matrix_power: n"):
            cp.linalg.matrix_power(a, n)
    with pytest.raises(OverflowError, match="matrix_power"):
        cp.linalg.matrix_power(a, 2**64)
    for rtol in ("x", cp.asarray(1), cp.asarray(1j)):
        with pytest.raises(TypeError, match="pinv"):
            cp.linalg.pinv(a, rtol=rtol)
    for function in (cp.linalg.pinv, cp.linalg.matrix_rank):
        with pytest.raises(ValueError, match=function.__name__):
            function(cp.ones((2, 3, 3)), rtol=cp.ones(3))
    with pytest.raises(TypeError, match="diagonal"):
        cp.linalg.diagonal(a, offset=1.0)
    with pytest.raises(TypeError, match="trace"):
        cp.linalg.trace(cp.astype(a, cp.complex128), dtype=cp.float64)
