//! Indexing by tensors: integers and masks, alone or among integers, slices, ellipsis and newaxis.
//! The functions `take` and `take_along_axis`.

use corepy_core::{DType, Tensor};
use corepy_kernels::gather::{self, Index, Selection};
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyEllipsis, PyList, PySlice, PyString, PyTuple};
use smallvec::SmallVec;

use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{convert, creation, data_types, indexing, shape};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(take, module)?)?;
    module.add_function(wrap_pyfunction!(take_along_axis, module)?)
}

/// A new tensor with the elements that `key`, which is no basic one, selects.
pub fn get(py: Python<'_>, tensor: &Tensor, key: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "__getitem__";
    // The usual case.
    if let Ok(indices) = key.cast_exact::<PyTensor>() {
        let indices = indices.get().tensor()?;
        if indices.dtype().is_integer() && tensor.ndim() > 0 {
            let work = indices.size().max(tensor.size());
            return PyTensor::wrap(py, detached(py, work, || gather::get_leading(op, tensor, indices)).py()?);
        }
    }
    let selection = selection(tensor, key, op)?;
    PyTensor::wrap(py, detached(py, work(&selection), || gather::get(op, &selection)).py()?)
}

/// Writes `value`, broadcast and cast, to the elements that `key`, which is no basic one, selects.
pub fn set(py: Python<'_>, tensor: &Tensor, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let op = "__setitem__";
    let selection = selection(tensor, key, op)?;
    indexing::with_value(&selection.view, value, |operand| {
        detached(py, work(&selection), || gather::set(op, &selection, operand)).py()
    })
}

/// Elements that a selection may touch, for the GIL's sake.
fn work(selection: &Selection) -> usize {
    let sizes = selection.indices.iter().map(|index| match index {
        Index::Integers { tensor, .. } | Index::Mask { tensor, .. } => tensor.size(),
        Index::Boolean(_) => 1,
    });
    sizes.max().unwrap_or(0).max(selection.view.size())
}

/// A key's part.
enum Part<'py> {
    Ellipsis,
    NewAxis,
    Slice(Bound<'py, PySlice>),
    Integer(i64),
    Boolean(bool),
    Integers(Tensor),
    Mask(Tensor),
}

impl<'py> Part<'py> {
    fn read(key: &Bound<'py, PyAny>, op: &'static str) -> PyResult<Part<'py>> {
        if key.is_none() {
            return Ok(Part::NewAxis);
        }
        if key.cast::<PyEllipsis>().is_ok() {
            return Ok(Part::Ellipsis);
        }
        if let Ok(slice) = key.cast::<PySlice>() {
            return Ok(Part::Slice(slice.clone()));
        }
        if let Some(index) = indexing::integer(key)? {
            return Ok(Part::Integer(index));
        }
        if let Ok(value) = key.cast::<PyBool>() {
            return Ok(Part::Boolean(value.is_true()));
        }
        let bad = |what: String| {
            PyIndexError::new_err(format!(
                "{op}: an index must be an integer, a slice, an ellipsis, None, or integers or booleans in a tensor, \
                 an array or a list, not {what}"
            ))
        };
        if key.is_instance_of::<PyString>() || key.is_instance_of::<PyBytes>() || key.is_instance_of::<PyByteArray>() {
            return Err(bad(shape::type_name(key)));
        }
        let py = key.py();
        let tensor = creation::tensor_from(key).map_err(|error| {
            if error.is_instance_of::<PyTypeError>(py) {
                bad(shape::type_name(key))
            } else if error.is_instance_of::<PyOverflowError>(py) {
                PyIndexError::new_err(format!("{op}: {}", error.value(py)))
            } else {
                error
            }
        })?;
        let is_sequence = key.is_instance_of::<PyList>() || key.is_instance_of::<PyTuple>();
        match tensor.dtype() {
            DType::Bool if tensor.ndim() == 0 => Ok(Part::Boolean(convert::element(&tensor, op)?.truth())),
            DType::Bool => Ok(Part::Mask(tensor)),
            dtype if dtype.is_integer() => Ok(Part::Integers(tensor)),
            // An empty list has no numbers to take a dtype from.
            _ if is_sequence && tensor.size() == 0 => {
                Ok(Part::Integers(Tensor::empty(op, tensor.shape(), DType::Int64).py()?))
            }
            _ if tensor.ndim() == 0 => Err(bad(shape::type_name(key))),
            dtype => Err(bad(format!("{dtype} elements"))),
        }
    }

    /// Axes of the tensor that it is for.
    fn axes(&self) -> usize {
        match self {
            Part::Ellipsis | Part::NewAxis | Part::Boolean(_) => 0,
            Part::Slice(_) | Part::Integer(_) | Part::Integers(_) => 1,
            Part::Mask(mask) => mask.ndim(),
        }
    }
}

/// Where in the key the indices are: the result's axes of those that stand side by side take their
/// place; of others they come first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    None,
    Here,
    Before,
    Apart,
}

