"""The digits: the example runs, agrees with NumPy, and finds the components of points on a line."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
Image = pytest.importorskip("PIL.Image")

import corepy as cp  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "eigendigits.py"


@pytest.fixture(scope="module")
def eigendigits():
    specification = importlib.util.spec_from_file_location("eigendigits", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_runs_and_writes_a_picture(tmp_path):
    path = tmp_path / "digits.png"
    command = [sys.executable, str(SCRIPT), "--output", str(path)]
    # The child finds the corepy that this process has imported, installed or not.
    environment = {**os.environ, "PYTHONPATH": str(Path(cp.__file__).parents[1])}
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert process.returncode == 0, process.stderr
    assert "corepy and NumPy agree" in process.stdout
    assert "accuracy 89.6%: 805 of 898 digits" in process.stdout
    assert str(path) in process.stdout
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 500
    # Components, not an empty page.
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 500


def test_points_on_a_line_have_one_component(eigendigits):
    points = cp.asarray([[-1.0], [0.0], [1.0]]) * cp.asarray([-3.0, 4.0]) + cp.asarray([7.0, 8.0])
    mean, directions, variances = eigendigits.principal_components(cp, points, 1)
    np.testing.assert_allclose(np.asarray(mean), [7, 8])
    np.testing.assert_allclose(np.asarray(directions), [[-0.6, 0.8]], atol=1e-14)
    np.testing.assert_allclose(np.asarray(variances), [25, 0], atol=1e-13)


def test_centroids_are_means_of_their_class(eigendigits):
    scores = cp.asarray([[0.0, 0.0], [2.0, 4.0], [5.0, 5.0]])
    centres = eigendigits.centroids(cp, scores, cp.asarray([0, 0, 1]), 2)
    np.testing.assert_allclose(np.asarray(centres), [[1, 2], [5, 5]])
    far = eigendigits.distances(cp, scores, centres)
    assert np.argmin(np.asarray(far), axis=1).tolist() == [0, 0, 1]


def test_the_digits_are_read_without_a_copy(eigendigits):
    pixels, labels = eigendigits.load()
    assert pixels.shape == (1797, 64)
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert sorted(set(labels.tolist())) == list(range(10))
    view = cp.asarray(pixels, copy=False)
    pixels[0, 0] = 0.5
    assert float(view[0, 0]) == 0.5
