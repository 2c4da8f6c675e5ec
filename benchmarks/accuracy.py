"""``python -m benchmarks.accuracy``: the largest error of every floating-point function, in ULP, per instruction set.

float32: arguments spread evenly over all bit patterns (all of them with ``--exhaustive``), against NumPy's float64
functions, which are off by less than 1e-8 ULP of float32. float64: random arguments from several regimes, against
NumPy's long double functions, which have at least 11 bits more. In both, the worst arguments found are computed again
with mpmath, and what is reported is the error that mpmath confirms. Special cases that differ (NaN, infinity, the sign
of zero) are counted apart.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import corepy as cp
from benchmarks import machine, peer, progress, report, ulp

CHUNK = 1 << 20
SAMPLE32 = 1 << 22
CONFIRMED = 12
ALL32 = 1 << 32


def functions() -> list[dict]:
    """The rows of the registry that compute in floating point and round."""
    rows = cp._core.registry()
    return [row for row in rows if row["accuracy"] != "Exact." and row["computes"].get("float64") == "float64"]


def patterns32(arity: int, exhaustive: bool) -> Iterator[tuple[np.ndarray, ...]]:
    """float32 arguments, in chunks: bit patterns at an even stride, or for two arguments at random."""
    if arity == 1:
        # An odd stride visits every exponent with all sorts of mantissas.
        stride = 1 if exhaustive else ALL32 // SAMPLE32 + 1
        for start in range(0, ALL32, CHUNK * stride):
            bits = np.arange(start, min(start + CHUNK * stride, ALL32), stride, dtype=np.uint64).astype(np.uint32)
            yield (bits.view(np.float32),)
        return
    generator = np.random.default_rng(1)
    for _ in range(SAMPLE32 // CHUNK):
        yield tuple(generator.integers(0, ALL32, CHUNK, dtype=np.uint32).view(np.float32) for _ in range(arity))
        yield tuple(x.astype(np.float32) for x in ordinary(generator, arity, CHUNK))


def ordinary(generator: np.random.Generator, arity: int, points: int) -> tuple[np.ndarray, ...]:
    """Arguments of everyday size, from 1e-6 to 1e3 on a logarithmic scale, of both signs."""
    shape = (arity, points)
    return tuple(10 ** generator.uniform(-6, 3, shape) * generator.choice([-1.0, 1.0], shape))


def special_points() -> np.ndarray:
    """Where functions change over: domain ends, multiples of pi/2, overflow and underflow thresholds."""
    ends = [
        0.5,
        1,
        2,
        math.e,
        math.log(2),
        math.log(2) / 2,
        math.sqrt(2),
        math.sqrt(0.5),
        709.782712893384,
        745.1332191019412,
        22.0,
        36.7,
    ]
    quarters = np.arange(1, 2000) * (math.pi / 2)
    far = np.array([2.0**k * math.pi for k in range(11, 60)])
    return np.concatenate([ends, quarters, far])


def regimes64(arity: int, points: int) -> Iterator[tuple[np.ndarray, ...]]:
    """float64 arguments: all bit patterns, everyday sizes, around special points, and tiny."""
    generator = np.random.default_rng(2)
    yield tuple(generator.integers(0, 1 << 64, points, dtype=np.uint64).view(np.float64) for _ in range(arity))
    yield ordinary(generator, arity, points)
    yield tuple(generator.uniform(-30, 30, points) for _ in range(arity))
    yield tuple(generator.uniform(0.5, 2, points) for _ in range(arity))
    near = generator.choice(special_points(), (arity, points)) * generator.choice([-1.0, 1.0], (arity, points))
    yield tuple(near * (1 + generator.uniform(-1, 1, near.shape) * 2.0 ** -generator.integers(10, 53, near.shape)))
    yield tuple(
        generator.uniform(-1, 1, (arity, points))
        * 2.0 ** -generator.integers(1000, 1074, (arity, points)).astype(float)
    )
    if arity == 2:
        # Powers with a finite result, and pairs that nearly cancel.
        x = 2 ** generator.uniform(-1000, 1000, points)
        yield x, generator.uniform(-700, 700, points) / np.log(x)
        yield x, x * (1 + generator.uniform(-1, 1, points) * 2.0**-20)


class Worst:
    """The largest errors of one function in one dtype, and where they are."""

    def __init__(self, name: str, dtype: str) -> None:
        self.name = name
        self.dtype = dtype
        self.points: list[tuple[float, tuple[float, ...], float]] = []
        self.differing = 0
        self.example = ""

    def add(
        self, arguments: tuple[np.ndarray, ...], actual: np.ndarray, reference: np.ndarray, errors: np.ndarray
    ) -> None:
        """Takes in a chunk."""
        differing = np.flatnonzero(np.isinf(errors))
        if differing.size and not self.example:
            first = differing[0]
            shown = ", ".join(repr(float(x[first])) for x in arguments)
            self.example = f"{self.name}({shown}) = {actual[first]!s}, not {reference[first]!s}"
        self.differing += differing.size
        errors[differing] = 0
        kept = min(CONFIRMED, errors.size)
        for index in np.argpartition(errors, -kept)[-kept:]:
            self.points.append((float(errors[index]), tuple(float(x[index]) for x in arguments), float(actual[index])))
        self.points = sorted(self.points, reverse=True)[:CONFIRMED]

    def result(self) -> dict:
        """The error that mpmath confirms, and its arguments."""
        error, arguments = 0.0, self.points[0][1]
        for _, candidate, actual in self.points:
            confirmed = ulp.exact_error(self.name, candidate, actual, self.dtype)
            if confirmed > error:
                error, arguments = confirmed, candidate
        return {
            "name": self.name,
            "dtype": self.dtype,
            "error": error,
            "measured": self.points[0][0],
            "arguments": [value.hex() for value in arguments],
            "differing": self.differing,
            "example": self.example,
        }


def examine(row: dict, dtype: str, options: argparse.Namespace) -> dict:
    """The errors of one function in one dtype on the instruction set of this process."""
    name, arity = row["name"], row["arity"]
    function, reference_function = getattr(cp, name), getattr(np, name)
    single = dtype == "float32"
    chunks = patterns32(arity, options.exhaustive) if single else regimes64(arity, options.points)
    wide, errors = (np.float64, ulp.errors32) if single else (np.longdouble, ulp.errors64)
    worst = Worst(name, dtype)
    for arguments in chunks:
        actual = np.asarray(function(*(cp.asarray(np.ascontiguousarray(x)) for x in arguments)))
        with np.errstate(all="ignore"):
            reference = reference_function(*(x.astype(wide) for x in arguments))
        worst.add(arguments, actual, reference, errors(actual, reference))
    return worst.result()


def child(options: argparse.Namespace) -> None:
    """Examines every function on this process's instruction set and prints the results as JSON."""
    dtypes = ["float32", "float64"] if np.finfo(np.longdouble).nmant > 52 else ["float32"]
    rows = [row for row in functions() if re.search(options.functions, row["name"])]
    work = [(row, dtype) for row in rows for dtype in dtypes]
    label = f"accuracy, {cp._core.configuration()['isa']}"
    print(json.dumps([examine(row, dtype, options) for row, dtype in progress.track(work, label)]))


