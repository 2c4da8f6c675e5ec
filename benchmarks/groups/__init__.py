"""The groups, in the order of the report; the last ones only inform and run on request."""

from __future__ import annotations

from benchmarks.case import Group
from benchmarks.groups import (
    binary,
    conversion,
    fft,
    fused,
    indexing,
    layouts,
    linalg,
    manipulation,
    math,
    products,
    reductions,
    registry,
    scans,
    small,
    sorting,
)

GROUPS: tuple[Group, ...] = (
    fused.GROUP,
    binary.GROUP,
    math.GROUP,
    small.GROUP,
    layouts.GROUP,
    reductions.GROUP,
    conversion.GROUP,
    indexing.GROUP,
    products.SMALL,
    products.LARGE,
    products.INTEGER,
    manipulation.GROUP,
    scans.GROUP,
    linalg.SMALL,
    linalg.LARGE,
    sorting.GROUP,
    fft.GROUP,
    registry.GROUP,
)
