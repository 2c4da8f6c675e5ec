"""Writes what type checkers read, and the chapter modules, from the compiled core.

`corepy/_core.pyi` has the types of everything in the core; a chapter module has the names of one chapter of
the standard. With --check nothing is written, and the status is 1 where a file differs.
"""

import argparse
import builtins
import inspect
import sys
from pathlib import Path

from face import (
    EXTENSIONS,
    ROOT,
    SHARED,
    Document,
    Function,
    _core,
    chapters,
    dtypes,
    exceptions,
    functions,
    natural,
    public_name,
    write_or_check,
)

# A phrase of the docstrings and the type that it stands for.
TYPES = {
    '"cpu"': "Device",
    "(int, int)": "tuple[int, int]",
    "DType": "DType",
    "FloatingInfo": "FloatingInfo",
    "IntegerInfo": "IntegerInfo",
    "None": "None",
    "PyCapsule": "object",
    "Tensor": "Tensor",
    "Tensor or Python scalar": "Tensor | Scalar",
    "Tensor or tuple of Tensor": "Any",
    "Tensor, Python scalar, nested sequence of them, or any exporter of DLPack or a buffer": "object",
    "Tensor, dtype or Python scalar": "Tensor | DTypeLike | Scalar",
    "bool": "builtins.bool",
    "bool, int, float, complex or 0-d tensor": "Tensor | Scalar",
    "dict": "dict[str, Any]",
    "dtype": "DTypeLike",
    "dtype or Tensor": "DTypeLike | Tensor",
    "float": "float",
    "int": "int",
    "int or float": "float",
    "int or sequence of int": "Shape",
    "int, float or complex": "complex",
    "int or tuple of ints": "int | tuple[int, ...]",
    "int or tuple of int": "int | tuple[int, ...]",
    "int or tuple of two sequences of int": "int | tuple[Sequence[int], Sequence[int]]",
    "list of dict": "list[dict[str, Any]]",
    "numpy.ndarray": "Any",
    "object": "object",
    "str": "str",
    "str, dtype or tuple of these": "str | DTypeLike | tuple[str | DTypeLike, ...]",
    "tuple of Tensor": "tuple[Tensor, ...]",
    "tuple of int": "tuple[int, ...]",
    "int, Tensor or sequence of ints": "int | Tensor | Sequence[int]",
    "sequence of Tensor": "tuple[Tensor, ...] | list[Tensor]",
    "tuple of ints": "tuple[int, ...]",
    "EigResult": "EigResult",
    "EighResult": "EighResult",
    "QRResult": "QRResult",
    "SVDResult": "SVDResult",
    "SlogdetResult": "SlogdetResult",
    "float or Tensor": "float | Tensor",
    '{"fro", "nuc"}, int or float': 'Literal["fro", "nuc"] | float',
    '{"reduced", "complete"}': 'Literal["reduced", "complete"]',
    "UniqueAllResult": "UniqueAllResult",
    "UniqueCountsResult": "UniqueCountsResult",
    "UniqueInverseResult": "UniqueInverseResult",
    '{"left", "right"}': 'Literal["left", "right"]',
    '{"backward", "ortho", "forward"}': 'Literal["backward", "ortho", "forward"]',
    '{"xy", "ij"}': 'Literal["xy", "ij"]',
}

# Attributes, whose docstrings have no sections.
ATTRIBUTES = {
    "Tensor": {
        "T": "Tensor",
        "__array_interface__": "dict[str, Any]",
        "device": 'Literal["cpu"]',
        "dtype": "DType",
        "imag": "Tensor",
        "itemsize": "int",
        "mT": "Tensor",
        "nbytes": "int",
        "ndim": "int",
        "real": "Tensor",
        "shape": "tuple[int, ...]",
        "size": "int",
        "strides": "tuple[int, ...]",
    },
    "DType": {
        "__numpy_dtype__": "Any",
        "alignment": "int",
        "byteorder": "builtins.str",
        "char": "builtins.str",
        "isnative": "builtins.bool",
        "itemsize": "int",
        "kind": "builtins.str",
        "name": "builtins.str",
        "str": "builtins.str",
        "type": "Any",
    },
    "FloatingInfo": {
        "bits": "int",
        "dtype": "DType",
        "eps": "float",
        "epsneg": "float",
        "max": "float",
        "min": "float",
        "precision": "int",
        "resolution": "float",
        "smallest_normal": "float",
        "smallest_subnormal": "float",
        "tiny": "float",
    },
    "IntegerInfo": {"bits": "int", "dtype": "DType", "max": "int", "min": "int"},
}

