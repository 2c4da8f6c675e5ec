"""Attributes, scalars, iteration, copies."""

import copy
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import COMPLEX, DTYPES, INTEGERS, array, assert_same, tensor
from support.effort import examples
from support.layouts import layouts, shapes
from support.values import wild


@examples(60)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_attributes_are_those_of_numpy(data, seed):
    """dtype, shape, size, ndim, strides, itemsize, nbytes of any view; tolist and transposes."""
    shape = data.draw(shapes(max_size=100))
    layout = data.draw(layouts(shape))
    for dtype in DTYPES:
        rng = np.random.default_rng(seed)
        a, x = layout.make(lambda shape, dtype=dtype, rng=rng: wild(dtype, shape, rng))
        assert x.dtype == a.dtype and x.shape == a.shape and x.ndim == a.ndim and x.size == a.size
        assert x.itemsize == a.itemsize and x.nbytes == a.nbytes and x.device == "cpu"
        assert_same(x, a)
        if a.ndim == 2:
            assert_same(x.T, a.T)
        if a.ndim >= 2:
            assert_same(x.mT, a.mT)
        assert repr(x.tolist()) == repr(a.tolist())
        if a.ndim:
            assert len(x) == len(a)
            assert [repr(row.tolist()) for row in x] == [repr(row.tolist()) for row in a]


def test_transposes_of_other_ranks_are_refused():
    """T needs two dimensions, mT at least two."""
    for shape in ((), (3,), (2, 3, 4)):
        with pytest.raises(ValueError, match=r"T: .*dimension"):
            tensor(np.ones(shape)).T  # noqa: B018
    for shape in ((), (3,)):
        with pytest.raises(ValueError, match="mT: at least 2 dimensions"):
            tensor(np.ones(shape)).mT  # noqa: B018


@pytest.mark.parametrize("dtype", DTYPES)
def test_conversion_to_python_scalars(dtype):
    """bool, int, float, complex, index and item of one element, of any rank."""
    for value in (0, 1):
        a = np.array(value, dtype)
        for x in (tensor(a), tensor(a.reshape(1, 1))):
            assert bool(x) is bool(a.reshape(()))
            assert type(x.item()) is type(a.item()) and x.item() == a.item()
            assert complex(x) == complex(a.reshape(()))
            if dtype in COMPLEX:
                for convert in (int, float):
                    with pytest.raises(TypeError, match="complex"):
                        convert(x)
            else:
                assert int(x) == value and float(x) == value
            if dtype in INTEGERS and x.ndim == 0:
                assert operator.index(x) == value and range(3)[x] == value
            else:
                with pytest.raises(TypeError):
                    operator.index(x)


def test_conversion_of_what_is_not_one_number():
    """TypeError with the shape; NaN and infinity are no integers."""
    for shape in ((2,), (0,), (2, 2)):
        for convert in (bool, int, float, complex, lambda x: x.item()):
            with pytest.raises(TypeError, match="size 1"):
                convert(tensor(np.ones(shape)))
    with pytest.raises(ValueError, match="NaN"):
        int(tensor(np.array(np.nan)))
    with pytest.raises(OverflowError):
        int(tensor(np.array(np.inf)))


def test_item_takes_indices():
    """Flat ones, one per axis, or a tuple; out of range is an IndexError that says so."""
    a = np.arange(6).reshape(2, 3)
    x = tensor(a)[::-1]
    a = a[::-1]
    assert x.item(4) == a.item(4) and x.item(-1) == a.item(-1)
    assert x.item(1, 2) == a.item(1, 2) and x.item((1, -2)) == a.item((1, -2))
    for bad in ((6,), (-7,), (2, 0), (0, 3), (0, 0, 0)):
        with pytest.raises(IndexError, match="item: "):
            x.item(*bad)
    with pytest.raises(TypeError):
        x.item(1.5)


