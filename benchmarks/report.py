"""The report: whether each group meets its target, the rows that fall short first, then every row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.case import Group
from benchmarks.measure import Measurement

# The targets are stated against this peer.
REFERENCE = "numpy"

HOW = """Ratio = time of the peer / time of corepy: above 1, corepy is faster. Each case runs alternately with corepy
and its peers in one process, on all cores that each library uses by itself; the time is the fastest of {rounds} rounds,
with the garbage collector off. Creation includes one write in each page of the result, the same for every library."""


def duration(seconds: float) -> str:
    """A time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def geometric_mean(ratios: list[float]) -> float:
    """The mean that treats 2 and 1/2 alike."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def verdict(group: Group, ratios: list[float]) -> str:
    """Whether the target is met, in a word."""
    if group.target is None:
        return "no target"
    return "met" if group.target.is_met(ratios) else "**not met**"


def row(measurement: Measurement) -> list[str]:
    """One line of a table of cases."""
    return [
        measurement.case,
        duration(measurement.corepy),
        duration(measurement.time),
        f"{measurement.ratio:.2f}",
        measurement.note,
    ]


def short(group: Group, measurements: list[Measurement]) -> list[Measurement]:
    """The rows below the group's aim, the worst first."""
    if group.target is None:
        return []
    return [measurement for measurement in measurements if measurement.ratio < group.target.aim]


def section(peer: str, groups: list[tuple[Group, list[Measurement]]], plots: Mapping[tuple[str, str], str]) -> str:
    """The tables against one peer."""
    summary = []
    for group, measurements in groups:
        ratios = [measurement.ratio for measurement in measurements]
        target = [str(group.target) if group.target else "", verdict(group, ratios)] if peer == REFERENCE else []
        figures = [f"{min(ratios):.2f}", f"{geometric_mean(ratios):.2f}", f"{max(ratios):.2f}"]
        summary.append([group.title, str(len(ratios)), *figures, *target])
    target_header = ["target", "state"] if peer == REFERENCE else []
    parts = [
        f"## Against {peer}\n",
        table(["group", "rows", "lowest", "geometric mean", "highest", *target_header], summary),
    ]
    header = ["case", "corepy", peer, "ratio", "remark"]
    if peer == REFERENCE:
        below = [[group.title, *row(each)] for group, measurements in groups for each in short(group, measurements)]
        if below:
            parts += [f"### Rows below the aim of their group ({len(below)})\n", table(["group", *header], below)]
    for group, measurements in groups:
        parts.append(f"### {group.title}\n")
        if (peer, group.name) in plots:
            parts.append(f"![{group.title}]({plots[peer, group.name]})\n")
        parts.append(table(header, map(row, measurements)))
    return "\n".join(parts)


def by_group(
    groups: Iterable[Group], measurements: list[Measurement], peer: str
) -> list[tuple[Group, list[Measurement]]]:
    """The measurements against one peer, group by group, the lowest ratio first; groups without any are left out."""
    found = []
    for group in groups:
        mine = [each for each in measurements if each.group == group.name and each.peer == peer]
        if mine:
            found.append((group, sorted(mine, key=lambda each: each.ratio)))
    return found


def markdown(
    groups: Iterable[Group],
    measurements: list[Measurement],
    skipped: Mapping[str, str],
    machine: Mapping[str, object],
    rounds: int,
    plots: Mapping[tuple[str, str], str],
) -> str:
    """The whole report."""
    groups = list(groups)
    parts = ["# corepy's benchmarks\n", HOW.format(rounds=rounds) + "\n"]
    parts.append(table(["setting", "value"], ([key, str(value)] for key, value in machine.items())))
    for peer in dict.fromkeys(each.peer for each in measurements):
        parts.append(section(peer, by_group(groups, measurements, peer), plots))
    if skipped:
        parts += [
            f"## Not run ({len(skipped)})\n",
            table(["case", "why"], ([case, why] for case, why in skipped.items())),
        ]
    return "\n".join(parts)


def as_json(
    groups: Iterable[Group],
    measurements: list[Measurement],
    skipped: Mapping[str, str],
    machine: Mapping[str, object],
    rounds: int,
) -> str:
    """The report as data."""
    states = {
        group.name: {
            "target": str(group.target),
            "met": group.target.is_met(ratios),
            "lowest": min(ratios),
            "geometric_mean": geometric_mean(ratios),
        }
        for group, mine in by_group(groups, measurements, REFERENCE)
        if group.target is not None
        for ratios in [[each.ratio for each in mine]]
    }
    return json.dumps(
        {
            "machine": machine,
            "rounds": rounds,
            "groups": states,
            "measurements": [{**asdict(each), "ratio": each.ratio} for each in measurements],
            "skipped": dict(skipped),
        },
        indent=1,
    )


def write(directory: Path, name: str, text: str) -> Path:
    """Writes one file of the report."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path
