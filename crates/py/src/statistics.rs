//! Statistical functions that are composed of others: `std`, `var`.

use corepy_kernels::statistics;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::error::IntoPython;
use crate::reduce;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(standard_deviation, module)?)?;
    module.add_function(wrap_pyfunction!(variance, module)?)
}

fn apply(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    correction: f64,
    keepdims: bool,
    root: bool,
) -> PyResult<Py<PyTensor>> {
    let Ok(x) = x.cast::<PyTensor>() else {
        let class = x.get_type().fully_qualified_name()?;
        return Err(PyTypeError::new_err(format!("{op}: expected a corepy tensor, not {class}")));
    };
    let axes = axis.map(|axis| reduce::axes(op, axis)).transpose()?;
    let tensor = &x.get().tensor;
    let result = detached(x.py(), tensor.size(), || {
        statistics::variance(op, tensor, axes.as_deref(), correction, keepdims, root)
    });
    PyTensor::wrap(x.py(), result.py()?)
}

/// Standard deviation of the elements over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued floating-point dtype. Integers are computed in float64, and for
///     complex numbers the squared distance from the mean is that of the complex plane, as in NumPy.
/// axis : int or tuple of ints, optional
///     The axes to reduce, negative ones counted from the last; None for all, () for none.
/// correction : int or float
///     Degrees of freedom to take off the count N: the divisor is N - correction. 1 gives the
///     unbiased sample variance.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes; float32 for float32 and complex64, otherwise
///     float64. NaN where N - correction is not positive and the elements do not differ.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
/// TypeError
///     For dtype bool.
///
/// Notes
/// -----
/// Two passes, the mean first; float32 is computed in float64 and rounded once.
/// Array API standard 2025.12, statistical functions: ``std``.
#[pyfunction]
#[pyo3(name = "std", signature = (x, /, *, axis=None, correction=0.0, keepdims=false))]
fn standard_deviation(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    correction: f64,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    apply("std", x, axis, correction, keepdims, true)
}

/// Variance of the elements over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued floating-point dtype. Integers are computed in float64, and for
///     complex numbers the squared distance from the mean is that of the complex plane, as in NumPy.
/// axis : int or tuple of ints, optional
///     The axes to reduce, negative ones counted from the last; None for all, () for none.
/// correction : int or float
///     Degrees of freedom to take off the count N: the divisor is N - correction. 1 gives the
///     unbiased sample variance.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes; float32 for float32 and complex64, otherwise
///     float64. NaN where N - correction is not positive and the elements do not differ.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
/// TypeError
///     For dtype bool.
///
/// Notes
/// -----
/// Two passes, the mean first; float32 is computed in float64 and rounded once.
/// Array API standard 2025.12, statistical functions: ``var``.
#[pyfunction]
#[pyo3(name = "var", signature = (x, /, *, axis=None, correction=0.0, keepdims=false))]
fn variance(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    correction: f64,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    apply("var", x, axis, correction, keepdims, false)
}
