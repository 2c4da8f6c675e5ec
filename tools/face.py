"""Reads corepy's public face from the compiled core: the one source of the stub, the chapter modules and
the API page.

Each function's docstring ends with its place in the standard, and its sections give the types.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def _load_core() -> ModuleType:
    """The compiled core without the package around it, which imports what is generated from it."""
    package = ModuleType("corepy")
    package.__path__ = [str(ROOT / "corepy")]
    sys.modules["corepy"] = package
    return importlib.import_module("corepy._core")


_core = _load_core()

STANDARD = re.compile(r"Array API standard [\d.]+, (?P<chapter>[\w -]+): ``(?P<name>\w+)``")
# The standard's extensions: the chapter, and the module of the package. The core has their functions
# under the module's name and an underscore: `linalg_inv` is `corepy.linalg.inv`.
EXTENSIONS = {"linear algebra extension": "linalg", "Fourier transform extension": "fft"}
# What the linear algebra extension shares with the main namespace.
SHARED = {"linalg": ["matmul", "matrix_transpose", "tensordot", "vecdot"], "fft": []}
UNDERLINE = re.compile(r"^-{3,}$")

Function = Callable[..., Any]


@dataclass
class Document:
    """A numpydoc docstring, taken apart."""

    summary: str
    sections: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, item: object) -> "Document":
        """The docstring of a function or class."""
        lines = (inspect.getdoc(item) or "").splitlines()
        document = cls(lines[0] if lines else "")
        section = "Description"
        for position, line in enumerate(lines[1:], 1):
            following = lines[position + 1] if position + 1 < len(lines) else ""
            if UNDERLINE.match(following) and line:
                section = line
            elif not UNDERLINE.match(line):
                document.sections.setdefault(section, []).append(line)
        return document

    def parameters(self) -> dict[str, str]:
        """What the docstring says of each parameter's type."""
        types = {}
        for line in self.sections.get("Parameters", []):
            if line and not line.startswith(" "):
                names, _, text = line.partition(" : ")
                types.update(dict.fromkeys((name.strip("* ") for name in names.split(",")), text))
        return types

    def returns(self) -> str:
        """What the docstring says of the result's type."""
        lines = self.sections.get("Returns", [])
        return lines[0] if lines else "None"


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key that sorts int8 before int16."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]


def functions() -> dict[str, Function]:
    """The functions of the core."""
    found = {name: value for name in _core.__all__ if inspect.isbuiltin(value := getattr(_core, name))}
    return dict(sorted(found.items(), key=lambda item: natural(item[0])))


def dtypes() -> list[str]:
    """The names of the dtype objects, in the order of the core's table."""
    return [name for name in _core.__all__ if isinstance(getattr(_core, name), _core.DType)]


def public_name(name: str) -> str:
    """A function's name in the module that it is public in."""
    module, _, rest = name.partition("_")
    return rest if rest and module in EXTENSIONS.values() else name


def exceptions() -> list[str]:
    """The names of the exception classes."""
    return [
        name
        for name in _core.__all__
        if inspect.isclass(value := getattr(_core, name)) and issubclass(value, Exception)
    ]


def chapter(function: Function) -> str | None:
    """The chapter of the standard that a function belongs to."""
    match = STANDARD.search(inspect.getdoc(function) or "")
    return match["chapter"] if match else None


def chapters() -> dict[str, list[str]]:
    """The names of each chapter's functions, as the core has them."""
    result: dict[str, list[str]] = {}
    for name, function in functions().items():
        place = chapter(function)
        if place is not None:
            result.setdefault(place, []).append(name)
    return dict(sorted(result.items()))


def write_or_check(files: dict[Path, str], check: bool) -> int:
    """Writes generated files; or says which differ from what is there, and returns 1."""
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is out of date: run tools/{Path(sys.argv[0]).name}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(f"wrote {name}")
    return int(check and bool(stale))