/// What `key` selects of `tensor`.
fn selection(tensor: &Tensor, key: &Bound<'_, PyAny>, op: &'static str) -> PyResult<Selection> {
    let parts: SmallVec<[Part<'_>; 4]> = match key.cast::<PyTuple>() {
        Ok(keys) => keys.iter().map(|key| Part::read(&key, op)).collect::<PyResult<_>>()?,
        Err(_) => SmallVec::from_iter([Part::read(key, op)?]),
    };
    let consumed: usize = parts.iter().map(Part::axes).sum();
    if consumed > tensor.ndim() {
        return Err(indexing::too_many(op, consumed, tensor.ndim()));
    }
    if parts.iter().filter(|part| matches!(part, Part::Ellipsis)).count() > 1 {
        return Err(indexing::several_ellipses(op));
    }
    let mut selection = Selection { view: tensor.clone(), indices: SmallVec::new(), outer: 0 };
    let mut place = Place::None;
    // The axis of the view and of the tensor that the next part is for, and the axes that stay whole.
    let (mut axis, mut own_axis, mut whole) = (0, 0, 0);
    for part in parts {
        if matches!(part, Part::Ellipsis | Part::NewAxis | Part::Slice(_)) {
            place = if place == Place::Here { Place::Before } else { place };
        } else {
            match place {
                Place::None => (place, selection.outer) = (Place::Here, whole),
                Place::Before => (place, selection.outer) = (Place::Apart, 0),
                Place::Here | Place::Apart => {}
            }
        }
        let view = &selection.view;
        match part {
            Part::Ellipsis => {
                let axes = tensor.ndim() - consumed;
                (axis, own_axis, whole) = (axis + axes, own_axis + axes, whole + axes);
            }
            Part::NewAxis => {
                selection.view = indexing::expanded(view, axis, op)?;
                (axis, whole) = (axis + 1, whole + 1);
            }
            Part::Slice(slice) => {
                selection.view = indexing::sliced(view, axis, &slice)?;
                (axis, own_axis, whole) = (axis + 1, own_axis + 1, whole + 1);
            }
            Part::Integer(index) => {
                selection.view = indexing::selected(view, axis, own_axis, index, op)?;
                own_axis += 1;
            }
            Part::Boolean(value) => selection.indices.push(Index::Boolean(value)),
            Part::Integers(tensor) => {
                selection.indices.push(Index::Integers { axis, own_axis, tensor });
                (axis, own_axis) = (axis + 1, own_axis + 1);
            }
            Part::Mask(tensor) => {
                let axes = tensor.ndim();
                selection.indices.push(Index::Mask { axis, own_axis, tensor });
                (axis, own_axis) = (axis + axes, own_axis + axes);
            }
        }
    }
    Ok(selection)
}

/// The integer tensor that `indices` is; lists and arrays too.
fn integers(op: &'static str, indices: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    let tensor = creation::tensor_from(indices)?;
    if tensor.size() == 0 && indices.is_instance_of::<PyList>() {
        return Tensor::empty(op, tensor.shape(), DType::Int64).py();
    }
    if !tensor.dtype().is_integer() {
        return Err(PyTypeError::new_err(format!("{op}: indices must have an integer dtype, not {}", tensor.dtype())));
    }
    Ok(tensor)
}

/// Elements at indices along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     One dimension or more; any dtype.
/// indices : Tensor
///     Integer dtype; negative ones count from the end. One dimension in the standard; others are
///     accepted, as in NumPy.
/// axis : int, optional
///     The axis to take from, negative ones counted from the last. Required unless `x` has one dimension.
///
/// Returns
/// -------
/// Tensor
///     The dtype of `x`, and its shape with that of `indices` in place of the axis.
///
/// Raises
/// ------
/// IndexError
///     If an index or the axis is out of bounds.
/// TypeError
///     If `indices` are not integers.
/// ValueError
///     If `axis` is missing.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.take(cp.asarray([10, 20, 30]), cp.asarray([2, 0, -1]))
/// Tensor([30, 10, 30], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, indexing functions: ``take``.
#[pyfunction]
#[pyo3(signature = (x, indices, /, *, axis=None))]
fn take(x: &Bound<'_, PyAny>, indices: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("take", x.py());
    let source = data_types::tensor(op, x)?.get().tensor()?;
    let indices = integers(op, indices)?;
    let axis = match axis {
        Some(axis) => corepy_core::shape::normalize_axis(op, shape::clamped(op, "axis", axis)?, source.ndim()).py()?,
        None if source.ndim() == 1 => 0,
        None => {
            return Err(PyValueError::new_err(format!(
                "{op}: axis is required for a tensor of {} dimensions",
                source.ndim()
            )));
        }
    };
    let work = source.size().max(indices.size());
    PyTensor::wrap(py, detached(py, work, || gather::take(source, &indices, axis)).py()?)
}

/// Elements along an axis, at indices for each line of elements along it.
///
/// Parameters
/// ----------
/// x : Tensor
///     One dimension or more; any dtype.
/// indices : Tensor
///     As many dimensions as `x`; integer dtype; negative ones count from the end. The sizes of all
///     axes but `axis` broadcast with those of `x`.
/// axis : int
///     The axis to take from, negative ones counted from the last.
///
/// Returns
/// -------
/// Tensor
///     The dtype of `x`; the broadcast shape, with the size of `indices` along `axis`.
///
/// Raises
/// ------
/// IndexError
///     If an index or the axis is out of bounds.
/// TypeError
///     If `indices` are not integers.
/// ValueError
///     If the numbers of dimensions differ or the shapes do not broadcast.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.take_along_axis(cp.asarray([[10, 20], [30, 40]]), cp.asarray([[1], [0]]), axis=1)
/// Tensor([[20],
///         [30]], dtype=int64)
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, indexing functions: ``take_along_axis``.
#[pyfunction]
#[pyo3(signature = (x, indices, /, *, axis=-1), text_signature = "(x, indices, /, *, axis=-1)")]
fn take_along_axis(x: &Bound<'_, PyAny>, indices: &Bound<'_, PyAny>, axis: i64) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("take_along_axis", x.py());
    let source = data_types::tensor(op, x)?.get().tensor()?;
    let indices = integers(op, indices)?;
    let work = source.size().max(indices.size());
    PyTensor::wrap(py, detached(py, work, || gather::take_along_axis(source, &indices, axis)).py()?)
}
