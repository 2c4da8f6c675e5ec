"""DLPack in both directions: geometry, flags, lifetimes, and everything that can be wrong with a capsule."""

import ctypes
import gc
import sys
import threading
import weakref

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support import dlpack
from support.arrays import DTYPES, assert_same, tensor
from support.dlpack import Exporter
from support.layouts import layouts, shapes


def values(dtype, shape):
    return (np.arange(np.prod(shape, dtype=int)) % 7).astype(dtype).reshape(shape)


# Out


@given(shapes().flatmap(layouts), st.sampled_from(DTYPES))
def test_numpy_reads_any_view(layout, dtype):
    expected, x = layout.make(lambda shape: values(dtype, shape))
    found = np.from_dlpack(x)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("max_version", [None, (0, 8), (1, 0), (1, 2), (2, 0)])
def test_the_structure_says_what_the_tensor_is(dtype, max_version):
    x = tensor(values(dtype, (2, 3, 4)))[:, 1:, ::2]
    capsule = x.__dlpack__(max_version=max_version)
    managed = dlpack.content(capsule)
    found = managed.tensor
    if max_version is not None and max_version >= (1, 0):
        assert dlpack.name(capsule) == "dltensor_versioned"
        assert (managed.major, managed.minor, managed.flags) == (1, 0, 0)
    else:
        assert dlpack.name(capsule) == "dltensor"
    assert (found.device_type, found.device_id, found.ndim, found.lanes) == (1, 0, 3, 1)
    assert found.shape[:3] == [2, 2, 2]
    assert found.strides[:3] == [12, 4, 2]
    assert found.bits == 8 * x.itemsize
    codes = {"b": dlpack.BOOL, "i": dlpack.INT, "u": dlpack.UINT, "f": dlpack.FLOAT, "c": dlpack.COMPLEX}
    assert found.code == codes[x.dtype.kind]
    assert found.data + found.byte_offset == x.__array_interface__["data"][0]


def test_writing_goes_both_ways():
    x = cp.asarray([1.0, 2.0, 3.0])
    a = np.from_dlpack(x)
    a[0] = 10.0
    x[1] = 20.0
    assert x.tolist() == a.tolist() == [10.0, 20.0, 3.0]


def test_strides_that_lead_nowhere_are_compact():
    # JAX insists on it.
    x = cp.asarray([[1.0, 2.0, 3.0]])[None, :, None, :]
    found = dlpack.content(x.__dlpack__()).tensor
    assert found.shape[:4] == [1, 1, 1, 3]
    assert found.strides[:4] == [3, 3, 3, 1]


def test_0d_has_no_shape():
    found = dlpack.content(cp.asarray(2.5).__dlpack__()).tensor
    assert found.ndim == 0 and not found.shape and not found.strides
    assert np.from_dlpack(cp.asarray(2.5)) == 2.5


@pytest.mark.parametrize("versioned", [False, True])
def test_negative_strides_go_as_a_copy(versioned):
    x = cp.asarray([1, 2, 3, 4])[::-2]
    capsule = x.__dlpack__(max_version=(1, 0) if versioned else None)
    managed = dlpack.content(capsule)
    assert managed.tensor.strides[0] == 1
    assert managed.tensor.data != x.__array_interface__["data"][0]
    if versioned:
        assert managed.flags == dlpack.IS_COPIED
    with pytest.raises(BufferError, match="needs a copy"):
        x.__dlpack__(copy=False)
    assert np.from_dlpack(x).tolist() == [4, 2]


def test_strides_of_half_an_element_go_as_a_copy():
    # A field of complex numbers beside a float: aligned, but not a whole number of elements apart.
    array = np.zeros(3, [("z", "c16"), ("f", "f8")])
    array["z"] = [1j, 2j, 3j]
    x = cp.asarray(array["z"])
    assert x.strides == (24,)
    assert np.from_dlpack(x).tolist() == [1j, 2j, 3j]
    with pytest.raises(BufferError, match="needs a copy"):
        x.__dlpack__(copy=False)


