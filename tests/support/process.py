"""New processes, threads of this one, and its memory."""

import functools
import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import corepy as cp


def python(code, timeout=120, **environment):
    """Runs code in a new process; what it prints last, as JSON, and what it writes to the standard error."""
    path = os.pathsep.join([str(Path(cp.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", "import corepy as cp, json, sys\n" + code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@functools.cache
def digests_under(file, **environment):
    """What the function `digests` of a file of tests gives in a new process."""
    code = f"import numpy, runpy; numpy.seterr(all='ignore'); values = runpy.run_path({file!r})['digests']()"
    value, _ = python(f"{code}; print(json.dumps(values))", timeout=600, **environment)
    return value


def live():
    """Bytes held by tensors, none of them garbage."""
    gc.collect()
    return cp.memory_stats()["live"]


def in_threads(count, work):
    """Runs `work(number)` in as many Python threads at once; raises what any of them raised."""
    errors = []
    barrier = threading.Barrier(count)

    def run(number):
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert not any(worker.is_alive() for worker in workers), "deadlock"
    if errors:
        raise errors[0]