# Python's own protocols, whose signatures are known, and methods without sections in their docstrings.
METHODS = {
    "__array__": "(self, dtype: DTypeLike | None = None, *, copy: builtins.bool | None = None) -> Any",
    "__array_function__": "(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any",
    "__array_namespace__": "(self, /, *, api_version: str | None = None) -> ModuleType",
    "__array_ufunc__": "(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any",
    "__bool__": "(self) -> builtins.bool",
    "__buffer__": "(self, flags: int, /) -> memoryview",
    "__bytes__": "(self) -> bytes",
    "__complex__": "(self) -> complex",
    "__contains__": "(self, value: Tensor | Scalar, /) -> builtins.bool",
    "__copy__": "(self) -> Self",
    "__deepcopy__": "(self, memo: Any, /) -> Self",
    "__delitem__": "(self, key: Index, /) -> None",
    "__dlpack__": "(\n        self,\n        *,\n        stream: None = None,\n        max_version: tuple[int, int] | None = None,\n"
    "        dl_device: tuple[int, int] | None = None,\n        copy: builtins.bool | None = None,\n    ) -> Any",
    "__dlpack_device__": "(self) -> tuple[int, int]",
    "__float__": "(self) -> float",
    "__format__": "(self, spec: builtins.str, /) -> builtins.str",
    "__getitem__": "(self, key: Index, /) -> Tensor",
    "__hash__": "(self) -> int",
    "__index__": "(self) -> int",
    "__int__": "(self) -> int",
    "__imatmul__": "(self, other: Tensor, /) -> Self",
    "__iter__": "(self) -> Iterator[Tensor]",
    "__len__": "(self) -> int",
    "__matmul__": "(self, other: Tensor, /) -> Tensor",
    "__reduce__": "(self) -> builtins.str",
    "__reduce_ex__": "(self, protocol: SupportsIndex, /) -> Any",
    "__rmatmul__": "(self, other: Any, /) -> Tensor",
    "__repr__": "(self) -> builtins.str",
    "__setitem__": "(self, key: Index, value: object, /) -> None",
    "__str__": "(self) -> builtins.str",
    "_repr_html_": "(self) -> builtins.str",
    "item": "(self, *indices: int | tuple[int, ...]) -> Any",
    "to_device": "(self, device: Device, /, *, stream: None = None) -> Tensor",
    "tolist": "(self) -> Any",
}

ORDERINGS = ("__ge__", "__gt__", "__le__", "__lt__")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")

NEWLINE = "\n"

# What is written in Python.
CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
CONFIGURATION = (
    "empty_cache",
    "evaluate",
    "explain",
    "fusion",
    "get_num_threads",
    "memory_stats",
    "set_num_threads",
    "show_config",
)

# What pickles call.
REBUILD = """\
def _rebuild(
    buffer: Any, dtype: builtins.str, shape: Sequence[int], axes: Sequence[int], copy: builtins.bool, /
) -> Tensor: ...

"""

DTYPE_LIKE = '''
DTypeLike: TypeAlias = DType | type[builtins.bool | int | float | complex] | builtins.str | Any
"""What `dtype=` takes; `Any` stands for NumPy's dtypes and scalar types."""

'''

HEADER = '''\
"""The types of the compiled core. Generated by tools/generate_stub.py; do not edit."""

import builtins
from collections.abc import Iterator, Sequence
from types import EllipsisType, ModuleType
from typing import Any, Final, Literal, Self, SupportsIndex, TypeAlias, final

from ._linalg_results import EighResult, EigResult, QRResult, SlogdetResult, SVDResult
from ._set_results import UniqueAllResult, UniqueCountsResult, UniqueInverseResult

Device: TypeAlias = Literal["cpu"]
Scalar: TypeAlias = complex
"""A Python bool, int, float or complex."""
Shape: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
Key: TypeAlias = SupportsIndex | slice | EllipsisType | None | Tensor | Sequence[Any] | Any
"""A part of an index; `Any` stands for arrays of other libraries."""
Index: TypeAlias = Key | tuple[Key, ...]

'''


def type_of(text: str, where: str) -> str:
    """The type that a phrase of a docstring stands for."""
    try:
        return TYPES[text]
    except KeyError:
        sys.exit(f"{where}: tools/generate_stub.py knows no type for the phrase {text!r}")


def stub_function(name: str, function: Function) -> str:
    """A function of the core with its types."""
    document = Document.of(function)
    phrases = document.parameters()
    parameters = []
    previous = None
    for parameter in inspect.signature(function).parameters.values():
        if previous == inspect.Parameter.POSITIONAL_ONLY != parameter.kind:
            parameters.append("/")
        if parameter.kind == inspect.Parameter.KEYWORD_ONLY and previous not in (
            inspect.Parameter.KEYWORD_ONLY,
            inspect.Parameter.VAR_POSITIONAL,
        ):
            parameters.append("*")
        previous = parameter.kind
        parameters.append(stub_parameter(name, parameter, phrases))
    if previous == inspect.Parameter.POSITIONAL_ONLY:
        parameters.append("/")
    result = type_of(document.returns(), name)
    line = f"def {name}({', '.join(parameters)}) -> {result}:"
    if len(line) > 120:
        line = f"def {name}(\n{''.join(f'    {part},{NEWLINE}' for part in parameters)}) -> {result}:"
    return f"{line}\n    {quoted(document.summary)}\n"


