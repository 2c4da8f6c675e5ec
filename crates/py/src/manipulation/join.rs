//! Tensors joined, and taken apart.

use corepy_core::Tensor;
use corepy_core::shape::normalize_axis;
use corepy_kernels::rearrange;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::axis::AxisArgument;
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// The tensors of a tuple or list, or those that a tensor's first axis holds.
fn tensors<'py>(op: &'static str, arrays: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyTensor>>> {
    let own = |item: Bound<'py, PyAny>| tensor(op, &item).cloned();
    if let Ok(tuple) = arrays.cast::<PyTuple>() {
        return tuple.iter().map(own).collect();
    }
    if let Ok(list) = arrays.cast::<PyList>() {
        return list.iter().map(own).collect();
    }
    if let Ok(tensor) = arrays.cast::<PyTensor>() {
        let tensor = tensor.get().tensor()?;
        if tensor.ndim() > 0 {
            let item = |index| Bound::new(arrays.py(), PyTensor::new(tensor.selected(op, 0, index as i64).py()?));
            return (0..tensor.shape()[0]).map(item).collect();
        }
    }
    Err(PyTypeError::new_err(format!("{op}: expected a tuple or list of tensors, not {}", shape::type_name(arrays))))
}

/// Runs `join` on the tensors in `arrays`.
fn joined(
    op: &'static str,
    arrays: &Bound<'_, PyAny>,
    join: impl FnOnce(&[&Tensor]) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let owners = tensors(op, arrays)?;
    let tensors = owners.iter().map(|owner| owner.get().tensor()).collect::<PyResult<Vec<&Tensor>>>()?;
    let size = tensors.iter().map(|tensor| tensor.size()).sum();
    PyTensor::wrap(arrays.py(), detached(arrays.py(), size, || join(&tensors)).py()?)
}

/// Joins tensors along an axis that they have.
///
/// Parameters
/// ----------
/// arrays : sequence of Tensor
///     Any dtypes; shapes alike on all axes but `axis`.
/// axis : int, optional
///     The axis along which to join, a negative one counted from the last; None flattens the tensors first.
///
/// Returns
/// -------
/// Tensor
///     The elements one tensor after another, in the dtype that the tensors' promote to.
///
/// Raises
/// ------
/// IndexError
///     For an axis that the tensors do not have.
/// ValueError
///     If there is no tensor, or the shapes do not fit.
/// TypeError
///     If `arrays` is not a sequence of tensors.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.concat((cp.asarray([1, 2]), cp.asarray([3])))
/// Tensor([1, 2, 3], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``concat``.
#[pyfunction]
#[pyo3(signature = (arrays, /, *, axis=AxisArgument::Default), text_signature = "(arrays, /, *, axis=0)")]
pub fn concat(arrays: &Bound<'_, PyAny>, axis: AxisArgument<'_>) -> PyResult<Py<PyTensor>> {
    let op = "concat";
    let axis = axis.optional(op, 0)?;
    joined(op, arrays, |tensors| rearrange::concat(op, tensors, axis))
}

/// Joins tensors of one shape along a new axis.
///
/// Parameters
/// ----------
/// arrays : sequence of Tensor
///     Of one shape and any dtypes.
/// axis : int
///     The place of the new axis in the result, a negative one counted from its last axis.
///
/// Returns
/// -------
/// Tensor
///     The tensors side by side, in the dtype that theirs promote to.
///
/// Raises
/// ------
/// IndexError
///     For a place that the result does not have.
/// ValueError
///     If there is no tensor, or the shapes differ.
/// TypeError
///     If `arrays` is not a sequence of tensors.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.stack((cp.asarray([1, 2]), cp.asarray([3, 4])), axis=1)
/// Tensor([[1, 3],
///         [2, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``stack``.
#[pyfunction]
#[pyo3(signature = (arrays, /, *, axis=AxisArgument::Default), text_signature = "(arrays, /, *, axis=0)")]
pub fn stack(arrays: &Bound<'_, PyAny>, axis: AxisArgument<'_>) -> PyResult<Py<PyTensor>> {
    let op = "stack";
    let axis = axis.required(op, 0)?;
    joined(op, arrays, |tensors| rearrange::stack(op, tensors, axis))
}

/// Splits a tensor along an axis into views.
///
/// Parameters
/// ----------
/// x : Tensor
///     At least one axis; any dtype.
/// axis : int
///     The axis along which to split, a negative one counted from the last.
///
/// Returns
/// -------
/// tuple of Tensor
///     A view without `axis` for each index along it.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.unstack(cp.asarray([[1, 2], [3, 4]]), axis=1)
/// (Tensor([1, 3], dtype=int64), Tensor([2, 4], dtype=int64))
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``unstack``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=AxisArgument::Default), text_signature = "(x, /, *, axis=0)")]
pub fn unstack<'py>(x: &Bound<'py, PyAny>, axis: AxisArgument<'py>) -> PyResult<Bound<'py, PyTuple>> {
    let (op, py) = ("unstack", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let axis = normalize_axis(op, axis.required(op, 0)?, source.ndim()).py()?;
    let views: PyResult<Vec<Py<PyTensor>>> = (0..source.shape()[axis])
        .map(|index| PyTensor::wrap(py, source.selected(op, axis, index as i64).py()?))
        .collect();
    PyTuple::new(py, views?)
}
