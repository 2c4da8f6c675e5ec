"""What NumPy calls when it meets a tensor: the array protocol and its two dispatch protocols.

A function of NumPy becomes corepy's of the same meaning where there is one, and gives tensors. Where
corepy has the function but not what the call asks of it (``where=``, a dtype of NumPy's own), NumPy
computes on the tensors' memory, and the result becomes a tensor again. A function that corepy does not
have is NumPy's, and so is its result.
"""

from __future__ import annotations

import functools
import inspect

import numpy as np

import corepy

from ._core import DType, Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ._core import DTypeLike

__all__: list[str] = []

# The standard's names of NumPy's ufuncs where they differ.
_UFUNCS = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
}

# What the standard calls the reduction by a ufunc.
_REDUCTIONS = {
    "add": "sum",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "max",
    "minimum": "min",
    "multiply": "prod",
}

# NumPy's functions in the standard's words: the standard's name, then NumPy's names of the arguments
# that go by position, all of them required, then those that go by name; "theirs=ours" where the names
# differ, "axis!" where NumPy alone has a default. A call with any other argument is left to NumPy.
_FUNCTIONS = {
    "all": "all a | axis keepdims",
    "amax": "max a | axis keepdims",
    "amin": "min a | axis keepdims",
    "any": "any a | axis keepdims",
    "argmax": "argmax a | axis keepdims",
    "argmin": "argmin a | axis keepdims",
    "argsort": "argsort a | axis stable",
    "astype": "astype x dtype | copy",
    "broadcast_arrays": "broadcast_arrays *args |",
    "broadcast_to": "broadcast_to array shape |",
    "clip": "clip a | a_min=min a_max=max min max",
    "concatenate": "concat arrays | axis",
    "count_nonzero": "count_nonzero a | axis keepdims",
    "cumprod": "cumulative_prod a | axis! dtype",
    "cumsum": "cumulative_sum a | axis! dtype",
    "diff": "diff a | n axis prepend append",
    "empty_like": "empty_like prototype | dtype",
    "expand_dims": "expand_dims a | axis",
    "flip": "flip m | axis",
    "full_like": "full_like a fill_value | dtype",
    "imag": "imag val |",
    "matrix_transpose": "matrix_transpose x |",
    "max": "max a | axis keepdims",
    "mean": "mean a | axis keepdims",
    "meshgrid": "meshgrid *xi | indexing",
    "min": "min a | axis keepdims",
    "moveaxis": "moveaxis a source destination |",
    "nonzero": "nonzero a |",
    "ones_like": "ones_like a | dtype",
    "prod": "prod a | axis dtype keepdims",
    "real": "real val |",
    "repeat": "repeat a repeats | axis",
    "reshape": "reshape a shape | copy",
    "roll": "roll a shift | axis",
    "round": "round a |",
    "searchsorted": "searchsorted a v | side sorter",
    "sort": "sort a | axis stable",
    "squeeze": "squeeze a | axis!",
    "stack": "stack arrays | axis",
    "std": "std a | axis keepdims correction ddof=correction",
    "sum": "sum a | axis dtype keepdims",
    "take": "take a indices | axis!",
    "take_along_axis": "take_along_axis arr indices | axis!",
    "tensordot": "tensordot a b | axes",
    "tile": "tile A reps |",
    "transpose": "permute_dims a axes |",
    "tril": "tril m | k",
    "triu": "triu m | k",
    "unstack": "unstack x | axis",
    "var": "var a | axis keepdims correction ddof=correction",
    "where": "where condition x y |",
    "zeros_like": "zeros_like a | dtype",
}

# The parameters of NumPy's compiled functions, which do not tell them.
_COMPILED: dict[str, dict[str, Any]] = {
    "concatenate": {"arrays": None, "axis": 0, "out": None, "dtype": None, "casting": "same_kind"},
    "empty_like": {"prototype": None, "dtype": None, "order": "K", "subok": True, "shape": None, "device": None},
    "where": {"condition": None, "x": None, "y": None},
}

# The arguments that every ufunc knows, when they say nothing.
_NEUTRAL: dict[str, Any] = {
    "casting": "same_kind",
    "dtype": None,
    "initial": np._NoValue,
    "keepdims": False,
    "order": "K",
    "subok": True,
    "where": True,
}


class _Unlike(Exception):
    """The call has no counterpart in corepy."""


def array(x: Tensor, dtype: DTypeLike | None, copy: bool | None) -> Any:
    """``Tensor.__array__``."""
    if isinstance(dtype, DType):
        dtype = dtype.__numpy_dtype__
    return np.array(memoryview(x), dtype=dtype, copy=copy)


def _shared(value: Any) -> Any:
    """`value` with NumPy arrays, on the same memory, in place of all tensors."""
    if isinstance(value, Tensor):
        return np.asarray(memoryview(value))
    if isinstance(value, DType):
        return value.__numpy_dtype__
    if type(value) in (list, tuple):
        return type(value)(map(_shared, value))
    if type(value) is dict:
        return {key: _shared(item) for key, item in value.items()}
    return value


def _tensors(value: Any) -> Any:
    """`value` with tensors in place of NumPy's own arrays and scalars, where corepy has their dtype."""
    if type(value) is np.ndarray or isinstance(value, np.generic):
        try:
            return corepy.asarray(value)
        except TypeError:
            return value
    if type(value) in (list, tuple):
        return type(value)(map(_tensors, value))
    return value


# What corepy's functions take as it is.
_OPERANDS = (Tensor, np.ndarray, np.generic, int, float, complex)


def _operand(value: object) -> Any:
    """An operand as corepy's functions take it."""
    return value if isinstance(value, _OPERANDS) else corepy.asarray(value)


