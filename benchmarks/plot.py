"""Bar charts of the ratios: per group, and of the groups' geometric means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.summary import Side, Summary

REFERENCE = "#2a788e"
OTHER = "#e08214"
TICKS = (0.25, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200)
# Bars that end below or above are cut off there, so that the others can be told apart.
LOWEST, HIGHEST = 0.25, 200.0
DOTS_PER_INCH = 110
# Above the axes, so that it hides nothing.
LEGEND = {"fontsize": 7, "loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 3, "frameon": False}


@dataclass(frozen=True)
class Bars:
    """One ratio per line of a chart, in one colour, with the target as a mark across each bar."""

    label: str
    colour: str
    ratios: list[float | None]
    aims: list[float | None]


def draw(axes: Axes, bars: Bars, offset: float, height: float) -> None:
    """The bars of one side, from 1 to each ratio, with the figure at the end."""
    labelled = False
    for place, (ratio, aim) in enumerate(zip(bars.ratios, bars.aims, strict=True)):
        if ratio is None:
            continue
        end = min(max(ratio, LOWEST), HIGHEST)
        label = None if labelled else bars.label
        labelled = True
        axes.barh(place + offset, end - 1, left=1, color=bars.colour, height=height, label=label)
        axes.annotate(
            f"{ratio:.2f}" if ratio < 20 else f"{ratio:.0f}",
            (end, place + offset),
            xytext=(3 if ratio >= 1 else -3, 0),
            textcoords="offset points",
            ha="left" if ratio >= 1 else "right",
            va="center",
            fontsize=6,
        )
        if aim is not None:
            axes.plot([aim, aim], [place + offset - height / 2, place + offset + height / 2], color="black", lw=1.2)


def chart(title: str, names: list[str], sides: list[Bars], path: Path) -> None:
    """Horizontal bars on a logarithmic scale, one of each side per line."""
    figure, axes = plt.subplots(figsize=(9, 1.4 + 0.15 * (1 + len(sides)) * len(names)), layout="constrained")
    height = 0.8 / len(sides)
    for index, bars in enumerate(sides):
        draw(axes, bars, (index - (len(sides) - 1) / 2) * height, height)
    found = [ratio for bars in sides for ratio in (*bars.ratios, *bars.aims) if ratio is not None]
    left, right = max(LOWEST, min(0.8, *found)) / 1.3, min(HIGHEST, max(2.5, *found)) * 1.3
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    ticks = [tick for tick in TICKS if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("time of the peer / time of corepy (black mark: target)")
    axes.set_title(title, fontsize=11, loc="left")
    axes.legend(**LEGEND)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Writes a picture and forgets the figure."""
    figure.savefig(path, dpi=DOTS_PER_INCH)
    plt.close(figure)


def aim(side: Side | None) -> float | None:
    """Where the mark of a group's geometric mean stands."""
    return None if side is None or side.target is None else side.target.mean or side.target.each


def each(side: Side | None) -> float | None:
    """Where the mark of a row stands."""
    return None if side is None or side.target is None else side.target.each


def group_chart(summary: Summary, path: Path) -> None:
    """All rows of one group."""
    ordered = sorted(summary.measurements, key=lambda row: row.reference or row.other or 0)
    sides = []
    if summary.reference is not None:
        marks = [each(summary.reference)] * len(ordered)
        sides.append(Bars("against NumPy", REFERENCE, [row.reference for row in ordered], marks))
    if summary.other is not None:
        marks = [each(summary.other)] * len(ordered)
        sides.append(Bars("against the best of the others", OTHER, [row.other for row in ordered], marks))
    names = [f"{row.case} ({row.best})" if row.best else row.case for row in ordered]
    chart(summary.group.title, names, sides, path)


def overview(summaries: list[Summary], path: Path) -> None:
    """The geometric mean of each group."""
    sides = []
    for label, colour, found in (
        ("against NumPy", REFERENCE, [summary.reference for summary in summaries]),
        ("against the best of the others", OTHER, [summary.other for summary in summaries]),
    ):
        if any(found):
            means = [None if side is None else side.mean for side in found]
            sides.append(Bars(label, colour, means, [aim(side) for side in found]))
    chart("Geometric mean of each group", [summary.group.title for summary in summaries], sides, path)


def write(summaries: list[Summary], directory: Path) -> dict[str, str]:
    """One picture per group that has a target, and an overview; returns the file names by group."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {}
    summaries = [each for each in summaries if each.group.target is not None and each.sides]
    for summary in summaries:
        files[summary.group.name] = f"{summary.group.name}.png"
        group_chart(summary, directory / files[summary.group.name])
    if summaries:
        files["overview"] = "overview.png"
        overview(summaries, directory / files["overview"])
    return files
