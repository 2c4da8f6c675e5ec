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
    Target(each=1, mean=2),
    (
        *(
            Case("fft", f"{name} {dtype}, {title}", f"xp.fft.{name}(a)", {"a": Uniform((points,), dtype, -1, 1)})
            for name, dtype in (("fft", "complex128"), ("fft", "float64"), ("rfft", "float64"))
            for points, title in LENGTHS
        ),
        *(
            Case(
                "fft",
                f"fftn complex128, {side}×{side}",
                "xp.fft.fftn(a)",
                {"a": Uniform((side, side), "complex128", -1, 1)},
            )
            for side in (256, 1024)
        ),
        Case("fft", "fft complex128, 1000 of 1000", "xp.fft.fft(a)", {"a": Uniform((1000, 1000), "complex128", -1, 1)}),
    ),
    others=Target(each=1),
)
