//! Reductions: the statistical functions `sum prod mean max min` and the utility functions `any all`.

use corepy_core::{Reduction, Tensor};
use corepy_kernels::reduce;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyList, PyTuple};
use smallvec::SmallVec;

use crate::dtype;
use crate::error::IntoPython;
use crate::fusion;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sum, module)?)?;
    module.add_function(wrap_pyfunction!(prod, module)?)?;
    module.add_function(wrap_pyfunction!(mean, module)?)?;
    module.add_function(wrap_pyfunction!(max, module)?)?;
    module.add_function(wrap_pyfunction!(min, module)?)?;
    module.add_function(wrap_pyfunction!(any_function, module)?)?;
    module.add_function(wrap_pyfunction!(all, module)?)
}

/// Whether any element is true.
pub fn any(py: Python<'_>, tensor: &Tensor) -> PyResult<bool> {
    detached(py, tensor.size(), || reduce::any(tensor)).py()
}

/// Whether any element of an integer tensor is below 0.
pub fn has_negative(tensor: &Tensor) -> PyResult<bool> {
    reduce::has_negative(tensor).py()
}

/// Axes as given.
pub type Axes = SmallVec<[i64; 4]>;

/// An axis that does not fit int64: beyond any rank too.
const BEYOND: i64 = i64::MAX;

/// `axis=`: None for all axes, an integer, or a tuple or list of them.
pub fn axes(op: &str, axis: &Bound<'_, PyAny>) -> PyResult<Axes> {
    if axis.is_exact_instance_of::<PyInt>() {
        return Ok(corepy_core::shape::first([one_axis(op, axis)?, 0, 0, 0], 1));
    }
    if let Ok(tuple) = axis.cast::<PyTuple>() {
        return tuple.iter().map(|axis| one_axis(op, &axis)).collect();
    }
    if let Ok(list) = axis.cast::<PyList>() {
        return list.iter().map(|axis| one_axis(op, &axis)).collect();
    }
    Ok(SmallVec::from_elem(one_axis(op, axis)?, 1))
}

/// An axis; beyond int64, the largest, which no rank has.
pub fn one_axis(op: &str, axis: &Bound<'_, PyAny>) -> PyResult<i64> {
    // The usual case, which calls no method.
    if axis.is_exact_instance_of::<PyInt>() {
        return Ok(axis.extract().unwrap_or(BEYOND));
    }
    let number = if axis.is_instance_of::<PyBool>() { None } else { axis.call_method0("__index__").ok() };
    number
        .ok_or_else(|| {
            let class = axis.get_type().name().map_or_else(|_| String::from("this object"), |name| name.to_string());
            PyTypeError::new_err(format!("{op}: axis must be None, an integer or a tuple of integers, not {class}"))
        })?
        // Beyond int64 it is beyond any rank too.
        .extract::<i64>()
        .or(Ok(i64::MAX))
}

fn apply(
    reduction: Reduction,
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    let op = reduction.name();
    let Ok(x) = x.cast::<PyTensor>() else {
        let class = x.get_type().fully_qualified_name()?;
        return Err(PyTypeError::new_err(format!("{op}: expected a corepy tensor, not {class}")));
    };
    let axes = axis.map(|axis| axes(op, axis)).transpose()?;
    let dtype = dtype::extract_optional(op, dtype)?;
    if keepdims
        && dtype.is_none()
        && let Some(later) = fusion::reduce_later(x.py(), reduction, x.get(), axes.as_deref())?
    {
        return Ok(later);
    }
    if let Some(node) = x.get().value.pending() {
        // The only reference is the caller's argument: the values are not wanted.
        // SAFETY: a live object; the count is only read.
        let own = usize::from(unsafe { pyo3::ffi::Py_REFCNT(x.as_ptr()) } == 1);
        let result =
            x.py().detach(|| corepy_kernels::fusion::reduce(reduction, node, axes.as_deref(), dtype, keepdims, own));
        return PyTensor::wrap(x.py(), result.py()?);
    }
    let tensor = x.get().tensor()?;
    let result =
        detached(x.py(), tensor.size(), || reduce::reduce(reduction, tensor, axes.as_deref(), dtype, keepdims));
    PyTensor::wrap(x.py(), result.py()?)
}

