"""The groups, in the order of the report; the last ones only inform and run on request."""

from __future__ import annotations

from benchmarks.case import Group
from benchmarks.groups import binary, conversion, fft, layouts, math, reductions, registry, small

GROUPS: tuple[Group, ...] = (
    small.GROUP,
    binary.GROUP,
    math.GROUP,
    layouts.GROUP,
    reductions.GROUP,
    conversion.GROUP,
    fft.GROUP,
    registry.GROUP,
)
