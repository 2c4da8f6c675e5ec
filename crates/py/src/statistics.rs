//! Statistical functions other than plain reductions: `cumulative_prod`, `cumulative_sum`, `std`, `var`.

use corepy_kernels::scan::{self, Scan};
use corepy_kernels::statistics;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::dtype;
use crate::error::IntoPython;
use crate::reduce;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cumulative_prod, module)?)?;
    module.add_function(wrap_pyfunction!(cumulative_sum, module)?)?;
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
    let tensor = x.get().tensor()?;
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
///     If `x` is not a tensor, and for dtype bool.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.std(cp.asarray([1.0, 3.0]))
/// Tensor(1.0, dtype=float64)
///
/// Notes
/// -----
/// One pass: distances from the mean of a few elements, corrected by their sum (Chan, Golub and LeVeque, The
/// American Statistician 37, 1983, formula 1.7), and another where these lie far from the mean of all.
/// float32 is computed in float64 and rounded once. The bits depend neither
/// on the number of threads nor on the instruction set.
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
///     If `x` is not a tensor, and for dtype bool.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.var(cp.asarray([1.0, 3.0]), correction=1)
/// Tensor(2.0, dtype=float64)
///
/// Notes
/// -----
/// One pass: distances from the mean of a few elements, corrected by their sum (Chan, Golub and LeVeque, The
/// American Statistician 37, 1983, formula 1.7), and another where these lie far from the mean of all.
/// float32 is computed in float64 and rounded once. The bits depend neither
/// on the number of threads nor on the instruction set.
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

fn cumulative(
    op: &'static str,
    kind: Scan,
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    include_initial: bool,
) -> PyResult<Py<PyTensor>> {
    let tensor = tensor(op, x)?.get().tensor()?;
    let axis = axis.map(|axis| reduce::one_axis(op, axis)).transpose()?;
    let dtype = dtype::extract_optional(op, dtype)?;
    let result = detached(x.py(), tensor.size(), || scan::scan(op, kind, tensor, axis, dtype, include_initial));
    PyTensor::wrap(x.py(), result.py()?)
}

/// The product of all elements up to each, along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; numeric dtype, or bool, whose true elements count as 1. A 0-d tensor counts as one of
///     one element along one axis.
/// axis : int, optional
///     The axis, a negative one counted from the last; required where `x` has more than one.
/// dtype : dtype, optional
///     Of the result; `x` is cast to it first. By default int64 for bool and signed and uint64 for
///     unsigned integers, otherwise that of `x`.
/// include_initial : bool
///     Whether the result starts with 1, and is one element longer for it.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x`, apart from the initial element.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If `axis` is None and `x` has more than one.
/// TypeError
///     If `x` is complex and `dtype` is not.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.cumulative_prod(cp.asarray([1, 2, 3, 4]))
/// Tensor([ 1,  2,  6, 24], dtype=int64)
///
/// Notes
/// -----
/// One multiplication after another, as in NumPy, but float32 and complex64 are accumulated in float64 and
/// each result is rounded once. Integers wrap around. The bits do not depend on the number of threads.
/// Array API standard 2025.12, statistical functions: ``cumulative_prod``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, dtype=None, include_initial=false))]
fn cumulative_prod(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    include_initial: bool,
) -> PyResult<Py<PyTensor>> {
    cumulative("cumulative_prod", Scan::Prod, x, axis, dtype, include_initial)
}

/// The sum of all elements up to each, along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; numeric dtype, or bool, whose true elements count as 1. A 0-d tensor counts as one of
///     one element along one axis.
/// axis : int, optional
///     The axis, a negative one counted from the last; required where `x` has more than one.
/// dtype : dtype, optional
///     Of the result; `x` is cast to it first. By default int64 for bool and signed and uint64 for
///     unsigned integers, otherwise that of `x`.
/// include_initial : bool
///     Whether the result starts with 0, and is one element longer for it.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x`, apart from the initial element.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If `axis` is None and `x` has more than one.
/// TypeError
///     If `x` is complex and `dtype` is not.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.cumulative_sum(cp.asarray([1, 2, 3, 4]))
/// Tensor([ 1,  3,  6, 10], dtype=int64)
///
/// Notes
/// -----
/// float32 and complex64 are accumulated in float64, and each result is rounded once. float64 is added up
/// within leaves of 64 elements, and leaf by leaf: the error of element i is at most (65 + i / 64) 2^-53
/// times the sum of magnitudes up to it. Integers wrap around. The bits depend neither on the number of
/// threads nor on the axis or the instruction set.
/// Array API standard 2025.12, statistical functions: ``cumulative_sum``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, dtype=None, include_initial=false))]
fn cumulative_sum(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    include_initial: bool,
) -> PyResult<Py<PyTensor>> {
    cumulative("cumulative_sum", Scan::Sum, x, axis, dtype, include_initial)
}
