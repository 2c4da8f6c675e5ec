"""Whether an operation's result is as close to the oracle's as the registry states."""

import numpy as np

from support import ulp
from support.arrays import array, assert_same
from support.oracle import COMPLEX_ULP, HAS_WIDE, exactness, reference, result_dtype


def comparable(name, compute):
    """Whether NumPy has a dtype wide enough to compare with."""
    return HAS_WIDE or exactness(name, compute) == "exact" or compute not in ("float64", "complex128")


def check(name, compute, got, operands):
    """`got` is what `name` gives for NumPy operands, to the accuracy that the registry states."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    dtype = result_dtype(name, compute)
    assert got.dtype == np.dtype(dtype) and got.shape == shape, f"{got.dtype} {got.shape}, not {dtype} {shape}"
    how = exactness(name, compute)
    expected = reference(name, compute, operands)
    if how == "exact":
        assert_same(got, expected, name)
        return
    values = array(got)
    if how == "ulp":
        error, bound = ulp.error(values, expected), 1.0
    else:
        error, bound = ulp.complex_error(values, expected), COMPLEX_ULP[name]
    if error.size and error.max() > bound + ulp.REFERENCE_SLACK:
        place = np.unravel_index(error.argmax(), shape)
        inputs = [np.broadcast_to(operand, shape)[place].item() for operand in operands]
        raise AssertionError(
            f"{name} of {inputs!r} in {compute} is {values[place].item()!r}, "
            f"expected {expected[place]!r}: {error.max():.3g} ULP"
        )
