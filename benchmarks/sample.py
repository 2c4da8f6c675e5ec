"""The inputs of the cases, described as data; the same elements in every run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Uniform:
    """An array with elements drawn evenly from ``[low, high)``."""

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float

    @property
    def elements(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    def make(self, seed: int) -> np.ndarray:
        """The elements as a NumPy array, which every library converts to its own."""
        generator = np.random.default_rng(seed)
        dtype = np.dtype(self.dtype)
        if dtype.kind == "b":
            return generator.integers(0, 2, self.shape).astype(dtype)
        if dtype.kind in "iu":
            return generator.integers(int(self.low), int(self.high), self.shape, dtype=dtype)
        values = generator.uniform(self.low, self.high, self.shape)
        if dtype.kind == "c":
            values = values + 1j * generator.uniform(self.low, self.high, self.shape)
        return values.astype(dtype, copy=False)


@dataclass(frozen=True)
class Ascending(Uniform):
    """As `Uniform`, in ascending order."""

    def make(self, seed: int) -> np.ndarray:
        """The elements in one dimension, sorted."""
        return np.sort(super().make(seed))


@dataclass(frozen=True)
class Definite:
    """A symmetric positive definite matrix."""

    side: int
    dtype: str

    @property
    def elements(self) -> int:
        """How many there are."""
        return self.side * self.side

    def make(self, seed: int) -> np.ndarray:
        """The elements as a NumPy array, which every library converts to its own."""
        values = np.random.default_rng(seed).standard_normal((self.side, self.side))
        return (values @ values.T / self.side + np.eye(self.side)).astype(self.dtype)


@dataclass(frozen=True)
class Listed:
    """A Python list of numbers, which no library converts beforehand."""

    elements: int

    def make(self, seed: int) -> Any:
        """The list."""
        return np.random.default_rng(seed).uniform(0, 1, self.elements).tolist()


Sample = Uniform | Definite | Listed


def count(elements: int) -> str:
    """A number of elements as the report shows it: ``1e6``, or plainly below 1,000."""
    if elements < 1000:
        return str(elements)
    mantissa, exponent = f"{elements:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
