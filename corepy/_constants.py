"""The constants of the standard."""

from math import e, inf, nan, pi

__all__ = ["e", "inf", "nan", "newaxis", "pi"]

newaxis: None = None
"""Inserts an axis of size 1 where it stands in an index."""