def test_a_copy_on_request():
    x = cp.asarray([1.0, 2.0])
    managed = dlpack.content(x.__dlpack__(max_version=(1, 0), copy=True))
    assert managed.flags == dlpack.IS_COPIED
    assert managed.tensor.data != x.__array_interface__["data"][0]
    a = np.from_dlpack(x, copy=True)
    a[0] = 5.0
    assert x[0] == 1.0


def test_read_only_is_said_or_refused():
    x = cp.asarray(b"abc")
    assert dlpack.content(x.__dlpack__(max_version=(1, 0))).flags == dlpack.READ_ONLY
    assert not np.from_dlpack(x).flags.writeable
    with pytest.raises(BufferError, match="read-only"):
        x.__dlpack__()
    # A copy may be written.
    assert dlpack.name(x.__dlpack__(copy=True)) == "dltensor"
    repeated = cp.broadcast_to(cp.asarray(1.0), (3,))
    assert dlpack.content(repeated.__dlpack__(max_version=(1, 0))).flags == dlpack.READ_ONLY


def test_bad_arguments_of_dunder_dlpack():
    x = cp.asarray([1.0])
    with pytest.raises(ValueError, match="stream"):
        x.__dlpack__(stream=1)
    for device in [(2, 0), (1, 1), (-1, 0)]:
        with pytest.raises(BufferError, match="device"):
            x.__dlpack__(dl_device=device)
    for device in ["cpu", (1,), (1, 0, 0), ("a", 0), 1]:
        with pytest.raises(TypeError, match="dl_device"):
            x.__dlpack__(dl_device=device)
    for version in [1, (1,), "1.0", (1, 0, 0), ("a", 0), [1, 0]]:
        with pytest.raises(TypeError, match="max_version"):
            x.__dlpack__(max_version=version)
    with pytest.raises(TypeError):
        x.__dlpack__(None)
    x.__dlpack__(stream=None, max_version=None, dl_device=(1, 0), copy=None)
    assert x.__dlpack_device__() == (1, 0)


def test_a_capsule_nobody_consumes_frees_its_tensor():
    a = np.ones(3)
    x = cp.asarray(a)
    before = sys.getrefcount(a)
    capsules = [x.__dlpack__(max_version=version) for version in [None, (1, 0)]]
    del x
    gc.collect()
    # `a` lives on in the capsules alone.
    assert sys.getrefcount(a) == before
    del capsules
    gc.collect()
    assert sys.getrefcount(a) == before - 1


def test_the_memory_outlives_the_tensor():
    x = cp.asarray(list(range(1000)))
    a = np.from_dlpack(x)
    del x
    gc.collect()
    others = [cp.zeros(1000, dtype=cp.int64) for _ in range(10)]
    assert a.tolist() == list(range(1000))
    del others


def test_the_deleter_runs_without_the_gil():
    # ctypes releases the GIL around a foreign function: the deleter is called without it.
    for source in [[1.0, 2.0], np.ones(3)]:
        x = cp.asarray(source)
        capsule = x.__dlpack__(max_version=(1, 0))
        managed = dlpack.content(capsule)
        dlpack.api.PyCapsule_SetName(capsule, b"used_dltensor_versioned")
        address = ctypes.cast(managed.deleter, ctypes.c_void_p).value
        deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
        del x
        thread = threading.Thread(target=deleter, args=(ctypes.addressof(managed),))
        thread.start()
        thread.join()


def test_exports_from_many_threads():
    x = cp.asarray(np.arange(1000.0))
    failures = []

    def work():
        for _ in range(200):
            a = np.from_dlpack(x[1:])
            if a[0] != 1.0 or a[-1] != 999.0:
                failures.append(a)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# In


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("copy", [None, False, True])
def test_numpy_arrays_come_in(dtype, copy):
    a = values(dtype, (2, 3, 5))[:, ::-1, ::2]
    x = cp.from_dlpack(a, copy=copy, device="cpu" if copy is False else None)
    assert_same(x, a)
    a[0, 0, 0] = 1 - a[0, 0, 0]
    assert (np.asarray(x)[0, 0, 0] == a[0, 0, 0]) == (copy is not True)


