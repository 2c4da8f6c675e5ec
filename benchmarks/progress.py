"""A progress bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
WIDTH = 30


def track(items: Sequence[T], label: str) -> Iterator[T]:
    """Yields `items` and shows how many are done; silent where standard error is no terminal."""
    stream = sys.stderr
    for done, item in enumerate(items):
        if stream.isatty():
            filled = WIDTH * done // len(items)
            stream.write(f"\r{label} [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{len(items)} \x1b[K")
            stream.flush()
        yield item
    if stream.isatty():
        stream.write("\r\x1b[K")
