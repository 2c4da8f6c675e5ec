//! Searching functions but `searchsorted`.

use corepy_core::DType;
use corepy_kernels::argreduce::{Extremum, argreduce};
use corepy_kernels::elementwise::{Operand, Scalar};
use corepy_kernels::{mask, select};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument::{Argument, Number, plain_scalar_beside};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::reduce::one_axis;
use crate::tensor::{PyTensor, detached};
use crate::{function, fusion, reduce};

const OP: &str = "where";

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(argmax, module)?)?;
    module.add_function(wrap_pyfunction!(argmin, module)?)?;
    module.add_function(wrap_pyfunction!(count_nonzero, module)?)?;
    module.add_function(wrap_pyfunction!(nonzero, module)?)?;
    module.add_function(wrap_pyfunction!(where_function, module)?)
}

/// Number of elements that are not zero, over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype. A complex number is zero where both components are; NaN is not zero.
/// axis : int or tuple of ints, optional
///     The axes to reduce, negative ones counted from the last; None for all, () for none.
/// keepdims : bool
///     Whether reduced axes stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the reduced axes; dtype int64.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.count_nonzero(cp.asarray([[0, 7], [1, 2]]), axis=0)
/// Tensor([1, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, searching functions: ``count_nonzero``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, keepdims=false))]
fn count_nonzero(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    let op = "count_nonzero";
    let source = tensor(op, x)?.get().tensor()?;
    let axes = axis.map(|axis| reduce::axes(op, axis)).transpose()?;
    let result = detached(x.py(), source.size(), || mask::count_nonzero(source, axes.as_deref(), keepdims));
    PyTensor::wrap(x.py(), result.py()?)
}

/// Indices of the elements that are not zero.
///
/// Parameters
/// ----------
/// x : Tensor
///     One dimension or more; any dtype. A complex number is zero where both components are; NaN is
///     not zero.
///
/// Returns
/// -------
/// tuple of Tensor
///     For each axis the indices along it, in C order of the elements: one dimension, dtype int64.
///     ``x[nonzero(x)]`` are the elements.
///
/// Raises
/// ------
/// ValueError
///     If `x` has no dimension.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.nonzero(cp.asarray([[0, 7], [1, 2]]))
/// (Tensor([0, 1, 1], dtype=int64), Tensor([1, 0, 1], dtype=int64))
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, searching functions: ``nonzero``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn nonzero<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let py = x.py();
    let source = tensor("nonzero", x)?.get().tensor()?;
    let indices = detached(py, source.size(), || mask::nonzero(source)).py()?;
    PyTuple::new(py, indices.into_iter().map(|tensor| PyTensor::wrap(py, tensor)).collect::<PyResult<Vec<_>>>()?)
}

/// Elements of `x1` where `condition` holds, of `x2` elsewhere.
///
/// Parameters
/// ----------
/// condition : Tensor
///     Dtype bool; another dtype counts as true where it is not zero.
/// x1, x2 : Tensor or Python scalar
///     Any dtypes, promoted as in NumPy 2; a scalar takes part in the other's dtype. All three
///     shapes broadcast together.
///
/// Returns
/// -------
/// Tensor
///     The broadcast shape, the promoted dtype of `x1` and `x2`.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
/// TypeError
///     If an operand is neither a tensor nor a Python scalar.
/// OverflowError
///     If a Python integer does not fit the dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.where(cp.asarray([True, False, True]), cp.asarray([1, 2, 3]), 0)
/// Tensor([1, 0, 3], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, searching functions: ``where``.
#[pyfunction]
#[pyo3(name = "where", signature = (condition, x1, x2, /))]
fn where_function<'py>(
    condition: &Bound<'py, PyAny>,
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
) -> PyResult<Py<PyTensor>> {
    let py = condition.py();
    let condition = function::argument(OP, condition)?;
    if !matches!(condition, Argument::Tensor(_)) {
        return Err(PyTypeError::new_err("where: the condition must be a tensor"));
    }
    let arguments = [function::argument(OP, x1)?, function::argument(OP, x2)?];
    let strong = arguments.iter().find_map(|argument| match argument {
        Argument::Tensor(tensor) => Some(tensor.get().value.dtype()),
        _ => None,
    });
    let numbers = arguments.each_ref().map(Argument::number);
    // Without a tensor, the numbers' own dtypes decide.
    let beside = strong.unwrap_or_else(|| {
        numbers.iter().flatten().map(|number| number.default_dtype()).reduce(DType::promote).unwrap_or(DType::Float64)
    });
    let scalar = |number: Option<Number>| -> PyResult<Option<Scalar>> {
        number.map(|number| plain_scalar_beside(OP, number, beside)).transpose()
    };
    let scalars = [scalar(numbers[0])?, scalar(numbers[1])?];
    let given = [None, scalars[0].as_ref(), scalars[1].as_ref()];
    if let Some(deferred) = fusion::select(py, [&condition, &arguments[0], &arguments[1]], given)? {
        return Ok(deferred);
    }
    let operand = |index: usize| match (&arguments[index], &scalars[index]) {
        (Argument::Tensor(tensor), _) => Ok(Operand::Tensor(tensor.get().tensor()?)),
        (_, Some(scalar)) => Ok(Operand::Scalar(scalar)),
        _ => Err(PyTypeError::new_err("where: unsupported operand")),
    };
    let (first, second) = (operand(0)?, operand(1)?);
    let condition = condition.tensor()?.ok_or_else(|| PyTypeError::new_err("where: the condition must be a tensor"))?;
    let condition = Operand::Tensor(condition);
    let work = [condition, first, second].iter().map(|operand| operand.shape().iter().product()).max().unwrap_or(1);
    PyTensor::wrap(py, detached(py, work, || select::select(condition, first, second)).py()?)
}

fn search(
    op: &'static str,
    extremum: Extremum,
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
) -> PyResult<Py<PyTensor>> {
    let tensor = tensor(op, x)?.get().tensor()?;
    let axis = axis.map(|axis| one_axis(op, axis)).transpose()?;
    let result = detached(x.py(), tensor.size(), || argreduce(op, extremum, tensor, axis, keepdims));
    PyTensor::wrap(x.py(), result.py()?)
}

/// The index of the largest element, over all elements or along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued dtype. False comes before true, and complex numbers are ordered by real, then
///     by imaginary component, as in NumPy.
/// axis : int, optional
///     The axis along which to search, a negative one counted from the last; None for the index into all
///     elements in C order.
/// keepdims : bool
///     Whether the axes that are searched stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     int64; the first index of equal elements. A NaN comes before any number.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If there are no elements to search.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.argmax(cp.asarray([[1, 5, 2], [9, 0, 9]]), axis=1)
/// Tensor([1, 0], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, searching functions: ``argmax``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, keepdims=false))]
fn argmax(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    search("argmax", Extremum::Max, x, axis, keepdims)
}

/// The index of the smallest element, over all elements or along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued dtype. False comes before true, and complex numbers are ordered by real, then
///     by imaginary component, as in NumPy.
/// axis : int, optional
///     The axis along which to search, a negative one counted from the last; None for the index into all
///     elements in C order.
/// keepdims : bool
///     Whether the axes that are searched stay, with size 1.
///
/// Returns
/// -------
/// Tensor
///     int64; the first index of equal elements. A NaN comes before any number.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If there are no elements to search.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.argmin(cp.asarray([[1, 5, 2], [9, 0, 9]]), axis=1)
/// Tensor([0, 1], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, searching functions: ``argmin``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, keepdims=false))]
fn argmin(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Py<PyTensor>> {
    search("argmin", Extremum::Min, x, axis, keepdims)
}
