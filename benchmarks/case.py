"""What is measured: cases as data, and the groups they belong to."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.sample import Sample
from benchmarks.target import Target

# Threads are not worth it below; nor is a result deferred.
LARGE = 1000


@dataclass(frozen=True)
class Traffic:
    """Bytes that must be read from memory and written to it at the least."""

    read: int
    written: int

    @property
    def bytes(self) -> int:
        """Both together."""
        return self.read + self.written


@dataclass(frozen=True)
class Case:
    """One expression over named inputs. ``xp`` in it is the library's namespace.

    The expression may be several lines: statements that bind names, then what is to be computed. They are then run as a
    function, whose local names are gone when it returns. ``touch(x)`` in it writes one element in every page of ``x``:
    see ``peer.touch``. ``compared`` is what is compared with the peers' result, where that is not the expression itself.
    """

    group: str
    name: str
    expression: str
    inputs: Mapping[str, Sample] = field(default_factory=dict)
    note: str = ""
    compared: str = ""
    # How a peer says it, where that is not the expression; and why a peer has no part in the case.
    peers: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    # What must be moved from and to memory, and floating-point operations, where these are the limit.
    traffic: Traffic | None = None
    operations: int = 0

    @property
    def title(self) -> str:
        """What ``--cases`` is matched with."""
        return f"{self.group}: {self.name}"

    @cached_property
    def used(self) -> dict[str, Sample]:
        """The inputs that the expression names; a group may offer each of its cases the same ones."""
        named = set[str]().union(*map(names, filter(None, (self.expression, self.compared))))
        return {name: sample for name, sample in self.inputs.items() if name in named}

    @cached_property
    def elements(self) -> int:
        """Elements of the largest input."""
        return max((sample.elements for sample in self.used.values()), default=0)

    @property
    def is_large(self) -> bool:
        """Whether libraries may use their threads for it."""
        return self.elements >= LARGE or bool(re.search(r"\d{5}", self.expression))

    @cached_property
    def result(self) -> ast.expr:
        """The syntax of what is computed."""
        return ast.parse(self.expression.strip().splitlines()[-1], mode="eval").body

    def may_be_pending(self, elementwise: frozenset[str]) -> bool:
        """Whether a library that defers the functions `elementwise` and the operators may defer the result."""
        if not self.is_large:
            return False
        if isinstance(self.result, ast.Call):
            function = ast.unparse(self.result.func)
            return function.removeprefix("xp.") in elementwise
        if isinstance(self.result, ast.BinOp):
            return not isinstance(self.result.op, ast.MatMult)
        return isinstance(self.result, ast.UnaryOp | ast.Compare)


def functions(expression: str) -> list[str]:
    """The names that an expression takes from the namespace, such as ``exp`` or ``linalg.qr``."""
    return re.findall(r"\bxp\.([a-zA-Z_][\w.]*)", expression)


def names(expression: str) -> set[str]:
    """The variables of an expression."""
    return {node.id for node in ast.walk(ast.parse(expression.strip())) if isinstance(node, ast.Name)}


@dataclass(frozen=True)
class Group:
    """Cases that share their targets; ``target`` is None where a group only informs.

    ``target`` is against NumPy, ``others`` against the fastest of the other peers in each row.
    """

    name: str
    title: str
    target: Target | None
    cases: tuple[Case, ...]
    others: Target | None = None