def test_tensors_have_no_hash_and_no_length_without_axes():
    """They can be changed; a 0-d tensor is no sequence."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(tensor(np.ones(2)))
    scalar = tensor(np.array(1.0))
    with pytest.raises(TypeError, match="0-d"):
        len(scalar)
    with pytest.raises(TypeError, match="0-d"):
        iter(scalar)


def test_iteration_gives_views():
    """Writing into what iteration gives writes the tensor."""
    x = tensor(np.zeros((3, 2)))
    for number, row in enumerate(x):
        row[...] = number
    assert_same(x, np.array([[0.0, 0], [1, 1], [2, 2]]))
    iterator = iter(x)
    assert operator.length_hint(iterator) == 3
    next(iterator)
    assert operator.length_hint(iterator) == 2
    assert len(list(iterator)) == 2 and list(iterator) == []


def test_containment():
    """`value in x` looks at every element."""
    x = tensor(np.array([[1.0, 2.0], [np.nan, 4.0]]))
    assert 2.0 in x and 4 in x
    assert 3.0 not in x and np.nan not in x
    assert 1 not in tensor(np.zeros((0, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_real_and_imaginary_parts(dtype):
    """As NumPy's."""
    a = wild(dtype, 20, np.random.default_rng(0))
    x = tensor(a)
    assert_same(x.real, a.real)
    assert_same(x.imag, a.imag)


def test_copies_own_their_elements():
    """copy and deepcopy; of a view, only what the view shows."""
    a = np.arange(12.0).reshape(3, 4)
    x = tensor(a)[:, ::-2]
    for duplicate in (copy.copy(x), copy.deepcopy(x)):
        assert_same(duplicate, a[:, ::-2])
        duplicate[...] = 0
        assert_same(x, a[:, ::-2])


def test_namespace_and_device():
    """`__array_namespace__` is corepy, for every version of the standard; the device is the CPU."""
    x = tensor(np.ones(2))
    assert x.__array_namespace__() is cp
    for version in ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        assert x.__array_namespace__(api_version=version) is cp
    with pytest.raises(ValueError, match="1999"):
        x.__array_namespace__(api_version="1999.12")
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="to_device: .*gpu"):
        x.to_device("gpu")
    with pytest.raises(ValueError, match="to_device: .*stream"):
        x.to_device("cpu", stream=1)


def test_ranks_up_to_64():
    """33 is NumPy 1's limit and one more; 64 is the limit here; beyond is an error, not a crash."""
    for rank in (33, 64):
        x = tensor(np.ones((1,) * (rank - 1) + (3,)))
        assert x.ndim == rank
        assert_same(x + x[..., ::-1], np.full(x.shape, 2.0))
        assert x.mT.shape[-2:] == (3, 1)
    with pytest.raises(IndexError, match="64 dimensions"):
        x[None]
    many = np.ones((2,) * 16)
    assert_same(tensor(many).mT * 2, many * 2)


def test_formats():
    """A 0-d tensor formats as its number; others only plainly."""
    assert f"{tensor(np.array(3.14159)):.2f}" == "3.14"
    assert f"{tensor(np.arange(3))}" == str(tensor(np.arange(3)))
    with pytest.raises(TypeError, match="format"):
        f"{tensor(np.arange(3)):.2f}"


def test_weak_references_and_the_class():
    """Tensors can be referenced weakly; the class says whose it is and makes none itself."""
    import weakref

    x = tensor(np.ones(2))
    reference = weakref.ref(x)
    assert reference() is x
    del x
    assert reference() is None
    assert cp.Tensor.__module__ == "corepy" and cp.Tensor.__name__ == "Tensor"
    with pytest.raises(TypeError):
        cp.Tensor()
    with pytest.raises(AttributeError):
        tensor(np.ones(2)).shape = (1, 2)


def test_array_round_trip_of_all_bits():
    """The helpers behind all tests lose nothing."""
    for dtype in DTYPES:
        a = wild(dtype, (5, 7), np.random.default_rng(2))
        assert array(tensor(a)).tobytes() == a.tobytes()
