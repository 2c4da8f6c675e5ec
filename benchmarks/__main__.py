"""``python -m benchmarks``: times the cases and writes the report."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks import (
    instructions,
    limits,
    machine,
    measure,
    memory,
    peer,
    plot,
    progress,
    report,
    scaling,
    shares,
    summary,
)
from benchmarks.case import Case
from benchmarks.groups import DEFAULT, GROUPS


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--cases", metavar="REGEX", type=re.compile, default="", help="only cases whose 'group: name' matches"
    )
    parser.add_argument(
        "--groups",
        nargs="+",
        choices=[group.name for group in GROUPS],
        default=[group.name for group in DEFAULT],
        metavar="NAME",
        help=f"groups to run, of {', '.join(group.name for group in GROUPS)}; default: all but registry",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=list(peer.PEERS),
        default=list(peer.PEERS),
        metavar="NAME",
        help=f"libraries to compare with, of {', '.join(peer.PEERS)}; default: all",
    )
    parser.add_argument(
        "--rounds", type=int, default=20, help="turns per case and library, the fastest of which counts"
    )
    parser.add_argument(
        "--instructions", action="store_true", help="also count instructions per call, which takes minutes (valgrind)"
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/report"), help="directory of the report")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def run(
    cases: list[Case], corepy: peer.Library, peers: list[peer.Library], rounds: int
) -> tuple[list[measure.Measurement], dict[str, str]]:
    """The measurements, and why some cases were not run."""
    measurements, skipped = [], {}
    for case in progress.track(cases, "benchmarks"):
        try:
            measurements.append(measure.measure(case, corepy, peers, rounds))
        except measure.Skipped as reason:
            skipped[case.title] = str(reason)
    return measurements, skipped


def main() -> int:
    """Runs the cases."""
    options = arguments()
    groups = [group for group in GROUPS if group.name in options.groups]
    cases = [case for group in groups for case in group.cases if re.search(options.cases, case.title)]
    if not cases:
        print("no case matches", file=sys.stderr)
        return 2
    corepy = peer.corepy()
    peers, missing = peer.find(options.peers)
    description = machine.describe(corepy, peers) | missing
    threads = corepy.namespace.get_num_threads()
    limited = any(case.traffic or case.operations for case in cases)
    fused = any(case.group == "fused" for case in cases)

    before = limits.measure(threads) if limited else None
    measurements, skipped = run(cases, corepy, peers, options.rounds)
    limit = limits.larger(before, limits.measure(threads)) if limited else None
    reached = shares.shares(limit, cases, measurements) if limit else []
    peaks = memory.measure_all() if fused else []
    counted = instructions.count(list(instructions.EXPRESSIONS)) if options.instructions else None

    summaries = summary.summarise(groups, measurements)
    plots = plot.write(summaries, options.out)
    chapters = [
        scaling.chapter(measurements, options.out),
        shares.chapter(limit, reached, threads, options.out) if limited else "",
        memory.chapter(peaks) if fused else "",
        instructions.chapter(counted) if counted else "",
    ]
    text = report.markdown(summaries, skipped, description, options.rounds, plots, chapters)
    extras = {
        "limits": asdict(limit) if limit else None,
        "shares": [asdict(each) for each in reached],
        "memory": [asdict(each) for each in peaks],
        "instructions": counted.by_library if counted else None,
    }
    data = report.as_json(summaries, skipped, description, options.rounds, extras)
    report.write(options.out, "report.json", data)
    path = report.write(options.out, "report.md", text)
    print(text)
    print(f"Written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
