"""DLPack by hand: capsules with any content, right or wrong, and a look into capsules."""

import ctypes
from typing import ClassVar

CPU = 1
READ_ONLY, IS_COPIED = 1, 2
INT, UINT, FLOAT, BFLOAT, COMPLEX, BOOL = 0, 1, 2, 4, 5, 6


class Tensor(ctypes.Structure):
    """``DLTensor``."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Unversioned(ctypes.Structure):
    """``DLManagedTensor``."""

    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER))


class Versioned(ctypes.Structure):
    """``DLManagedTensorVersioned``."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


api = ctypes.pythonapi
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
api.PyCapsule_GetName.restype = ctypes.c_char_p
api.PyCapsule_GetName.argtypes = (ctypes.py_object,)
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
api.PyCapsule_SetName.argtypes = (ctypes.py_object, ctypes.c_char_p)


def name(capsule):
    """The capsule's name."""
    return api.PyCapsule_GetName(capsule).decode()


def content(capsule):
    """The structure in a capsule that nobody has consumed."""
    kind = Versioned if "versioned" in name(capsule) else Unversioned
    managed = kind.from_address(api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule)))
    managed.capsule = capsule  # which frees it
    return managed


class Exporter:
    """An object that exports six float64, 0 to 5, by default; any field of the structures can be overridden.

    `deleted` counts the calls of the deleter. As an exporter has to, it keeps its memory until then, and
    for simplicity for ever.
    """

    kept: ClassVar[list] = []

    def __init__(self, versioned=True, capsule_name=None, device=(CPU, 0), shape=(6,), strides=None, **fields):
        self.kept.append(self)
        self.memory = (ctypes.c_double * 6)(*range(6))
        self.device = device
        self.deleted = 0
        self.calls = []
        self.managed = (Versioned if versioned else Unversioned)()
        if versioned:
            self.managed.major = fields.pop("major", 1)
            self.managed.minor = fields.pop("minor", 0)
            self.managed.flags = fields.pop("flags", 0)
        self.deleter = DELETER(self.delete)
        self.managed.deleter = DELETER() if fields.pop("no_deleter", False) else self.deleter
        tensor = self.managed.tensor
        tensor.data = ctypes.addressof(self.memory)
        tensor.device_type, tensor.device_id = device
        tensor.ndim = -1 if shape is None else len(shape)
        tensor.code, tensor.bits, tensor.lanes = FLOAT, 64, 1
        if shape is not None:
            tensor.shape = (ctypes.c_int64 * len(shape))(*shape)
        if strides is not None:
            tensor.strides = (ctypes.c_int64 * len(strides))(*strides)
        for field, value in fields.items():
            setattr(tensor, field, value)
        self.name = ctypes.c_char_p((capsule_name or ("dltensor_versioned" if versioned else "dltensor")).encode())

    def delete(self, _):
        self.deleted += 1

    def __dlpack__(self, **keywords):
        self.calls.append(keywords)
        return api.PyCapsule_New(ctypes.addressof(self.managed), self.name, None)

    def __dlpack_device__(self):
        return self.device
