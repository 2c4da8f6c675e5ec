//! Broadcasting.

use corepy_core::shape::{self as core_shape, Shape};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::tensor;
use crate::error::IntoPython;
use crate::shape;
use crate::tensor::PyTensor;

/// Broadcasts tensors against one another.
///
/// Parameters
/// ----------
/// arrays : Tensor
///     Any number of tensors of any dtypes, whose shapes broadcast together.
///
/// Returns
/// -------
/// tuple of Tensor
///     Views of the common shape, each with its own dtype; read-only where stretched.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> a, b = cp.broadcast_arrays(cp.asarray([1, 2]), cp.asarray([[3], [4]]))
/// >>> a
/// Tensor([[1, 2],
///         [1, 2]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_arrays``.
#[pyfunction]
#[pyo3(signature = (*arrays))]
pub fn broadcast_arrays<'py>(arrays: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
    let op = "broadcast_arrays";
    let objects: Vec<_> = arrays.iter().collect();
    let tensors = objects.iter().map(|object| tensor(op, object)?.get().tensor()).collect::<PyResult<Vec<_>>>()?;
    let shapes: Vec<&[usize]> = tensors.iter().map(|tensor| tensor.shape()).collect();
    let shape = core_shape::broadcast_shapes(op, &shapes).py()?;
    let views = tensors
        .iter()
        .map(|tensor| PyTensor::wrap(arrays.py(), tensor.broadcast_to(op, &shape).py()?))
        .collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(arrays.py(), views)
}

/// The shape that shapes broadcast to.
///
/// Parameters
/// ----------
/// shapes : tuple of int
///     Any number of shapes.
///
/// Returns
/// -------
/// tuple of int
///     The common shape.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.broadcast_shapes((3, 1), (4,))
/// (3, 4)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_shapes``.
#[pyfunction]
#[pyo3(signature = (*shapes))]
pub fn broadcast_shapes<'py>(shapes: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
    let op = "broadcast_shapes";
    let shapes_read = shapes.iter().map(|value| shape::extract(op, &value)).collect::<PyResult<Vec<Shape>>>()?;
    let slices: Vec<&[usize]> = shapes_read.iter().map(|shape| &shape[..]).collect();
    PyTuple::new(shapes.py(), core_shape::broadcast_shapes(op, &slices).py()?)
}

/// Broadcasts a tensor to a shape.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any dtype; its shape broadcasts to `shape`.
/// shape : int or sequence of int
///     Sizes, each at least 0.
///
/// Returns
/// -------
/// Tensor
///     A view; read-only where stretched.
///
/// Raises
/// ------
/// ValueError
///     If the tensor does not broadcast to the shape.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.broadcast_to(cp.asarray([1, 2]), (2, 2))
/// Tensor([[1, 2],
///         [1, 2]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_to``.
#[pyfunction]
#[pyo3(signature = (x, /, shape))]
pub fn broadcast_to(x: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "broadcast_to";
    let shape = shape::extract(op, shape)?;
    PyTensor::wrap(x.py(), tensor(op, x)?.get().tensor()?.broadcast_to(op, &shape).py()?)
}
