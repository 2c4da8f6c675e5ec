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


def count(expressions: list[str], repeats: int) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Instructions by library and expression, and why some could not be counted."""
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
    return counts, failures


def markdown(counts: dict[str, dict[str, float]], failures: dict[str, str], description: dict[str, object]) -> str:
    """The table."""
    lines = []
    for expression in EXPRESSIONS:
        found = [counts[library].get(expression) for library in LIBRARIES]
        if any(found):
            ratio = f"{found[1] / found[0]:.2f}" if all(found) else ""
            lines.append([expression, *(f"{value:,.0f}" if value else "" for value in found), ratio])
    parts = [
        "# Instructions per call\n",
        __doc__.split("\n\n", 1)[1].strip() + "\n",
        "`a` and `b` have ten float64 elements.\n",
    ]
    parts.append(report.table(["setting", "value"], ([key, str(value)] for key, value in description.items())))
    parts.append(report.table(["expression", *LIBRARIES, "ratio"], lines))
    if failures:
        parts += [
            "## Not counted\n",
            report.table(["expression", "why"], ([what, why] for what, why in failures.items())),
        ]
    return "\n".join(parts)


def main() -> int:
    """Counts and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000, help="evaluations in the shorter of the two runs")
    parser.add_argument("--cases", metavar="REGEX", default="", help="only expressions that match")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/report"), help="directory of the report")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("Not counted: valgrind is not installed (on Debian: apt-get install valgrind).")
        return 0
    chosen = [expression for expression in EXPRESSIONS if re.search(options.cases, expression)]
    counts, failures = count(chosen, options.repeats)
    description = machine.describe(peer.corepy(), [peer.numpy()])
    # The child's, under valgrind, is another one.
    del description["isa"], description["threads"]
    text = markdown(counts, failures, description)
    path = report.write(options.out, "instructions.md", text)
    report.write(
        options.out, "instructions.json", json.dumps({"machine": description, "instructions": counts}, indent=1)
    )
    print(text)
    print(f"Written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
