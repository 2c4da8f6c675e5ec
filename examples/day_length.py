"""The length of the day: how the Moon and the seasons change the rotation of the Earth, from its spectrum.

How much longer than 86,400 s each day was has been measured since 1962; the series of the International Earth Rotation
and Reference Systems Service comes with the package astropy-iers-data. corepy gets it without a copy and computes the
spectrum. Its lines are where the tides are known to be: the Moon moves the water and the rock of the Earth to and from
the equator, and slows and speeds up the rotation as a skater's arms do. What computes uses only names of the Array API
standard, so that NumPy can run the very same code: the example checks that both agree, and compares their times.

    python examples/day_length.py --output day_length.png
"""

import argparse
import math
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import NullFormatter

import corepy as cp

Array: TypeAlias = Any  # A tensor of corepy or an array of NumPy: the same code computes both.
Result = TypeVar("Result")


class Line(NamedTuple):
    """A line that must be the strongest of its part of the spectrum; tides with their symbols. Periods in days."""

    name: str
    period: float
    shortest: float
    longest: float


LINES = [
    Line("Mtm: termensual", 9.13293, 8, 10),
    Line("Mf: ½ tropical month", 13.66079, 5, 100),  # The strongest of all that the Moon makes.
    Line("MSf: ½ synodic\nmonth", 14.76529, 14.2, 20),
    Line("Mm: anomalistic\nmonth", 27.55455, 20, 29),
    Line("MSm: evection", 31.81194, 29, 40),
    Line("½ year", 182.621, 140, 250),
    Line("year", 365.242, 250, 500),
]
MOON = 1  # Its strongest line in `LINES`.
PADDING = 4  # How many times as many frequencies as the series has, for the parabola to find the peak between them.
DEVIATION = 0.1  # Of the resolution: how far a line may be from where it is known to be.
TOLERANCE = 1e-13
SPACING = 1.0  # Days.
COLUMNS = (4, 12)  # The modified Julian date, and the excess in seconds.


def load() -> tuple[Array, Array]:
    """The date in years, and the excess of the day's length over 86,400 s in milliseconds, one for each day."""
    source = files("astropy_iers_data").joinpath("data", "eopc04.1962-now")
    with source.open(encoding="utf-8") as stream:
        date, excess = np.loadtxt(stream, usecols=COLUMNS, unpack=True)
    if not np.all(np.diff(date) == SPACING):
        raise SystemExit("the series has gaps")
    return 2000 + (date - 51544.5) / 365.25, 1000 * excess


