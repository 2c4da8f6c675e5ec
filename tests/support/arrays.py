"""Tensors from NumPy arrays and back, always by copy: no test's operand is another's memory."""

import numpy as np

import corepy as cp

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
INTEGERS = DTYPES[1:9]
SIGNED = DTYPES[1:5]
REAL_FLOATING = ("float32", "float64")
COMPLEX = ("complex64", "complex128")


def tensor(array):
    """A new tensor with the elements, shape and dtype of a NumPy array, in C order."""
    return cp.asarray(np.asarray(array), copy=True)


def array(x):
    """A new NumPy array with the elements, shape and dtype of a tensor."""
    return np.array(x)


def real_dtype(name):
    """The dtype of the components."""
    return {"complex64": "float32", "complex128": "float64"}.get(name, name)


def bits(values):
    """The elements as unsigned integers, for comparison to the last bit; every NaN alike.

    A complex element becomes two; the sign and payload of a NaN mean nothing.
    """
    values = np.ascontiguousarray(values).reshape(-1)
    if values.dtype.kind == "c":
        values = values.view(real_dtype(values.dtype.name))
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    return values.view(f"u{values.dtype.itemsize}")


def assert_same(got, expected, context=""):
    """The tensor has the array's dtype, shape and bits (-0 is not 0; all NaN are alike)."""
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype, f"{context}: dtype {got.dtype}, expected {expected.dtype}"
    assert got.shape == expected.shape, f"{context}: shape {got.shape}, expected {expected.shape}"
    found = array(got)
    different = bits(found) != bits(expected)
    if different.any():
        place = int(np.flatnonzero(different)[0])
        if expected.dtype.kind == "c":
            place //= 2
        raise AssertionError(
            f"{context}: element {place} of {expected.size} is {found.reshape(-1)[place]!r}, "
            f"expected {expected.reshape(-1)[place]!r}; {np.count_nonzero(different)} differ"
        )
