"""What NumPy calls when it meets a tensor: the array protocol and its two dispatch protocols.

A function of NumPy becomes the function of the same meaning in corepy where there is one, and gives
tensors. Where corepy has the function but not all of the arguments' meaning (``where=``, ``order=``, a
dtype of NumPy's own), NumPy computes on the tensors' memory and the result becomes a tensor again. A
function that corepy does not have is NumPy's, and so is its result.
"""

import functools
import inspect

import numpy as np

import corepy

from ._core import Tensor

__all__ = []

# Where the standard's name differs from that of NumPy's ufunc.
_UFUNC_NAMES = {
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
    "true_divide": "divide",
}

# What a ufunc's reduction is called in the standard.
_REDUCTIONS = {
    "add": "sum",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "max",
    "minimum": "min",
    "multiply": "prod",
}

# NumPy's functions that mean the same in the standard: the names of the arguments that come first, in the
# standard's order; then the standard's name and its names for the other arguments, where they differ.
# An argument that is in neither stays NumPy's affair unless the standard's function knows it.
_FUNCTIONS = {
    "all": ("a",),
    "amax": ("a", "max"),
    "amin": ("a", "min"),
    "any": ("a",),
    "argmax": ("a",),
    "argmin": ("a",),
    "argsort": ("a",),
    "broadcast_to": ("array shape",),
    "clip": ("a a_min a_max",),
    "concatenate": ("arrays", "concat"),
    "count_nonzero": ("a",),
    "cross": ("a b",),
    "empty_like": ("prototype",),
    "expand_dims": ("a axis",),
    "flip": ("m",),
    "full_like": ("a fill_value",),
    "imag": ("val",),
    "matrix_transpose": ("x",),
    "max": ("a",),
    "mean": ("a",),
    "min": ("a",),
    "moveaxis": ("a source destination",),
    "nonzero": ("a",),
    "ones_like": ("a",),
    "outer": ("a b",),
    "permute_dims": ("a axes",),
    "prod": ("a",),
    "real": ("val",),
    "repeat": ("a repeats",),
    "reshape": ("a shape",),
    "roll": ("a shift",),
    "round": ("a",),
    "searchsorted": ("a v",),
    "sort": ("a",),
    "squeeze": ("a axis",),
    "stack": ("arrays",),
    "std": ("a", "std", {"ddof": "correction"}),
    "sum": ("a",),
    "take": ("a indices",),
    "take_along_axis": ("arr indices",),
    "tensordot": ("a b",),
    "tile": ("A reps",),
    "transpose": ("a axes", "permute_dims"),
    "tril": ("m",),
    "triu": ("m",),
    "var": ("a", "var", {"ddof": "correction"}),
    "where": ("condition x y",),
    "zeros_like": ("a",),
}

# Functions that NumPy compiled, whose signatures Python cannot ask for.
_COMPILED = {
    "concatenate": ("arrays", "axis", "out"),
    "empty_like": ("prototype", "dtype", "order", "subok", "shape"),
    "where": ("condition", "x", "y"),
}

# The standard's functions take the axis by name only.
_KEYWORDS = {"axis"}


class _Unlike(Exception):
    """The call has no counterpart in corepy."""


def array(x, dtype, copy):
    """The tensor as a NumPy array: what ``__array__`` returns."""
    return np.array(memoryview(x), dtype=dtype, copy=copy)


def _shared(value):
    """`value` with NumPy arrays, on the same memory, in place of all tensors."""
    if isinstance(value, Tensor):
        return np.asarray(memoryview(value))
    if isinstance(value, corepy.DType):
        return value.__numpy_dtype__
    if type(value) in (list, tuple):
        return type(value)(_shared(item) for item in value)
    if type(value) is dict:
        return {key: _shared(item) for key, item in value.items()}
    return value


def _as_tensors(value):
    """NumPy's result with tensors in place of arrays, where corepy has their dtype."""
    if isinstance(value, np.ndarray | np.generic):
        try:
            return corepy.asarray(value)
        except TypeError:
            return value
    if type(value) in (list, tuple):
        return type(value)(_as_tensors(item) for item in value)
    return value


def _argument(value):
    """An operand as corepy's functions take it."""
    if isinstance(value, Tensor | np.generic | int | float | complex):
        return value
    return corepy.asarray(value)


