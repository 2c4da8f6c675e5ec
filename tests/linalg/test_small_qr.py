"""QR decompositions of small real matrices, which are a kernel's."""

import numpy as np
import pytest
from linalg.matrices import assert_close, assert_orthonormal, norm, random

import corepy as cp
from support.arrays import tensor

SHAPES = ((1, 1), (2, 2), (5, 3), (3, 5), (15, 17), (16, 16), (17, 15), (33, 32), (64, 64), (64, 1), (1, 64), (65, 64))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("scale", [1.0, 1e-18, 1e18])
def test_small(shape, dtype, mode, scale):
    """Also where squares overflow in float32, and other means serve."""
    a = (random((3, *shape), dtype) * scale).astype(dtype)
    q, r = (np.asarray(part) for part in cp.linalg.qr(tensor(a), mode=mode))
    assert np.array_equal(r, np.triu(r))
    assert_close(q @ r, a, norm(a / scale) * scale)
    assert_orthonormal(q)


def test_columns_of_zeros_and_of_tiny_numbers():
    a = random((20, 12))
    a[:, 3] = 0
    a[4:, 4] = 0
    for factor in (1.0, 1e-200, 1e-310):
        a[:, 7] = a[:, 6] * factor
        q, r = (np.asarray(part) for part in cp.linalg.qr(tensor(a)))
        assert_close(q @ r, a, norm(a))
        assert_orthonormal(q)
