"""The example: it runs, agrees with NumPy, and finds oscillations that are known."""

import importlib.util
import math
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")

import corepy as cp  # noqa: E402

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "sunspots.py"


@pytest.fixture(scope="module")
def sunspots():
    specification = importlib.util.spec_from_file_location("sunspots", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_runs_and_writes_a_picture(tmp_path):
    path = tmp_path / "cycle.png"
    command = [sys.executable, str(SCRIPT), "--output", str(path)]
    # The child finds the corepy that this process has imported, installed or not.
    environment = {**os.environ, "PYTHONPATH": str(Path(cp.__file__).parents[1])}
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert process.returncode == 0, process.stderr
    assert "corepy and NumPy agree" in process.stdout
    assert "Schwabe's cycle" in process.stdout
    assert str(path) in process.stdout
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 500
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_the_numbers_are_there(sunspots):
    assert metadata.version("statsmodels")
    years, numbers = sunspots.load()
    assert years[0] == 1700
    assert np.array_equal(np.diff(years), np.ones(len(years) - 1))
    assert numbers.min() >= 0


def test_a_line_leaves_nothing(sunspots):
    line = cp.asarray(3.0 - 0.25 * np.arange(100))
    np.testing.assert_allclose(np.asarray(sunspots.detrend(cp, line)), 0, atol=1e-12)


@pytest.mark.parametrize("period", (4.0, 9.3, 11.0, 25.0))
def test_an_oscillation_has_its_period_and_power(sunspots, period):
    place = np.arange(300.0)
    x = cp.asarray(5 + 0.02 * place + 3 * np.sin(2 * math.pi * place / period + 1))
    frequencies, power = (np.asarray(values) for values in sunspots.periodogram(cp, x))
    (found, height), *_ = sunspots.peaks(frequencies, power, 3)
    assert found == pytest.approx(period, rel=0.01)
    assert height == pytest.approx(9, rel=0.05)