@given(shapes().flatmap(layouts), st.sampled_from(DTYPES))
def test_round_trip(layout, dtype):
    expected, x = layout.make(lambda shape: values(dtype, shape))
    assert_same(cp.from_dlpack(np.from_dlpack(x)), expected)


def test_a_read_only_array_stays_so():
    a = np.ones(3)
    a.flags.writeable = False
    x = cp.from_dlpack(a)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1.0
    y = cp.from_dlpack(a, copy=True)
    y[0] = 5.0
    assert a[0] == 1.0


@pytest.mark.parametrize("copy", [None, False, True])
def test_own_tensors(copy):
    x = cp.asarray([1.0, 2.0])
    y = cp.from_dlpack(x, copy=copy)
    y[0] = 7.0
    assert (x[0] == 7.0) == (copy is not True)


def test_the_keywords_that_exporters_get():
    for keywords, expected in [
        ({}, {"max_version": (1, 0)}),
        ({"copy": True}, {"max_version": (1, 0), "copy": True}),
        ({"copy": False}, {"max_version": (1, 0), "copy": False}),
        ({"device": "cpu"}, {"max_version": (1, 0), "dl_device": (1, 0)}),
    ]:
        exporter = Exporter()
        cp.from_dlpack(exporter, **keywords)
        assert exporter.calls == [expected]


@pytest.mark.parametrize("copy", [None, False, True])
def test_exporters_older_than_the_keywords(copy):
    class Old(Exporter):
        def __dlpack__(self):
            return super().__dlpack__()

    exporter = Old(versioned=False)
    x = cp.from_dlpack(exporter, copy=copy)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    exporter.memory[0] = 9.0
    assert x[0] == (0.0 if copy else 9.0)


@pytest.mark.parametrize("versioned", [False, True])
def test_the_deleter_is_called_once_after_the_last_view(versioned):
    exporter = Exporter(versioned)
    x = cp.from_dlpack(exporter)
    view = x[1:3]
    del x
    gc.collect()
    assert exporter.deleted == 0
    assert view.tolist() == [1.0, 2.0]
    del view
    gc.collect()
    assert exporter.deleted == 1


def test_a_copy_frees_its_source_at_once():
    exporter = Exporter()
    x = cp.from_dlpack(exporter, copy=True)
    assert exporter.deleted == 1
    x[0] = 3.0
    assert exporter.memory[0] == 0.0
    # Whoever copied already, as asked, is not copied again.
    exporter = Exporter(flags=dlpack.IS_COPIED)
    x = cp.from_dlpack(exporter, copy=True)
    assert exporter.deleted == 0
    x[0] = 3.0
    assert exporter.memory[0] == 3.0


def test_a_missing_deleter():
    x = cp.from_dlpack(Exporter(no_deleter=True))
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    del x


