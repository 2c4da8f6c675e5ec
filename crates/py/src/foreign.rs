//! Arrays of other libraries as tensors, sharing their memory where that can be done: a buffer,
//! DLPack, `__array_interface__` or `__array__`, whichever the object has first.

use corepy_core::error::shape_text;
use corepy_core::shape::{Shape, Strides, checked_size, contiguous_strides};
use corepy_core::storage::Storage;
use corepy_core::{DType, Tensor};
use corepy_kernels::elementwise;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};
use smallvec::SmallVec;

use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{array_interface, buffer, dlpack, pickle};

/// Adds the functions of the interchange protocols.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    dlpack::register(module)?;
    pickle::register(module)
}

/// The tensor that `object` exports by any protocol, or None when it exports nothing.
///
/// `copy` is Some(true) to copy at once, Some(false) never to copy (a ValueError where that is
/// impossible), None to copy only what cannot be shared.
pub fn import(object: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Option<Tensor>> {
    if exports_nothing(object) {
        return Ok(None);
    }
    if let Ok(own) = object.cast::<PyTensor>() {
        let tensor = own.get().tensor()?;
        return if copy == Some(true) { copied(object.py(), tensor).map(Some) } else { Ok(Some(tensor.clone())) };
    }
    if let Some(tensor) = buffer::import(object, copy)? {
        return Ok(Some(tensor));
    }
    if object.hasattr("__dlpack__")? {
        let tensor = dlpack::import("asarray", object, None, copy);
        // What DLPack calls a BufferError is asarray's ValueError, as for the other protocols.
        return match tensor {
            Err(error) if copy == Some(false) && error.is_instance_of::<PyBufferError>(object.py()) => {
                Err(with_cause(object.py(), copy_refused(&class_name(object)), error))
            }
            other => other.map(Some),
        };
    }
    if let Some(tensor) = array_interface::import(object, copy)? {
        return Ok(Some(tensor));
    }
    if object.hasattr("__array__")? {
        return import_array_method(object, copy).map(Some);
    }
    Ok(None)
}

/// Python's own scalars, sequences and text: spared the search for protocols. Classes have the
/// methods of their instances but are no arrays.
fn exports_nothing(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.cast_exact::<PyFloat>().is_ok()
        || object.cast_exact::<PyInt>().is_ok()
        || object.cast_exact::<PyList>().is_ok()
        || object.cast_exact::<PyTuple>().is_ok()
        || object.cast_exact::<PyBool>().is_ok()
        || object.cast_exact::<PyComplex>().is_ok()
        || object.cast_exact::<PyString>().is_ok()
        || object.cast::<PyType>().is_ok()
}

/// What `__array__` returns, a NumPy array, exports a buffer.
fn import_array_method(object: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Tensor> {
    let py = object.py();
    let array = if copy == Some(false) {
        let keywords = pyo3::types::PyDict::new(py);
        keywords.set_item("copy", false)?;
        match object.call_method("__array__", (), Some(&keywords)) {
            // A method of NumPy 1's protocol cannot say whether it copies.
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {
                return Err(with_cause(py, copy_refused(&class_name(object)), error));
            }
            other => other?,
        }
    } else {
        object.call_method0("__array__")?
    };
    buffer::import(&array, copy)?.ok_or_else(|| {
        PyTypeError::new_err(format!(
            "asarray: __array__ of {} returned {}, which is no array",
            class_name(object),
            class_name(&array)
        ))
    })
}

/// `module.name` of the object's class, for messages.
pub fn class_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().fully_qualified_name().map_or_else(|_| String::from("an object"), |name| name.to_string())
}

/// The ValueError of `copy=False` where a copy is needed.
pub fn copy_refused(what: &str) -> PyErr {
    PyValueError::new_err(format!("asarray: {what} needs a copy, which copy=False forbids"))
}

/// `error`, raised from `cause`.
pub fn with_cause(py: Python<'_>, error: PyErr, cause: PyErr) -> PyErr {
    error.set_cause(py, Some(cause));
    error
}

/// A copy of a tensor, laid out as it is.
pub fn copied(py: Python<'_>, tensor: &Tensor) -> PyResult<Tensor> {
    detached(py, tensor.size(), || elementwise::cast("copy", tensor, tensor.dtype())).py()
}

/// A Python object that owns memory which a tensor uses.
pub struct Keeper(Option<Py<PyAny>>);

impl Keeper {
    /// Keeps `object` alive.
    pub fn new(object: &Bound<'_, PyAny>) -> Keeper {
        Keeper(Some(object.clone().unbind()))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Without an interpreter, at exit, there is nothing left to release.
        Python::try_attach(|_| drop(self.0.take()));
    }
}

/// Memory as another library describes it.
pub struct Memory {
    /// The public function that was asked to read it.
    pub op: &'static str,
    /// The first element's address.
    pub data: *mut u8,
    /// Data type.
    pub dtype: DType,
    /// Sizes, one per dimension.
    pub shape: Shape,
    /// Strides in bytes; None for C order.
    pub strides: Option<Strides>,
    /// Whether elements may be written.
    pub writable: bool,
    /// The error of `copy=False` where a copy is needed.
    pub refused: fn(&str) -> PyErr,
}

impl Memory {
    /// Bytes below and from the first element's address on that the elements span; an error where no
    /// memory can be like that.
    pub fn span(&self) -> PyResult<(usize, usize)> {
        let strides = self.checked_strides()?;
        self.span_of(&strides)
    }

    fn span_of(&self, strides: &[isize]) -> PyResult<(usize, usize)> {
        if self.shape.contains(&0) {
            return Ok((0, 0));
        }
        if self.data.is_null() {
            return Err(PyBufferError::new_err(format!(
                "{}: shape {} at a null address",
                self.op,
                shape_text(&self.shape)
            )));
        }
        let beyond = || {
            PyBufferError::new_err(format!(
                "{}: shape {} with strides {strides:?} (bytes) reaches outside the address space",
                self.op,
                shape_text(&self.shape)
            ))
        };
        let (mut below, mut above) = (0_usize, self.dtype.itemsize());
        for (&size, &stride) in self.shape.iter().zip(strides) {
            let extent = stride.unsigned_abs().checked_mul(size - 1).ok_or_else(beyond)?;
            let side = if stride < 0 { &mut below } else { &mut above };
            *side = side.checked_add(extent).ok_or_else(beyond)?;
        }
        let address = self.data.addr();
        let fits = below <= address
            && address.checked_add(above).is_some_and(|end| isize::try_from(end - (address - below)).is_ok());
        if fits { Ok((below, above)) } else { Err(beyond()) }
    }

    /// The strides, with those that lead nowhere (along an axis of size 1, in an empty array) as in
    /// C order, since exporters fill them with anything.
    fn checked_strides(&self) -> PyResult<Strides> {
        let size = checked_size(self.op, &self.shape, self.dtype).py()?;
        let mut strides = contiguous_strides(&self.shape, self.dtype.itemsize());
        if let Some(given) = &self.strides
            && size > 0
        {
            for axis in 0..self.shape.len() {
                if self.shape[axis] > 1 {
                    strides[axis] = given[axis];
                }
            }
        }
        Ok(strides)
    }

    /// A tensor on this memory, or on a copy of it as `copy` and the alignment ask.
    ///
    /// # Safety
    /// Every element that the geometry reaches is readable (writable where `writable`) until
    /// `owner` is dropped. The memory may be misaligned.
    pub unsafe fn adopt(
        self,
        py: Python<'_>,
        owner: Box<dyn std::any::Any + Send + Sync>,
        copy: Option<bool>,
    ) -> PyResult<Tensor> {
        let Memory { op, data, dtype, .. } = self;
        let strides = self.checked_strides()?;
        let (below, above) = self.span_of(&strides)?;
        let size: usize = self.shape.iter().product();
        let (data, start) = if size > 0 {
            (data, data.wrapping_sub(below))
        } else {
            // No element is ever reached: any aligned address does.
            let nowhere = std::ptr::without_provenance_mut(64);
            (nowhere, nowhere)
        };
        // SAFETY: by the caller's promise the elements, which span these bytes, live with the owner;
        // gaps between them are never touched.
        let storage = unsafe { Storage::external(start, below + above, self.writable, owner) };
        let alignment = dtype.alignment();
        let is_aligned = data.addr().is_multiple_of(alignment)
            && strides.iter().all(|stride| stride.unsigned_abs().is_multiple_of(alignment));
        if is_aligned {
            // SAFETY: the elements lie in the storage and are aligned.
            let tensor =
                unsafe { Tensor::from_parts(op, storage, data, self.shape, strides, dtype, self.writable) }.py()?;
            return if copy == Some(true) { copied(py, &tensor) } else { Ok(tensor) };
        }
        if copy == Some(false) {
            return Err((self.refused)(&format!("{dtype} memory that is not aligned to {alignment} bytes")));
        }
        // The bytes of each element are one more axis of an array that any address suits.
        let mut shape = self.shape.clone();
        let mut byte_strides = strides;
        shape.push(dtype.itemsize());
        byte_strides.push(1);
        // SAFETY: the same bytes, and bytes are aligned everywhere.
        let bytes = unsafe { Tensor::from_parts(op, storage, data, shape, byte_strides, DType::UInt8, false) }.py()?;
        let copy = detached(py, bytes.size(), || elementwise::cast_contiguous(op, &bytes, DType::UInt8)).py()?;
        Ok(Tensor::over(copy.storage().clone(), self.shape, size, dtype))
    }
}

/// Sizes as another library gives them: not yet known to be sensible.
pub fn sizes(op: &str, given: impl Iterator<Item = i64>) -> PyResult<Shape> {
    given
        .map(|size| {
            usize::try_from(size).map_err(|_| PyBufferError::new_err(format!("{op}: negative size {size} in a shape")))
        })
        .collect::<PyResult<SmallVec<_>>>()
}
