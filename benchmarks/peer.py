"""The libraries that run the cases: corepy, and the peers it is compared with, which are the rows of `PEERS`.

A library whose results are lazy forces them in its loop, so that what is timed is a result that lies in memory.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.case import Case, functions, names

PAGE = 4096

Loop = Callable[[Iterable[None]], None]


def touch(result: Any) -> None:
    """Writes one element in each page of `result`, and thereby makes the system provide the page.

    A creation function may return memory that the system has only promised (`calloc`): without this, the time would
    leave out what the first user of the array pays. The writes are one strided NumPy assignment through the buffer
    protocol, the same for every library; for 8 MB they take some 10 µs when the pages are there.
    """
    view = np.frombuffer(result, np.uint8)
    view[::PAGE] = 1


class Unable(Exception):
    """A library cannot run a case; the message says why, and is empty where nobody would expect it to."""


@dataclass(frozen=True)
class Library:
    """A namespace with the names of the Array API standard, and the way into it for NumPy arrays."""

    name: str
    namespace: Any
    version: str
    array: Callable[[np.ndarray], Any]
    touch: Callable[[Any], Any] = touch
    # Seconds for which its idle threads look for work after a large operation, and would take the next library's cores.
    restless: float = 0.0

    def expression(self, case: Case) -> str:
        """How this library says what the case computes."""
        return case.peers.get(self.name, case.expression)

    def check(self, case: Case) -> None:
        """Raises `Unable` where the library has no part in the case."""
        if self.name in case.without:
            raise Unable(case.without[self.name])
        for dotted in functions(self.expression(case)):
            place = self.namespace
            for part in dotted.split("."):
                if not hasattr(place, part):
                    raise Unable(f"has no {dotted}")
                place = getattr(place, part)

    def variables(self, case: Case, samples: Mapping[str, Any]) -> dict[str, Any]:
        """The names in the case's expression, bound to this library."""
        inputs = {
            name: self.array(sample) if isinstance(sample, np.ndarray) else sample for name, sample in samples.items()
        }
        return {"xp": self.namespace, "touch": self.touch, **inputs}

    def function(self, case: Case, expression: str, variables: Mapping[str, Any]) -> Callable[..., Any]:
        """The expression as a function of its inputs."""
        inputs = [name for name in variables if name not in ("xp", "touch") and name in names(expression)]
        *statements, result = expression.strip().splitlines()
        body = "".join(f"    {line}\n" for line in [*statements, f"return {result}"])
        scope = {"xp": self.namespace, "touch": self.touch}
        exec(compile(f"def calculate({', '.join(inputs)}):\n{body}", f"<{case.title}>", "exec"), scope)
        return scope["calculate"]

    def evaluate(self, case: Case, variables: Mapping[str, Any]) -> np.ndarray:
        """The result that is compared."""
        expression = (case.compared or self.expression(case)).replace("touch(", "(")
        calculate = self.function(case, expression, variables)
        return self.as_numpy(calculate(*(variables[name] for name in parameters(calculate))))

    def as_numpy(self, result: Any) -> np.ndarray:
        """A result as a NumPy array."""
        return np.asarray(result)

    def forced(self, case: Case, call: str) -> str:
        """`call` so that its result lies in memory."""
        return call

    def loop(self, case: Case, variables: Mapping[str, Any]) -> Loop:
        """A function that evaluates the expression once per item; its inputs are local variables, as in `timeit`."""
        expression = self.expression(case).strip()
        if "\n" not in expression:
            return self.repeated(case, expression, variables)
        calculate = self.function(case, expression, variables)
        call = f"calculate({', '.join(parameters(calculate))})"
        return self.repeated(case, call, {**variables, "calculate": calculate})

    def repeated(self, case: Case, call: str, variables: Mapping[str, Any]) -> Loop:
        """The loop around one expression."""
        arguments = ", ".join(f"{name}={name}" for name in variables)
        source = f"def loop(repeats, {arguments}):\n    for _ in repeats:\n        {self.forced(case, call)}\n"
        scope = dict(variables)
        exec(compile(source, f"<{case.title}>", "exec"), scope)
        return scope["loop"]


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's positional parameters."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount]


class Corepy(Library):
    """The library under test, whose element-wise results may be deferred."""

    def forced(self, case: Case, call: str) -> str:
        """Has deferred results computed, where there can be any."""
        deferring = hasattr(self.namespace, "evaluate")
        elementwise = {row["name"] for row in self.namespace._core.registry()} | {"where", "astype"}
        pending = deferring and case.may_be_pending(frozenset(elementwise))
        return f"xp.evaluate({call})" if pending else call


def corepy() -> Library:
    """The library under test; its inputs lie in its own memory, which it need not expect others to write."""
    module = importlib.import_module("corepy")
    return Corepy("corepy", module, module.__version__, lambda array: module.asarray(array, copy=True))


def numpy() -> Library:
    """NumPy."""
    return Library("numpy", np, np.__version__, lambda array: array, restless=0.002)


def peer(name: str) -> Callable[[], Library]:
    """The library that the module of that name in `benchmarks.peers` makes."""
    return lambda: importlib.import_module(f"benchmarks.peers.{name}").library()


PEERS: dict[str, Callable[[], Library]] = {
    "numpy": numpy,
    **{name: peer(name) for name in ("torch", "jax", "numexpr", "scipy")},
}


def find(names: Iterable[str]) -> tuple[list[Library], dict[str, str]]:
    """The peers of these names, and why some could not be loaded."""
    found, missing = [], {}
    for name in names:
        try:
            found.append(PEERS[name]())
        except ImportError as error:
            missing[name] = f"not installed ({error})"
    return found, missing