def test_the_last_tensor_may_go_in_another_thread():
    exporter = Exporter()
    held = [cp.from_dlpack(exporter)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert exporter.deleted == 1


def test_numpy_lives_as_long_as_the_tensor():
    class Array(np.ndarray):
        pass

    a = np.arange(5.0).view(Array)
    reference = weakref.ref(a)
    x = cp.from_dlpack(a)[2:]
    del a
    gc.collect()
    assert reference() is not None and x.tolist() == [2.0, 3.0, 4.0]
    del x
    gc.collect()
    assert reference() is None


def test_geometry():
    assert cp.from_dlpack(Exporter(shape=(2, 3))).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert cp.from_dlpack(Exporter(shape=(2, 2), strides=(1, 3))).tolist() == [[0, 3], [1, 4]]
    assert cp.from_dlpack(Exporter(shape=(3,), byte_offset=24)).tolist() == [3, 4, 5]
    assert cp.from_dlpack(Exporter(shape=(3,), strides=(-2,), byte_offset=40)).tolist() == [5, 3, 1]
    assert cp.from_dlpack(Exporter(shape=(4,), strides=(0,))).tolist() == [0, 0, 0, 0]
    assert cp.from_dlpack(Exporter(shape=())).tolist() == 0.0
    assert cp.from_dlpack(Exporter(shape=(0, 3))).shape == (0, 3)
    assert cp.from_dlpack(Exporter(shape=(0,), data=None)).shape == (0,)
    assert cp.from_dlpack(Exporter(shape=(0, 2), strides=(2**62, 2**62))).shape == (0, 2)
    assert cp.from_dlpack(Exporter(shape=(1, 2), strides=(2**60 - 1, 1))).tolist() == [[0, 1]]
    # Pinned memory is the processor's own.
    assert cp.from_dlpack(Exporter(device=(3, 0))).shape == (6,)


def test_misaligned_memory_is_copied():
    exporter = Exporter(shape=(5,), byte_offset=4)
    x = cp.from_dlpack(exporter)
    assert exporter.deleted == 1
    raw = bytes(exporter.memory)[4:44]
    assert bytes(x) == raw
    x[0] = 1.0
    exporter = Exporter(shape=(5,), byte_offset=4)
    with pytest.raises(BufferError, match="aligned"):
        cp.from_dlpack(exporter, copy=False)
    assert exporter.deleted == 1


def test_unversioned_capsules_give_read_only_tensors():
    # They cannot say whether writing is allowed: NumPy's choice.
    assert np.asarray(cp.from_dlpack(Exporter(versioned=True))).flags.writeable
    assert not np.asarray(cp.from_dlpack(Exporter(versioned=False))).flags.writeable
    assert not np.asarray(cp.from_dlpack(Exporter(flags=dlpack.READ_ONLY))).flags.writeable


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": dlpack.BFLOAT, "bits": 16}, "bfloat16"),
        ({"code": dlpack.FLOAT, "bits": 16}, "float16"),
        ({"code": dlpack.FLOAT, "bits": 128}, "float128"),
        ({"code": dlpack.INT, "bits": 4}, "int4"),
        ({"code": dlpack.BOOL, "bits": 1}, "bool1"),
        ({"code": dlpack.COMPLEX, "bits": 32}, "complex32"),
        ({"code": 3}, "opaque"),
        ({"code": 7, "bits": 8}, "code 7"),
        ({"code": 255, "bits": 255, "lanes": 65535}, "code 255"),
        ({"lanes": 2}, "lanes"),
        ({"lanes": 0}, "lanes"),
        ({"bits": 0}, "float0"),
        ({"ndim": -1}, "-1 dimensions"),
        ({"ndim": 65}, "65 dimensions"),
        ({"ndim": 2**31 - 1}, "dimensions"),
        ({"shape": (-1,)}, "negative size"),
        ({"shape": (3, -(2**63))}, "negative size"),
        ({"shape": None, "ndim": 1}, "without a shape"),
        ({"data": None}, "null"),
        ({"shape": (2, 3), "strides": (2**62, 1)}, "address space"),
        ({"shape": (2, 3), "strides": (-(2**63), 1)}, "address space"),
        ({"shape": (2, 2), "strides": (2**59, 2**59)}, "address space"),
        ({"shape": (2,), "strides": (-(2**59),)}, "address space"),
        ({"byte_offset": 2**64 - 1}, "overflow"),
        ({"byte_offset": 2**64 - 8, "shape": (2,)}, "overflow"),
        ({"device": (2, 0)}, "device"),
        ({"device": (8, 1)}, "device"),
        ({"device_type": 2}, "device"),
        ({"major": 2}, "newer"),
        ({"capsule_name": "used_dltensor_versioned"}, "consumed"),
        ({"capsule_name": "used_dltensor"}, "consumed"),
        ({"capsule_name": "tensor"}, "named"),
    ],
)
def test_malformed(fields, message):
    exporter = Exporter(**fields)
    with pytest.raises(BufferError, match=message) as caught:
        cp.from_dlpack(exporter)
    assert "from_dlpack" in str(caught.value)
    # What was not taken is not freed either: that is for the capsule to do.
    assert exporter.deleted == 0


