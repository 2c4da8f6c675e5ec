"""The groups, in the order of the report; the last ones only inform and run on request."""

from __future__ import annotations

from benchmarks.case import Group
from benchmarks.groups import (
    binary,
    conversion,
    fft,
    fused,
    layouts,
    linalg,
    math,
    movement,
    products,
    reductions,
    registry,
    scaling,
    small,
    sorting,
)

GROUPS: tuple[Group, ...] = (
    fused.GROUP,
    binary.GROUP,
    math.GROUP,
    small.GROUP,
    layouts.GROUP,
    conversion.GROUP,
    reductions.GROUP,
    sorting.GROUP,
    movement.GROUP,
    movement.MANIPULATION,
    products.GROUP,
    products.INTEGER,
    products.BATCHED,
    products.VIEWS,
    linalg.GROUP,
    fft.GROUP,
    scaling.GROUP,
    registry.GROUP,
)
# The registry's cases only inform, and only on request.
DEFAULT = GROUPS[:-1]
