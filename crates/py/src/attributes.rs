//! Attributes and conversions to Python's numbers past PyO3, which takes as long for its own part of them as they
//! take themselves: see `slots.rs`. What is not plain goes on to the functions that PyO3 made.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::OnceLock;

use corepy_core::Tensor;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{self, Element};
use crate::dtype;
use crate::slots;

/// What PyO3 put where the functions below now are.
struct Originals {
    transpose: ffi::getter,
    truth: ffi::inquiry,
    int: ffi::unaryfunc,
    float: ffi::unaryfunc,
}

static ORIGINALS: OnceLock<Originals> = OnceLock::new();

/// The text of `device`, which lives as long as the process.
struct Text(NonNull<PyObject>);

// SAFETY: an immutable string, of which references are taken with the GIL held.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

static DEVICE: OnceLock<Text> = OnceLock::new();

/// Puts the functions below into the class, if it has what they replace.
///
/// # Safety
/// The class of `slots`, ready, changed by the thread that makes the module. Its getters' descriptions are memory that
/// PyO3 has given away to the class, and its descriptors refer to them.
pub unsafe fn install(py: Python<'_>, class: *mut ffi::PyTypeObject) {
    // SAFETY: the descriptions end with one without a name; the caller's promise.
    unsafe {
        let find = |name: &std::ffi::CStr| {
            let mut entry = NonNull::new((*class).tp_getset)?;
            while !entry.as_ref().name.is_null() {
                if std::ffi::CStr::from_ptr(entry.as_ref().name) == name {
                    return Some(entry);
                }
                entry = entry.add(1);
            }
            None
        };
        let Some(numbers) = (*class).tp_as_number.as_mut() else { return };
        let (Some(truth), Some(int), Some(float)) = (numbers.nb_bool, numbers.nb_int, numbers.nb_float) else { return };
        let Some(mut transposed) = find(c"T") else { return };
        let Some(transpose) = transposed.as_ref().get else { return };
        let Some(device) = NonNull::new(PyString::intern(py, "cpu").into_ptr()) else { return };
        if ORIGINALS.set(Originals { transpose, truth, int, float }).is_err() || DEVICE.set(Text(device)).is_err() {
            return;
        }
        transposed.as_mut().get = Some(self::transpose);
        let getters: [(_, ffi::getter); 5] =
            [(c"shape", shape), (c"dtype", dtype), (c"ndim", ndim), (c"size", size), (c"device", self::device)];
        for (name, getter) in getters {
            if let Some(mut entry) = find(name) {
                entry.as_mut().get = Some(getter);
            }
        }
        numbers.nb_bool = Some(self::truth);
        numbers.nb_int = Some(self::int);
        numbers.nb_float = Some(self::float);
    }
}

unsafe extern "C" fn shape(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: the interpreter calls a getter with the GIL, for an object of the class. The tuple is new, and filled
    // before anybody else sees it; null is returned with an exception set.
    unsafe {
        let shape = slots::value(object).shape();
        let tuple = ffi::PyTuple_New(shape.len() as isize);
        if tuple.is_null() {
            return tuple;
        }
        for (axis, &size) in shape.iter().enumerate() {
            let size = ffi::PyLong_FromSsize_t(size as isize);
            if size.is_null() {
                ffi::Py_DECREF(tuple);
                return size;
            }
            ffi::PyTuple_SET_ITEM(tuple, axis as isize, size);
        }
        tuple
    }
}

unsafe extern "C" fn dtype(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: as in `shape`.
    unsafe { dtype::object(Python::assume_attached(), slots::value(object).dtype()).into_ptr() }
}

unsafe extern "C" fn ndim(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: as in `shape`.
    unsafe { ffi::PyLong_FromSsize_t(slots::value(object).ndim() as isize) }
}

unsafe extern "C" fn size(object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: as in `shape`.
    unsafe { ffi::PyLong_FromSsize_t(slots::value(object).size() as isize) }
}

unsafe extern "C" fn device(_object: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    let Some(text) = DEVICE.get() else { return std::ptr::null_mut() };
    // SAFETY: a live string; the GIL is held.
    unsafe { ffi::Py_NewRef(text.0.as_ptr()) }
}

unsafe extern "C" fn transpose(object: *mut PyObject, closure: *mut c_void) -> *mut PyObject {
    let Some(originals) = ORIGINALS.get() else { return std::ptr::null_mut() };
    // SAFETY: as in `shape`; PyO3's getter is given its own closure.
    unsafe {
        if let Some(view) = slots::value(object).tensor().and_then(Tensor::transposed)
            && let Ok(view) = slots::wrap(Python::assume_attached(), view)
        {
            return view.into_ptr();
        }
        (originals.transpose)(object, closure)
    }
}

/// The only element of a tensor in memory.
///
/// # Safety
/// An object of the class; the GIL is held.
#[inline]
unsafe fn element(object: *mut PyObject) -> Option<Element> {
    // SAFETY: the caller's promise.
    let tensor = unsafe { slots::value(object) }.tensor()?;
    if tensor.size() == 1 { convert::element(tensor, "").ok() } else { None }
}

unsafe extern "C" fn truth(object: *mut PyObject) -> c_int {
    let Some(originals) = ORIGINALS.get() else { return -1 };
    // SAFETY: the interpreter calls a slot with the GIL, for an object of the class.
    unsafe { element(object).map_or_else(|| (originals.truth)(object), |element| c_int::from(element.truth())) }
}

unsafe extern "C" fn int(object: *mut PyObject) -> *mut PyObject {
    let Some(originals) = ORIGINALS.get() else { return std::ptr::null_mut() };
    // SAFETY: as in `truth`.
    unsafe {
        match element(object) {
            Some(Element::Bool(value)) => ffi::PyLong_FromLong(value.into()),
            Some(Element::Signed(value)) => ffi::PyLong_FromLongLong(value),
            Some(Element::Unsigned(value)) => ffi::PyLong_FromUnsignedLongLong(value),
            Some(Element::Float(value)) => ffi::PyLong_FromDouble(value),
            Some(Element::Complex(..)) | None => (originals.int)(object),
        }
    }
}

unsafe extern "C" fn float(object: *mut PyObject) -> *mut PyObject {
    let Some(originals) = ORIGINALS.get() else { return std::ptr::null_mut() };
    // SAFETY: as in `truth`.
    unsafe {
        match element(object).map(Element::to_float) {
            Some(Ok(value)) => ffi::PyFloat_FromDouble(value),
            Some(Err(_)) | None => (originals.float)(object),
        }
    }
}
