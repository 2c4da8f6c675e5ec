"""Peak memory of the fused expressions: what their evaluation holds at once besides the inputs, and NumPy's beside it.

Each expression is evaluated once in a process of its own: corepy's figure is the rise of ``memory_stats()["peak"]``,
its result included; its threads' arenas, which temporaries of all expressions share, come on top. NumPy's figure
is what `tracemalloc` says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peer, progress, report
from benchmarks.case import Case
from benchmarks.groups import fused

ELEMENTS = 8_000_000


@dataclass(frozen=True)
class Peak:
    """Bytes of one expression: of its inputs, of its result, and held at once besides the inputs."""

    case: str
    inputs: int
    result: int
    corepy: int
    arenas: int
    numpy: int


def cases() -> list[Case]:
    """The fused expressions of one dtype and size."""
    return [fused.case(expression, "float64", ELEMENTS) for expression in fused.EXPRESSIONS]


def corepy_peak(case: Case, samples: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """The rise of corepy's peak, and the bytes of the arenas."""
    library = peer.corepy()
    variables = library.variables(case, samples)
    loop = library.loop(case, variables)
    before = library.namespace.memory_stats()
    loop([None])
    after = library.namespace.memory_stats()
    return after["peak"] - before["live"], after["arena"] * library.namespace.get_num_threads()


def numpy_peak(case: Case, samples: Mapping[str, np.ndarray]) -> int:
    """The most that NumPy holds at once, besides the inputs."""
    library = peer.numpy()
    loop = library.loop(case, library.variables(case, samples))
    tracemalloc.start()
    loop([None])
    return tracemalloc.get_traced_memory()[1]


def measure(case: Case) -> Peak:
    """The figures of one expression; for a process that has done nothing else."""
    samples: dict[str, Any] = {name: sample.make(seed) for seed, (name, sample) in enumerate(case.used.items())}
    held = sum(sample.nbytes for sample in samples.values())
    result = 0 if case.traffic is not None and case.traffic.written == 0 else ELEMENTS * 8
    return Peak(case.name, held, result, *corepy_peak(case, samples), numpy_peak(case, samples))


def measure_all() -> list[Peak]:
    """All expressions, each in a process of its own."""
    found = []
    for index in progress.track(range(len(fused.EXPRESSIONS)), "memory"):
        command = [sys.executable, "-m", "benchmarks.memory", str(index)]
        root = Path(__file__).resolve().parent.parent
        child = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
        found.append(Peak(**json.loads(child.stdout)))
    return found


def chapter(peaks: list[Peak]) -> str:
    """The part of the report."""
    header = ["expression", "inputs", "result", "corepy, besides the inputs", "arenas", "NumPy, besides the inputs"]
    rows = [
        [each.case, *(f"{size / 1e6:,.1f} MB" for size in (each.inputs, each.result, each.corepy))]
        + [f"{size / 1e6:,.1f} MB" for size in (each.arenas, each.numpy)]
        for each in peaks
    ]
    return "\n".join(
        ["## Peak memory\n", __doc__.partition("\n\n")[2].replace("``", "`").strip() + "\n", report.table(header, rows)]
    )


def main() -> None:
    """Prints the figures of the expression of that number as JSON."""
    print(json.dumps(vars(measure(cases()[int(sys.argv[1])]))))


if __name__ == "__main__":
    main()
