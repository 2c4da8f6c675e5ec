//! Buffers of other objects as tensors.

use std::ffi::CStr;

use corepy_core::shape::{MAX_RANK, Shape, Strides};
use corepy_core::{DType, Tensor};
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use smallvec::SmallVec;

use super::format::{self, Unsupported};
use crate::foreign::{self, Memory, class_name, copy_refused};

/// A buffer on loan, given back when dropped, in whatever thread. Boxed, for exporters may point
/// into the structure itself.
struct Loan(Box<ffi::Py_buffer>);

// SAFETY: the memory is read and written as any tensor's, and the rest of the structure is not
// touched but with the GIL.
unsafe impl Send for Loan {}
// SAFETY: as above.
unsafe impl Sync for Loan {}

impl Loan {
    /// Asks for any geometry, read-only or not.
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Loan> {
        let mut view = Box::new(ffi::Py_buffer::new());
        // SAFETY: a live object and a structure to fill.
        if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *view, ffi::PyBUF_FULL_RO) } != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        Ok(Loan(view))
    }

    fn format(&self) -> &[u8] {
        if self.0.format.is_null() {
            return b"B";
        }
        // SAFETY: a C string that lives with the loan.
        unsafe { CStr::from_ptr(self.0.format) }.to_bytes()
    }

    /// `ndim` numbers, or None where the exporter left them out.
    fn numbers(&self, array: *const ffi::Py_ssize_t) -> Option<SmallVec<[isize; 4]>> {
        if array.is_null() {
            return None;
        }
        // SAFETY: not null: an array of `ndim` numbers that lives with the loan.
        Some((0..self.0.ndim as usize).map(|axis| unsafe { array.add(axis).read() }).collect())
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Without an interpreter, at exit, there is nobody to give it back to.
        Python::try_attach(|_| {
            // SAFETY: taken by `PyObject_GetBuffer`, given back once.
            unsafe { ffi::PyBuffer_Release(&raw mut *self.0) };
        });
    }
}

/// The tensor of an object that exports a buffer, or None for one that does not.
pub fn import(object: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Option<Tensor>> {
    let py = object.py();
    // SAFETY: a live object.
    if unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 0 {
        return Ok(None);
    }
    let loan = match Loan::of(object) {
        Ok(loan) => loan,
        // NumPy has no format for some dtypes (datetime64, bfloat16).
        Err(error) => match object.getattr("dtype") {
            Ok(dtype) => return Err(foreign::with_cause(py, unsupported_dtype(&dtype.repr()?), error)),
            Err(_) => return Err(error),
        },
    };
    let dtype =
        format::parse(loan.format(), loan.0.itemsize as usize).map_err(|fault| unsupported(object, &loan, &fault))?;
    if loan.0.readonly == 0 || !is_numpy_scalar(object)? {
        return adopt(object, loan, dtype, copy).map(Some);
    }
    // Those without a format of their own (dates, text) show bare bytes.
    if loan.0.ndim != 0 {
        return Err(unsupported_dtype(&object.getattr("dtype")?.repr()?));
    }
    // NumPy's scalars are immutable; a tensor of one is not.
    adopt(object, loan, dtype, copy.or(Some(true))).map(Some)
}

/// Whether `object` is a `numpy.generic`; it is not if nobody has imported NumPy.
fn is_numpy_scalar(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let modules = object.py().import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    match modules.get_item("numpy")? {
        Some(numpy) => object.is_instance(&numpy.getattr("generic")?),
        None => Ok(false),
    }
}

/// The bytes of any contiguous buffer as a C-ordered tensor of `dtype` and `shape`.
pub fn import_bytes(
    op: &'static str,
    object: &Bound<'_, PyAny>,
    offset: usize,
    dtype: DType,
    shape: Shape,
    strides: Option<Strides>,
    copy: Option<bool>,
) -> PyResult<Tensor> {
    let mut view = Box::new(ffi::Py_buffer::new());
    // SAFETY: a live object and a structure to fill; without further flags the buffer is contiguous.
    if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *view, ffi::PyBUF_SIMPLE) } != 0 {
        return Err(PyErr::fetch(object.py()));
    }
    let loan = Loan(view);
    let start: *mut u8 = loan.0.buf.cast();
    let writable = loan.0.readonly == 0;
    let memory =
        Memory { op, data: start.wrapping_add(offset), dtype, shape, strides, writable, refused: copy_refused };
    let (below, above) = memory.span()?;
    let length = loan.0.len as usize;
    if below > offset || offset.checked_add(above).is_none_or(|end| end > length) {
        return Err(PyValueError::new_err(format!(
            "{op}: {} of {dtype} reaches outside a buffer of {length} bytes",
            corepy_core::error::shape_text(&memory.shape)
        )));
    }
    // SAFETY: the elements lie inside the buffer, which the loan keeps.
    unsafe { memory.adopt(object.py(), Box::new(loan), copy) }
}

fn adopt(object: &Bound<'_, PyAny>, loan: Loan, dtype: DType, copy: Option<bool>) -> PyResult<Tensor> {
    let fault =
        |message: String| PyBufferError::new_err(format!("asarray: the buffer of {} {message}", class_name(object)));
    let view = &*loan.0;
    let ndim = usize::try_from(view.ndim).ok().filter(|&ndim| ndim <= MAX_RANK);
    let Some(ndim) = ndim else {
        return Err(fault(format!("has {} dimensions; at most {MAX_RANK} are supported", view.ndim)));
    };
    if loan.numbers(view.suboffsets).is_some_and(|suboffsets| suboffsets.iter().any(|&offset| offset >= 0)) {
        return Err(fault(String::from("is made of pointers (suboffsets), which corepy does not follow")));
    }
    let shape = match loan.numbers(view.shape) {
        Some(shape) => foreign::sizes("asarray", shape.iter().map(|&size| size as i64))?,
        None if ndim == 0 => Shape::new(),
        None if ndim == 1 => SmallVec::from_slice(&[view.len as usize / dtype.itemsize()]),
        None => return Err(fault(format!("has {ndim} dimensions without a shape"))),
    };
    let memory = Memory {
        op: "asarray",
        data: view.buf.cast(),
        dtype,
        shape,
        strides: loan.numbers(view.strides),
        writable: view.readonly == 0,
        refused: copy_refused,
    };
    // SAFETY: the exporter keeps the elements valid until the loan is given back.
    unsafe { memory.adopt(object.py(), Box::new(loan), copy) }
}

/// The TypeError of a dtype that corepy does not have.
pub fn unsupported_dtype(dtype: &impl std::fmt::Display) -> PyErr {
    PyTypeError::new_err(format!("asarray: {dtype} is not a dtype that corepy has; convert the array first"))
}

fn unsupported(object: &Bound<'_, PyAny>, loan: &Loan, fault: &Unsupported) -> PyErr {
    let format = String::from_utf8_lossy(loan.format()).into_owned();
    let what = class_name(object);
    PyTypeError::new_err(match fault {
        Unsupported::ByteOrder => {
            format!("asarray: the buffer of {what} has format {format:?} in non-native byte order; convert it first")
        }
        Unsupported::Type => format!(
            "asarray: the buffer of {what} has format {format:?} with {} bytes per element, which is no dtype of \
             corepy",
            loan.0.itemsize
        ),
    })
}
