//! Manipulation functions: those that creating tensors calls for.

use corepy_core::reshape::resolve_shape;
use corepy_kernels::elementwise;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(reshape, module)?)
}

/// The same elements, in C order, in another shape.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// shape : int or sequence of int
///     Of the same number of elements; one size may be -1, for what the others leave.
/// copy : bool, optional
///     True always copies, False never does and raises ValueError where a copy would be needed;
///     None copies only where needed.
///
/// Returns
/// -------
/// Tensor
///     A view where the elements' places in memory allow it.
///
/// Raises
/// ------
/// ValueError
///     If the number of elements differs, or with ``copy=False`` where a copy is needed.
///
/// Notes
/// -----
/// Array API standard 2025.12, manipulation functions: ``reshape``.
#[pyfunction]
#[pyo3(signature = (x, /, shape, *, copy=None))]
fn reshape(x: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("reshape", x.py());
    let source = &tensor(op, x)?.get().tensor;
    let sizes = resolve_shape(op, &shape::signed(op, shape)?, source).py()?;
    if copy != Some(true) {
        if let Some(view) = source.reshaped(op, &sizes) {
            return PyTensor::wrap(py, view.py()?);
        }
        if copy == Some(false) {
            return Err(PyValueError::new_err(format!(
                "{op}: shape {} to {} needs a copy, which copy=False forbids",
                corepy_core::error::shape_text(source.shape()),
                corepy_core::error::shape_text(&sizes)
            )));
        }
    }
    let run = detached(py, source.size(), || elementwise::cast_contiguous(op, source, source.dtype()));
    PyTensor::wrap(py, run.py()?.reshaped_contiguous(&sizes))
}