@pytest.mark.parametrize("shape", [(2**61,), (2**32, 2**32), (2**40, 0, 2**40), (2**63 - 1,)])
def test_shapes_that_overflow(shape):
    with pytest.raises(ValueError, match="from_dlpack: shape .* is too large"):
        cp.from_dlpack(Exporter(shape=shape))


def test_a_capsule_is_consumed_once():
    class Twice:
        def __init__(self):
            self.capsule = cp.asarray([1.0]).__dlpack__(max_version=(1, 0))

        def __dlpack__(self, **_):
            return self.capsule

        def __dlpack_device__(self):
            return 1, 0

    twice = Twice()
    x = cp.from_dlpack(twice)
    assert dlpack.name(twice.capsule) == "used_dltensor_versioned"
    with pytest.raises(BufferError, match="consumed"):
        cp.from_dlpack(twice)
    del twice
    assert x.tolist() == [1.0]


def test_objects_that_export_nothing():
    for thing in [1, 2.5, "abc", None, [1.0], object(), b"abc"]:
        with pytest.raises(AttributeError, match="from_dlpack: .* has no method __dlpack__"):
            cp.from_dlpack(thing)
    # A class is no array.
    with pytest.raises(TypeError):
        cp.from_dlpack(np.ndarray)


def exporting(result, device=(1, 0)):
    class Source:
        def __dlpack__(self, **_):
            if isinstance(result, BaseException):
                raise result
            return result

        def __dlpack_device__(self):
            if isinstance(device, BaseException):
                raise device
            return device

    return Source()


def test_exporters_that_raise():
    for error in [BufferError("no"), ValueError("no"), MemoryError("no"), KeyError("no"), KeyboardInterrupt("no")]:
        with pytest.raises(type(error), match="no"):
            cp.from_dlpack(exporting(error))
        with pytest.raises(type(error), match="no"):
            cp.from_dlpack(exporting(None, device=error))
    with pytest.raises(TypeError, match="no"):
        cp.from_dlpack(exporting(TypeError("no")))
    for result in [None, 1, "dltensor", [1.0]]:
        with pytest.raises(TypeError, match="did not return a capsule"):
            cp.from_dlpack(exporting(result))
    for device in [None, 1, "cpu", (1,), ("cpu", 0)]:
        with pytest.raises(TypeError, match="__dlpack_device__"):
            cp.from_dlpack(exporting(None, device))


def test_a_capsule_without_a_name():
    memory = ctypes.c_double()
    capsule = dlpack.api.PyCapsule_New(ctypes.addressof(memory), None, None)
    with pytest.raises(BufferError, match="no name"):
        cp.from_dlpack(exporting(capsule))


@pytest.mark.parametrize("device", ["gpu", "cuda:0", 1, (1, 0)])
def test_unknown_devices(device):
    with pytest.raises(ValueError, match="device"):
        cp.from_dlpack(np.ones(3), device=device)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"])
def test_dtypes_that_corepy_does_not_have(dtype):
    a = np.zeros(3, getattr(ml_dtypes, dtype))
    with pytest.raises((BufferError, TypeError)):
        cp.from_dlpack(a)
    with pytest.raises(TypeError, match="asarray"):
        cp.asarray(a)
    with pytest.raises(BufferError, match="float16"):
        cp.from_dlpack(np.zeros(3, "f2"))


def test_asarray_takes_exporters_of_dlpack():
    exporter = Exporter()
    x = cp.asarray(exporter)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    assert cp.asarray(exporter, dtype=cp.float32).dtype == cp.float32
    assert cp.asarray([exporter, exporter]).shape == (2, 6)
    with pytest.raises(ValueError, match="copy=False"):
        cp.asarray(Exporter(shape=(5,), byte_offset=4), copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        cp.asarray(exporting(BufferError("cannot")), copy=False)
    y = cp.zeros((6,))
    y[...] = exporter
    assert y.tolist() == [0, 1, 2, 3, 4, 5]