def _store(result: Tensor, out: Tensor) -> Tensor:
    """Writes `result` into the tensor `out`, by the casting rule of NumPy's ``out=``."""
    if not np.can_cast(result.dtype.__numpy_dtype__, out.dtype.__numpy_dtype__, "same_kind"):
        raise TypeError(f"out: cannot cast the result from {result.dtype} to {out.dtype}")
    if corepy.broadcast_shapes(result.shape, out.shape) != out.shape:
        raise ValueError(f"out: a result of shape {result.shape} does not fit shape {out.shape}")
    out[...] = result
    return out


def _defers(value: object) -> bool:
    """Whether `value` belongs to a library that answers NumPy itself."""
    kind = type(value)
    if kind is Tensor or kind is np.ndarray:
        return False
    return getattr(kind, "__array_ufunc__", None) not in (None, np.ndarray.__array_ufunc__)


@functools.cache
def _counterpart(ufunc: Any, method: str) -> Callable[..., Any] | None:
    """Corepy's function for a method of a ufunc, or None."""
    name = ufunc.__name__
    # Another library's ufunc may bear the name of one of NumPy's.
    if getattr(np, name, None) is not ufunc:
        return None
    names = {"__call__": _UFUNCS.get(name, name), "reduce": _REDUCTIONS.get(name)}
    return getattr(corepy, names.get(method) or "", None)


def _apply(function: Callable[..., Any], method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    kwargs = {key: value for key, value in kwargs.items() if key not in _NEUTRAL or value is not _NEUTRAL[key]}
    if method == "__call__":
        if kwargs:
            raise _Unlike
        return function(*map(_operand, inputs))
    if not kwargs.keys() <= {"axis", "dtype", "keepdims"}:
        raise _Unlike
    return function(*map(_operand, inputs), **{"axis": 0, **kwargs})


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``Tensor.__array_ufunc__``."""
    outs = kwargs.pop("out", ())
    if any(map(_defers, (*inputs, *outs))):
        return NotImplemented
    function = _counterpart(ufunc, method)
    if function is not None and all(isinstance(out, Tensor) for out in outs):
        try:
            result = _apply(function, method, inputs, kwargs)
        except (_Unlike, TypeError):
            pass  # NumPy knows what it means, or raises in its own words.
        else:
            return _store(result, *outs) if outs else result
    if outs:
        kwargs["out"] = _shared(outs)
    result = getattr(ufunc, method)(*_shared(inputs), **_shared(kwargs))
    if outs:
        results = result if type(result) is tuple else (result,)
        results = tuple(value if out is None else out for value, out in zip(results, outs, strict=True))
        return results if type(result) is tuple else results[0]
    return result if _counterpart(ufunc, "__call__") is None else _tensors(result)


class _Row:
    """A row of `_FUNCTIONS`, taken apart."""

    def __init__(self, function: Callable[..., Any]) -> None:
        text, _, keywords = _FUNCTIONS[function.__name__].partition("|")
        self.name, *self.positional = text.split()
        self.required = [keyword[:-1] for keyword in keywords.split() if keyword.endswith("!")]
        pairs = [keyword.rstrip("!").partition("=") for keyword in keywords.split()]
        self.keywords = {theirs: ours or theirs for theirs, _, ours in pairs}
        if function.__name__ in _COMPILED:
            self.defaults = _COMPILED[function.__name__]
        else:
            parameters = inspect.signature(function).parameters.values()
            self.defaults = {p.name: p.default for p in parameters if p.kind != inspect.Parameter.VAR_KEYWORD}

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that differ from their defaults, by NumPy's names."""
        if self.positional[0].startswith("*"):
            args = (args,)
        given = dict(zip(self.defaults, args, strict=False))
        if len(args) > len(given) or given.keys() & kwargs.keys():
            raise _Unlike
        return {name: value for name, value in {**given, **kwargs}.items() if not self._is_default(name, value)}

    def _is_default(self, name: str, value: object) -> bool:
        default = self.defaults.get(name, inspect.Parameter.empty)
        return value is default or (type(value) is str and type(default) is str and value == default)

    def call(self, target: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Corepy's result."""
        given = self.bind(args, kwargs)
        out = given.pop("out", None)
        if out is not None and not isinstance(out, Tensor):
            raise _Unlike
        positional: list[Any] = []
        for name in self.positional:
            if name.lstrip("*") not in given:
                raise _Unlike
            value = _tensors(given.pop(name.lstrip("*")))
            positional.extend(value if name.startswith("*") else [value])
        if not given.keys() <= self.keywords.keys() or not given.keys() >= set(self.required):
            raise _Unlike
        result = target(*positional, **{self.keywords[name]: _tensors(value) for name, value in given.items()})
        return result if out is None else _store(result, out)


@functools.cache
def _row(function: Callable[..., Any]) -> _Row | None:
    name = function.__name__
    return _Row(function) if name in _FUNCTIONS and getattr(np, name, None) is function else None


def array_function(
    function: Callable[..., Any], types: Sequence[type[Any]], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """``Tensor.__array_function__``."""
    for other in types:
        if not issubclass(other, Tensor) and other.__array_function__ is not np.ndarray.__array_function__:
            return NotImplemented
    row = _row(function)
    target = None if row is None else getattr(corepy, row.name, None)
    if row is not None and target is not None:
        try:
            return row.call(target, args, kwargs)
        except (_Unlike, TypeError):
            pass  # As for ufuncs.
    # Past the dispatcher: a tensor that hides in a container of unknown type would come back here.
    implementation = getattr(function, "_implementation", function)
    result = implementation(*_shared(args), **_shared(kwargs))
    out = kwargs.get("out")
    if out is not None:
        return out if isinstance(out, Tensor) else result
    return result if target is None else _tensors(result)
