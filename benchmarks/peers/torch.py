"""PyTorch on the CPU, eager; where it names a function of the standard otherwise, a plain function calls PyTorch's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from benchmarks.peer import Library, touch

Tensor = torch.Tensor
SAME = {
    "bitwise_invert": torch.bitwise_not,
    "equal": torch.eq,
    "expand_dims": torch.unsqueeze,
    "permute_dims": torch.permute,
}


def astype(x: Tensor, dtype: torch.dtype) -> Tensor:
    """A cast; a copy also where the dtype stays."""
    return x.to(dtype, copy=True)


def full(shape: int | tuple[int, ...], value: float, dtype: torch.dtype | None = None) -> Tensor:
    """PyTorch takes no plain number for a shape."""
    return torch.full((shape,) if isinstance(shape, int) else shape, value, dtype=dtype)


def maximum_of(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The largest element; `torch.max` along an axis would look for its place as well."""
    return torch.max(x) if axis is None else torch.amax(x, axis, keepdims)


def minimum_of(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The smallest element."""
    return torch.min(x) if axis is None else torch.amin(x, axis, keepdims)


def std(x: Tensor, axis: int | None = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation, by the standard's default of the divisor."""
    return torch.std(x, axis, correction=correction, keepdim=keepdims)


def var(x: Tensor, axis: int | None = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance, by the standard's default of the divisor."""
    return torch.var(x, axis, correction=correction, keepdim=keepdims)


def cumulative_sum(x: Tensor, axis: int = 0) -> Tensor:
    """Sums of all elements up to each."""
    return torch.cumsum(x, axis)


def cumulative_prod(x: Tensor, axis: int = 0) -> Tensor:
    """Products of all elements up to each."""
    return torch.cumprod(x, axis)


def sort(x: Tensor, axis: int = -1, stable: bool = False) -> Tensor:
    """The sorted elements; PyTorch returns their places as well."""
    return torch.sort(x, dim=axis, stable=stable)[0]


def argsort(x: Tensor, axis: int = -1, stable: bool = False) -> Tensor:
    """The places of the sorted elements."""
    return torch.argsort(x, dim=axis, stable=stable)


def nonzero(x: Tensor) -> tuple[Tensor, ...]:
    """The places of elements that are not zero, axis by axis."""
    return torch.nonzero(x, as_tuple=True)


def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Elements at indices, which may be negative."""
    return torch.take(x, indices) if axis is None else torch.index_select(x, axis, indices)


def take_along_axis(x: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
    """Elements at indices of their own line."""
    return torch.take_along_dim(x, indices, axis)


def flip(x: Tensor, axis: int | None = None) -> Tensor:
    """Elements in reverse order; PyTorch copies."""
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else (axis,))


def roll(x: Tensor, shift: int, axis: int | None = None) -> Tensor:
    """Elements moved on, the last ones to the front."""
    return torch.roll(x, shift, axis)


def write(result: Tensor) -> None:
    """Writes one element in each page."""
    touch(result.numpy())


def library() -> Library:
    """PyTorch with its threads as it sets them, and the default dtype of the others."""
    torch.set_default_dtype(torch.float64)
    own: dict[str, Any] = {
        function.__name__: function
        for function in (astype, full, std, var, cumulative_sum, cumulative_prod, sort, argsort, nonzero)
    }
    own |= {function.__name__: function for function in (take, take_along_axis, flip, roll)}
    own |= {"max": maximum_of, "min": minimum_of, "unique_values": torch.unique, **SAME}
    namespace = SimpleNamespace(**{**vars(torch), **own})
    return Library("torch", namespace, torch.__version__, torch.tensor, touch=write, restless=0.004)
