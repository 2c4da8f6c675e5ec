//! Basic indexing: integers, slices, ellipsis and newaxis make views. Keys with tensors in them are for
//! `advanced_indexing.rs`.

use corepy_core::{DType, Error, Kind, Tensor};
use corepy_kernels::elementwise::{self, Operand};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyInt, PySlice, PyTuple};

use crate::argument::{Argument, overflow};
use crate::convert;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

/// The view that `key` selects, if it is a basic one.
pub fn view(tensor: &Tensor, key: &Bound<'_, PyAny>, op: &'static str) -> PyResult<Option<Tensor>> {
    if let Ok(keys) = key.cast::<PyTuple>() {
        return view_of_tuple(tensor, keys, op);
    }
    if let Some(index) = integer(key)? {
        if tensor.ndim() == 0 {
            return Err(too_many(op, 1, 0));
        }
        return tensor.selected(op, 0, index).py().map(Some);
    }
    if let Ok(slice) = key.cast::<PySlice>() {
        if tensor.ndim() == 0 {
            return Err(too_many(op, 1, 0));
        }
        return sliced(tensor, 0, slice).map(Some);
    }
    if key.is_instance_of::<PyTensor>() {
        return Ok(None);
    }
    view_of_tuple(tensor, &PyTuple::new(key.py(), [key])?, op)
}

/// The view that a slice of one axis is.
pub fn sliced(tensor: &Tensor, axis: usize, slice: &Bound<'_, PySlice>) -> PyResult<Tensor> {
    let (mut start, mut stop, mut step) = (0, 0, 0);
    // SAFETY: `slice` is a slice object; -1 says that a Python error is set.
    let size = unsafe {
        if ffi::PySlice_Unpack(slice.as_ptr(), &raw mut start, &raw mut stop, &raw mut step) < 0 {
            return Err(PyErr::fetch(slice.py()));
        }
        ffi::PySlice_AdjustIndices(tensor.shape()[axis] as isize, &raw mut start, &raw mut stop, step)
    };
    // An empty slice may start past the end.
    let start = if size == 0 { 0 } else { start as usize };
    Ok(tensor.sliced(axis, start, step, size as usize))
}

pub fn too_many(op: &str, keys: usize, ndim: usize) -> PyErr {
    PyIndexError::new_err(format!("{op}: {keys} indices for a tensor of {ndim} dimensions"))
}

fn view_of_tuple(tensor: &Tensor, keys: &Bound<'_, PyTuple>, op: &'static str) -> PyResult<Option<Tensor>> {
    let mut consuming = 0;
    let mut ellipses = 0;
    for key in keys.iter() {
        if key.is_exact_instance_of::<PyInt>() || key.is_instance_of::<PySlice>() {
            consuming += 1;
        } else if key.cast::<PyEllipsis>().is_ok() {
            ellipses += 1;
        } else if !key.is_none() {
            consuming += 1;
            if integer(&key)?.is_none() {
                return Ok(None);
            }
        }
    }
    if ellipses > 1 {
        return Err(several_ellipses(op));
    }
    if consuming > tensor.ndim() {
        return Err(too_many(op, consuming, tensor.ndim()));
    }
    let mut result = tensor.clone();
    // The axis of the result that the next key is for, and of the tensor itself, for errors.
    let mut axis = 0;
    let mut own_axis = 0;
    for key in keys.iter() {
        if key.cast::<PyEllipsis>().is_ok() {
            axis += tensor.ndim() - consuming;
            own_axis += tensor.ndim() - consuming;
        } else if key.is_none() {
            result = expanded(&result, axis, op)?;
            axis += 1;
        } else if let Ok(slice) = key.cast::<PySlice>() {
            result = sliced(&result, axis, slice)?;
            axis += 1;
            own_axis += 1;
        } else if let Some(index) = integer(&key)? {
            result = selected(&result, axis, own_axis, index, op)?;
            own_axis += 1;
        } else {
            return Ok(None);
        }
    }
    Ok(Some(result))
}

pub fn several_ellipses(op: &str) -> PyErr {
    PyIndexError::new_err(format!("{op}: an index can have only a single ellipsis ('...')"))
}

