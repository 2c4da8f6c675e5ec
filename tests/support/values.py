"""Elements to compute with: random ones of every magnitude, and the special ones of each dtype."""

import numpy as np

from support.arrays import COMPLEX, REAL_FLOATING, real_dtype


def specials(dtype):
    """The values at which a function of this dtype may go wrong."""
    name = np.dtype(dtype).name
    if name == "bool":
        return np.array([False, True])
    if name in COMPLEX:
        parts = specials(real_dtype(name))
        grid = np.empty((parts.size, parts.size), name)
        grid.real, grid.imag = parts[:, None], parts[None, :]
        return grid.reshape(-1)
    if name in REAL_FLOATING:
        limits = np.finfo(name)
        positive = [0, limits.smallest_subnormal, limits.smallest_normal, limits.eps, 0.5, 1, 1.5, 2, 3, 7]
        positive += [np.nextafter(limits.dtype.type(1), limits.dtype.type(2)), np.pi / 2, np.pi, 1e4]
        positive += [np.nextafter(limits.dtype.type(1), limits.dtype.type(0)), limits.max, np.inf]
        positive = np.array(positive, name)
        return np.concatenate([positive, -positive, np.array([np.nan], name)])
    limits = np.iinfo(name)
    values = {0, 1, 2, 3, 7, 8, limits.bits - 1, limits.bits, limits.bits + 1, limits.max, limits.max - 1, limits.min}
    values |= {-1, -2, -3, -7, limits.min + 1} if limits.min < 0 else set()
    return np.array([value for value in sorted(values) if limits.min <= value <= limits.max], name)


def moderate(dtype, shape, rng):
    """Random values of moderate size, where most functions are defined and nothing overflows."""
    name = np.dtype(dtype).name
    if name == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if name in COMPLEX:
        result = np.empty(shape, name)
        result.real, result.imag = rng.normal(0, 2, shape), rng.normal(0, 2, shape)
        return result
    if name in REAL_FLOATING:
        return rng.normal(0, 3, shape).astype(name)
    limits = np.iinfo(name)
    return rng.integers(max(limits.min, -100), 100, shape, endpoint=True).astype(name)


def wild(dtype, shape, rng):
    """Random bit patterns with special values among them."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape))
    if dtype.kind == "b":
        return moderate(dtype, shape, rng)
    result = np.frombuffer(rng.bytes(size * dtype.itemsize), dtype).copy()
    pool = specials(dtype)
    chosen = rng.random(size) < 0.25
    result[chosen] = pool[rng.integers(0, pool.size, np.count_nonzero(chosen))]
    return result.reshape(shape)


def nonnegative(array):
    """The array without its negative integers: what an exponent must be."""
    return np.maximum(array, 0) if array.dtype.kind == "i" else array
