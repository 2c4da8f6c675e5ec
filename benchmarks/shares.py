"""The share of the machine's own limit that each library reaches where memory or arithmetic alone should bind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matplotlib import pyplot as plt

from benchmarks import report
from benchmarks.case import Case
from benchmarks.limits import Limits, kind
from benchmarks.measure import Measurement
from benchmarks.plot import LEGEND, OTHER, REFERENCE, save

# Only passes over this many bytes come from memory, not from a cache.
LEAST_BYTES = 50_000_000
# Smaller products spend their time on other things than arithmetic.
LEAST_OPERATIONS = 2 * 2000**3
# float32 has twice the lanes of float64.
LANES = {"float32": 2.0}
TARGET = 0.85
PICTURE = "limits.png"

HOW = """The limits are measured by loops that do nothing else (`benchmarks/limits.cpp`), on {threads} threads, before and
after the cases: {memory} of float64 arrays of 8e6 elements with stores past the caches, and {operations:.0f} GFLOP/s of
fused multiply-adds in float64. A share counts the bytes that the expression must move at the least: inputs read once,
its result written once. Expressions of many functions, such as Black-Scholes, are bound by arithmetic instead."""


@dataclass(frozen=True)
class Share:
    """What each library reaches in one case."""

    case: str
    limit: str
    shares: dict[str, float]


def shares(limits: Limits, cases: Iterable[Case], measurements: Iterable[Measurement]) -> list[Share]:
    """The cases that memory or arithmetic alone should bind."""
    by_title = {case.title: case for case in cases}
    found = []
    for measurement in measurements:
        case = by_title[f"{measurement.group}: {measurement.case}"]
        times = {"corepy": measurement.corepy, **measurement.peers}
        if case.traffic is not None and case.traffic.bytes >= LEAST_BYTES:
            loop = kind(case.traffic)
            best = case.traffic.bytes / limits.bandwidth[loop]
            limit = f"memory ({loop})"
        elif case.operations >= LEAST_OPERATIONS:
            lanes = next((factor for dtype, factor in LANES.items() if dtype in case.name), 1.0)
            best = case.operations / (limits.operations * lanes)
            limit = "multiply-adds"
        else:
            continue
        found.append(Share(case.title, limit, {name: best / seconds for name, seconds in times.items()}))
    return sorted(found, key=lambda each: (each.limit, -each.shares["corepy"]))


def plot(found: list[Share], directory: Path) -> None:
    """Bars of corepy, a mark for the best peer."""
    figure, axes = plt.subplots(figsize=(9, 1.3 + 0.2 * len(found)), layout="constrained")
    places = range(len(found))
    axes.barh(places, [each.shares["corepy"] for each in found], color=REFERENCE, height=0.7, label="corepy")
    peers = [max((share for name, share in each.shares.items() if name != "corepy"), default=0.0) for each in found]
    axes.plot(peers, places, "D", color=OTHER, markersize=4, label="best peer")
    axes.axvline(TARGET, color="black", linewidth=1, label=f"target: {TARGET:.0%}")
    axes.set_yticks(places, [f"{each.case}, {each.limit}" for each in found], fontsize=7)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel("share of the machine's limit")
    axes.set_title("Share of the machine's limit", fontsize=11, loc="left")
    axes.legend(**LEGEND)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    save(figure, directory / PICTURE)


def chapter(limits: Limits | None, found: list[Share], threads: int, directory: Path) -> str:
    """The part of the report, and its plot."""
    title = "## Share of the machine's limit\n"
    if limits is None:
        return f"{title}\nNot measured: there is no C++ compiler, or it failed.\n"
    if not found:
        return ""
    plot(found, directory)
    memory = ", ".join(f"{name} {figure / 1e9:.1f} GB/s" for name, figure in limits.bandwidth.items())
    names = list(dict.fromkeys(name for each in found for name in each.shares))
    rows = [
        [each.case, each.limit, *(f"{each.shares[name]:.0%}" if name in each.shares else "" for name in names)]
        for each in found
    ]
    how = HOW.format(threads=threads, memory=memory, operations=limits.operations / 1e9)
    return "\n".join(
        [title, f"{how}\n", f"![Share of the limit]({PICTURE})\n", report.table(["case", "limit", *names], rows)]
    )
