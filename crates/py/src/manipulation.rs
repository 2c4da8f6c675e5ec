//! Manipulation functions.

use corepy_core::reshape::resolve_shape;
use corepy_core::shape::normalize_axis;
use corepy_core::{DType, Tensor, view};
use corepy_kernels::{elementwise, rearrange};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use smallvec::SmallVec;

use crate::axis::AxisArgument;
use crate::creation;
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::reduce::{axes, one_axis};
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(concat, module)?)?;
    module.add_function(wrap_pyfunction!(expand_dims, module)?)?;
    module.add_function(wrap_pyfunction!(flip, module)?)?;
    module.add_function(wrap_pyfunction!(moveaxis, module)?)?;
    module.add_function(wrap_pyfunction!(permute_dims, module)?)?;
    module.add_function(wrap_pyfunction!(repeat, module)?)?;
    module.add_function(wrap_pyfunction!(reshape, module)?)?;
    module.add_function(wrap_pyfunction!(roll, module)?)?;
    module.add_function(wrap_pyfunction!(squeeze, module)?)?;
    module.add_function(wrap_pyfunction!(stack, module)?)?;
    module.add_function(wrap_pyfunction!(tile, module)?)?;
    module.add_function(wrap_pyfunction!(unstack, module)?)
}

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
fn concat(arrays: &Bound<'_, PyAny>, axis: AxisArgument<'_>) -> PyResult<Py<PyTensor>> {
    let op = "concat";
    let axis = axis.optional(op, 0)?;
    joined(op, arrays, |tensors| rearrange::concat(op, tensors, axis))
}

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
fn expand_dims(x: &Bound<'_, PyAny>, axis: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
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
fn flip(x: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
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
fn moveaxis(x: &Bound<'_, PyAny>, source: &Bound<'_, PyAny>, destination: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
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
fn permute_dims(x: &Bound<'_, PyAny>, axes: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "permute_dims";
    let axes = self::axes(op, axes)?;
    PyTensor::wrap(x.py(), view::permute_dims(op, tensor(op, x)?.get().tensor()?, &axes).py()?)
}

/// Each element repeated, one after the other.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// repeats : int, Tensor or sequence of ints
///     How often; a 1-d tensor of integer dtype or a sequence gives a number for each element along `axis`,
///     or one for all.
/// axis : int, optional
///     The axis along which to repeat, a negative one counted from the last; None flattens `x` first.
///
/// Returns
/// -------
/// Tensor
///     The dtype of `x`; its shape but for `axis`.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If `repeats` is negative anywhere, or not of one axis of the right size, or the result too large.
/// TypeError
///     If `repeats` is not of integers.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.repeat(cp.asarray([1, 2]), cp.asarray([1, 3]))
/// Tensor([1, 2, 2, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``repeat``.
#[pyfunction]
#[pyo3(signature = (x, repeats, /, *, axis=None))]
fn repeat(x: &Bound<'_, PyAny>, repeats: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("repeat", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let axis = axis.map(|axis| one_axis(op, axis)).transpose()?;
    if repeats.cast::<PyTuple>().is_ok() || repeats.cast::<PyList>().is_ok() {
        let repeats = creation::tensor_from(op, repeats)?;
        // An empty sequence is one of no integers.
        let repeats = if repeats.size() == 0 { elementwise::cast(op, &repeats, DType::Int64).py()? } else { repeats };
        return PyTensor::wrap(py, rearrange::repeat_each(op, source, &repeats, axis).py()?);
    }
    let result = if let Ok(repeats) = repeats.cast::<PyTensor>() {
        let repeats = repeats.get().tensor()?;
        // How many elements there will be is not known yet.
        detached(py, usize::MAX, || rearrange::repeat_each(op, source, repeats, axis))
    } else {
        let repeats = shape::size(op, "repeats", repeats)?;
        let size = source.size().saturating_mul(repeats);
        detached(py, size, || rearrange::repeat(op, source, repeats, axis))
    };
    PyTensor::wrap(py, result.py()?)
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
fn reshape(x: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Py<PyTensor>> {
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

/// The elements moved on along some axes; what passes an end comes in again at the other.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// shift : int or tuple of ints
///     By how many places, towards larger indices where positive; one for all axes, or one for each.
/// axis : int or tuple of ints, optional
///     The axes along which to move, negative ones counted from the last. The shifts of an axis given twice
///     add up, as in NumPy. None flattens `x`, moves, and restores the shape.
///
/// Returns
/// -------
/// Tensor
///     The shape and dtype of `x`.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If there are not as many shifts as axes.
/// TypeError
///     If a shift is not an integer.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.roll(cp.asarray([1, 2, 3, 4]), 1)
/// Tensor([4, 1, 2, 3], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``roll``.
#[pyfunction]
#[pyo3(signature = (x, /, shift, *, axis=None))]
fn roll(x: &Bound<'_, PyAny>, shift: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("roll", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let shifts: SmallVec<[Bound<'_, PyAny>; 4]> = match (shift.cast::<PyTuple>(), shift.cast::<PyList>()) {
        (Ok(tuple), _) => tuple.iter().collect(),
        (_, Ok(list)) => list.iter().collect(),
        _ => SmallVec::from_elem(shift.clone(), 1),
    };
    let Some(axis) = axis else {
        let mut place = 0;
        for shift in &shifts {
            place = rearrange::moved(place, within(op, shift, source.size())?, source.size());
        }
        let run = detached(py, source.size(), || {
            let flat = rearrange::flattened(op, source)?;
            Ok(rearrange::roll(op, &flat, &[place])?.reshaped_contiguous(source.shape()))
        });
        return PyTensor::wrap(py, run.py()?);
    };
    let axes = axes(op, axis)?;
    if shifts.len() != axes.len() && shifts.len() != 1 && axes.len() != 1 {
        return Err(PyValueError::new_err(format!("{op}: {} shifts for {} axes", shifts.len(), axes.len())));
    }
    let mut places: SmallVec<[usize; 4]> = SmallVec::from_elem(0, source.ndim());
    for index in 0..if shifts.is_empty() || axes.is_empty() { 0 } else { shifts.len().max(axes.len()) } {
        let axis = normalize_axis(op, axes[index % axes.len()], source.ndim()).py()?;
        let size = source.shape()[axis];
        places[axis] = rearrange::moved(places[axis], within(op, &shifts[index % shifts.len()], size)?, size);
    }
    PyTensor::wrap(py, detached(py, source.size(), || rearrange::roll(op, source, &places)).py()?)
}

/// A shift of any magnitude, as the one from 0 to below `size` that does the same.
fn within(op: &str, shift: &Bound<'_, PyAny>, size: usize) -> PyResult<usize> {
    let small = shape::clamped(op, "shift", shift)?;
    if size == 0 {
        return Ok(0);
    }
    if small != i64::MIN && small != i64::MAX {
        return Ok(small.rem_euclid(size as i64) as usize);
    }
    // Python's remainder has the sign of the divisor.
    shift.call_method0("__index__")?.rem(size)?.extract()
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
fn squeeze(x: &Bound<'_, PyAny>, axis: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "squeeze";
    PyTensor::wrap(x.py(), view::squeeze(op, tensor(op, x)?.get().tensor()?, &axes(op, axis)?).py()?)
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
fn stack(arrays: &Bound<'_, PyAny>, axis: AxisArgument<'_>) -> PyResult<Py<PyTensor>> {
    let op = "stack";
    let axis = axis.required(op, 0)?;
    joined(op, arrays, |tensors| rearrange::stack(op, tensors, axis))
}

/// The whole tensor repeated along each axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// repetitions : int or sequence of int
///     How often along each axis; where `x` has more axes, once along its first ones, and where it has
///     fewer, it gets axes of size 1 at the front.
///
/// Returns
/// -------
/// Tensor
///     The dtype of `x`.
///
/// Raises
/// ------
/// ValueError
///     If a number is negative, or the result too large.
/// TypeError
///     If `repetitions` is not of integers.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.tile(cp.asarray([1, 2]), (2, 2))
/// Tensor([[1, 2, 1, 2],
///         [1, 2, 1, 2]], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, manipulation functions: ``tile``.
#[pyfunction]
#[pyo3(signature = (x, repetitions, /))]
fn tile(x: &Bound<'_, PyAny>, repetitions: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("tile", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let repetitions = shape::signed(op, repetitions)?;
    if let Some(negative) = repetitions.iter().find(|&&times| times < 0) {
        return Err(PyValueError::new_err(format!("{op}: repetitions must not be negative, got {negative}")));
    }
    let times: SmallVec<[usize; 4]> = repetitions.iter().map(|&times| times as usize).collect();
    let size = times.iter().fold(source.size(), |size, &times| size.saturating_mul(times));
    PyTensor::wrap(py, detached(py, size, || rearrange::tile(op, source, &times)).py()?)
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
fn unstack<'py>(x: &Bound<'py, PyAny>, axis: AxisArgument<'py>) -> PyResult<Bound<'py, PyTuple>> {
    let (op, py) = ("unstack", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let axis = normalize_axis(op, axis.required(op, 0)?, source.ndim()).py()?;
    let views: PyResult<Vec<Py<PyTensor>>> = (0..source.shape()[axis])
        .map(|index| PyTensor::wrap(py, source.selected(op, axis, index as i64).py()?))
        .collect();
    PyTuple::new(py, views?)
}