def run(isa: str, command: list[str]) -> list[dict]:
    """The results on one instruction set, from a process of its own: the choice is made once, when corepy is loaded."""
    environment = {**os.environ, "COREPY_ISA": isa}
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy", "--child", *command],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(process.stdout)


def cell(result: dict) -> str:
    """An error as the table shows it, upwards rounded."""
    shown = f"{math.ceil(result['error'] * 1000) / 1000:.3f}"
    return f"**{shown}**" if result["error"] > 1 else shown


def markdown(results: dict[str, list[dict]], description: dict[str, object], exhaustive: bool) -> str:
    """The tables: one per dtype, a column per instruction set."""
    parts = ["# Accuracy of corepy's floating-point functions\n", __doc__.split("\n\n", 1)[1].strip() + "\n"]
    parts.append(report.table(["setting", "value"], ([key, str(value)] for key, value in description.items())))
    isas = list(results)
    for dtype in ("float32", "float64"):
        extent = "all 2^32 arguments of the unary functions" if exhaustive else "a sample"
        parts.append(f"## {dtype}: largest error in ULP" + (f", {extent}\n" if dtype == "float32" else ", a sample\n"))
        lines = []
        for group in zip(*(results[isa] for isa in isas), strict=True):
            if group[0]["dtype"] != dtype:
                continue
            worst = max(group, key=lambda result: result["error"])
            differing = max(group, key=lambda result: result["differing"])
            remark = (
                f"{differing['differing']} special cases differ: {differing['example']}"
                if differing["differing"]
                else ""
            )
            at = ", ".join(f"{float.fromhex(value)!r}" for value in worst["arguments"])
            lines.append([worst["name"], *map(cell, group), at, remark])
        parts.append(report.table(["function", *isas, "worst at", "remark"], lines))
    return "\n".join(parts)


def main() -> int:
    """Examines every function on every instruction set, or on this process's as a child."""
    available = cp._core.configuration()["isa_available"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--exhaustive", action="store_true", help="float32: all 2^32 arguments of unary functions (hours)"
    )
    parser.add_argument("--points", type=int, default=200_000, help="float64: arguments per regime")
    parser.add_argument("--functions", metavar="REGEX", default="", help="only functions whose name matches")
    parser.add_argument(
        "--isa", nargs="+", choices=available, default=available, metavar="NAME", help=f"of {', '.join(available)}"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/report"), help="directory of the report")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return 0
    command = [
        "--points",
        str(options.points),
        "--functions",
        options.functions,
        *(["--exhaustive"] if options.exhaustive else []),
    ]
    results = {isa: run(isa, command) for isa in options.isa}
    description = machine.describe(peer.corepy(), [peer.numpy()])
    del description["isa"]
    text = markdown(results, description, options.exhaustive)
    path = report.write(options.out, "accuracy.md", text)
    report.write(options.out, "accuracy.json", json.dumps({"machine": description, "results": results}, indent=1))
    print(text)
    print(f"Written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
