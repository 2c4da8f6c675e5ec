"""The buffer protocol in both directions."""

import array
import ctypes
import gc
import mmap
import struct
import sys
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corepy as cp
from support.arrays import DTYPES, assert_same, tensor
from support.layouts import layouts, shapes

FORMATS = dict(zip(DTYPES, "? b h i l B H I L f d Zf Zd".split(), strict=True))

# `PyBUF_...` of CPython's object.h.
SIMPLE, WRITABLE, FORMAT, ND = 0, 1, 4, 8
STRIDES = 0x10 | ND
C, F, ANY = 0x20 | STRIDES, 0x40 | STRIDES, 0x80 | STRIDES
INDIRECT = 0x100 | STRIDES
FULL, FULL_RO = INDIRECT | WRITABLE | FORMAT, INDIRECT | FORMAT


class PyBuffer(ctypes.Structure):
    """CPython's ``Py_buffer``."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)),
        ("internal", ctypes.c_void_p),
    )


class Request:
    """A buffer asked for with given flags; a context manager."""

    def __init__(self, exporter, flags):
        self.view = PyBuffer()
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(exporter), ctypes.byref(self.view), flags)

    def __enter__(self):
        return self.view

    def __exit__(self, *_):
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(self.view))


def values(dtype, shape):
    return (np.arange(np.prod(shape, dtype=int)) % 7).astype(dtype).reshape(shape)


# Out


@given(shapes().flatmap(layouts), st.sampled_from(DTYPES))
def test_a_memoryview_of_any_view(layout, dtype):
    expected, x = layout.make(lambda shape: values(dtype, shape))
    view = memoryview(x)
    assert (view.format, view.itemsize, view.shape) == (FORMATS[dtype], x.itemsize, x.shape)
    assert view.nbytes == x.nbytes
    np.testing.assert_array_equal(np.asarray(view), expected)
    assert np.asarray(view).dtype == expected.dtype
    assert bytes(x) == view.tobytes() == expected.tobytes()
    assert view.suboffsets == ()


def test_writing_goes_both_ways():
    x = cp.asarray([[1, 2], [3, 4]])
    view = memoryview(x)
    view[0, 1] = 20
    x[1, 0] = 30
    assert view.tolist() == x.tolist() == [[1, 20], [30, 4]]
    assert not view.readonly


@pytest.mark.parametrize("dtype", DTYPES)
def test_formats_mean_what_struct_says(dtype):
    x = tensor(values(dtype, (3,)))
    if dtype.startswith("complex"):
        assert np.asarray(memoryview(x)).dtype == dtype
    else:
        assert struct.unpack(f"3{FORMATS[dtype]}", bytes(x)) == tuple(x.tolist())


def test_read_only_tensors_have_no_writable_buffer():
    for x in [cp.asarray(b"abc"), cp.broadcast_to(cp.asarray([1, 2]), (3, 2))]:
        assert memoryview(x).readonly
        with Request(x, FULL_RO) as view:
            assert view.readonly == 1
        for flags in [WRITABLE, FULL, STRIDES | WRITABLE]:
            with pytest.raises(BufferError, match="read-only|contiguous"):
                Request(x, flags)
        with pytest.raises((TypeError, BufferError)):
            struct.pack_into("b", x, 0, 1)


def test_flags():
    x = cp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    cases = {"C": x, "F": x.T, "neither": x[:, ::2], "both": x[0], "empty": x[:0].T, "scalar": x[0, 0]}
    allowed = {
        SIMPLE: "C both empty scalar",
        WRITABLE: "C both empty scalar",
        ND: "C both empty scalar",
        C: "C both empty scalar",
        F: "F both empty scalar",
        ANY: "C F both empty scalar",
        STRIDES: "C F neither both empty scalar",
        INDIRECT: "C F neither both empty scalar",
        FULL: "C F neither both empty scalar",
        FULL_RO: "C F neither both empty scalar",
    }
    for flags, names in allowed.items():
        for name, y in cases.items():
            if name not in names.split():
                with pytest.raises(BufferError, match="contiguous"):
                    Request(y, flags)
                continue
            with Request(y, flags) as view:
                assert view.len == y.nbytes and view.itemsize == 8 and view.readonly == 0
                assert bool(view.shape) == bool(flags & ND and y.ndim)
                assert bool(view.strides) == bool(flags & 0x10 and y.ndim)
                assert not view.suboffsets
                assert view.format == (b"d" if flags & FORMAT else None)
                assert view.ndim == (y.ndim if flags & ND else 1)
                if view.shape:
                    assert tuple(view.shape[: y.ndim]) == y.shape


def test_strides_that_lead_nowhere_are_as_in_the_order_asked_for():
    x = cp.asarray([[1.0, 2.0, 3.0]])[:, None, :]
    with Request(x, C) as view:
        assert view.strides[:3] == [24, 24, 8]
    with Request(x, F) as view:
        assert view.strides[:3] == [8, 8, 8]


def test_a_null_view():
    api = ctypes.pythonapi.PyObject_GetBuffer
    with pytest.raises(BufferError):
        api(ctypes.py_object(cp.asarray([1.0])), None, SIMPLE)


def test_bytes_of_a_0d_integer_are_its_own():
    assert bytes(cp.asarray(5)) == struct.pack("l", 5)
    assert bytearray(cp.asarray([1, 2], dtype=cp.uint8)) == b"\1\2"


def test_the_memory_outlives_the_tensor():
    x = cp.asarray(list(range(1000)))
    view = memoryview(x[::2])
    del x
    gc.collect()
    others = [cp.zeros(1000, dtype=cp.int64) for _ in range(10)]
    assert view.tolist() == list(range(0, 1000, 2))
    del others


def test_views_are_given_back():
    x = cp.asarray([1.0])
    before = sys.getrefcount(x)
    views = [memoryview(x) for _ in range(10)]
    assert sys.getrefcount(x) == before + 10
    for view in views:
        view.release()
    assert sys.getrefcount(x) == before
    for _ in range(5):
        with pytest.raises(BufferError):
            Request(cp.asarray(b"abc"), WRITABLE)


def test_files_and_sockets_take_tensors(tmp_path):
    x = cp.asarray([1.0, 2.0])
    path = tmp_path / "numbers"
    path.write_bytes(x)
    y = cp.zeros((2,))
    with path.open("rb") as file:
        assert file.readinto(y) == 16
    assert y.tolist() == [1.0, 2.0]


# In


@given(shapes().flatmap(layouts), st.sampled_from(DTYPES))
def test_numpy_arrays_of_any_strides(layout, dtype):
    base = values(dtype, tuple(layout.base_shape))
    a = layout.of_array(base)
    x = cp.asarray(a, copy=False)
    assert_same(x, a)
    if a.size and a.flags.writeable:
        a[...] = 1
        assert_same(x, a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_arrays_are_shared(dtype):
    a = values(dtype, (3, 4))
    x = cp.asarray(a)
    assert x.__array_interface__["data"][0] == a.ctypes.data
    x[0, 0] = 1
    assert a[0, 0] == 1
    y = cp.asarray(a, copy=True)
    y[0, 0] = 0
    assert a[0, 0] == 1


@pytest.mark.parametrize(
    ("source", "dtype", "expected"),
    [
        (b"abc", "uint8", [97, 98, 99]),
        (b"", "uint8", []),
        (bytearray(b"abc"), "uint8", [97, 98, 99]),
        (memoryview(b"abcd")[::2], "uint8", [97, 99]),
        (memoryview(b"abcd")[::-1], "uint8", [100, 99, 98, 97]),
        (memoryview(bytearray(16)).cast("d", (1, 2)), "float64", [[0.0, 0.0]]),
        (memoryview(b"\1\0").cast("?"), "bool", [True, False]),
        (memoryview(bytes(8)).cast("n"), "int64", [0]),
        (memoryview(bytes(8)).cast("N"), "uint64", [0]),
        (memoryview(b"ab").cast("c"), "uint8", [97, 98]),
        *((array.array(code, [1, 2]), np.array([], code).dtype.name, [1, 2]) for code in "bBhHiIlLqQfd"),
        ((ctypes.c_int32 * 2)(1, 2), "int32", [1, 2]),
        ((ctypes.c_long * 2)(1, 2), "int64", [1, 2]),
        ((ctypes.c_ulonglong * 2)(1, 2), "uint64", [1, 2]),
        ((ctypes.c_bool * 2)(True, False), "bool", [True, False]),
        ((ctypes.c_float * 2 * 2)((1, 2), (3, 4)), "float32", [[1, 2], [3, 4]]),
        (ctypes.c_double(2.5), "float64", 2.5),
        (np.array(7, "int16"), "int16", 7),
        (np.zeros((2, 0, 3), "f4"), "float32", [[], []]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_that_exports_a_buffer(source, dtype, expected):
    x = cp.asarray(source, copy=False)
    assert x.dtype.name == dtype
    assert x.tolist() == expected
    assert memoryview(x).readonly == memoryview(source).readonly


def test_mmap(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(struct.pack("4d", 1, 2, 3, 4))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        x = cp.asarray(memoryview(mapped).cast("d"))
        x[0] = 10.0
        assert struct.unpack("d", mapped[:8]) == (10.0,)
        with pytest.raises(BufferError):
            mapped.close()
        del x
        y = cp.asarray(mapped)
        assert y.dtype == cp.uint8 and y.shape == (32,)
        del y


def test_numpys_scalars_are_numbers_of_their_dtype():
    x = cp.asarray(np.float32(2.5))
    assert (x.dtype, x.shape, x.tolist()) == (cp.float32, (), 2.5)
    x[...] = 3.0
    assert cp.asarray(np.complex64(1j)).dtype == cp.complex64
    assert cp.asarray(np.bool_(True)).dtype == cp.bool


def test_read_only_sources_give_read_only_tensors():
    a = np.ones(3)
    a.flags.writeable = False
    for source in [b"abc", memoryview(bytes(2)), a, np.broadcast_to(1.0, (3,))]:
        x = cp.asarray(source)
        with pytest.raises(ValueError, match="read-only"):
            x[0] = 1
        y = cp.asarray(source, copy=True)
        y[0] = 1


@pytest.mark.parametrize("layout", ["offset", "field"])
def test_misaligned_memory_is_copied(layout):
    if layout == "offset":
        a = np.frombuffer(bytearray(49), "f8", offset=1, count=6).reshape(2, 3)
        a[...] = [[1, 2, 3], [4, 5, 6]]
    else:
        a = np.zeros((2, 3), [("c", "i1"), ("x", "f8")])["x"]
        a[...] = [[1, 2, 3], [4, 5, 6]]
    assert not a.flags.aligned
    x = cp.asarray(a)
    assert x.tolist() == a.tolist()
    x[0, 0] = 9.0
    assert a[0, 0] == 1.0
    assert cp.asarray(a.T[::-1]).tolist() == a.T[::-1].tolist()
    with pytest.raises(ValueError, match="asarray: .*aligned.*copy=False"):
        cp.asarray(a, copy=False)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(2, "f2"), '"e"'),
        (np.float16(1), '"e"'),
        (np.zeros(2, ">f8"), '">d" in non-native byte order'),
        (np.zeros(2, ">i2"), '">h" in non-native byte order'),
        (np.zeros(2, ">c16"), '">Zd" in non-native byte order'),
        (np.zeros(2, "O"), '"O"'),
        (np.zeros(2, "U3"), '"3w"'),
        (np.zeros(2, "S3"), '"3s"'),
        (np.zeros(2, "V4"), "x"),
        (np.zeros(2, "i4,f4"), '"T{'),
        (np.zeros(2, "M8[s]"), "datetime64|M8"),
        (np.zeros(2, "m8[s]"), "timedelta64|m8"),
        (np.zeros(2, "g"), '"g"'),
        (np.datetime64("2020-01-01"), ""),
        (array.array("u", "ab"), '"'),
        ((ctypes.c_void_p * 2)(), '"<P"'),
        ((ctypes.c_char_p * 2)(), '"<z"'),
        (ctypes.c_double.__ctype_be__(1.0), '">d" in non-native byte order'),
    ],
    ids=lambda value: getattr(getattr(value, "dtype", None), "name", type(value).__name__),
)
def test_formats_that_corepy_does_not_have(source, message):
    with pytest.raises(TypeError, match=f"asarray: .*{message}"):
        cp.asarray(source)


def test_non_native_single_bytes_are_native():
    assert cp.asarray(ctypes.c_uint8.__ctype_be__(5)).tolist() == 5


def test_a_released_memoryview():
    view = memoryview(bytearray(8))
    view.release()
    with pytest.raises(ValueError, match="released"):
        cp.asarray(view)


def test_more_dimensions_than_corepy_has():
    assert cp.asarray(np.ones((1,) * 64)).ndim == 64
    view = memoryview(bytes(8)).cast("B", (1,) * 63 + (8,))
    assert cp.asarray(view).shape == view.shape


def test_the_source_lives_as_long_as_any_view():
    class Array(np.ndarray):
        pass

    a = np.arange(6.0).reshape(2, 3).view(Array)
    reference = weakref.ref(a)
    view = cp.asarray(a).T[1:]
    del a
    gc.collect()
    assert reference() is not None and view.tolist() == [[1.0, 4.0], [2.0, 5.0]]
    del view
    gc.collect()
    assert reference() is None


def test_the_buffer_is_given_back_with_the_last_tensor():
    source = bytearray(8)
    x = cp.asarray(source)
    with pytest.raises(BufferError):
        source.append(1)
    y = x[2:]
    del x
    with pytest.raises(BufferError):
        source.append(1)
    del y
    source.append(1)
    # A copy gives it back at once, as does a failure.
    cp.asarray(source, copy=True)
    source.append(1)
    view = memoryview(source)
    with pytest.raises(ValueError, match="aligned"):
        cp.asarray(view[1:9].cast("d"), copy=False)
    view.release()
    source.append(1)


def test_given_back_by_another_thread():
    source = bytearray(8)
    held = [cp.asarray(source)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    source.append(1)


def test_tensors_alive_at_exit():
    import subprocess

    code = (
        "import corepy as cp, numpy as np, sys\n"
        "a = np.arange(10.0)\n"
        "sys.kept = cp.asarray(a), np.from_dlpack(cp.asarray(a)), cp.from_dlpack(a), memoryview(cp.asarray(a))\n"
        "cycle = [cp.asarray(bytearray(100))]; cycle.append(cycle)\n"
        "import builtins; builtins.kept = cp.asarray(a)[::2]\n"
    )
    result = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_buffers_inside_sequences():
    assert cp.asarray([b"ab", bytearray(b"cd")]).tolist() == [[97, 98], [99, 100]]
    assert cp.asarray([np.array([1, 2]), [3.0, 4.0]]).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert cp.asarray((np.ones((2, 1)), np.zeros((2, 1), "i4"))).shape == (2, 2, 1)
    x = cp.zeros((2, 3))
    x[0] = np.array([1, 2, 3])
    x[1] = array.array("d", [4, 5, 6])
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]
    x[...] = [np.array([7, 8, 9]), np.array([1.5, 2.5, 3.5])]
    assert x.tolist() == [[7, 8, 9], [1.5, 2.5, 3.5]]


def test_dtype_and_copy_together():
    a = np.arange(3)
    assert cp.asarray(a, dtype=cp.float32).dtype == cp.float32
    assert cp.asarray(a, dtype="int64", copy=False).dtype == cp.int64
    with pytest.raises(ValueError, match="copy=False"):
        cp.asarray(a, dtype=cp.float32, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        cp.asarray([1, 2], copy=False)


# __array_interface__ and __array__


class Interface:
    """An object with nothing but ``__array_interface__``."""

    def __init__(self, **fields):
        self.memory = np.arange(6.0)
        self.__array_interface__ = {
            "version": 3,
            "shape": (2, 3),
            "typestr": "<f8" if sys.byteorder == "little" else ">f8",
            "data": (self.memory.ctypes.data, False),
            **fields,
        }


def test_array_interface_in():
    source = Interface()
    x = cp.asarray(source)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]
    source.memory[0] = 10
    assert x[0, 0] == 10
    reference = weakref.ref(source)
    del source
    gc.collect()
    assert reference() is not None
    del x
    gc.collect()
    assert reference() is None
    source = Interface(strides=(8, 16))
    assert cp.asarray(source).tolist() == [[0, 2, 4], [1, 3, 5]]
    source = Interface(data=(Interface().memory.ctypes.data, True), shape=(0,))
    assert cp.asarray(source).shape == (0,)


def test_array_interface_over_a_buffer():
    raw = struct.pack("6d", *range(6))
    assert cp.asarray(Interface(data=raw)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert cp.asarray(Interface(data=raw, offset=16, shape=(2, 2))).tolist() == [[2, 3], [4, 5]]
    assert cp.asarray(Interface(data=raw, offset=40, shape=(3,), strides=(-16,))).tolist() == [5, 3, 1]
    assert memoryview(cp.asarray(Interface(data=raw))).readonly
    assert not memoryview(cp.asarray(Interface(data=bytearray(raw)))).readonly
    for fields in [{"shape": (7,)}, {"offset": 8}, {"strides": (24, -8)}, {"strides": (32, 8)}]:
        with pytest.raises(ValueError, match="outside a buffer of 48 bytes"):
            cp.asarray(Interface(data=raw, **fields))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"typestr": ">f8"}, TypeError),
        ({"typestr": "<f2"}, TypeError),
        ({"typestr": "|O8"}, TypeError),
        ({"typestr": "|V8"}, TypeError),
        ({"typestr": ""}, TypeError),
        ({"typestr": "ü"}, TypeError),
        ({"typestr": None}, ValueError),
        ({"typestr": 8}, TypeError),
        ({"shape": None}, ValueError),
        ({"shape": (-1,)}, BufferError),
        ({"shape": (2**62,)}, ValueError),
        ({"shape": (1,) * 65}, ValueError),
        ({"strides": (8,)}, ValueError),
        ({"data": (0, False)}, BufferError),
        ({"data": (1,)}, ValueError),
        ({"data": ("a", "b")}, ValueError),
        ({"mask": np.zeros(6)}, TypeError),
    ],
)
def test_malformed_array_interface(fields, error):
    with pytest.raises(error):
        cp.asarray(Interface(**fields))


def test_array_interface_that_is_no_dict():
    source = Interface()
    source.__array_interface__ = 5
    with pytest.raises(ValueError, match="not a dict"):
        cp.asarray(source)


@pytest.mark.parametrize("dtype", DTYPES)
def test_array_interface_out(dtype):
    x = tensor(values(dtype, (3, 4)))

    class Wrapped:
        def __init__(self, x):
            self.x = x
            self.__array_interface__ = x.__array_interface__

    for y in [x, x.T, x[::-1, ::2], x[:0], x[0, 0]]:
        assert_same(y, np.asarray(Wrapped(y)))
    assert cp.asarray(b"abc").__array_interface__["data"][1] is True


def test_pillow_both_ways():
    image = pytest.importorskip("PIL.Image")
    pixels = np.arange(12, dtype="u1").reshape(3, 4)
    picture = image.fromarray(tensor(pixels))
    assert picture.size == (4, 3)
    assert_same(cp.asarray(picture), pixels)


class ArrayMethod:
    """An object with nothing but ``__array__``."""

    def __init__(self, array):
        self.array = array
        self.calls = []

    def __array__(self, dtype=None, copy=None):
        self.calls.append(copy)
        return self.array


def test_array_method():
    a = np.arange(3.0)
    source = ArrayMethod(a)
    x = cp.asarray(source)
    x[0] = 5.0
    assert a[0] == 5.0
    cp.asarray(source, copy=False)
    y = cp.asarray(source, copy=True)
    y[0] = 7.0
    assert a[0] == 5.0
    assert source.calls == [None, False, None]
    with pytest.raises(TypeError, match="__array__ of .* returned"):
        cp.asarray(ArrayMethod([1.0]))
    with pytest.raises(TypeError, match='"O"'):
        cp.asarray(ArrayMethod(np.array([None])))

    class Old:
        def __array__(self):
            return a

    assert cp.asarray(Old()).tolist() == a.tolist()
    with pytest.raises(ValueError, match="copy=False"):
        cp.asarray(Old(), copy=False)

    class Raising:
        def __array__(self):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cp.asarray(Raising())


def test_objects_that_export_nothing():
    for thing in ["abc", object(), np.ndarray, {1: 2}, {1, 2}, lambda: 0, None]:
        with pytest.raises(TypeError, match="asarray"):
            cp.asarray(thing)
