"""numexpr: expressions as strings, compiled before the clock starts, blocks on all cores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numexpr
import numpy as np

from benchmarks.case import Case
from benchmarks.peer import Library, Loop, Unable

FLOAT = re.compile(r"(?<![\w.])\d+\.\d*(?:e-?\d+)?")


class Numexpr(Library):
    """A peer where a case gives its string."""

    def check(self, case: Case) -> None:
        """Only the cases that have a string for it."""
        if self.name not in case.peers:
            raise Unable(case.without.get(self.name, ""))

    def variables(self, case: Case, samples: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs, and the constants of a float32 expression: a literal would turn it into float64."""
        variables = super().variables(case, samples)
        constants: dict[str, Any] = {}
        text = case.peers[self.name]
        if any(sample.dtype == np.float32 for sample in samples.values()):
            for literal in sorted(set(FLOAT.findall(text))):
                constants[f"constant_{len(constants)}"] = np.float32(literal)
            places = {float(value): name for name, value in constants.items()}
            text = FLOAT.sub(lambda match: places[float(np.float32(match[0]))], text)
        return {**variables, **constants, "expression": text}

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the string's names stand for."""
        return {name: value for name, value in variables.items() if name not in ("xp", "touch", "expression")}

    def evaluate(self, case: Case, variables: Mapping[str, Any]) -> np.ndarray:
        """The result that is compared."""
        return np.asarray(numexpr.evaluate(variables["expression"], self.arguments(variables), {}))

    def loop(self, case: Case, variables: Mapping[str, Any]) -> Loop:
        """Evaluates the string again and again, without compiling it again."""
        arguments = self.arguments(variables)
        numexpr.evaluate(variables["expression"], arguments, {})
        return self.repeated(case, "evaluate(arguments)", {"evaluate": numexpr.re_evaluate, "arguments": arguments})


def library() -> Library:
    """numexpr with its threads as it sets them."""
    return Numexpr("numexpr", numexpr, numexpr.__version__, lambda array: array)
