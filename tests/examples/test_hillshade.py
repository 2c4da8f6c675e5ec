"""The demo: it runs, agrees with NumPy, and knows the relief of a plane."""

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

import corepy as cp  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "hillshade.py"


@pytest.fixture(scope="module")
def hillshade():
    specification = importlib.util.spec_from_file_location("hillshade", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_runs_and_writes_a_picture(tmp_path):
    path = tmp_path / "relief.png"
    command = [sys.executable, str(SCRIPT), "--output", str(path)]
    # The child finds the corepy that this process has imported, installed or not.
    environment = {**os.environ, "PYTHONPATH": str(Path(cp.__file__).parents[1])}
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert process.returncode == 0, process.stderr
    assert "corepy and NumPy agree" in process.stdout
    assert str(path) in process.stdout
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 500
    # A relief, not an empty page.
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000


@pytest.mark.parametrize(
    ("east", "north", "aspect"),
    [(-1.0, 0.0, 90), (1.0, 0.0, 270), (0.0, -1.0, 0), (0.0, 1.0, 180), (1.0, -1.0, 315)],
)
def test_slope_and_aspect_of_a_plane(hillshade, east, north, aspect):
    rows, columns = np.mgrid[:6, :7]
    # Rows run southwards; cells are 20 m wide and 10 m high.
    z = cp.asarray(east * 20.0 * columns - north * 10.0 * rows)
    width = cp.full((6, 1), 20.0)
    eastwards, northwards = hillshade.gradient(z, width, 10.0)
    assert eastwards.shape == (4, 5)
    np.testing.assert_allclose(np.asarray(eastwards), east, atol=1e-14)
    np.testing.assert_allclose(np.asarray(northwards), north, atol=1e-14)
    slope, found = hillshade.steepness(cp, eastwards, northwards)
    np.testing.assert_allclose(np.asarray(slope), math.atan(math.hypot(east, north)), rtol=1e-14)
    turns = (np.degrees(np.asarray(found)) - aspect) / 360
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-14)


def test_ground_facing_the_light_is_brightest(hillshade):
    altitude, azimuth = math.radians(45), math.radians(315)
    slope = cp.full((3,), math.radians(45))
    aspect = cp.asarray([azimuth, azimuth + math.pi / 2, azimuth + math.pi])
    shade = np.asarray(hillshade.illuminate(cp, slope, aspect, azimuth, altitude))
    np.testing.assert_allclose(shade, [1, 0.5, 0], atol=1e-15)


def test_flat_ground_gets_the_light_of_its_altitude_from_all_sides(hillshade):
    slope, aspect = cp.zeros(5), cp.linspace(0, 6, 5)
    shade = hillshade.illuminate_from_all_sides(cp, slope, aspect, math.radians(30))
    np.testing.assert_allclose(np.asarray(shade), 0.5, rtol=1e-14)


def test_the_stretch_maps_two_deviations_to_the_unit_interval(hillshade):
    values = cp.asarray([-1.0, 1.0, -1.0, 1.0])
    np.testing.assert_allclose(np.asarray(hillshade.stretch(cp, values)), [0.25, 0.75, 0.25, 0.75])
    outlier = cp.asarray([0.0] * 99 + [1e6])
    assert float(hillshade.stretch(cp, outlier)[99]) == 1.0


def test_elevations_are_handed_over_without_a_copy(hillshade):
    elevation, _, _ = hillshade.load()
    before = int(elevation[0, 0])
    z = cp.asarray(elevation, copy=False)
    elevation[0, 0] += 1
    assert int(z[0, 0]) == before + 1
