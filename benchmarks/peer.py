"""The libraries that run the cases: corepy, and the peers it is compared with.

A peer is a row of `PEERS`. A library whose results are lazy must force them in `Library.loop`, so that what is timed
is a result that lies in memory.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.case import Case

PAGE = 4096


def touch(result: Any) -> None:
    """Writes one element in each page of `result`, and thereby makes the system provide the page.

    A creation function may return memory that the system has only promised (`calloc`): without this, the time would
    leave out what the first user of the array pays. The writes are one strided NumPy assignment through the buffer
    protocol, the same for every library; for 8 MB they take some 10 µs when the pages are there.
    """
    view = np.frombuffer(result, np.uint8)
    view[::PAGE] = 1


@dataclass(frozen=True)
class Library:
    """A namespace with the names of the Array API standard, and the way into it for NumPy arrays."""

    name: str
    namespace: ModuleType
    array: Callable[[np.ndarray], Any]

    @property
    def version(self) -> str:
        """The library's own version."""
        return getattr(self.namespace, "__version__", "")

    def missing(self, case: Case) -> list[str]:
        """The names that `case` needs and the library does not have."""
        return [name for name in case.functions if not hasattr(self.namespace, name)]

    def variables(self, case: Case) -> dict[str, Any]:
        """The names in the case's expression, bound to this library."""
        inputs = {name: self.array(sample.make(seed)) for seed, (name, sample) in enumerate(case.inputs.items())}
        return {"xp": self.namespace, "touch": touch, **inputs}

    def evaluate(self, case: Case, variables: dict[str, Any]) -> np.ndarray:
        """The result that is compared."""
        result = eval((case.compared or case.expression).replace("touch(", "("), dict(variables))
        return np.asarray(result)

    def loop(self, case: Case, variables: dict[str, Any]) -> Callable[[Iterable[None]], None]:
        """A function that evaluates the expression once per item; its inputs are local variables, as in `timeit`."""
        parameters = ", ".join(f"{name}={name}" for name in variables)
        source = f"def loop(repeats, {parameters}):\n    for _ in repeats:\n        {case.expression}\n"
        scope = dict(variables)
        exec(compile(source, f"<{case.title}>", "exec"), scope)
        return scope["loop"]


def corepy() -> Library:
    """The library under test; its inputs lie in its own memory."""
    module = importlib.import_module("corepy")
    return Library("corepy", module, lambda array: module.asarray(array, copy=True))


def numpy() -> Library:
    """NumPy."""
    return Library("numpy", np, np.array)


PEERS: dict[str, Callable[[], Library]] = {"numpy": numpy}
