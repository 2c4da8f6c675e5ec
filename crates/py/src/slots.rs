//! What small calls spend their time on, past PyO3: memory of `Tensor` objects, and keys of plain
//! integers and slices, or of a few indices. Every other case goes on to the slots that PyO3 made.
//!
//! Measured on `x[3]` of ten elements (Zen 4, CPython 3.11): 126 ns, of which the class's allocator, its
//! `__new__`, its deallocator and the trampolines between them took half.

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use corepy_core::{Tensor, shape};
use corepy_kernels::fusion::Value;
use corepy_kernels::gather;
use pyo3::PyTypeInfo;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

use crate::error::IntoPython;
use crate::tensor::{DETACH_ELEMENTS, PyTensor};
use crate::{arithmetic, attributes};

/// Objects kept for reuse: as many as an expression of many small operations drops at once.
const KEPT: usize = 64;

/// The lists below are guarded by the GIL; CPython without it has a larger object header.
const HAS_GIL: bool = size_of::<PyObject>() == 2 * size_of::<usize>();

/// Memory of deallocated tensors: of the class's size, its weak references cleared.
struct Kept {
    objects: [*mut PyObject; KEPT],
    count: usize,
}

struct Guarded(UnsafeCell<Kept>);

// SAFETY: used with the GIL held, and not at all where there is none.
unsafe impl Sync for Guarded {}

static FREE: Guarded = Guarded(UnsafeCell::new(Kept { objects: [std::ptr::null_mut(); KEPT], count: 0 }));

/// The class and what PyO3 put into its slots.
struct Class {
    python: *mut ffi::PyTypeObject,
    /// Bytes from an object's address to its `PyTensor`, and to its list of weak references.
    value: usize,
    weak: usize,
    dealloc: ffi::destructor,
    subscript: ffi::binaryfunc,
}

// SAFETY: an immutable description of a class that lives as long as the process.
unsafe impl Send for Class {}
// SAFETY: as above.
unsafe impl Sync for Class {}

static CLASS: OnceLock<Class> = OnceLock::new();

/// Puts the slots below into the class.
pub fn install(py: Python<'_>) -> PyResult<()> {
    let class = PyTensor::type_object_raw(py);
    let sample = Bound::new(py, PyTensor::new(Tensor::empty("Tensor", &[], corepy_core::DType::Bool).py()?))?;
    let value = std::ptr::from_ref(sample.get()) as usize - sample.as_ptr() as usize;
    // SAFETY: a class that is ready, changed by the thread that makes the module; it has no subclasses.
    unsafe {
        let weak = (*class).tp_weaklistoffset;
        let flags = ffi::PyType_GetFlags(class);
        let plain = flags & ffi::Py_TPFLAGS_BASETYPE == 0;
        let (Some(dealloc), Some(mapping)) = ((*class).tp_dealloc, (*class).tp_as_mapping.as_mut()) else {
            return Ok(());
        };
        let (Some(subscript), true) = (mapping.mp_subscript, HAS_GIL && plain && weak > 0) else { return Ok(()) };
        let slots = Class { python: class, value, weak: weak as usize, dealloc, subscript };
        if CLASS.set(slots).is_ok() {
            mapping.mp_subscript = Some(self::subscript);
            (*class).tp_dealloc = Some(self::dealloc);
            attributes::install(py, class);
            arithmetic::install(class);
        }
    }
    Ok(())
}

/// The value of an object of the class.
///
/// # Safety
/// It is one, alive, and the slots are installed.
#[inline]
pub unsafe fn value<'a>(object: *mut PyObject) -> &'a Value {
    // SAFETY: the class is known where slots are installed; the value lies at its place. It is never borrowed mutably,
    // since the class is frozen.
    unsafe { &(*object.byte_add(CLASS.get().unwrap_unchecked().value).cast::<PyTensor>()).value }
}

