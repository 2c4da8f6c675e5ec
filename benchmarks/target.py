"""The targets of the groups."""

from __future__ import annotations

import math
from dataclasses import dataclass


def geometric_mean(ratios: list[float]) -> float:
    """The mean that treats 2 and 1/2 alike."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


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
        """What the group as a whole is to reach: the mark in the plots."""
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
        if self.mean is not None and geometric_mean(ratios) < self.mean:
            return False
        return self.most is None or sum(ratio >= self.most for ratio in ratios) * 2 > len(ratios)
