"""The example of the length of the day: it runs, agrees with NumPy, and finds the periods that are there."""

import importlib.util
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("astropy_iers_data")
Image = pytest.importorskip("PIL.Image")

import corepy as cp  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "day_length.py"
TROPICAL_MONTH = 27.321582  # Days.


@pytest.fixture(scope="module")
def day_length():
    specification = importlib.util.spec_from_file_location("day_length", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_runs_finds_the_month_and_writes_a_picture(tmp_path):
    path = tmp_path / "spectrum.png"
    command = [sys.executable, str(SCRIPT), "--output", str(path)]
    # The child finds the corepy that this process has imported, installed or not.
    environment = {**os.environ, "PYTHONPATH": str(Path(cp.__file__).parents[1])}
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert process.returncode == 0, process.stderr
    assert "corepy and NumPy agree" in process.stdout
    assert str(path) in process.stdout
    month = float(re.search(r"a tropical month of ([\d.]+) days", process.stdout).group(1))
    assert month == pytest.approx(TROPICAL_MONTH, abs=0.005)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 500
    # Lines and text, not an empty page.
    assert np.mean(np.any(pixels != 255, axis=2)) > 0.02


@pytest.mark.parametrize("spacing", [1.0, 0.25])
@pytest.mark.parametrize("period", [7.3, 50.0, 311.7])
def test_a_sine_under_a_trend_is_found_with_its_amplitude(day_length, period, spacing):
    days = spacing * np.arange(5000)
    noise = np.random.default_rng(1).normal(scale=0.2, size=days.size)
    x = cp.asarray(3 + 0.01 * days + 1.5 * np.sin(2 * math.pi * days / period + 0.4) + noise)
    frequencies, amplitudes = day_length.spectrum(cp, x, spacing)
    found, amplitude = day_length.strongest(cp, frequencies, amplitudes, 2.0, 600.0)
    resolution = 1 / (days.size * spacing)
    assert abs(1 / found - 1 / period) < 0.02 * resolution
    assert amplitude == pytest.approx(1.5, rel=0.02)


def test_a_period_elsewhere_is_refused(day_length):
    days = np.arange(9000.0)
    x = cp.asarray(np.sin(2 * math.pi * days / 8.5))
    with pytest.raises(SystemExit, match="were expected, but 8.5000 days were found"):
        day_length.identify(cp, *day_length.spectrum(cp, x, 1.0), 1 / days.size)


def test_a_range_without_a_peak_is_refused(day_length):
    frequencies = cp.linspace(0, 0.5, 101)
    with pytest.raises(SystemExit, match="no peak between 5.0 and 100.0 days"):
        day_length.strongest(cp, frequencies, cp.exp(-frequencies), 5.0, 100.0)


def test_a_line_is_taken_away_whole(day_length):
    x = cp.linspace(-40.0, 1000.0, 501)
    np.testing.assert_allclose(np.asarray(day_length.detrend(cp, x)), 0, atol=1e-11)


def test_the_window_is_numpys_without_its_last_point(day_length):
    np.testing.assert_allclose(np.asarray(day_length.hann(cp, 24)), np.hanning(25)[:-1], atol=1e-15)


def test_the_smooth_length_is_the_smallest(day_length):
    def smooth(n):
        for prime in (2, 3, 5):
            while n % prime == 0:
                n //= prime
        return n == 1

    expected = 1
    for least in range(1, 3000):
        while expected < least or not smooth(expected):
            expected += 1
        assert day_length.smooth_length(least) == expected


def test_the_series_is_handed_over_without_a_copy(day_length):
    _, excess = day_length.load()
    x = cp.asarray(excess, copy=False)
    excess[0] = 12.5
    assert float(x[0]) == 12.5
