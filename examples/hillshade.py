"""Hillshading: the relief of the Jacksboro fault, Tennessee, from a digital elevation model.

The elevations come with matplotlib's sample data. corepy gets them without a copy, computes slope, aspect,
illumination and colours, and hands the picture back without a copy. What computes uses only names of the Array API
standard, so that NumPy can run the very same code: the example checks that both agree, and compares their times.

    python examples/hillshade.py --output hillshade.png
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.cbook import get_sample_data
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize

import corepy as cp

Array: TypeAlias = Any  # A tensor of corepy or an array of NumPy: the same code computes both.
Result = TypeVar("Result")

METRES_PER_DEGREE = 111_195  # Of latitude, on a sphere of 6,371 km.
AZIMUTH, ALTITUDE = math.radians(315), math.radians(45)  # The light comes from the north-west, as on maps.
AZIMUTHS = [math.radians(degrees) for degrees in (225, 270, 315, 360)]
# Colours from the lowest elevation to the highest: red, green, blue in [0, 1], evenly spaced.
COLOURS = [
    (0.42, 0.58, 0.42),
    (0.68, 0.75, 0.50),
    (0.91, 0.85, 0.62),
    (0.80, 0.64, 0.46),
    (0.66, 0.51, 0.43),
    (0.95, 0.93, 0.91),
]
TOLERANCE = 1e-12


def load() -> tuple[Array, Array, float]:
    """The elevations in metres (rows from north to south), and the cells' width (one per row) and height in metres."""
    model: Any = get_sample_data("jacksboro_fault_dem.npz")
    with model:
        elevation, dx, dy = model["elevation"], float(model["dx"]), float(model["dy"])
        north = max(float(model["ymin"]), float(model["ymax"]))
    latitudes = np.radians(north - dy * (np.arange(elevation.shape[0]) + 0.5))
    return elevation, METRES_PER_DEGREE * dx * np.cos(latitudes)[:, np.newaxis], METRES_PER_DEGREE * dy


def gradient(z: Array, width: Array, height: float) -> tuple[Array, Array]:
    """Rise per metre eastwards and northwards, at all cells but the outermost (Horn's weighted central differences)."""
    west = z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2]
    east = z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]
    north = z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]
    south = z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:]
    return (east - west) / (8 * width[1:-1, :]), (north - south) / (8 * height)


def steepness(xp: ModuleType, eastwards: Array, northwards: Array) -> tuple[Array, Array]:
    """Slope, and aspect: the compass direction in which the ground falls. Both in radians."""
    return xp.atan(xp.hypot(eastwards, northwards)), xp.atan2(-eastwards, -northwards) % (2 * math.pi)


def illuminate(xp: ModuleType, slope: Array, aspect: Array, azimuth: float, altitude: float) -> Array:
    """The cosine of the angle between the ground's normal and the light, 0 where it faces away (Lambert's law)."""
    shade = math.sin(altitude) * xp.cos(slope) + math.cos(altitude) * xp.sin(slope) * xp.cos(azimuth - aspect)
    return xp.maximum(shade, 0)


def illuminate_from_all_sides(xp: ModuleType, slope: Array, aspect: Array, altitude: float) -> Array:
    """Light from four directions, each weighted by how far the ground turns its side to it; the weights add up to 2."""
    total = xp.zeros_like(slope)
    for azimuth in AZIMUTHS:
        total += xp.square(xp.sin(aspect - azimuth)) * illuminate(xp, slope, aspect, azimuth, altitude)
    return total / 2


def stretch(xp: ModuleType, x: Array) -> Array:
    """Maps two standard deviations around the mean to [0, 1], and clips the rest."""
    mean = xp.mean(x)
    deviation = xp.sqrt(xp.mean(xp.square(x - mean)))
    return xp.clip((x - mean) / (4 * deviation) + 0.5, 0, 1)


def colour(xp: ModuleType, z: Array, shade: Array) -> Array:
    """Red, green and blue in [0, 255] from the elevation's place in `COLOURS`, darkened by the shade."""
    low, high = xp.min(z), xp.max(z)
    place = ((z - low) / (high - low) * (len(COLOURS) - 1))[:, :, None]
    colours = xp.asarray(COLOURS)
    rgb = colours[0, :]
    for index in range(len(COLOURS) - 1):
        rgb = rgb + xp.clip(place - index, 0, 1) * (colours[index + 1, :] - colours[index, :])
    bright = rgb * (0.4 + 0.8 * shade)[:, :, None]
    return xp.astype(xp.round(255 * xp.clip(bright, 0, 1)), xp.uint8)


