"""Values wherever they are needed, errors at once, and fusion switched off."""

import copy
import operator
import os
import pickle

import numpy as np
import pytest

import corepy as cp
from support.arrays import array, assert_same, tensor
from support.fusion import N, is_pending, numbers, python

NEEDS = {
    "repr": repr,
    "str": str,
    "format": lambda x: f"{x}",
    "html": lambda x: x._repr_html_(),
    "item": lambda x: x[0, 0].item(),
    "flat item": lambda x: x.item(3),
    "float": lambda x: float(x[1, 2]),
    "int": lambda x: int(x[1, 2] * 10),
    "bool": lambda x: bool(x[1, 2]),
    "complex": lambda x: complex(x[1, 2]),
    "in": lambda x: (0.5 in x, 2.0 in x, float(x[3, 3]) in x),
    "tolist": lambda x: x.tolist(),
    "iteration": lambda x: [float(row[0]) for row in x],
    "array": lambda x: np.array(x).tobytes(),
    "buffer": lambda x: bytes(memoryview(x)),
    "pickle": lambda x: array(pickle.loads(pickle.dumps(x))).tobytes(),
    "copy": lambda x: array(copy.copy(x)).tobytes(),
    "deepcopy": lambda x: array(copy.deepcopy(x)).tobytes(),
    "unpacking": lambda x: float([*x][3][1]),
    "index": lambda x: [1, 2, 3][cp.astype(x[0, 0], cp.int64)],
    "dlpack": lambda x: np.from_dlpack(x).tobytes(),
    "numpy ufunc": lambda x: np.add(np.asarray(x), 1).tobytes(),
    "reduce_ex": lambda x: array(pickle.loads(pickle.dumps(x.T, protocol=5))).tobytes(),
    "device": lambda x: array(x.to_device("cpu")).tobytes(),
    "set": lambda x: sorted(set(x[0, :3].tolist())),
}


@pytest.mark.parametrize("name", NEEDS)
def test_values_are_there_when_they_are_needed(name):
    """The same as of the tensor that eager evaluation gives."""
    a = numbers(200, 200)
    with cp.fusion(False):
        expected = NEEDS[name](tensor(a) / 2 + 0.25)
    x = tensor(a) / 2 + 0.25
    assert is_pending(x)
    assert NEEDS[name](x) == expected


def test_attributes_need_no_values():
    """Shape, dtype and the like are known while a tensor is pending."""
    x = cp.astype(tensor(numbers(200, 1, 200)).mT * 2, cp.float32)
    assert len(x) == 200
    assert (x.shape, x.dtype, x.ndim, x.size) == ((200, 200, 1), cp.float32, 3, N)
    assert (x.itemsize, x.nbytes, x.strides, x.device) == (4, 4 * N, (800, 4, 4), "cpu")
    assert cp.result_type(x, cp.float64) == cp.float64
    assert x.real is x and cp.isdtype(x.dtype, "real floating")
    assert cp.astype(x, cp.float32, copy=False) is x and x.to_device("cpu") is x
    assert is_pending(x)


def test_a_single_element_of_always_deferred_results():
    """COREPY_FUSION=always defers everything."""
    code = """
x = cp.asarray(2.0) + 1
y = cp.asarray([1, 2, 3]) * 2
state = [cp.explain(x).split()[0], cp.explain(y).split()[0]]
z = cp.zeros((0, 3)) + 1
print(json.dumps([*state, float(x), bool(x), int(x), [1, 2][cp.asarray(0) + 1], y.tolist(), z.shape, list(cp.sum(z, axis=0))]))
""".replace("list(cp.sum(z, axis=0))", "cp.sum(z, axis=0).tolist()")
    expected = ["pending", "pending", 3.0, True, 3, 2, [2, 4, 6], [0, 3], [0.0, 0.0, 0.0]]
    assert python(code, COREPY_FUSION="always") == expected


# Errors


