"""Nothing reachable from Python crashes the process: random calls of everything public."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import corepy as cp
from support.effort import EFFORT

FUZZER = Path(__file__).with_name("fuzz.py")
# A minute in all.
SECONDS = 30 * EFFORT


@pytest.mark.skipif(sys.platform == "win32", reason="the address space cannot be limited here")
@pytest.mark.parametrize("part", range(2))
def test_random_calls_return_or_raise(part, tmp_path):
    """Values or ordinary exceptions; no crash, hang, panic or internal error. COREPY_TEST_EXAMPLES lengthens it."""
    seed = part if "CI" in os.environ else random.SystemRandom().randrange(1 << 32)
    log = tmp_path / "call"
    path = os.pathsep.join([str(Path(cp.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, str(FUZZER), str(seed), str(SECONDS), str(log)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
    )
    last = log.read_text() if log.exists() else "before the first call"
    assert done.returncode == 0, f"exit status {done.returncode}; last {last}{done.stdout[-6000:]}{done.stderr[-6000:]}"
    assert "panicked" not in done.stderr, done.stderr[-6000:]