/// The tensor in memory that an object of any class is, if it is one.
///
/// # Safety
/// The object is alive, and the slots are installed.
#[inline]
pub unsafe fn tensor<'a>(object: *mut PyObject) -> Option<&'a Tensor> {
    // SAFETY: the caller's promise; the class has no subclasses.
    unsafe {
        let class = CLASS.get().unwrap_unchecked();
        if ffi::Py_TYPE(object) == class.python { value(object).tensor() } else { None }
    }
}

/// The Python object for a tensor.
#[inline]
pub fn wrap(py: Python<'_>, tensor: Tensor) -> PyResult<Py<PyTensor>> {
    // SAFETY: the GIL is held, as `py` says; nothing below runs code of others.
    let free = unsafe { &mut *FREE.0.get() };
    let (Some(class), true) = (CLASS.get(), free.count > 0) else { return Py::new(py, PyTensor::new(tensor)) };
    free.count -= 1;
    // SAFETY: memory of an object of this class, whose parts but the header and the value are as PyO3
    // made them; the value lies at its place.
    unsafe {
        let object = *free.objects.get_unchecked(free.count);
        object.byte_add(class.value).cast::<PyTensor>().write(PyTensor::new(tensor));
        ffi::PyObject_Init(object, class.python);
        Ok(Bound::from_owned_ptr(py, object).cast_into_unchecked::<PyTensor>().unbind())
    }
}

/// `tp_dealloc`: keeps the object's memory.
unsafe extern "C" fn dealloc(object: *mut PyObject) {
    let Some(class) = CLASS.get() else { return };
    // SAFETY: the interpreter calls this once, with the GIL, for an object of the class that nobody refers
    // to. Memory of others, whose release may run any code, and weak references are left to PyO3.
    unsafe {
        let free = FREE.0.get();
        let value = object.byte_add(class.value).cast::<PyTensor>();
        let is_plain = matches!(&(*value).value, Value::Tensor(tensor) if !tensor.storage().is_external())
            && (*object.byte_add(class.weak).cast::<*mut PyObject>()).is_null();
        if !is_plain || (*free).count == KEPT {
            return (class.dealloc)(object);
        }
        // Once only: a reused object stays untracked, since it refers to no other object.
        ffi::PyObject_GC_UnTrack(object.cast());
        value.drop_in_place();
        (*free).objects[(*free).count] = object;
        (*free).count += 1;
        // Instances of classes on the heap hold a reference to them.
        ffi::Py_DECREF(class.python.cast());
    }
}

/// `mp_subscript`: keys of plain integers, slices, None and the ellipsis, where they fit, and a few indices.
unsafe extern "C" fn subscript(object: *mut PyObject, key: *mut PyObject) -> *mut PyObject {
    let Some(class) = CLASS.get() else { return std::ptr::null_mut() };
    // SAFETY: the interpreter calls this with the GIL for an object of the class and a live key.
    unsafe {
        if let Some(tensor) = value(object).tensor() {
            let result = match self::tensor(key) {
                Some(indices) => selected(tensor, indices),
                None => view(tensor, key),
            };
            if let Some(result) = result
                && let Ok(result) = wrap(Python::assume_attached(), result)
            {
                return result.into_ptr();
            }
        }
        (class.subscript)(object, key)
    }
}

/// The elements at a few indices along the first axis; None where they are not a few integers, all within bounds.
#[inline]
fn selected(tensor: &Tensor, indices: &Tensor) -> Option<Tensor> {
    if !indices.dtype().is_integer() || indices.ndim() == 0 || tensor.ndim() == 0 || tensor.size() >= DETACH_ELEMENTS {
        return None;
    }
    gather::get_few("__getitem__", tensor, indices)?.ok()
}

/// A view's axes, at most four.
#[derive(Default)]
struct Axes {
    shape: [usize; 4],
    strides: [isize; 4],
    rank: usize,
}

impl Axes {
    #[inline]
    fn push(&mut self, size: usize, stride: isize) -> Option<()> {
        *self.shape.get_mut(self.rank)? = size;
        *self.strides.get_mut(self.rank)? = stride;
        self.rank += 1;
        Some(())
    }
}

