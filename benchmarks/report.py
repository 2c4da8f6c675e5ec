"""The report: whether each group meets its targets, the rows that fall short first, then every row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.summary import Side, Summary

HOW = """Ratio = time of the peer / time of corepy: above 1, corepy is faster. Each case runs alternately with corepy
and its peers in one process, on all cores that each library uses by itself; the time is the fastest of up to {rounds}
turns, fewer where they take long, with the garbage collector off. Results lie in memory before the
clock stops: deferred ones are forced, and creation includes one write in each page. JAX runs each expression jitted, numexpr as a
string; both compile before the clock starts. PyTorch is eager. SciPy, with a worker per core, and numexpr take part
where a case suits them. "The best of the others" is the fastest of the peers but NumPy, row by row. Idle threads of OpenBLAS
and OpenMP are told to fall asleep after about 0.5 and 2 ms (`benchmarks/__init__.py`): within a turn they stay awake."""


def duration(seconds: float) -> str:
    """A time with three digits and its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


def shown(ratio: float | None) -> str:
    """A ratio as the tables have it."""
    return "" if ratio is None else f"{ratio:.2f}"


def cells(side: Side | None) -> list[str]:
    """One side in the table of groups."""
    if side is None:
        return ["", "", "", ""]
    target = "" if side.target is None else str(side.target)
    return [f"{side.lowest:.2f}", f"{side.mean:.2f}", target, side.verdict]


def overview(summaries: list[Summary]) -> str:
    """One line per group."""
    header = ["group", "rows", "NumPy: lowest", "geometric mean", "target", "state"]
    header += ["others: lowest", "geometric mean", "target", "state"]
    rows = [
        [each.group.title, str(len(each.measurements)), *cells(each.reference), *cells(each.other)]
        for each in summaries
    ]
    return table(header, rows)


def row(measurement: Measurement, peers: list[str]) -> list[str]:
    """One line of a group's table."""
    times = [duration(measurement.peers[name]) if name in measurement.peers else "" for name in peers]
    other = f"{shown(measurement.other)} ({measurement.best})" if measurement.best else ""
    return [
        escaped(measurement.case),
        duration(measurement.corepy),
        *times,
        shown(measurement.reference),
        other,
        escaped("; ".join(measurement.notes)),
    ]


def columns(peers: list[str]) -> list[str]:
    """The header of a group's table."""
    return ["case", "corepy", *peers, "vs NumPy", "vs the best other", "remark"]


def taking_part(measurements: Iterable[Measurement]) -> list[str]:
    """The peers of these measurements."""
    return list(dict.fromkeys(name for each in measurements for name in each.peers))


def below(summaries: list[Summary]) -> str:
    """The rows that keep a group from its target."""
    lines = []
    for summary in summaries:
        for side in summary.sides:
            names = {each.case: each for each in summary.measurements}
            for case in side.short():
                against = side.title if side is summary.reference else str(names[case].best)
                lines.append([summary.group.title, escaped(case), against, shown(side.ratios[case]), str(side.target)])
    if not lines:
        return ""
    title = f"## Rows below what their group is to reach ({len(lines)})\n"
    return f"{title}\n{table(['group', 'case', 'against', 'ratio', 'target'], lines)}"


def section(summary: Summary, plots: Mapping[str, str]) -> str:
    """One group: its plot and all its rows, the lowest ratio to NumPy first."""
    parts = [f"### {summary.group.title}\n"]
    if summary.group.name in plots:
        parts.append(f"![{summary.group.title}]({plots[summary.group.name]})\n")
    peers = taking_part(summary.measurements)
    ordered = sorted(summary.measurements, key=lambda each: each.reference or each.other or 0)
    parts.append(table(columns(peers), (row(each, peers) for each in ordered)))
    return "\n".join(parts)


def markdown(
    summaries: list[Summary],
    skipped: Mapping[str, str],
    machine: Mapping[str, object],
    rounds: int,
    plots: Mapping[str, str],
    chapters: Iterable[str] = (),
) -> str:
    """The whole report; `chapters` stand between the overview and the tables of the groups."""
    parts = ["# corepy's benchmarks\n", HOW.format(rounds=rounds) + "\n"]
    parts.append(table(["setting", "value"], ([key, str(value)] for key, value in machine.items())))
    parts += ["## Overview\n", overview(summaries)]
    if "overview" in plots:
        parts.append(f"![Geometric means]({plots['overview']})\n")
    parts += [below(summaries), *chapters, "## All rows\n"]
    parts += [section(summary, plots) for summary in summaries]
    if skipped:
        parts.append(f"## Not run ({len(skipped)})\n")
        parts.append(table(["case", "why"], ([escaped(case), escaped(why)] for case, why in skipped.items())))
    return "\n".join(filter(None, parts))


def figures(side: Side | None) -> dict[str, object] | None:
    """One side as data."""
    if side is None:
        return None
    return {
        "target": None if side.target is None else str(side.target),
        "met": side.is_met,
        "rows": len(side.ratios),
        "lowest": side.lowest,
        "geometric_mean": side.mean,
        "highest": side.highest,
    }


def as_json(
    summaries: list[Summary],
    skipped: Mapping[str, str],
    machine: Mapping[str, object],
    rounds: int,
    extras: Mapping[str, object] | None = None,
) -> str:
    """The report as data."""
    groups = {
        each.group.name: {
            "title": each.group.title,
            "numpy": figures(each.reference),
            "others": figures(each.other),
        }
        for each in summaries
    }
    measurements = [
        {**asdict(each), "vs_numpy": each.reference, "best_other": each.best, "vs_best_other": each.other}
        for summary in summaries
        for each in summary.measurements
    ]
    data = {"machine": machine, "rounds": rounds, "groups": groups, "measurements": measurements}
    return json.dumps({**data, "skipped": dict(skipped), **(extras or {})}, indent=1)


def write(directory: Path, name: str, text: str) -> Path:
    """Writes one file of the report."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path
