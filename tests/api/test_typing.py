"""What a user's type checker sees: `make lint` checks this file with `mypy --strict`, and the tests run it."""

from pathlib import Path
from typing import Any, assert_type

import numpy as np

import corepy as cp
from corepy import DType, Tensor


def test_operators() -> None:
    x = cp.asarray([1.0, 2.0])
    assert_type(x, Tensor)
    assert_type(x + 1, Tensor)
    assert_type(2 * x - x, Tensor)
    assert_type(1j / x, Tensor)
    assert_type(x**2, Tensor)
    assert_type(-abs(x), Tensor)
    assert_type((x < 1) | (x == x), Tensor)
    assert_type(x @ x, Tensor)
    x += x
    assert_type(x, Tensor)
    assert x.tolist() == [2.0, 4.0]


def test_indices() -> None:
    x = cp.zeros((2, 3), dtype=cp.int64)
    assert_type(x[0], Tensor)
    assert_type(x[1:, ..., None], Tensor)
    assert_type(x[cp.asarray(1)], Tensor)
    x[0, :] = [1, 2, 3]
    x[1] = x[0]
    assert [type(row) for row in x] == [Tensor, Tensor]


def test_masks_and_lists_of_indices() -> None:
    x = cp.reshape(cp.arange(6), (2, 3))
    assert_type(x[x > 2], Tensor)
    assert_type(x[cp.asarray([0, 1])], Tensor)
    assert_type(x[:, [True, False, True]], Tensor)
    x[[[0], [1]], [0, 2]] = 0
    x[1, x[0] > 0] += 1
    assert x.tolist() == [[0, 1, 0], [0, 5, 0]]


def test_functions() -> None:
    x = cp.linspace(0, 1, 5, dtype="float32")
    assert_type(cp.sum(x, axis=0, dtype=cp.float64, keepdims=True), Tensor)
    assert_type(cp.meshgrid(x, x, indexing="ij"), tuple[Tensor, ...])
    assert_type(cp.finfo(x).eps, float)
    assert_type(cp.iinfo(np.int8).max, int)
    assert_type(cp.result_type(x, 1.0), DType)
    assert_type(cp.isdtype(x.dtype, ("real floating", cp.int8)), bool)
    assert_type(cp.broadcast_shapes((3, 1), (2,)), tuple[int, ...])
    assert_type(cp.where(x > 0, x, 0), Tensor)
    assert_type(cp.__array_namespace_info__().default_dtypes()["integral"], DType)
    assert_type(cp.get_num_threads(), int)


def test_conversions() -> None:
    x = cp.full((), 2.5)
    assert_type(float(x), float)
    assert_type(int(x), int)
    assert_type(complex(x), complex)
    assert_type(bool(x), bool)
    item: Any = x.item()
    assert item == 2.5
    assert_type(x.shape, tuple[int, ...])
    assert_type(memoryview(x), memoryview)
    assert np.asarray(x).dtype == x.dtype


def test_the_types_come_with_the_package() -> None:
    package = Path(cp.__file__).parent
    for name in ("py.typed", "_core.pyi", "__init__.pyi"):
        assert (package / name).is_file(), name
