"""What the measurements of a group come to, against NumPy and against the best of the other peers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.case import Group
from benchmarks.measure import Measurement
from benchmarks.target import Target, geometric_mean


@dataclass(frozen=True)
class Side:
    """The ratios of a group's rows to one side, either NumPy or the best of the others in each row."""

    title: str
    target: Target | None
    ratios: dict[str, float]

    @property
    def mean(self) -> float:
        """The geometric mean."""
        return geometric_mean(list(self.ratios.values()))

    @property
    def lowest(self) -> float:
        """The ratio of the slowest row."""
        return min(self.ratios.values())

    @property
    def highest(self) -> float:
        """The ratio of the fastest row."""
        return max(self.ratios.values())

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.target.is_met(list(self.ratios.values()))

    @property
    def verdict(self) -> str:
        """Whether the target is met, in a word."""
        return {None: "", True: "met", False: "**not met**"}[self.is_met]

    def short(self) -> list[str]:
        """The rows that each by itself, or the mean as a whole, would have to be better, the worst first."""
        if self.target is None:
            return []
        aim = self.target.each if self.is_met else self.target.aim
        return sorted((case for case, ratio in self.ratios.items() if ratio < aim), key=self.ratios.__getitem__)


@dataclass(frozen=True)
class Summary:
    """A group, its measurements, and both sides; a side without any ratio is None."""

    group: Group
    measurements: list[Measurement]
    reference: Side | None
    other: Side | None

    @property
    def sides(self) -> list[Side]:
        """The sides there are."""
        return [side for side in (self.reference, self.other) if side is not None]


def side(title: str, target: Target | None, ratios: Iterable[tuple[str, float | None]]) -> Side | None:
    """One side, of the rows that have a ratio."""
    found = {case: ratio for case, ratio in ratios if ratio is not None}
    return Side(title, target, found) if found else None


def summarise(groups: Iterable[Group], measurements: list[Measurement]) -> list[Summary]:
    """Group by group; groups without measurements are left out."""
    summaries = []
    for group in groups:
        mine = [each for each in measurements if each.group == group.name]
        if mine:
            reference = side("NumPy", group.target, ((each.case, each.reference) for each in mine))
            other = side("the best of the others", group.others, ((each.case, each.other) for each in mine))
            summaries.append(Summary(group, mine, reference, other))
    return summaries
