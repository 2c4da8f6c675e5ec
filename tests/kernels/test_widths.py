"""Bits depend on the operands alone: not on the length, the place in the tensor, or its alignment.

Lengths lie around each vector width, the kernels' blocks (512 elements), the executor's (4096 and
16384) and a parallel loop's chunks.
"""

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, bits, tensor
from support.oracle import REGISTRY
from support.values import moderate, nonnegative, specials

CASES = [(name, dtype) for name, row in REGISTRY.items() for dtype, compute in row["computes"].items()]
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096, 16384)
LENGTHS = sorted({length for width in WIDTHS for length in (width - 1, width, width + 1)})


def pool(name, dtype, position, rng):
    """Operands: half of them everyday numbers, the rest what a kernel's rare path may be for."""
    if name == "pow" and np.dtype(dtype).kind in "iu":
        return nonnegative(moderate(dtype, 64, rng))
    special = specials(dtype)
    return np.concatenate([moderate(dtype, 32, rng), special[rng.integers(0, special.size, 32)]])


def one_by_one(function, operands):
    """The result of each element alone."""
    columns = [tensor(operand) for operand in operands]
    size = operands[0].size
    return np.concatenate([array(function(*(x[i : i + 1] for x in columns))) for i in range(size)])


@pytest.mark.parametrize("name, dtype", CASES)
def test_each_element_is_computed_as_if_alone(name, dtype):
    """At every length, with and without rare elements nearby, and at every alignment."""
    rng = np.random.default_rng(1)
    function = getattr(cp, name)
    operands = [pool(name, dtype, position, rng) for position in range(REGISTRY[name]["arity"])]
    alone = one_by_one(function, operands)
    longest = LENGTHS[-1] + 3
    # The first half of the longest operand has everyday numbers only.
    index = np.concatenate([rng.integers(0, 32, longest // 2), rng.integers(0, 64, longest - longest // 2)])
    expected = alone[index]
    full = [tensor(operand[index]) for operand in operands]
    for length in LENGTHS:
        # Offsets of 0 to 3 elements: the data is aligned to nothing but the dtype.
        offset = length % 4
        part = slice(offset, offset + length)
        got = array(function(*(x[part] for x in full)))
        different = np.flatnonzero(bits(got) != bits(expected[part]))
        assert not different.size, (
            f"length {length}, offset {offset}: element {different[0]} is {got.reshape(-1)[different[0] % got.size]!r}, "
            f"alone {expected[part][different[0] % got.size]!r}"
        )


@pytest.mark.parametrize("name, dtype", CASES)
def test_a_scalar_operand_gives_the_bits_of_a_full_one(name, dtype):
    """A 0-d tensor broadcast, on each side, against a tensor of equal elements."""
    rng = np.random.default_rng(2)
    function = getattr(cp, name)
    operands = [pool(name, dtype, position, rng) for position in range(REGISTRY[name]["arity"])]
    tensors = [tensor(operand) for operand in operands]
    for position, operand in enumerate(operands):
        for place in (0, 40, 50, 63):
            repeated = [*tensors]
            repeated[position] = tensor(np.full(64, operand[place]))
            single = [*tensors]
            single[position] = tensor(operand[place])
            a, b = array(function(*repeated)), array(function(*single))
            assert np.array_equal(bits(np.broadcast_to(b, a.shape)), bits(a)), (position, operand[place])