/// Sum of the elements over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; numeric dtype, or bool, of which the true elements are counted.
/// axis : int or tuple of ints, optional
///     The axes to sum over, negative ones counted from the last; None for all, () for none.
/// dtype : dtype, optional
///     Of the result; `x` is cast to it first. By default int64 for bool and signed and uint64 for
///     unsigned integers, otherwise that of `x`.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes. A sum of no elements is 0.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
/// TypeError
///     If `x` is not a tensor, or is complex where `dtype` is not.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.sum(cp.asarray([[1, 2], [3, 4]]), axis=0)
/// Tensor([4, 6], dtype=int64)
///
/// Notes
/// -----
/// float32 and complex64 are accumulated in float64 and rounded once. float64 is summed pairwise, on
/// every axis: the error is at most (21 + log2(n)) 2^-53 times the sum of magnitudes of n elements.
/// Integers wrap around. The bits depend neither on the number of threads nor on the instruction set.
/// Array API standard 2025.12, statistical functions: ``sum``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, dtype=None, keepdims=false))]
fn sum(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Sum, x, axis, dtype, keepdims)
}

/// Product of the elements over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; numeric dtype, or bool.
/// axis : int or tuple of ints, optional
///     The axes to multiply over, negative ones counted from the last; None for all, () for none.
/// dtype : dtype, optional
///     Of the result; `x` is cast to it first. By default int64 for bool and signed and uint64 for
///     unsigned integers, otherwise that of `x`.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes. A product of no elements is 1.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
/// TypeError
///     If `x` is not a tensor, or is complex where `dtype` is not.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.prod(cp.asarray([2, 3, 4]))
/// Tensor(24, dtype=int64)
///
/// Notes
/// -----
/// float32 and complex64 are accumulated in float64 and rounded once; the relative error of a float64
/// product of n elements is at most n 2^-53. Integers wrap around. The bits depend neither on the
/// number of threads nor on the instruction set.
/// Array API standard 2025.12, statistical functions: ``prod``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, dtype=None, keepdims=false))]
fn prod(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Prod, x, axis, dtype, keepdims)
}

/// Arithmetic mean of the elements over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; floating-point dtype. The mean of bool and integers is float64.
/// axis : int or tuple of ints, optional
///     The axes to average over, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes. A mean of no elements is NaN.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.mean(cp.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=1)
/// Tensor([1.5, 3.5], dtype=float64)
///
/// Notes
/// -----
/// The sum, accumulated as ``sum`` does it, divided in float64 and rounded once. The bits depend
/// neither on the number of threads nor on the instruction set.
/// Array API standard 2025.12, statistical functions: ``mean``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, keepdims=false))]
fn mean(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Mean, x, axis, None, keepdims)
}

/// Largest element over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued dtype. Also bool, and complex, ordered by real, then by imaginary
///     component, as in NumPy.
/// axis : int or tuple of ints, optional
///     The axes to search, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes, the dtype of `x`. NaN where an element is NaN.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice, and for a maximum of no elements.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.max(cp.asarray([[1, 5], [7, 2]]), axis=0)
/// Tensor([7, 5], dtype=int64)
///
/// Notes
/// -----
/// Exact. Which of 0 and -0 is returned is not specified.
/// Array API standard 2025.12, statistical functions: ``max``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, keepdims=false))]
fn max(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Max, x, axis, None, keepdims)
}

/// Smallest element over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued dtype. Also bool, and complex, ordered by real, then by imaginary
///     component, as in NumPy.
/// axis : int or tuple of ints, optional
///     The axes to search, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes, the dtype of `x`. NaN where an element is NaN.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice, and for a minimum of no elements.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.min(cp.asarray([[1, 5], [7, 2]]), axis=0)
/// Tensor([1, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact. Which of 0 and -0 is returned is not specified.
/// Array API standard 2025.12, statistical functions: ``min``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, keepdims=false))]
fn min(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Min, x, axis, None, keepdims)
}

/// Whether any element is true over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype. Numbers other than 0 are true, NaN included.
/// axis : int or tuple of ints, optional
///     The axes to search, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes, dtype bool. False where there are no elements.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.any(cp.asarray([[0, 1], [0, 0]]), axis=1)
/// Tensor([ True, False], dtype=bool)
///
/// Notes
/// -----
/// Exact. The search ends soon after the first true element.
/// Array API standard 2025.12, utility functions: ``any``.
#[pyfunction]
#[pyo3(name = "any", signature = (x, /, axis=None, *, keepdims=false))]
fn any_function(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    apply(Reduction::Any, x, axis, None, keepdims)
}

/// Whether all elements are true over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype. Numbers other than 0 are true, NaN included.
/// axis : int or tuple of ints, optional
///     The axes to search, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes, dtype bool. True where there are no elements.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.all(cp.asarray([[1, 1], [1, 0]]), axis=1)
/// Tensor([ True, False], dtype=bool)
///
/// Notes
/// -----
/// Exact. The search ends soon after the first false element.
/// Array API standard 2025.12, utility functions: ``all``.
#[pyfunction]
#[pyo3(signature = (x, /, axis=None, *, keepdims=false))]
fn all(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    apply(Reduction::All, x, axis, None, keepdims)
}
