"""The cycle of the Sun: the periodogram of the yearly sunspot numbers from 1700 to 2008.

The numbers come with statsmodels, as a table of which only the file is read. A line is fitted and subtracted, the ends
are tapered, and `fft.rfft` gives the power of each period; the strongest must be the cycle of about 11 years that
Schwabe found. What computes uses only names of the Array API standard, so that NumPy can run the very same code: the
example checks that both agree.

    python examples/sunspots.py --output sunspots.png
"""

import argparse
import csv
import math
from importlib import metadata
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt

import corepy as cp

SCHWABE = 11.0  # Years, on average over the cycles since 1755.
BROADEST = 0.4  # Years that the strongest period may lie off.
PERIODS = (2.5, 40)  # Years; beyond, what the fitted line left.
FINER = 32  # Times as many frequencies as numbers: zeros appended, so that peaks lie on the grid.
TOLERANCE = 1e-12


def load():
    """The years and their sunspot numbers."""
    path = metadata.distribution("statsmodels").locate_file("statsmodels/datasets/sunspots/sunspots.csv")
    with open(str(path), newline="", encoding="utf-8") as file:
        rows = [(float(row["YEAR"]), float(row["SUNACTIVITY"])) for row in csv.DictReader(file)]
    return np.array(rows).T.copy()


def detrend(xp, x):
    """`x` without the line that fits it best."""
    place = xp.arange(x.shape[0], dtype=xp.float64)
    place = place - xp.mean(place)
    return x - xp.mean(x) - place * (xp.sum(place * x) / xp.sum(xp.square(place)))


def window(xp, n):
    """Hann's window of `n` points: 0 beyond either end, 1 in the middle."""
    return xp.square(xp.sin(math.pi * (xp.arange(n, dtype=xp.float64) + 0.5) / n))


def periodogram(xp, x):
    """Frequencies in cycles per year, and the power at each: the squared amplitude of such an oscillation."""
    n = x.shape[0]
    taper = window(xp, n)
    spectrum = xp.fft.rfft(detrend(xp, x) * taper, n=FINER * n)
    amplitude = 2 * xp.abs(spectrum) / xp.sum(taper)
    return xp.fft.rfftfreq(FINER * n, d=1.0), xp.square(amplitude)


def peaks(frequencies, power, count):
    """The periods of the highest local maxima, with their power, the highest first."""
    found = []
    for index in range(1, len(power) - 1):
        if power[index - 1] < power[index] >= power[index + 1]:
            period = 1 / frequencies[index]
            if PERIODS[0] <= period <= PERIODS[1]:
                found.append((float(power[index]), float(period)))
    return [(period, height) for height, period in sorted(found, reverse=True)[:count]]


def check(ours, theirs):
    """The largest difference between corepy's and NumPy's periodogram, in units of the highest power; raises if large."""
    difference = max(float(np.max(np.abs(np.asarray(x) - y)) / np.max(y)) for x, y in zip(ours, theirs, strict=True))
    if not difference <= TOLERANCE:
        raise SystemExit(f"corepy and NumPy differ by {difference:.1e}")
    return difference


def draw(years, numbers, frequencies, power, found, path):
    """Writes the numbers, and below them their periodogram."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(10, 7.5), layout="constrained")
    above.fill_between(years, numbers, color="#e0902f", alpha=0.35, linewidth=0)
    above.plot(years, numbers, color="#b5651d", linewidth=1)
    above.set(xlim=(years[0], years[-1]), ylim=(0, None), xlabel="year", ylabel="sunspot number")
    above.set_title("Sunspots since 1700", loc="left", fontsize=14)
    shown = (frequencies >= 1 / PERIODS[1]) & (frequencies <= 1 / PERIODS[0])
    below.plot(1 / frequencies[shown], power[shown], color="#1f4e79", linewidth=1.5)
    below.set_xscale("log")
    ticks = [3, 4, 5, 7, 9, 11, 15, 20, 30, 40]
    below.set_xticks(ticks, [str(tick) for tick in ticks])
    below.minorticks_off()
    below.set(xlim=PERIODS, ylim=(0, 1.15 * found[0][1]), xlabel="period (years)", ylabel="power (squared amplitude)")
    below.set_title("Periodogram", loc="left", fontsize=14)
    below.axvline(SCHWABE, color="grey", linewidth=1, linestyle=":", zorder=0)
    period, height = found[0]
    below.annotate(
        f"{period:.2f} years",
        (period, height),
        xytext=(12, 4),
        textcoords="offset points",
        fontsize=12,
        color="#1f4e79",
    )
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main():
    """Computes the periodogram with corepy and with NumPy, compares them, and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".png"), help="the picture's path")
    path = parser.parse_args().output

    years, numbers = load()
    print(f"{len(years)} sunspot numbers, {years[0]:.0f} to {years[-1]:.0f}")
    ours = periodogram(cp, cp.asarray(numbers, copy=False))
    difference = check(ours, periodogram(np, numbers))
    print(f"corepy and NumPy agree: largest difference {difference:.1e}, tolerance {TOLERANCE:.0e}")

    frequencies, power = (np.asarray(x) for x in ours)
    found = peaks(frequencies, power, 3)
    for period, height in found:
        print(f"period {period:5.2f} years, amplitude {math.sqrt(height):4.1f}")
    error = abs(found[0][0] - SCHWABE)
    if error > BROADEST:
        raise SystemExit(f"the strongest period is {found[0][0]:.2f} years, not about {SCHWABE}")
    print(f"The strongest is Schwabe's cycle of {SCHWABE} years, to {error:.2f} years")
    draw(years, numbers, frequencies, power, found, path)
    print(f"The picture is in {path.resolve()}")


if __name__ == "__main__":
    main()
