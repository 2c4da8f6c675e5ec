"""Time per element over the number of elements, from the measurements of the group `scaling`."""

from __future__ import annotations

from pathlib import Path

from matplotlib import pyplot as plt

from benchmarks import report
from benchmarks.groups.scaling import OPERATIONS, SIZES
from benchmarks.measure import Measurement
from benchmarks.plot import save
from benchmarks.sample import count

COLOURS = {"corepy": "#2a788e", "numpy": "#555555", "torch": "#e08214", "jax": "#8e2a6b", "numexpr": "#7a9a01"}
PICTURE = "time-over-size.png"

# Seconds per element by library and size.
Curves = dict[str, dict[int, float]]


def curves(measurements: list[Measurement]) -> dict[str, Curves]:
    """The figures by operation."""
    by_name = {each.case: each for each in measurements if each.group == "scaling"}
    found: dict[str, Curves] = {}
    for name, *_ in OPERATIONS:
        for size in SIZES:
            measurement = by_name.get(f"{name} n={count(size)}")
            if measurement is not None:
                for library, seconds in {"corepy": measurement.corepy, **measurement.peers}.items():
                    found.setdefault(name, {}).setdefault(library, {})[size] = seconds / size
    return found


def plot(found: dict[str, Curves], directory: Path) -> None:
    """One panel per operation, corepy in front."""
    figure, panels = plt.subplots(1, len(found), figsize=(3.1 * len(found), 3.4), layout="constrained", squeeze=False)
    for axes, (name, by_library) in zip(panels[0], found.items(), strict=True):
        for library, points in by_library.items():
            own = library == "corepy"
            axes.plot(
                list(points),
                [seconds * 1e9 for seconds in points.values()],
                color=COLOURS.get(library),
                linewidth=2.2 if own else 1.1,
                marker="o" if own else None,
                markersize=3,
                zorder=3 if own else 2,
                label=library,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlabel("elements")
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("ns per element")
    panels[0][0].legend(fontsize=7)
    save(figure, directory / PICTURE)


def chapter(measurements: list[Measurement], directory: Path) -> str:
    """The part of the report, and its plot; nothing where the group did not run."""
    found = curves(measurements)
    if not found:
        return ""
    plot(found, directory)
    parts = ["## Time per element over size\n", "float64, in nanoseconds per element of corepy.\n"]
    parts.append(f"![Time per element over size]({PICTURE})\n")
    sizes = sorted({size for by_library in found.values() for size in by_library["corepy"]})
    rows = [
        [name, *(f"{by_library['corepy'][size] * 1e9:.3g}" if size in by_library["corepy"] else "" for size in sizes)]
        for name, by_library in found.items()
    ]
    parts.append(report.table(["operation", *map(count, sizes)], rows))
    return "\n".join(parts)
