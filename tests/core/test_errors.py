"""Bad arguments: the exception, its text, and operands left alone."""

import numpy as np
import pytest

import corepy as cp
from support.arrays import assert_same, tensor
from support.oracle import REGISTRY

BINARY = [name for name, row in REGISTRY.items() if row["arity"] == 2]
UNARY = [name for name, row in REGISTRY.items() if row["arity"] == 1]
NOT_OPERANDS = ["text", b"bytes", None, [1, 2], (1, 2), {}, object(), float]


def dtype_of(name):
    """A dtype that the operation takes."""
    return "int64" if "int64" in REGISTRY[name]["computes"] else "float64"


@pytest.mark.parametrize("name", BINARY)
def test_shapes_that_do_not_broadcast(name):
    """ValueError with the function's name and both shapes; zero sizes broadcast with 1 only."""
    function, dtype = getattr(cp, name), dtype_of(name)
    for first, second in (((3, 4), (5,)), ((2,), (3,)), ((0,), (2,)), ((2, 1, 3), (2, 2))):
        a, b = np.ones(first, dtype), np.ones(second, dtype)
        x, y = tensor(a), tensor(b)
        text = f"{name}: shapes {first} and {second} cannot be broadcast"
        with pytest.raises(ValueError, match=text.replace("(", r"\(").replace(")", r"\)")):
            function(x, y)
        assert_same(x, a)
        assert_same(y, b)


@pytest.mark.parametrize("name", BINARY + UNARY)
def test_objects_that_are_no_operands(name):
    """TypeError naming the function and the object's type."""
    function = getattr(cp, name)
    x = tensor(np.ones(2, dtype_of(name)))
    for other in NOT_OPERANDS:
        kind = type(other).__name__
        for arguments in ([other],) if name in UNARY else ([x, other], [other, x], [other, 1]):
            with pytest.raises(TypeError, match=rf"{name}: expected a corepy tensor or a Python scalar, not .*{kind}"):
                function(*arguments)


@pytest.mark.parametrize("name", list(REGISTRY))
def test_wrong_numbers_of_arguments(name):
    """Too few, too many, by a keyword that is none: TypeError with the function's name."""
    arity = REGISTRY[name]["arity"]
    x = tensor(np.ones(2, dtype_of(name)))
    with pytest.raises(TypeError, match=name):
        getattr(cp, name)()
    with pytest.raises(TypeError, match=name):
        getattr(cp, name)(*[x] * (arity + 1))
    with pytest.raises(TypeError, match=name):
        getattr(cp, name)(*[x] * arity, casting="unsafe")
    with pytest.raises(TypeError, match=name):
        getattr(cp, name)(**{f"x{i}": x for i in range(1, arity + 1)})


def test_names_that_tests_hide_behind():
    """The two messages of the design, to the letter."""
    with pytest.raises(ValueError) as raised:
        tensor(np.ones((3, 4))) + tensor(np.ones(5))
    assert str(raised.value) == "add: shapes (3, 4) and (5,) cannot be broadcast"
    with pytest.raises(TypeError) as raised:
        tensor(np.ones(2)) & tensor(np.ones(2, "int8"))
    assert str(raised.value) == ("bitwise_and: dtype float64 with int8 is not supported; expected integer or boolean")


def test_more_elements_than_can_be():
    """A broadcast whose bytes overflow is a ValueError; one that no memory holds a MemoryError."""
    x = tensor(np.zeros(1, "int8"))
    row, column = cp.broadcast_to(x, (1 << 40, 1)), cp.broadcast_to(x, (1, 1 << 40))
    with pytest.raises(ValueError, match="add: .*too large"):
        row + column
    row, column = cp.broadcast_to(x, (1 << 31, 1)), cp.broadcast_to(x, (1, 1 << 30))
    with pytest.raises(MemoryError, match="add: cannot allocate"):
        row + column
    assert x.item() == 0


def test_more_dimensions_than_can_be():
    """65 axes are one too many wherever they come from."""
    with pytest.raises(ValueError, match="64"):
        cp.broadcast_to(tensor(np.ones(1)), (1,) * 65)
    nested = 1.0
    for _ in range(65):
        nested = [nested]
    with pytest.raises(ValueError, match="64"):
        cp.asarray(nested)


def test_shapes_without_end():
    """An iterator that never stops is read no further than a shape can be long."""
    with pytest.raises(ValueError, match="zeros: .*64"):
        cp.zeros(iter(int, 1))
    with pytest.raises(ValueError, match="zeros: .*64"):
        cp.zeros([1] * 10**6)


def test_sequences_that_hold_themselves():
    """An endless nesting ends in an error."""
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="64"):
        cp.asarray(loop)


def test_scalars_that_raise_on_their_way():
    """What an object's own __index__ raises comes through."""

    class Broken:
        def __index__(self):
            raise ZeroDivisionError("mine")

    x = tensor(np.arange(3))
    with pytest.raises((ZeroDivisionError, IndexError)):
        x[Broken()]
    with pytest.raises(ZeroDivisionError, match="mine"):
        x[Broken() :]