/// The view that `key` selects; None where it is not of plain parts, does not fit or leaves more than
/// four axes.
///
/// # Safety
/// `key` is a live object; the GIL is held.
#[inline]
unsafe fn view(tensor: &Tensor, key: *mut PyObject) -> Option<Tensor> {
    let (shape, strides) = (tensor.shape(), tensor.strides());
    let (mut axes, mut offset, mut axis) = (Axes::default(), 0isize, 0);
    // SAFETY: the tuple's items are read within its length and live as long as it does; no code runs
    // that could drop it. Offsets stay inside the tensor, as each part is checked to.
    unsafe {
        let is_tuple = ffi::PyTuple_CheckExact(key) != 0;
        let count = if is_tuple { ffi::PyTuple_GET_SIZE(key) as usize } else { 1 };
        let item = |index: usize| if is_tuple { ffi::PyTuple_GET_ITEM(key, index as isize) } else { key };
        let mut consuming = count;
        let mut ellipses = 0;
        for index in 0..count {
            let part = item(index);
            let is_ellipsis = part == ffi::Py_Ellipsis();
            ellipses += usize::from(is_ellipsis);
            consuming -= usize::from(is_ellipsis || part == ffi::Py_None());
        }
        if consuming > shape.len() || ellipses > 1 {
            return None;
        }
        for index in 0..count {
            let part = item(index);
            if ffi::PyLong_CheckExact(part) != 0 {
                let place = integer(part)?;
                let size = shape[axis] as i64;
                let place = if place < 0 { place + size } else { place };
                if !(0..size).contains(&place) {
                    return None;
                }
                offset = offset.wrapping_add(strides[axis].wrapping_mul(place as isize));
                axis += 1;
            } else if ffi::PySlice_Check(part) != 0 {
                let (start, step, size) = slice(part.cast(), shape[axis])?;
                offset = offset.wrapping_add(strides[axis].wrapping_mul(start));
                axes.push(size, strides[axis].wrapping_mul(step))?;
                axis += 1;
            } else if part == ffi::Py_None() {
                axes.push(1, 0)?;
            } else if part == ffi::Py_Ellipsis() {
                for _ in 0..shape.len() - consuming {
                    axes.push(shape[axis], strides[axis])?;
                    axis += 1;
                }
            } else {
                return None;
            }
        }
        while axis < shape.len() {
            axes.push(shape[axis], strides[axis])?;
            axis += 1;
        }
        Some(tensor.view(offset, shape::first(axes.shape, axes.rank), shape::first(axes.strides, axes.rank)))
    }
}

/// The value of an int, if it fits.
///
/// # Safety
/// `number` is a live int; the GIL is held.
#[inline]
unsafe fn integer(number: *mut PyObject) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: the caller's promise; overflow is reported, not raised.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(number, &raw mut overflow) };
    (overflow == 0).then_some(value)
}

/// Start, step and number of the places that a slice of ints selects of `size`.
///
/// # Safety
/// `slice` is a live slice; the GIL is held.
#[inline]
unsafe fn slice(slice: *mut ffi::PySliceObject, size: usize) -> Option<(isize, isize, usize)> {
    // SAFETY: the caller's promise; each part is read as an int only where it is one.
    unsafe {
        let part = |object: *mut PyObject, default: isize| {
            if object == ffi::Py_None() {
                Some(default)
            } else if ffi::PyLong_CheckExact(object) != 0 {
                integer(object).map(|value| value as isize)
            } else {
                None
            }
        };
        let step = part((*slice).step, 1)?;
        if step == 0 || step == isize::MIN {
            return None;
        }
        let (first, last) = if step < 0 { (isize::MAX, isize::MIN) } else { (0, isize::MAX) };
        let (mut start, mut stop) = (part((*slice).start, first)?, part((*slice).stop, last)?);
        let count = ffi::PySlice_AdjustIndices(size as isize, &raw mut start, &raw mut stop, step) as usize;
        // An empty slice may start past the end.
        Some((if count == 0 { 0 } else { start }, step, count))
    }
}
