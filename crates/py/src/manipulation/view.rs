//! Shapes and axes changed: views where strides allow it.

use corepy_core::reshape::resolve_shape;
use corepy_core::view;
use corepy_kernels::elementwise;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::reduce::axes;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// A view with axes of size 1 inserted.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axis : int or tuple of ints
///     The places of the new axes in the result, negative ones counted from its last axis.
///
/// Returns
/// -------
/// Tensor
///     A view on the same elements.
///
/// Raises
/// ------
/// IndexError
///     For a place that the result does not have.
/// ValueError
///     For a place given twice, or if the result would have more than 64 axes.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.expand_dims(cp.ones((2, 3)), (0, -1)).shape
/// (1, 2, 3, 1)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``expand_dims``.
#[pyfunction]
#[pyo3(signature = (x, /, axis))]
pub fn expand_dims(x: &Bound<'_, PyAny>, axis: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "expand_dims";
    let result = view::expand_dims(op, tensor(op, x)?.get().tensor()?, &axes(op, axis)?);
    PyTensor::wrap(x.py(), result.py()?)
}

/// A view with the elements in reverse order along some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axis : int or tuple of ints, optional
///     The axes to reverse, negative ones counted from the last; None for all.
///
/// Returns
/// -------
/// Tensor
///     A view on the same elements.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.flip(cp.asarray([1, 2, 3]))
/// Tensor([3, 2, 1], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``flip``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None))]
pub fn flip(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let op = "flip";
    let axes = axis.map(|axis| axes(op, axis)).transpose()?;
    PyTensor::wrap(x.py(), view::flip(op, tensor(op, x)?.get().tensor()?, axes.as_deref()).py()?)
}

/// A view with some axes moved to other places, the others staying in their order.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// source : int or tuple of ints
///     The axes to move, negative ones counted from the last.
/// destination : int or tuple of ints
///     Where each of them goes.
///
/// Returns
/// -------
/// Tensor
///     A view on the same elements.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice, or if `source` and `destination` are not of one length.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.moveaxis(cp.ones((2, 3, 4)), 0, -1).shape
/// (3, 4, 2)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``moveaxis``.
#[pyfunction]
#[pyo3(signature = (x, source, destination, /))]
pub fn moveaxis(
    x: &Bound<'_, PyAny>,
    source: &Bound<'_, PyAny>,
    destination: &Bound<'_, PyAny>,
) -> PyResult<Py<PyTensor>> {
    let op = "moveaxis";
    let (source, destination) = (axes(op, source)?, axes(op, destination)?);
    PyTensor::wrap(x.py(), view::moveaxis(op, tensor(op, x)?.get().tensor()?, &source, &destination).py()?)
}

/// A view with the axes in another order.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axes : tuple of ints
///     Every axis of `x` once, negative ones counted from the last.
///
/// Returns
/// -------
/// Tensor
///     A view on the same elements; its axis i is axis ``axes[i]`` of `x`.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis given twice or not at all.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.permute_dims(cp.ones((2, 3, 4)), (2, 0, 1)).shape
/// (4, 2, 3)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``permute_dims``.
#[pyfunction]
#[pyo3(signature = (x, /, axes))]
pub fn permute_dims(x: &Bound<'_, PyAny>, axes: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "permute_dims";
    let axes = self::axes(op, axes)?;
    PyTensor::wrap(x.py(), view::permute_dims(op, tensor(op, x)?.get().tensor()?, &axes).py()?)
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
/// TypeError
///     If `x` is not a tensor, or `shape` no shape.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.reshape(cp.arange(6), (2, -1))
/// Tensor([[0, 1, 2],
///         [3, 4, 5]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``reshape``.
#[pyfunction]
#[pyo3(signature = (x, /, shape, *, copy=None))]
pub fn reshape(x: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("reshape", x.py());
    let source = tensor(op, x)?.get().tensor()?;
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

/// A view without some axes of size 1.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axis : int or tuple of ints
///     The axes to drop, negative ones counted from the last.
///
/// Returns
/// -------
/// Tensor
///     A view on the same elements.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     For an axis of another size than 1, or given twice.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.squeeze(cp.ones((1, 3, 1)), (0, 2)).shape
/// (3,)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``squeeze``.
#[pyfunction]
#[pyo3(signature = (x, /, axis))]
pub fn squeeze(x: &Bound<'_, PyAny>, axis: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "squeeze";
    PyTensor::wrap(x.py(), view::squeeze(op, tensor(op, x)?.get().tensor()?, &axes(op, axis)?).py()?)
}