def _store(result, out):
    """Writes `result` into the tensor `out`, under the casting rule of NumPy's ``out=``."""
    if not np.can_cast(result.dtype.__numpy_dtype__, out.dtype.__numpy_dtype__, "same_kind"):
        raise TypeError(f"cannot cast the result from {result.dtype} to {out.dtype}, the dtype of out")
    if corepy.broadcast_shapes(result.shape, out.shape) != out.shape:
        raise ValueError(f"the result of shape {result.shape} does not fit out, of shape {out.shape}")
    out[...] = result
    return out


def _defers(value):
    """Whether `value` belongs to a library that answers NumPy itself."""
    theirs = getattr(type(value), "__array_ufunc__", np.ndarray.__array_ufunc__)
    return theirs not in (np.ndarray.__array_ufunc__, np.generic.__array_ufunc__, Tensor.__array_ufunc__)


def _call(ufunc, inputs, kwargs):
    name = ufunc.__name__
    # Another library's ufunc may bear the name of one of NumPy's.
    function = getattr(corepy, _UFUNC_NAMES.get(name, name), None) if getattr(np, name, None) is ufunc else None
    if function is None or kwargs:
        raise _Unlike
    return function(*map(_argument, inputs))


def _reduce(ufunc, inputs, kwargs):
    name = _REDUCTIONS.get(ufunc.__name__)
    function = getattr(corepy, name, None) if name and getattr(np, ufunc.__name__, None) is ufunc else None
    if function is None or not kwargs.keys() <= {"axis", "dtype", "keepdims"}:
        raise _Unlike
    (x,) = inputs
    kwargs.setdefault("axis", 0)
    return function(_argument(x), **kwargs)


def array_ufunc(ufunc, method, inputs, kwargs):
    """``Tensor.__array_ufunc__``."""
    outs = kwargs.pop("out", None) or ()
    if any(_defers(value) for value in (*inputs, *outs)):
        return NotImplemented
    compute = {"__call__": _call, "reduce": _reduce}.get(method)
    if compute is not None and all(isinstance(out, Tensor) for out in outs):
        try:
            result = compute(ufunc, inputs, {k: v for k, v in kwargs.items() if v is not None or k == "axis"})
        except (_Unlike, TypeError, NotImplementedError):
            pass
        else:
            return _store(result, outs[0]) if outs else result
    known = compute is not None and getattr(corepy, _UFUNC_NAMES.get(ufunc.__name__, ufunc.__name__), None)
    if outs:
        kwargs["out"] = _shared(tuple(outs))
    result = getattr(ufunc, method)(*_shared(inputs), **_shared(kwargs))
    if outs:
        return outs[0] if len(outs) == 1 else tuple(outs)
    return _as_tensors(result) if known else result


@functools.lru_cache(maxsize=None)
def _signature(function):
    if function.__name__ in _COMPILED:
        parameter = inspect.Parameter
        return inspect.Signature(
            [parameter(name, parameter.POSITIONAL_OR_KEYWORD, default=None) for name in _COMPILED[function.__name__]]
        )
    return inspect.signature(function)


def _standard_call(function, args, kwargs):
    """Corepy's result of NumPy's ``function(*args, **kwargs)``; `_Unlike` if there is none."""
    name = function.__name__
    row = _FUNCTIONS.get(name)
    if row is None or getattr(np, name, None) is not function:
        raise _Unlike
    first, standard, renamed = (*row, name, {})[:3] if len(row) == 1 else (*row, {})[:3]
    target = getattr(corepy, standard, None)
    if target is None:
        raise _Unlike
    signature = _signature(function)
    given = signature.bind(*args, **kwargs).arguments
    given = {key: value for key, value in given.items() if value is not signature.parameters[key].default}
    out = given.pop("out", None)
    if out is not None and not isinstance(out, Tensor):
        raise _Unlike
    names = first.split()
    if not all(name in given for name in names if name not in ("a_min", "a_max")) or given.get("order", "C") not in "CK":
        raise _Unlike
    given.pop("order", None)
    positional = [given.pop(name, None) for name in names if name not in _KEYWORDS]
    positional[0] = _first(positional[0])
    keywords = {renamed.get(key, key): value for key, value in given.items()}
    for name in names:
        if name in _KEYWORDS:
            keywords[name] = given[name]
    result = target(*positional, **keywords)
    return result if out is None else _store(result, out)
