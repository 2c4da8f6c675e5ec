"""Bar charts of the ratios."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt

from benchmarks.case import Group
from benchmarks.measure import Measurement
from benchmarks.report import REFERENCE, by_group, geometric_mean

FASTER = "#2a788e"
SHORT = "#e08214"
SLOWER = "#b2182b"
TICKS = (0.25, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100)
# Bars shorter than this are cut off, so that the others can be told apart.
LOWEST = 0.25


def colour(ratio: float, aim: float) -> str:
    """Red for slower than the peer, orange for short of the aim."""
    if ratio < 1:
        return SLOWER
    return SHORT if ratio < aim else FASTER


def chart(title: str, names: list[str], ratios: list[float], aims: list[float], peer: str, path: Path) -> None:
    """Horizontal bars from 1, on a logarithmic scale, the target as a line across each bar."""
    figure, axes = plt.subplots(figsize=(9, 1.3 + 0.23 * len(names)), layout="constrained")
    places = range(len(names))
    widths = [ratio - 1 for ratio in ratios]
    colours = [colour(ratio, aim) for ratio, aim in zip(ratios, aims, strict=True)]
    axes.barh(places, widths, left=1, color=colours, height=0.72)
    for place, ratio, aim in zip(places, ratios, aims, strict=True):
        side = "left" if ratio >= 1 else "right"
        axes.annotate(
            f"{ratio:.2f}",
            (max(ratio, LOWEST), place),
            xytext=(3 if ratio >= 1 else -3, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=7,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5},
        )
        if aim > 1:
            axes.plot([aim, aim], [place - 0.45, place + 0.45], color="black", linewidth=1)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    left, right = max(LOWEST, min(0.8, *ratios)) / 1.25, max(2.5, *ratios) * 1.3
    axes.set_xlim(left, right)
    ticks = [tick for tick in TICKS if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(f"time of {peer} / time of corepy (black mark: target)")
    axes.set_title(title, fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def write(groups: Iterable[Group], measurements: list[Measurement], directory: Path) -> dict[tuple[str, str], str]:
    """One picture per peer and group, and an overview; returns the file names by peer and group."""
    directory.mkdir(parents=True, exist_ok=True)
    groups = list(groups)
    files = {}
    for peer in dict.fromkeys(each.peer for each in measurements):
        found = by_group(groups, measurements, peer)
        targets = [group.target.aim if group.target and peer == REFERENCE else 1.0 for group, _ in found]
        for (group, mine), aim in zip(found, targets, strict=True):
            name = f"{peer}-{group.name}.png"
            names, ratios = [each.case for each in mine], [each.ratio for each in mine]
            chart(group.title, names, ratios, [aim] * len(mine), peer, directory / name)
            files[peer, group.name] = name
        means = [geometric_mean([each.ratio for each in mine]) for _, mine in found]
        titles = [group.title for group, _ in found]
        chart("Geometric mean of each group", titles, means, targets, peer, directory / f"{peer}-overview.png")
    return files
