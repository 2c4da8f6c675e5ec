"""Writes the benchmarks' summary into README.md, between its markers, from a report of ``make bench``.

One row per group of cases: the geometric means of the ratios, a peer's time over corepy's, to NumPy and to the fastest of
the other peers in each row, with the lowest in brackets. The report's overview plot becomes docs/images/benchmarks.png.
"""

import argparse
import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- benchmarks:begin.*?-->\n).*?(<!-- benchmarks:end -->)", re.DOTALL)
PICTURE = Path("docs/images/benchmarks.png")
PEERS = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "numexpr": "numexpr", "scipy": "SciPy"}
TITLES = {
    "fused": "whole expressions at 1e6 and 8e6: Horner, Gaussian, sigmoid, Black-Scholes, softmax …",
    "binary": "`a + b`, `a - b`, `a * b`, `a / b` at 1e6 and 8e6",
    "math": "`exp log sin cos tanh atan log1p expm1` from 1e4 to 8e6",
    "small": "operators, functions, reductions, creation, indexing, views at 10 elements",
    "layouts": "mixed dtypes, broadcasting, transposed, strided and reversed views at 1e6",
    "conversion": "`astype`, `zeros`, `full`, `arange`, `linspace` at 1e6",
    "reductions": "`sum mean max prod std var argmax` and scans, over all and along axes",
    "sorting": "`sort argsort unique_values searchsorted` at 1e3 and 1e6",
    "movement": "`take`, `a[index]`, `a[mask]`, `nonzero`, `where`, `concat`, `roll`, transposed copies at 1e6",
    "manipulation": "`stack`, `repeat`, `flip` at 1e6",
    "products": "`a @ b` from 16×16 to 2000×2000, float64, float32, complex128",
    "products-integer": "`a @ b` of 256×256 and 512×512 int64",
    "products-batched": "`a @ b` of 2000 pairs of 8×8",
    "products-views": "`a.T @ b`, `a @ b.T`, matrix by vector",
    "linalg": "`cholesky solve inv qr svd eigh eigvals` of 32×32 and 512×512",
    "fft": "`fft rfft fftn`, from 2^10 points to 2^20",
}


def cell(side: dict | None) -> str:
    """One side of a group: the geometric mean, and the lowest ratio."""
    return "" if side is None else f"{side['geometric_mean']:.2f} ({side['lowest']:.2f})"


def summary(report: dict) -> str:
    """The table, the plot and what they were measured on."""
    machine = report["machine"]
    others = [
        title
        for name, title in PEERS.items()
        if name != "numpy" and machine.get(name, "n").startswith(tuple("0123456789"))
    ]
    lines = [
        "How many times as fast as its peers corepy is: the time of the peer over the time of corepy, interleaved in one process on",
        f"all cores, as geometric mean (lowest) of each group of cases. The others are {', '.join(others)}, of which each case counts the fastest.",
        "",
        f"![Geometric means of each group]({PICTURE.as_posix()})",
        "",
        "| cases | to NumPy | to the best of the others |",
        "|---|---:|---:|",
    ]
    for name, group in report["groups"].items():
        if name in TITLES:
            lines.append(f"| {TITLES[name]} | {cell(group['numpy'])} | {cell(group['others'])} |")
    versions = ", ".join(
        f"{title} {machine[name].partition('+')[0]}" for name, title in PEERS.items() if name in machine
    )
    lines += [
        "",
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['isa']}, Python {machine['python']}, "
        f"{versions}. JAX is jitted. On other machines the ratios differ: `make bench`.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Rewrites README.md and copies the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, nargs="?", default=ROOT / "benchmarks" / "report" / "report.json")
    path = parser.parse_args().report
    table = summary(json.loads(path.read_text(encoding="utf-8")))
    page = ROOT / "README.md"
    text, count = MARKED.subn(lambda match: match[1] + table + match[2], page.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit("README.md: the markers of the benchmarks are missing")
    page.write_text(text, encoding="utf-8")
    shutil.copyfile(path.with_name("overview.png"), ROOT / PICTURE)


if __name__ == "__main__":
    main()