def test_errors_come_at_once():
    """With the messages of eager evaluation."""
    x, y, z = tensor(numbers()) + 1, tensor(numbers(N + 1)) + 1, tensor(np.arange(N)) + 0
    operations = [
        lambda: x + y,
        lambda: x & x,
        lambda: z / (z > 1)[: N // 2],
        lambda: ~x,
        lambda: cp.where(x > 0, x, y),
        lambda: cp.where(1.0, x, x),
        lambda: cp.clip(x, y, None),
        lambda: cp.astype(z + 1j, cp.float64),
        lambda: cp.astype(x, cp.int8) + 1000,
        lambda: z + (1 << 70),
        lambda: z**-1,
        lambda: z ** (z - 5),
        lambda: cp.sum(x, axis=1),
        lambda: cp.max(x, axis=(0, 0)),
        lambda: cp.mean(z, axis=-2),
        lambda: x + "1",
        lambda: x + None,
        lambda: cp.sin(x, x),
        lambda: cp.reshape(x, (3, 3)),
        lambda: x[N],
        lambda: x @ y,
        lambda: operator.iadd(z, 0.5),
        lambda: operator.iadd(cp.astype(z, cp.int8), 1000),
        lambda: bool(x),
        lambda: float(x),
        lambda: hash(x),
    ]
    for number, operation in enumerate(operations):
        raised = []
        for enabled in (False, True):
            raised.append(None)
            with cp.fusion(enabled):
                try:
                    operation()
                except Exception as error:
                    raised[-1] = (type(error), str(error))
        assert raised[0] is not None and raised[0] == raised[1], f"operation {number}"
    assert_same(x, numbers() + 1)


@pytest.mark.parametrize("bad", [(), (1,), (None,), ([],), "x"])
def test_evaluate_refuses_what_is_no_tensor(bad):
    """Before it evaluates anything."""
    x = tensor(numbers()) + 1
    with pytest.raises(TypeError, match="evaluate"):
        cp.evaluate(*bad)
    if bad:
        with pytest.raises(TypeError, match="evaluate"):
            cp.evaluate(x, *bad)
        assert is_pending(x)


def test_evaluate_returns_its_arguments():
    """The tensor itself, or all of them as a tuple."""
    a = numbers()
    x = tensor(a)
    y = x + 1
    z = y * 2
    assert cp.evaluate(z) is z
    p, q = x - 1, x - 2
    result = cp.evaluate(p, x, q, p)
    assert type(result) is tuple and all(one is other for one, other in zip(result, (p, x, q, p), strict=True))
    assert not any(map(is_pending, (x, y, z, p, q)))
    with pytest.raises(TypeError):
        cp.evaluate(x, out=x)
    with pytest.raises(TypeError, match="explain"):
        cp.explain(numbers())


def test_explain_says_what_will_be_done(threads):
    """Operations, operands, blocks, threads, bytes; afterwards that it is in memory."""
    threads(1)
    x, row, one = tensor(numbers(200, 300)), tensor(numbers(300)), tensor(numbers(1))
    y = cp.sin(x * row + one) / 3
    text = cp.explain(y)
    lines = text.splitlines()
    assert lines[0] == "pending float64 of shape (200, 300): 4 operations in one pass"
    for part in ("60000 elements", "300 elements, broadcast", "one element for all", "number"):
        assert part in text
    for part in ("multiply(", "add(", "sin(", "divide("):
        assert text.count(part) == 1
    assert f"{8 * (60_000 + 300 + 1)} bytes read, 480000 written" in lines[-1]
    assert " elements on 1 thread; " in text and " blocks of up to " in text
    assert cp.explain(y) == text and is_pending(y)
    cp.evaluate(y)
    assert cp.explain(y) == "in memory: float64 of shape (200, 300)"


# Switching it off


def test_fusion_can_be_switched():
    """For a block, nested, restored after an exception; what is pending stays so."""
    x = tensor(numbers())
    pending = x + 1
    with cp.fusion(False):
        assert not is_pending(x + 1) and is_pending(pending)
        with cp.fusion(True):
            assert is_pending(x + 1)
            with cp.fusion(False):
                assert not is_pending(x + 1)
            assert is_pending(x + 1)
        assert not is_pending(x + 1)
        assert not is_pending(pending * 2)
        assert not is_pending(pending)
    assert is_pending(x + 1)
    with pytest.raises(KeyError), cp.fusion(False):
        raise KeyError
    assert is_pending(x + 1)
    off = cp.fusion(False)
    assert not is_pending(x + 1)
    with off:
        assert not is_pending(x + 1)
    assert is_pending(x + 1)
    with off:
        assert not is_pending(x + 1)
    assert is_pending(x + 1)
    for bad in (None, "off", 2.0):
        with pytest.raises(TypeError):
            cp.fusion(bad)
    assert is_pending(x + 1)


@pytest.mark.parametrize(
    "text, state", [("0", "in"), ("1", "pending"), ("always", "pending"), ("", "pending"), (" 1 ", "pending")]
)
def test_the_environment_switches_it(text, state):
    """COREPY_FUSION."""
    code = "print(json.dumps([cp.explain(cp.ones(40_000) + 1).split()[0], cp.explain(cp.ones(4) + 1).split()[0]]))"
    assert python(code, COREPY_FUSION=text) == [state, "pending" if text == "always" else "in"]


def test_only_large_results_are_deferred():
    """From 32768 elements on."""
    assert is_pending(cp.ones(32_768) + 1)
    if os.environ.get("COREPY_FUSION") != "always":
        assert not is_pending(cp.ones(32_767) + 1)
