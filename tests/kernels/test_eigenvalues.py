"""Eigenvalues of small matrices, which are a kernel's."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, tensor

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65)


def distance(found, expected):
    """The largest distance of eigenvalues, each with the nearest that is left."""
    left = list(expected)
    worst = 0.0
    for value in found:
        nearest = min(range(len(left)), key=lambda i: abs(left[i] - value))
        worst = max(worst, abs(left.pop(nearest) - value))
    return worst


def check(matrix, tolerance):
    """Real coefficients, so that conjugates follow one another; as near to NumPy's as `tolerance` times the norm."""
    found = array(cp.linalg.eigvals(tensor(matrix)))
    assert found.dtype == np.result_type(matrix.dtype, np.complex64)
    complex_ones = found[found.imag != 0]
    np.testing.assert_array_equal(complex_ones[::2], complex_ones[1::2].conj())
    assert (complex_ones[::2].imag > 0).all()
    norm = np.abs(matrix).max()
    assert distance(found / norm, np.linalg.eigvals(matrix.astype(np.float64) / norm)) <= tolerance


@pytest.mark.parametrize("n", SIZES)
def test_random(n):
    generator = np.random.default_rng(n)
    matrix = generator.uniform(-1, 1, (n, n))
    check(matrix, 1e-11 * n)
    check(matrix.astype(np.float32), 1e-5 * n)
    check(matrix * 2.0**900, 1e-11 * n)
    check(matrix * 2.0**-900, 1e-11 * n)
    check(np.asfortranarray(matrix)[::-1], 1e-11 * n)


@pytest.mark.parametrize("n", SIZES)
def test_normal(n):
    """Well-conditioned eigenvalues: symmetric, skew (a zero diagonal but for rounding), orthogonal, a cycle's."""
    matrix = np.random.default_rng(n).uniform(-1, 1, (n, n))
    for normal in (matrix + matrix.T, np.linalg.qr(matrix)[0], np.roll(np.eye(n), 1, 0), np.roll(np.eye(n), -1, 0)):
        check(normal, 1e-13 * n)
    if n > 1:
        check(matrix - matrix.T, 1e-13 * n)


def test_skew_matrices_converge():
    """Between diagonal elements that are exactly 0, nothing is small by comparison."""
    generator = np.random.default_rng(0)
    for _ in range(300):
        n = int(generator.integers(4, 20))
        matrix = generator.uniform(-1, 1, (n, n))
        check(matrix - matrix.T, 1e-12)


@pytest.mark.parametrize("n", SIZES)
def test_degenerate(n):
    np.testing.assert_array_equal(array(cp.linalg.eigvals(tensor(np.zeros((n, n))))), np.zeros(n))
    np.testing.assert_array_equal(array(cp.linalg.eigvals(tensor(np.eye(n) * 3))), np.full(n, 3))
    np.testing.assert_array_equal(array(cp.linalg.eigvals(tensor(np.triu(np.ones((n, n)))))), np.ones(n))
    if n > 1:
        check(np.kron(np.eye((n + 1) // 2), [[0, 1], [-1, 0]])[:n, :n], 1e-15)
    rows = np.random.default_rng(n).uniform(-1, 1, (n, n)) * np.logspace(0, -200, n)[:, None]
    check(rows, 1e-12 * n)


def test_stacks():
    stack = np.random.default_rng(3).uniform(-1, 1, (50, 2, 9, 9))
    found = array(cp.linalg.eigvals(tensor(stack)))
    for index in np.ndindex(50, 2):
        np.testing.assert_array_equal(found[index], array(cp.linalg.eigvals(tensor(stack[index]))))
