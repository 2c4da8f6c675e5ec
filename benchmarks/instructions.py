"""``python -m benchmarks.instructions``: instructions per call of small operations, counted by valgrind's callgrind.

Counts do not depend on what else the machine does. A child process evaluates an expression N times, another one 2N
times; the difference, divided by N, is one evaluation, and start-up cancels out. The same for an empty loop is taken
off. valgrind offers no AVX-512, so that corepy runs its AVX2 kernels here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, peer, progress, report

LIBRARIES = ("corepy", "numpy")
EXPRESSIONS = (
    "a + b",
    "a + 1",
    "xp.exp(a)",
    "xp.sum(a)",
    "a[3]",
    "a[2:5]",
    "xp.zeros(3)",
    "xp.reshape(a, (2, 5))",
    "xp.asarray(values)",
)
EMPTY = "pass"
# Evaluations in the shorter of the two runs.
REPEATS = 1000

CHILD = """
import sys
sys.path[:0] = {paths!r}
import {library} as xp
values = [float(i) for i in range(10)]
a, b = xp.asarray(values), xp.asarray(values)
def loop(xp, a, b, values, repeats):
    for _ in range(repeats):
        {expression}
# Pools, caches and the interpreter's specialised instructions are warm before the count that remains.
loop(xp, a, b, values, 200)
loop(xp, a, b, values, {repeats})
"""


def paths() -> list[str]:
    """Where the child finds the libraries; it runs without `site`, which would only slow it down."""
    return [str(Path(__file__).resolve().parent.parent), sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]


def run(library: str, expression: str, repeats: int, *under: str) -> str:
    """What a child process writes to standard error."""
    source = CHILD.format(paths=paths(), library=library, expression=expression, repeats=repeats)
    process = subprocess.run(
        [*under, sys.executable, "-S", "-c", source],
        capture_output=True,
        text=True,
        # With a hash seed of its own, each process would have other collisions in its dictionaries.
        env={**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
    )
    if process.returncode:
        raise RuntimeError(process.stderr.strip().splitlines()[-1])
    return process.stderr


def total(library: str, expression: str, repeats: int) -> int:
    """Instructions of a whole child process."""
    with tempfile.TemporaryDirectory() as directory:
        errors = run(
            library, expression, repeats, "valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out"
        )
    return int(re.search(r"Collected : (\d+)", errors).group(1))


def per_call(library: str, expression: str, repeats: int) -> float:
    """Instructions of one evaluation, the loop around it included."""
    # Fails early where the expression does; and the first import may write byte code, which would count.
    run(library, expression, 1)
    return (total(library, expression, 2 * repeats) - total(library, expression, repeats)) / repeats


@dataclass(frozen=True)
class Counts:
    """Instructions by library and expression, and why some could not be counted."""

    by_library: dict[str, dict[str, float]]
    failures: dict[str, str]


def count(expressions: list[str], repeats: int = REPEATS) -> Counts:
    """Counts them all; nothing where valgrind is missing."""
    if shutil.which("valgrind") is None:
        return Counts({library: {} for library in LIBRARIES}, {"all": "valgrind is not installed"})
    work = [(library, expression) for library in LIBRARIES for expression in (EMPTY, *expressions)]
    counts: dict[str, dict[str, float]] = {library: {} for library in LIBRARIES}
    failures = {}
    for library, expression in progress.track(work, "instructions"):
        try:
            counts[library][expression] = per_call(library, expression, repeats)
        except RuntimeError as error:
            failures[f"{library}: {expression}"] = str(error)
    for by_expression in counts.values():
        empty = by_expression.pop(EMPTY, 0.0)
        for expression in by_expression:
            by_expression[expression] -= empty
    return Counts(counts, failures)


def chapter(counts: Counts, title: str = "## Instructions per call") -> str:
    """The table, and how it came about."""
    lines = []
    for expression in EXPRESSIONS:
        found = [counts.by_library[library].get(expression) for library in LIBRARIES]
        own, numpy = found
        if any(found):
            ratio = f"{numpy / own:.2f}" if own and numpy else ""
            lines.append([f"`{expression}`", *(f"{value:,.0f}" if value else "" for value in found), ratio])
    parts = [f"{title}\n", __doc__.split("\n\n", 1)[1].strip() + "\n"]
    parts.append("`a` and `b` have ten float64 elements, `values` is a list of ten.\n")
    parts.append(report.table(["expression", *LIBRARIES, "ratio"], lines))
    if counts.failures:
        parts.append("Not counted:\n")
        parts.append(report.table(["expression", "why"], ([what, why] for what, why in counts.failures.items())))
    return "\n".join(parts)


def main() -> int:
    """Counts and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=REPEATS, help="evaluations in the shorter of the two runs")
    parser.add_argument("--cases", metavar="REGEX", default="", help="only expressions that match")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/report"), help="directory of the report")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("Not counted: valgrind is not installed (on Debian: apt-get install valgrind).")
        return 0
    counts = count([expression for expression in EXPRESSIONS if re.search(options.cases, expression)], options.repeats)
    description = machine.describe(peer.corepy(), [peer.numpy()])
    # The child's, under valgrind, is another one.
    del description["isa"], description["threads"]
    settings = report.table(["setting", "value"], ([key, str(value)] for key, value in description.items()))
    text = f"{chapter(counts, '# Instructions per call')}\n{settings}"
    path = report.write(options.out, "instructions.md", text)
    data = json.dumps({"machine": description, "instructions": counts.by_library}, indent=1)
    report.write(options.out, "instructions.json", data)
    print(text)
    print(f"Written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
