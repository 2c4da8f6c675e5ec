//! Pickling of tensors: with protocol 5 the elements are a buffer of their own, which a transport can
//! carry without a copy.

use corepy_core::DType;
use corepy_core::shape::Shape;
use corepy_kernels::elementwise;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PyTuple};

use crate::buffer;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

/// Adds the function that pickles call.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_rebuild, module)?)
}

/// The tensor of a pickle: `buffer` holds its elements in C order, its axes permuted by `axes`.
#[pyfunction]
#[pyo3(signature = (buffer, dtype, shape, axes, copy, /))]
fn _rebuild(
    buffer: &Bound<'_, PyAny>,
    dtype: &str,
    shape: Vec<usize>,
    axes: Vec<usize>,
    copy: bool,
) -> PyResult<Py<PyTensor>> {
    let py = buffer.py();
    let dtype = DType::from_name(dtype)
        .ok_or_else(|| PyTypeError::new_err(format!("unpickling: {dtype:?} is not a dtype of corepy")))?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..shape.len()) {
        return Err(PyValueError::new_err(format!("unpickling: {axes:?} is no permutation of {} axes", shape.len())));
    }
    let tensor = buffer::import_bytes(
        "unpickling",
        buffer,
        0,
        dtype,
        Shape::from_vec(shape),
        None,
        Some(true).filter(|_| copy),
    )?;
    PyTensor::wrap(py, tensor.permuted(&axes))
}

#[pymethods]
impl PyTensor {
    fn __reduce_ex__<'py>(slf: &Bound<'py, Self>, protocol: i64) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let tensor = slf.get().tensor()?;
        // Elements without gaps go as they lie, in C or Fortran order; others are copied into C order.
        let reversed: Shape = (0..tensor.ndim()).rev().collect();
        let (run, axes) = if tensor.is_contiguous() {
            (tensor.clone(), reversed.iter().rev().copied().collect())
        } else if tensor.permuted(&reversed).is_contiguous() {
            (tensor.permuted(&reversed), reversed)
        } else {
            let copy = detached(py, tensor.size(), || elementwise::cast_contiguous("pickle", tensor, tensor.dtype()));
            (copy.py()?, reversed.iter().rev().copied().collect())
        };
        let shape = PyTuple::new(py, run.shape())?;
        let axes = PyTuple::new(py, &axes)?;
        let dtype = tensor.dtype().name();
        let run = PyTensor::wrap(py, run)?;
        let (buffer, copy) = if protocol >= 5 {
            (py.import("pickle")?.call_method1("PickleBuffer", (run,))?, false)
        } else {
            // Immutable, so that the tensor must be a copy.
            (PyMemoryView::from(run.bind(py))?.call_method0("tobytes")?, true)
        };
        let rebuild = py.import("corepy._core")?.getattr("_rebuild")?;
        PyTuple::new(py, [rebuild, (buffer, dtype, shape, axes, copy).into_pyobject(py)?.into_any()])
    }
}
