"""Pickling and copying of tensors and dtypes."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, assert_same, tensor
from support.layouts import layouts, shapes

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def values(dtype, shape):
    return (np.arange(np.prod(shape, dtype=int)) % 7).astype(dtype).reshape(shape)


@given(shapes().flatmap(layouts), st.sampled_from(DTYPES), st.sampled_from(PROTOCOLS))
def test_round_trip(layout, dtype, protocol):
    expected, x = layout.make(lambda shape: values(dtype, shape))
    y = pickle.loads(pickle.dumps(x, protocol))
    assert_same(y, expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_result_is_writable_and_its_own(protocol):
    x = cp.asarray([1.0, 2.0])
    y = pickle.loads(pickle.dumps(x, protocol))
    y[0] = 5.0
    assert x[0] == 1.0


def test_out_of_band_without_a_copy():
    x = cp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for view in [x, x.T, x[0], x[0, 0], x[:0]]:
        buffers = []
        data = pickle.dumps(view, 5, buffer_callback=buffers.append)
        assert len(buffers) == 1 and len(data) < 300
        y = pickle.loads(data, buffers=buffers)
        assert y.tolist() == view.tolist() and y.shape == view.shape
        if y.size:
            assert y.__array_interface__["data"][0] == view.__array_interface__["data"][0]
            assert y.strides == view.strides or y.ndim < 2


def test_out_of_band_views_with_gaps_are_copied():
    x = cp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    buffers = []
    data = pickle.dumps(x[:, ::2], 5, buffer_callback=buffers.append)
    assert buffers[0].raw().nbytes == 32
    assert pickle.loads(data, buffers=buffers).tolist() == [[1.0, 3.0], [4.0, 6.0]]


def test_a_read_only_buffer_gives_a_read_only_tensor():
    buffers = []
    data = pickle.dumps(cp.asarray([1.0, 2.0]), 5, buffer_callback=buffers.append)
    y = pickle.loads(data, buffers=[bytes(buffer) for buffer in buffers])
    with pytest.raises(ValueError, match="read-only"):
        y[0] = 1.0


def test_damaged_pickles():
    rebuild, arguments = cp.asarray([[1.0, 2.0]]).__reduce_ex__(4)
    buffer, dtype, shape, axes, copied = arguments
    assert rebuild(*arguments).tolist() == [[1.0, 2.0]]
    for error, wrong in [
        (ValueError, (buffer[:-1], dtype, shape, axes, copied)),
        (ValueError, (buffer, dtype, (1, 3), axes, copied)),
        (ValueError, (buffer, dtype, (2**62, 2**62), axes, copied)),
        (ValueError, (buffer, dtype, shape, (0, 0), copied)),
        (ValueError, (buffer, dtype, shape, (0,), copied)),
        (ValueError, (buffer, dtype, shape, (1, 2), copied)),
        (TypeError, (buffer, "float16", shape, axes, copied)),
        (TypeError, ("text", dtype, shape, axes, copied)),
        (OverflowError, (buffer, dtype, (-1,), (0,), copied)),
    ]:
        with pytest.raises(error):
            rebuild(*wrong)


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_pickle_by_name(name):
    dtype = getattr(cp, name)
    for protocol in PROTOCOLS:
        assert pickle.loads(pickle.dumps(dtype, protocol)) is dtype
    assert copy.copy(dtype) is copy.deepcopy(dtype) is dtype


def test_copies():
    x = cp.asarray([[1.0, 2.0], [3.0, 4.0]])
    for y in [copy.copy(x), copy.deepcopy(x), copy.deepcopy([x, x])[0]]:
        y[0, 0] = 9.0
        assert x[0, 0] == 1.0
    twice = copy.deepcopy([x, x])
    assert twice[0] is twice[1]
    assert_same(copy.copy(x.T), np.asarray(x).T)
    assert tensor(np.ones(2)).tolist() == [1.0, 1.0]
