"""Discrete Fourier transforms: powers of two, another smooth length, a prime one, and a matrix."""

from __future__ import annotations

from benchmarks.case import Case, Group
from benchmarks.sample import Uniform
from benchmarks.target import Target

# Points, and the row's name for them.
LENGTHS = ((2**10, "2^10"), (2**20, "2^20"), (1_000_000, "1e6"), (10007, "10007"))

GROUP = Group(
    "fft",
    "Fourier transforms",
    Target(each=1.5),
    (
        *(
            Case("fft", f"{name} {dtype}, {title}", f"xp.fft.{name}(a)", {"a": Uniform((points,), dtype, -1, 1)})
            for name, dtype in (("fft", "complex128"), ("fft", "float64"), ("rfft", "float64"))
            for points, title in LENGTHS
        ),
        Case("fft", "fftn complex128, 1024×1024", "xp.fft.fftn(a)", {"a": Uniform((1024, 1024), "complex128", -1, 1)}),
    ),
)