/// The view with a new axis before `axis`.
#[inline]
pub fn expanded(tensor: &Tensor, axis: usize, op: &str) -> PyResult<Tensor> {
    if tensor.ndim() >= corepy_core::shape::MAX_RANK {
        return Err(PyIndexError::new_err(format!("{op}: more than {} dimensions", corepy_core::shape::MAX_RANK)));
    }
    Ok(tensor.expanded(axis))
}

/// The view without `axis`, which is `own_axis` in messages.
#[inline]
pub fn selected(tensor: &Tensor, axis: usize, own_axis: usize, index: i64, op: &'static str) -> PyResult<Tensor> {
    let selected = tensor.selected(op, axis, index).map_err(|error| match error {
        Error::IndexOutOfRange { op, index, size, .. } => Error::IndexOutOfRange { op, index, axis: own_axis, size },
        other => other,
    });
    selected.py()
}

/// The integer that `key` is, if it is one (not a bool, not a float).
pub fn integer(key: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    // SAFETY: `key` is a live object, and an int where it is read as one.
    unsafe {
        if ffi::PyLong_CheckExact(key.as_ptr()) != 0 {
            let mut overflow = 0;
            let index = ffi::PyLong_AsLongLongAndOverflow(key.as_ptr(), &raw mut overflow);
            if overflow == 0 {
                return Ok(Some(index));
            }
        }
        // Slices, None and the ellipsis leave here, before a conversion would raise.
        if ffi::PyIndex_Check(key.as_ptr()) == 0 {
            return Ok(None);
        }
    }
    if key.cast::<PyBool>().is_ok() {
        return Ok(None);
    }
    if let Ok(tensor) = key.cast::<PyTensor>() {
        let tensor = tensor.get().tensor()?;
        if tensor.ndim() != 0 || !tensor.dtype().is_integer() {
            return Ok(None);
        }
    }
    match key.extract::<i64>() {
        Ok(index) => Ok(Some(index)),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(key.py()) => {
            Err(PyIndexError::new_err(format!("index {} is out of bounds for any axis", key.repr()?)))
        }
        Err(_) => Ok(None),
    }
}

/// Writes `value`, broadcast and cast, into `out`.
pub fn assign(py: Python<'_>, out: &Tensor, value: &Bound<'_, PyAny>) -> PyResult<()> {
    with_value(out, value, |operand| {
        // Leading axes of size 1 fall away, as in NumPy.
        let squeezed;
        let operand = match operand {
            Operand::Tensor(tensor) if tensor.ndim() > out.ndim() => {
                let extra = tensor.ndim() - out.ndim();
                let mut view = tensor.clone();
                for _ in 0..extra {
                    if view.shape()[0] != 1 {
                        break;
                    }
                    view = view.selected("__setitem__", 0, 0).py()?;
                }
                squeezed = view;
                Operand::Tensor(&squeezed)
            }
            other => other,
        };
        detached(py, out.size(), || elementwise::assign("__setitem__", out, operand)).py()
    })
}

/// Calls `body` with `value` as an operand that may be assigned to elements of `out`.
pub fn with_value(
    out: &Tensor,
    value: &Bound<'_, PyAny>,
    body: impl FnOnce(Operand<'_>) -> PyResult<()>,
) -> PyResult<()> {
    out.require_writable("__setitem__").py()?;
    let dtype = out.dtype();
    let source;
    let scalar;
    let operand = match Argument::extract(value.as_borrowed()) {
        Ok(Argument::Tensor(tensor)) => {
            source = tensor.get().tensor()?.clone();
            Operand::Tensor(&source)
        }
        Ok(argument) => {
            let number = argument.number().ok_or_else(|| PyTypeError::new_err("__setitem__: unsupported value"))?;
            if number.dtype_beside(dtype).kind() > dtype.kind() && dtype.kind() == Kind::Bool {
                // Any number has a truth value.
                scalar = number.to_scalar(DType::Bool).ok_or_else(|| overflow("__setitem__", number, dtype))?;
            } else {
                scalar = convert::number_as("__setitem__", number, dtype)?;
            }
            Operand::Scalar(&scalar)
        }
        Err(_) => {
            source = crate::creation::tensor_from(value)?;
            Operand::Tensor(&source)
        }
    };
    if operand.dtype().is_complex() && !dtype.is_complex() {
        return Err(PyTypeError::new_err(format!("__setitem__: cannot cast {} to {dtype}", operand.dtype())));
    }
    // Last: reading the key and the value may have run code that uses the tensor.
    crate::fusion::settle(out)?;
    body(operand)
}
