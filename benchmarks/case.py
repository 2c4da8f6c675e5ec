"""What is measured: cases as data, and the targets of the groups they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Uniform:
    """An input array with elements drawn evenly from ``[low, high)``; the same ones in every run."""

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float

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
        return values.astype(dtype)


@dataclass(frozen=True)
class Definite:
    """A symmetric positive definite matrix; the same one in every run."""

    side: int
    dtype: str

    def make(self, seed: int) -> np.ndarray:
        """The elements as a NumPy array, which every library converts to its own."""
        values = np.random.default_rng(seed).standard_normal((self.side, self.side))
        return (values @ values.T / self.side + np.eye(self.side)).astype(self.dtype)


@dataclass(frozen=True)
class Ascending(Uniform):
    """As `Uniform`, in ascending order."""

    def make(self, seed: int) -> np.ndarray:
        """The elements in one dimension, sorted."""
        return np.sort(super().make(seed))


# OpenBLAS's threads look for work for 60 to 150 ms after a product.
BLAS_REST = 0.15


@dataclass(frozen=True)
class Case:
    """One expression over named inputs. ``xp`` in it is the library's namespace.

    ``touch(x)`` in an expression writes one element in every page of ``x``: see ``peer.touch``. ``compared`` is what is
    compared with the peers' result, where that is not the expression itself.
    """

    group: str
    name: str
    expression: str
    inputs: Mapping[str, Uniform | Definite] = field(default_factory=dict)
    note: str = ""
    compared: str = ""
    # Seconds before each turn, where a peer's idle threads go on looking for work and would take corepy's cores.
    rest: float = 0.0

    @property
    def title(self) -> str:
        """What ``--cases`` is matched with."""
        return f"{self.group}: {self.name}"

    @cached_property
    def functions(self) -> list[str]:
        """The names that the expression takes from the namespace."""
        return re.findall(r"\bxp\.(\w+)", self.expression)


@dataclass(frozen=True)
class Target:
    """What a group's ratios, peer time over corepy time, must reach.

    Every row must reach ``each``; besides, where they are given, the geometric mean must reach ``mean`` and more than
    half of the rows must reach ``most``.
    """

    each: float
    mean: float | None = None
    most: float | None = None

    @property
    def aim(self) -> float:
        """The ratio below which a row is listed as falling short."""
        return self.most or self.mean or self.each

    def __str__(self) -> str:
        text = f"each ≥ {self.each:g}"
        if self.mean is not None:
            text = f"geometric mean ≥ {self.mean:g}, {text}"
        if self.most is not None:
            text = f"{text}, most ≥ {self.most:g}"
        return text

    def is_met(self, ratios: list[float]) -> bool:
        """Whether these ratios reach the target."""
        if not ratios or min(ratios) < self.each:
            return False
        if self.mean is not None and np.exp(np.mean(np.log(ratios))) < self.mean:
            return False
        return self.most is None or sum(ratio >= self.most for ratio in ratios) * 2 > len(ratios)


@dataclass(frozen=True)
class Group:
    """Cases that share a target; ``target`` is None where a group only informs."""

    name: str
    title: str
    target: Target | None
    cases: tuple[Case, ...]


def count(elements: int) -> str:
    """A number of elements as the report shows it: ``1e6``, or plainly below 1,000."""
    if elements < 1000:
        return str(elements)
    mantissa, exponent = f"{elements:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
