"""``python -m benchmarks``: times the cases and writes the report."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from benchmarks import machine, measure, peer, plot, progress, report, summary
from benchmarks.groups import GROUPS


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    default = [group.name for group in GROUPS if group.target is not None]
    parser.add_argument(
        "--cases", metavar="REGEX", type=re.compile, default="", help="only cases whose 'group: name' matches"
    )
    parser.add_argument(
        "--groups",
        nargs="+",
        choices=[group.name for group in GROUPS],
        default=default,
        metavar="NAME",
        help=f"groups to run, of {', '.join(group.name for group in GROUPS)}; default: those with a target",
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
    parser.add_argument("--out", type=Path, default=Path("benchmarks/report"), help="directory of the report")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


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

    measurements, skipped = [], {}
    for case in progress.track(cases, "benchmarks"):
        try:
            measurements.append(measure.measure(case, corepy, peers, options.rounds))
        except measure.Skipped as reason:
            skipped[case.title] = str(reason)

    summaries = summary.summarise(groups, measurements)
    plots = plot.write(summaries, options.out)
    text = report.markdown(summaries, skipped, description, options.rounds, plots)
    report.write(options.out, "report.json", report.as_json(summaries, skipped, description, options.rounds))
    path = report.write(options.out, "report.md", text)
    print(text)
    print(f"Written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
