//! Elements repeated, and rolled.

use corepy_core::DType;
use corepy_core::shape::normalize_axis;
use corepy_kernels::{elementwise, rearrange};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use smallvec::SmallVec;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::reduce::{axes, one_axis};
use crate::tensor::{PyTensor, detached};
use crate::{creation, shape};

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
pub fn repeat(
    x: &Bound<'_, PyAny>,
    repeats: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("repeat", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let axis = axis.map(|axis| one_axis(op, axis)).transpose()?;
    if repeats.cast::<PyTuple>().is_ok() || repeats.cast::<PyList>().is_ok() {
        let repeats = creation::tensor_from(repeats)?;
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
pub fn roll(x: &Bound<'_, PyAny>, shift: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
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
pub fn tile(x: &Bound<'_, PyAny>, repetitions: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
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