def relief(xp: ModuleType, elevation: Array, width: Array, height: float) -> tuple[Array, Array, Array, Array]:
    """Slope, aspect and shade of each inner cell, and the picture."""
    z = xp.astype(elevation, xp.float64)
    slope, aspect = steepness(xp, *gradient(z, width, height))
    one_sided = illuminate(xp, slope, aspect, AZIMUTH, ALTITUDE)
    all_sided = illuminate_from_all_sides(xp, slope, aspect, ALTITUDE)
    shade = stretch(xp, 0.6 * one_sided + 0.4 * all_sided)
    return slope, aspect, shade, colour(xp, z[1:-1, 1:-1], shade)


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
    *floats, picture = zip(ours, theirs, strict=True)
    difference = max(float(np.max(np.abs(np.asarray(x) - y))) for x, y in floats)
    # A last bit may tip a colour over to the next of the 256 levels.
    levels = int(np.max(np.abs(np.asarray(picture[0]).astype(int) - picture[1])))
    if not (difference <= TOLERANCE and levels <= 1):
        raise SystemExit(f"corepy and NumPy differ by {difference:.1e} and by {levels} colour levels")
    return difference


def draw(
    elevation: Array, width: Array, height: float, slope: Array, aspect: Array, picture: Array, path: Path
) -> None:
    """Writes the relief with its scales, and slope and aspect beside it."""
    rows, columns = slope.shape
    extent = (0, columns * float(np.mean(width)) / 1000, 0, rows * height / 1000)
    figure = plt.figure(figsize=(12.4, 7.8), layout="constrained")
    parts: Any = figure.subfigures(1, 2, width_ratios=(2.45, 1))
    large, small = parts
    axes = large.subplots()
    axes.imshow(np.asarray(picture), extent=extent, interpolation="bicubic")
    axes.set_title("Relief of the Jacksboro fault, Tennessee", fontsize=15, loc="left")
    palette = LinearSegmentedColormap.from_list("elevation", COLOURS)
    scale = Normalize(int(elevation.min()), int(elevation.max()))
    large.colorbar(ScalarMappable(scale, palette), ax=axes, label="elevation (m)", shrink=0.7, pad=0.02)
    axes.plot([1, 6], [1, 1], color="black", linewidth=4, solid_capstyle="butt")
    paper = {"facecolor": "white", "alpha": 0.6, "linewidth": 0, "pad": 1}
    axes.text(3.5, 1.3, "5 km", ha="center", va="bottom", fontsize=11, bbox=paper)
    maps = (("slope (°)", slope, "magma", 45), ("aspect (° from north)", aspect, "twilight", 360))
    for panel, (title, values, colours, highest) in zip(small.subplots(2, 1), maps, strict=True):
        image = panel.imshow(np.degrees(np.asarray(values)), extent=extent, cmap=colours, vmin=0, vmax=highest)
        panel.set_title(title, fontsize=11, loc="left")
        small.colorbar(image, ax=panel, shrink=0.8, pad=0.02)
    for each in figure.axes:
        if each.get_images():
            each.set_xticks([])
            each.set_yticks([])
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Computes the relief with corepy and with NumPy, compares them, and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".png"), help="the picture's path")
    path = parser.parse_args().output

    elevation, width, height = load()
    z, w = cp.asarray(elevation, copy=False), cp.asarray(width, copy=False)
    print(f"{elevation.shape[0]}×{elevation.shape[1]} cells of {float(np.mean(width)):.1f} m × {height:.1f} m")

    ours, corepy_seconds = fastest(relief, cp, z, w, height)
    theirs, numpy_seconds = fastest(relief, np, elevation, width, height)
    difference, ratio = check(ours, theirs), numpy_seconds / corepy_seconds
    print(f"corepy and NumPy agree: largest difference {difference:.1e}, tolerance {TOLERANCE:.0e}")
    print(f"corepy {corepy_seconds * 1e3:.2f} ms, NumPy {numpy_seconds * 1e3:.2f} ms, ratio {ratio:.2f}")

    slope, aspect, _, picture = ours
    draw(elevation, width, height, slope, aspect, picture, path)
    print(f"The picture is in {path.resolve()}")


if __name__ == "__main__":
    main()
