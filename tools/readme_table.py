"""Writes the benchmarks' summary into README.md, between its markers, from a report of ``make bench``.

One row per group of cases: the lowest ratio, the geometric mean, the highest. A ratio is NumPy's time over corepy's.
"""

import argparse
import json
import math
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- benchmarks:begin.*?-->\n).*?(<!-- benchmarks:end -->)", re.DOTALL)
PEER = "numpy"
TITLES = {
    "small": "`a + b`, `a * 2 + 1`, `a < b`, `sqrt(a)` at 10 elements",
    "binary": "`a + b`, `a * b` at 1e6 and 8e6",
    "math": "`exp log sin cos tanh atan log1p expm1` at 1e4 and 1e6",
    "layouts": "mixed dtypes, broadcasting, transposed, strided and reversed views at 1e6",
    "reductions": "`sum mean max` over all and along axes",
    "conversion": "`astype`, `zeros`, `full`, `arange`, `linspace` at 1e6",
    "indexing": "`take`, `a[index]`, `a[mask]`, `nonzero`, `where` at 1e6",
    "manipulation": "`concat roll flip` at 1e6",
    "scans": "`cumulative_sum std var argmax` at 1e6",
    "sorting": "`sort argsort unique_values searchsorted` at 1e3 and 1e6",
    "products-small": "`a @ b` of 16×16 and 64×64 (OpenBLAS)",
    "products": "`a @ b` of 256×256 to 2000×2000 (OpenBLAS)",
    "products-integer": "`a @ b` of 256×256 int64",
    "linalg-small": "`solve inv cholesky qr svd eigh` of 32×32 (LAPACK)",
    "linalg": "`solve inv cholesky qr svd eigh` of 512×512 (LAPACK)",
    "fft": "`fft rfft` at 2^10 to 2^20, `fftn` of 1024×1024",
}


def summary(report: dict) -> str:
    """The table and what it was measured on."""
    lines = [
        "How many times as fast as NumPy (time of NumPy / time of corepy, each the fastest of several interleaved rounds):",
        "",
        "| cases | lowest | geometric mean | highest |",
        "|---|---:|---:|---:|",
    ]
    for group in report["groups"]:
        ratios = [each["ratio"] for each in report["measurements"] if (each["group"], each["peer"]) == (group, PEER)]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        title = TITLES.get(group, group)
        lines.append(f"| {title} | {min(ratios):.2f} | {mean:.2f} | {max(ratios):.2f} |")
    machine = report["machine"]
    lines += [
        "",
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['isa']}, Python {machine['python']}, "
        f"NumPy {machine[PEER]}. On other machines the ratios differ: `make bench`.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Rewrites README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, nargs="?", default=ROOT / "benchmarks" / "report" / "report.json")
    table = summary(json.loads(parser.parse_args().report.read_text(encoding="utf-8")))
    page = ROOT / "README.md"
    text, count = MARKED.subn(lambda match: match[1] + table + match[2], page.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit("README.md: the markers of the benchmarks are missing")
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