def stub_parameter(name: str, parameter: inspect.Parameter, phrases: dict[str, str]) -> str:
    """A parameter with its type and default."""
    if parameter.name not in phrases:
        sys.exit(f"{name}: its docstring does not tell the type of {parameter.name}")
    kind = type_of(phrases[parameter.name].removesuffix(", optional"), f"{name}({parameter.name})")
    star = "*" if parameter.kind == inspect.Parameter.VAR_POSITIONAL else ""
    if parameter.default is inspect.Parameter.empty:
        return f"{star}{parameter.name}: {kind}"
    if parameter.default is Ellipsis:
        sys.exit(f"{name}({parameter.name}): only a text_signature can tell this default")
    none = " | None" if parameter.default is None else ""
    return f"{parameter.name}: {kind}{none} = {default_text(parameter.default)}"


def default_text(value: object) -> str:
    """A default as the formatter writes it."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def quoted(summary: str) -> str:
    """A docstring of one line."""
    return f'"""{summary}"""' if not summary.endswith('"') else f"'''{summary}'''"


def operators() -> dict[str, str]:
    """The signatures of the operators' dunders."""
    result = {}
    for row in _core.registry():
        stem = row["operator"]
        if stem is None:
            continue
        if row["arity"] == 1:
            result[f"__{stem}__"] = "(self) -> Tensor"
            continue
        result[f"__{stem}__"] = "(self, other: Tensor | Scalar, /) -> Tensor"
        if stem not in COMPARISONS:
            result[f"__r{stem}__"] = "(self, other: Scalar, /) -> Tensor"
            result[f"__i{stem}__"] = "(self, other: Tensor | Scalar, /) -> Self"
    return result


def stub_class(name: str) -> str:
    """A class of the core."""
    cls = getattr(_core, name)
    known = {**METHODS, **operators()}
    lines = [f"@final\nclass {name}:", f"    {quoted(Document.of(cls).summary)}"]
    members = dict(vars(cls))
    if name == "Tensor":
        # Before Python 3.12 a class does not show that it exports a buffer.
        members.setdefault("__buffer__", cls)
    for member, value in sorted(members.items()):
        if member in ("__doc__", "__module__"):
            continue
        if member in ATTRIBUTES[name]:
            text = f"    @property\n    def {member}(self) -> {ATTRIBUTES[name][member]}: ..."
        elif member == "__new__":
            text = "    def __new__(cls, dtype: DTypeLike, /) -> Self: ..."
        elif value is None:
            text = f"    {member}: None  # type: ignore[assignment]"
        elif isinstance(value, float):
            text = f"    {member}: Final = {value}"
        elif name != "Tensor" and member in ORDERINGS:
            # The comparisons of a class come together; these refuse.
            continue
        elif member in known:
            ignore = "  # type: ignore[override]" if member in ("__eq__", "__ne__") and name == "Tensor" else ""
            signature = known[member]
            if name != "Tensor" and member in ("__eq__", "__ne__"):
                signature = "(self, other: object, /) -> builtins.bool"
            elif name != "Tensor":
                signature = signature.replace("Tensor | Scalar", "object")
            text = f"    def {member}{signature}: ...{ignore}"
        else:
            sys.exit(f"{name}.{member}: tools/generate_stub.py knows no type for it")
        lines.append(text)
    return "\n".join(lines) + "\n"


def stub_exception(name: str) -> str:
    """An exception class of the core."""
    cls = getattr(_core, name)
    return f"class {name}({cls.__base__.__name__}):\n    {quoted(Document.of(cls).summary)}\n\n"


def stub() -> str:
    """The text of `_core.pyi`."""
    classes = sorted(
        name for name in _core.__all__ if inspect.isclass(getattr(_core, name)) and name not in exceptions()
    )
    unknown = [name for name in classes if name not in ATTRIBUTES]
    if unknown:
        sys.exit(f"tools/generate_stub.py knows no attributes of {', '.join(unknown)}")
    parts = [HEADER]
    parts.append("\n".join(stub_class(name) for name in classes))
    parts.append(DTYPE_LIKE)
    parts.extend(stub_exception(name) for name in exceptions())
    parts.append("".join(f"{name}: Final[DType]\n" for name in dtypes()))
    parts.append("\n__version__: Final[builtins.str]\n__all__ = [\n")
    parts.append(f"{listed(_core.__all__)}]\n\n")
    parts.append(REBUILD)
    public = {name: function for name, function in functions().items() if not name.startswith("_")}
    parts.append("\n".join(stub_function(name, function) for name, function in public.items()))
    return "".join(parts)


