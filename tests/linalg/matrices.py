"""Random matrices, and how far results may be from exact ones."""

import numpy as np

DTYPES = ("float32", "float64", "complex64", "complex128")
BATCHES = ((), (3,), (2, 1, 3), (0,))
# Around the sizes where faer changes its algorithms, and nothing.
SIZES = (0, 1, 2, 3, 7, 16, 33, 150)


def random(shape, dtype="float64", seed=0):
    """Normally distributed elements."""
    generator = np.random.default_rng([seed, *shape])
    values = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(dtype)


def hermitian(shape, dtype="float64", seed=0):
    """Hermitian matrices."""
    a = random(shape, dtype, seed)
    return a + a.mT.conj()


def definite(shape, dtype="float64", seed=0):
    """Positive definite matrices."""
    a = random(shape, dtype, seed)
    return a @ a.mT.conj() + np.eye(shape[-1], dtype=dtype)


def epsilon(dtype):
    """The distance from 1 to the next number."""
    return np.finfo(dtype).eps


def assert_close(got, expected, scale, factor=50):
    """No element is further from what is expected than `factor` rounding errors of `scale` (broadcast)."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    if got.size == 0:
        return
    wide = "complex128" if got.dtype.kind == "c" else "float64"
    error = np.abs(got.astype(wide) - expected.astype(wide))
    bound = factor * epsilon(got.dtype) * np.asarray(scale)
    assert (error <= bound).all(), f"error {error.max():.3g}, bound {np.max(bound):.3g}"


def norm(a):
    """The Frobenius norm of each matrix, at least 1, with dimensions kept."""
    a = np.asarray(a)
    return np.maximum(np.sqrt(np.sum(np.abs(a.astype("complex128")) ** 2, axis=(-2, -1), keepdims=True)), 1)


def assert_orthonormal(q, factor=50):
    """The columns are orthonormal."""
    q = np.asarray(q)
    expected = np.broadcast_to(np.eye(q.shape[-1]), (*q.shape[:-2], q.shape[-1], q.shape[-1]))
    assert_close(q.mT.conj() @ q, expected.astype(q.dtype), max(q.shape[-2], 1), factor)
