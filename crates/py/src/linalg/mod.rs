//! The linear algebra extension: `corepy.linalg`.

mod factorization;
mod measure;
mod spectrum;
mod system;

use corepy_core::Tensor;
use corepy_kernels::linalg::Tolerance;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyTuple};

use crate::data_types::tensor;
use crate::error::{IntoPython, LinAlgError};
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this folder.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LinAlgError", module.py().get_type::<LinAlgError>())?;
    factorization::register(module)?;
    spectrum::register(module)?;
    system::register(module)?;
    measure::register(module)
}

/// An estimate of the elements that a decomposition touches.
fn work(x: &Tensor) -> usize {
    let least = x.shape().iter().rev().take(2).min().copied().unwrap_or(1);
    x.size().saturating_mul(least.max(1))
}

/// Applies a function of one tensor.
fn single(
    op: &str,
    x: &Bound<'_, PyAny>,
    function: impl FnOnce(&Tensor) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    let x = tensor(op, x)?.get().tensor()?;
    PyTensor::wrap(py, detached(py, work(x), || function(x)).py()?)
}

/// The named tuple of `corepy._linalg_results` of this name.
fn named<'py, const N: usize>(py: Python<'py>, name: &str, fields: [Tensor; N]) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || PyModule::import(py, "corepy._linalg_results").map(Bound::unbind))?;
    let fields = fields.into_iter().map(|field| PyTensor::wrap(py, field)).collect::<PyResult<Vec<_>>>()?;
    module.bind(py).getattr(name)?.call1(PyTuple::new(py, fields)?)
}

/// A real number, `name` in messages.
fn number(op: &str, name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    value.extract::<f64>().map_err(|_| {
        PyTypeError::new_err(format!("{op}: {name} must be a real number, not {}", shape::type_name(value)))
    })
}

/// An integer of 64 bits, `name` in messages.
fn integer(op: &str, name: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let number = if value.is_instance_of::<PyBool>() { None } else { value.call_method0("__index__").ok() };
    let Some(number) = number else {
        let class = shape::type_name(value);
        return Err(PyTypeError::new_err(format!("{op}: {name} must be an integer, not {class}")));
    };
    number.extract::<i64>().map_err(|_| PyOverflowError::new_err(format!("{op}: {name} does not fit 64 bits")))
}

/// Applies a function of a tensor and a relative tolerance.
fn with_tolerance(
    op: &str,
    x: &Bound<'_, PyAny>,
    rtol: Option<&Bound<'_, PyAny>>,
    function: impl FnOnce(&Tensor, &Tolerance<'_>) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let tolerance = match rtol {
        None => Tolerance::Default,
        Some(rtol) => match rtol.cast::<PyTensor>() {
            Ok(rtol) => Tolerance::Tensor(rtol.get().tensor()?),
            Err(_) => Tolerance::Number(number(op, "rtol", rtol)?),
        },
    };
    single(op, x, |x| function(x, &tolerance))
}