def smooth_length(least: int) -> int:
    """The smallest number from `least` on that has no prime factors but 2, 3 and 5: transforms are fast there."""
    best = 1 << max(least - 1, 0).bit_length()
    fives = 1
    while fives < best:
        odd = fives
        while odd < best:
            power = 1 << max(-(-least // odd) - 1, 0).bit_length()
            best = min(best, odd * power)
            odd *= 3
        fives *= 5
    return best


def detrend(xp: ModuleType, x: Array) -> Array:
    """What is left of `x` without its mean and its straight line of least squares."""
    t = xp.linspace(-1, 1, x.shape[0])
    return x - xp.mean(x) - t * (xp.sum(t * x) / xp.sum(t * t))


def hann(xp: ModuleType, count: int) -> Array:
    """Hann's window, periodic: it keeps the slow and strong changes out of the rest of the spectrum."""
    return 0.5 - 0.5 * xp.cos(2 * math.pi / count * xp.arange(count, dtype=xp.float64))


def spectrum(xp: ModuleType, x: Array, spacing: float) -> tuple[Array, Array]:
    """Frequencies, and the amplitude that a sine of each would have in the unit of `x`."""
    count = x.shape[0]
    window = hann(xp, count)
    padded = smooth_length(PADDING * count)
    transform = xp.fft.rfft(detrend(xp, x) * window, n=padded)
    power = xp.square(xp.real(transform)) + xp.square(xp.imag(transform))
    return xp.fft.rfftfreq(padded, d=spacing), 2 * xp.sqrt(power) / xp.sum(window)


def strongest(
    xp: ModuleType, frequencies: Array, amplitudes: Array, shortest: float, longest: float
) -> tuple[float, float]:
    """The period and the amplitude of the highest peak in a range of periods.

    Between the frequencies of the spectrum, the peak is where the parabola through the logarithms of the three highest
    amplitudes has its vertex.
    """
    inner, f = amplitudes[1:-1], frequencies[1:-1]
    peaks = (inner > amplitudes[:-2]) & (inner >= amplitudes[2:]) & (f >= 1 / longest) & (f <= 1 / shortest)
    if not bool(xp.any(peaks)):
        raise SystemExit(f"no peak between {shortest} and {longest} days")
    index = 1 + int(xp.argmax(xp.where(peaks, inner, -1.0)))
    below, middle, above = (math.log(float(amplitudes[place])) for place in (index - 1, index, index + 1))
    vertex = 0.5 * (below - above) / (below - 2 * middle + above)
    step = float(frequencies[1])
    return 1 / ((index + vertex) * step), math.exp(middle - 0.25 * (below - above) * vertex)


def fastest(function: Callable[..., Result], *arguments: object, runs: int = 15) -> tuple[Result, float]:
    """The result, and the seconds of the fastest run: what it takes when nothing else disturbs the machine."""
    best = math.inf
    for _ in range(runs):
        start = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - start)
    return result, best


def check(ours: tuple[Array, ...], theirs: tuple[Array, ...]) -> float:
    """The largest difference between corepy's results and NumPy's; raises if it exceeds the tolerance."""
    difference = max(float(np.max(np.abs(np.asarray(x) - y))) for x, y in zip(ours, theirs, strict=True))
    if not difference <= TOLERANCE:
        raise SystemExit(f"corepy and NumPy differ by {difference:.1e}")
    return difference


def identify(xp: ModuleType, frequencies: Array, amplitudes: Array, resolution: float) -> list[tuple[float, float]]:
    """Period and amplitude of each of `LINES`; raises if one is not where it is known to be."""
    found = []
    for line in LINES:
        period, amplitude = strongest(xp, frequencies, amplitudes, line.shortest, line.longest)
        if not abs(1 / period - 1 / line.period) <= DEVIATION * resolution:
            raise SystemExit(f"{line.period} days were expected, but {period:.4f} days were found")
        found.append((period, amplitude))
    return found


def draw(
    years: Array, excess: Array, frequencies: Array, amplitudes: Array, found: list[tuple[float, float]], path: Path
) -> None:
    """Writes the series, its last months, and the spectrum with its lines."""
    figure = plt.figure(figsize=(12.4, 8.2), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 1.25))
    upper, lower = parts
    series, recent = upper.subplots(1, 2, width_ratios=(2, 1))
    series.plot(years, excess, color="#2b6ca3", linewidth=0.4)
    series.axhline(0, color="#888888", linewidth=0.8)
    series.set_title("Length of the day beyond 86,400 s", fontsize=15, loc="left")
    series.set(xlabel="year", ylabel="excess (ms)", xlim=(years[0], years[-1]))
    days = np.arange(-119, 1)
    recent.plot(days, excess[-len(days) :], color="#2b6ca3", marker=".", markersize=4, linewidth=1)
    recent.set_title("The last 120 days: the Moon's fortnights", fontsize=11, loc="left")
    recent.set(xlabel=f"day (0: the last, in {years[-1]:.1f})", ylabel="excess (ms)", xlim=(days[0], 0))

    axes = lower.subplots()
    longest, shortest = 500, 7
    chosen = (frequencies >= 1 / longest) & (frequencies <= 1 / shortest)
    axes.plot(1 / frequencies[chosen], amplitudes[chosen], color="#2b6ca3", linewidth=0.8)
    for line, (period, amplitude) in zip(LINES, found, strict=True):
        strong = line is LINES[MOON]
        colour = "#c44e52" if strong else "black"
        # In the middle, the text would cross a higher line that is close on the left.
        beside = any(1 < period / other < 1.2 and amplitude < higher for other, higher in found)
        axes.plot(period, amplitude, "o", color=colour, markersize=6 if strong else 3)
        axes.annotate(
            f"{line.name}\n{period:.2f} d",
            (period, amplitude),
            xytext=(-4 if beside else 0, 7),
            textcoords="offset points",
            ha="left" if beside else "center",
            va="bottom",
            fontsize=9.5,
            color=colour,
            weight="bold" if strong else "normal",
        )
    axes.set_title("Spectrum: the Moon's tides, and the winds of the seasons", fontsize=15, loc="left")
    axes.set(xlabel="period (days)", ylabel="amplitude (ms)", xscale="log", xlim=(shortest, longest), ylim=(0, 0.46))
    ticks = [7, 10, 14, 20, 30, 50, 100, 200, 365]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    for each in (series, recent, axes):
        each.grid(alpha=0.25)
        each.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Computes the spectrum with corepy and with NumPy, compares them, and writes the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".png"), help="the picture's path")
    path = parser.parse_args().output

    years, excess = load()
    count = len(excess)
    print(f"{count} days, padded to {smooth_length(PADDING * count)}")

    ours, corepy_seconds = fastest(spectrum, cp, cp.asarray(excess, copy=False), SPACING)
    theirs, numpy_seconds = fastest(spectrum, np, excess, SPACING)
    difference, ratio = check(ours, theirs), numpy_seconds / corepy_seconds
    print(f"corepy and NumPy agree: largest difference {difference:.1e}, tolerance {TOLERANCE:.0e}")
    print(f"corepy {corepy_seconds * 1e3:.2f} ms, NumPy {numpy_seconds * 1e3:.2f} ms, ratio {ratio:.2f}")

    found = identify(cp, *ours, resolution=1 / (count * SPACING))
    print("found (days)  known (days)  amplitude (ms)")
    for line, (period, amplitude) in zip(LINES, found, strict=True):
        print(f"{period:12.4f}{line.period:14.4f}{amplitude:16.3f}  {' '.join(line.name.split())}")
    period, _ = found[MOON]
    print(f"The Moon's strongest line is at {period:.3f} days: a tropical month of {2 * period:.3f} days")
    frequencies, amplitudes = (np.asarray(x) for x in ours)
    draw(years, excess, frequencies, amplitudes, found, path)
    print(f"The picture is in {path.resolve()}")


if __name__ == "__main__":
    main()
