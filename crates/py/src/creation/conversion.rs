//! Tensors of what is an array, a number or a nested sequence already.

use corepy_core::{DType, Tensor};
use corepy_kernels::elementwise;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::data_types::check_cast;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{convert, dtype, foreign};

/// The tensor that any array, number or nested sequence is; shares memory where it can. Errors are those of `asarray`.
pub fn tensor_from(object: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    if let Ok(tensor) = object.cast::<PyTensor>() {
        return Ok(tensor.get().tensor()?.clone());
    }
    if let Some(tensor) = foreign::import(object, None)? {
        return Ok(tensor);
    }
    convert::from_sequence(object, None)
}

/// Converts the input to a tensor.
///
/// Parameters
/// ----------
/// obj : Tensor, Python scalar, nested sequence of them, or any exporter of DLPack or a buffer
///     Sequences give one dimension for each level of nesting.
/// dtype : dtype, optional
///     By default the input's own; for Python numbers bool, int64, float64 or complex128.
/// device : "cpu", optional
///     The only device.
/// copy : bool, optional
///     True always copies, False never does and raises ValueError where a copy would be
///     needed; None copies only where needed.
///
/// Returns
/// -------
/// Tensor
///     Of the input's shape; shares its memory where that can be.
///
/// Raises
/// ------
/// TypeError
///     For an input that is no array, or a cast from complex to a real dtype.
/// ValueError
///     For a ragged sequence, or with ``copy=False`` where a copy is needed.
/// OverflowError
///     For a Python integer that does not fit the dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.asarray([1.5, 2.0])
/// Tensor([1.5, 2. ], dtype=float64)
///
/// Notes
/// -----
/// Exact in the input's own dtype; a cast is that of ``astype``.
/// Array API standard 2025.12, creation functions: ``asarray``.
#[pyfunction]
#[pyo3(signature = (obj, /, *, dtype=None, device=None, copy=None))]
pub fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Py<PyTensor>> {
    let py = obj.py();
    let dtype = dtype::extract_optional("asarray", dtype)?;
    dtype::check_device("asarray", device)?;
    if let Ok(own) = obj.cast_exact::<PyTensor>() {
        let tensor = own.get().tensor()?;
        if dtype.is_none_or(|dtype| dtype == tensor.dtype()) && copy != Some(true) {
            return Ok(own.clone().unbind());
        }
        return PyTensor::wrap(py, converted(py, tensor, dtype, copy)?);
    }
    if let Some(tensor) = foreign::import(obj, copy)? {
        // With copy=True the import has copied already.
        let copy = if copy == Some(true) { None } else { copy };
        return PyTensor::wrap(py, converted(py, &tensor, dtype, copy)?);
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err(
            "asarray: a Python scalar or sequence has no memory to share; copy=False is not possible",
        ));
    }
    PyTensor::wrap(py, convert::from_sequence(obj, dtype)?)
}

/// `tensor` in `dtype`, copied as `copy` says.
fn converted(py: Python<'_>, tensor: &Tensor, dtype: Option<DType>, copy: Option<bool>) -> PyResult<Tensor> {
    let target = dtype.unwrap_or(tensor.dtype());
    if target == tensor.dtype() && copy != Some(true) {
        return Ok(tensor.clone());
    }
    check_cast("asarray", tensor.dtype(), target)?;
    if copy == Some(false) {
        return Err(PyValueError::new_err(format!(
            "asarray: {} to {target} needs a copy, which copy=False forbids",
            tensor.dtype()
        )));
    }
    detached(py, tensor.size(), || elementwise::cast("asarray", tensor, target)).py()
}