def module_name(title: str) -> str:
    """The module of a chapter."""
    return "_" + title.removesuffix(" functions").replace("data type", "data types").replace("-", "").replace(" ", "_")


def listed(names: list[str]) -> str:
    """Names as the lines of a list."""
    return "".join(f'    "{name}",\n' for name in names)


def chapter_modules() -> dict[Path, str]:
    """A module for each chapter of the standard, and `array_api` with all of them."""
    files = {}
    contents: dict[str, list[str]] = {}
    for title, names in chapters().items():
        if title in EXTENSIONS:
            files[ROOT / "corepy" / f"{EXTENSIONS[title]}.py"] = extension_module(title, names)
            continue
        if title == "data type functions":
            names = sorted([*names, *dtypes()], key=natural)
        contents[module_name(title)] = names
        imports = "".join(f"    {name},\n" for name in names)
        files[ROOT / "corepy" / f"{module_name(title)}.py"] = (
            f'"""Array API standard: {title}. Generated by tools/generate_stub.py; do not edit."""\n\n'
            f"from ._core import (\n{imports})\n\n__all__ = [\n{listed(names)}]\n"
        )
    contents["_constants"] = list(CONSTANTS)
    contents["_info"] = ["__array_namespace_info__"]
    imports = "".join(
        f"from .{module} import (\n{''.join(f'    {name},{NEWLINE}' for name in contents[module])})\n"
        for module in sorted(contents)
    )
    extensions = sorted(EXTENSIONS[title] for title in chapters() if title in EXTENSIONS)
    if extensions:
        imports = f"from . import {', '.join(extensions)}\n{imports}"
    standard = sorted(
        ["__array_api_version__", *extensions, *(name for names in contents.values() for name in names)], key=natural
    )
    files[ROOT / "corepy" / "array_api.py"] = (
        '"""Exactly the names of the Array API standard, revision 2025.12, as far as corepy has them.\n\n'
        f'Generated by tools/generate_stub.py; do not edit.\n"""\n\n{imports}'
        f'\n__array_api_version__ = "2025.12"\n\n__all__ = [\n{listed(standard)}]\n'
    )
    files[ROOT / "corepy" / "__init__.pyi"] = package_stub(standard)
    return files


def extension_module(title: str, names: list[str]) -> str:
    """The module of one of the standard's extensions."""
    own = {public_name(name): name for name in names}
    # An exception is public where its module says.
    for name in exceptions():
        if getattr(_core, name).__module__ == f"corepy.{EXTENSIONS[title]}":
            own[name] = name
    public = sorted([*own, *SHARED[EXTENSIONS[title]]], key=natural)
    # Each on a line of its own, sorted by the core's names as the linter has it.
    imports = sorted(
        f"    {own.get(name, name)} as {name},\n" if own.get(name, name) != name else f"    {name},\n"
        for name in public
    )
    return (
        f'"""Array API standard: {title}. Generated by tools/generate_stub.py; do not edit."""\n\n'
        f"from ._core import (\n{''.join(imports)})\n\n__all__ = [\n{listed(public)}]\n\n"
        f"# Libraries tell by a function's module whose it is.\n"
        f"for _function in ({', '.join(own[name] if own[name] == name else name for name in own)},):\n"
        f'    _function.__module__ = "corepy.{EXTENSIONS[title]}"\n'
        f"del _function\n"
    )


def package_stub(standard: list[str]) -> str:
    """The text of `__init__.pyi`: what `corepy` has, and what a star import of it takes."""
    core = ["DType", "Tensor", "__version__"]
    origins = [
        (".", ["array_api"]),
        ("._configuration", list(CONFIGURATION)),
        ("._core", core),
        (".array_api", standard),
    ]
    imports = "".join(f"from {module} import {name} as {name}\n" for module, names in origins for name in names)
    others = ["__version__", "array_api", *CONFIGURATION, *standard]
    taken = core[:2] + sorted((name for name in others if not hasattr(builtins, name)), key=natural)
    return (
        '"""The types of the package. Generated by tools/generate_stub.py; do not edit."""\n\n'
        f"{imports}\n__all__ = [\n{listed(taken)}]\n"
    )


def main() -> int:
    """Writes or checks the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    arguments = parser.parse_args()
    return write_or_check({ROOT / "corepy" / "_core.pyi": stub(), **chapter_modules()}, arguments.check)


if __name__ == "__main__":
    sys.exit(main())
