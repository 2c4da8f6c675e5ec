//! Data type functions: casts, broadcasting, promotion, limits.

mod broadcast;
mod limits;
mod promotion;

use corepy_core::DType;
use corepy_kernels::elementwise;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, fusion, shape};

use broadcast::{broadcast_arrays, broadcast_shapes, broadcast_to};
use limits::{FloatingInfo, IntegerInfo, finfo, iinfo};
use promotion::{can_cast, isdtype, result_type};

/// Adds the functions and classes of this folder.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FloatingInfo>()?;
    module.add_class::<IntegerInfo>()?;
    module.add_function(wrap_pyfunction!(astype, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_arrays, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_shapes, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_to, module)?)?;
    module.add_function(wrap_pyfunction!(can_cast, module)?)?;
    module.add_function(wrap_pyfunction!(finfo, module)?)?;
    module.add_function(wrap_pyfunction!(iinfo, module)?)?;
    module.add_function(wrap_pyfunction!(isdtype, module)?)?;
    module.add_function(wrap_pyfunction!(result_type, module)?)
}

/// The tensor that an argument is, or a TypeError that names the function.
pub fn tensor<'a, 'py>(op: &str, object: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyTensor>> {
    object
        .cast::<PyTensor>()
        .map_err(|_| PyTypeError::new_err(format!("{op}: expected a corepy tensor, not {}", shape::type_name(object))))
}

/// Refuses the casts that would drop an imaginary component; every number has a truth value.
pub fn check_cast(op: &str, from: DType, to: DType) -> PyResult<()> {
    if from.is_complex() && !to.is_complex() && to != DType::Bool {
        return Err(PyTypeError::new_err(format!(
            "{op}: cannot cast {from} to {to}; take `real`, `imag` or `abs` first"
        )));
    }
    Ok(())
}

/// A dtype, or a tensor's.
fn dtype_of(op: &'static str, value: &Bound<'_, PyAny>) -> PyResult<DType> {
    match value.cast::<PyTensor>() {
        Ok(tensor) => Ok(tensor.get().value.dtype()),
        Err(_) => dtype::extract(op, value),
    }
}

/// Copies a tensor to another dtype, whatever the promotion rules.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// dtype : dtype
///     The dtype to cast to.
/// copy : bool, optional
///     False returns `x` itself where the dtype is `x`'s own already.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape.
///
/// Raises
/// ------
/// TypeError
///     For a cast from complex to real-valued, and if `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.astype(cp.asarray([1.7, -1.7]), cp.int64)
/// Tensor([ 1, -1], dtype=int64)
///
/// Notes
/// -----
/// Floating-point numbers are truncated towards zero; what an integer dtype cannot hold becomes
/// some number of it, the same on each instruction set. Integers wrap.
/// Array API standard 2025.12, data type functions: ``astype``.
#[pyfunction]
#[pyo3(signature = (x, dtype, /, *, copy=true, device=None))]
fn astype(
    x: &Bound<'_, PyAny>,
    dtype: &Bound<'_, PyAny>,
    copy: bool,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "astype";
    let own = tensor(op, x)?;
    let target = dtype::extract(op, dtype)?;
    dtype::check_device(op, device)?;
    let from = own.get().value.dtype();
    check_cast(op, from, target)?;
    if !copy && target == from {
        return Ok(own.clone().unbind());
    }
    if let Some(deferred) = fusion::cast(x.py(), own.get(), target)? {
        return Ok(deferred);
    }
    let source = own.get().tensor()?;
    let result = detached(x.py(), source.size(), || elementwise::cast(op, source, target)).py()?;
    PyTensor::wrap(x.py(), result)
}
