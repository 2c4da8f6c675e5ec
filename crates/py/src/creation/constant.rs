//! Tensors of one value, or of none yet.

use corepy_core::{DType, Error, Tensor};
use corepy_kernels::create;
use corepy_kernels::elementwise::{self, Operand};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{integer_dtype, number};
use crate::argument::{Argument, Number};
use crate::data_types::check_cast;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{convert, dtype, foreign, shape};

/// A new tensor of `shape`, float64 unless `dtype` says otherwise.
fn made(
    op: &'static str,
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    make: impl FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let sizes = shape::extract(op, shape)?;
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(DType::Float64);
    dtype::check_device(op, device)?;
    let elements = corepy_core::shape::checked_size(op, &sizes, dtype).py()?;
    PyTensor::wrap(shape.py(), detached(shape.py(), elements, || make(&sizes, dtype)).py()?)
}

pub fn one(op: &'static str) -> impl FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send {
    move |shape, dtype| {
        let value = Number::Int(1).to_scalar(dtype).ok_or(Error::Overflow { op, message: String::from("1") })?;
        create::full(op, shape, &value)
    }
}

/// An uninitialised tensor.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order; its elements are whatever the memory held.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.empty((2, 3)).shape
/// (2, 3)
///
/// Notes
/// -----
/// Array API standard 2025.12, creation functions: ``empty``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
pub fn empty(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("empty", shape, dtype, device, |shape, dtype| Tensor::empty("empty", shape, dtype))
}

/// What `full` and `full_like` write: a number, or an array that broadcasts.
pub enum Fill {
    Number(Number),
    Tensor(Tensor),
}

pub fn fill_value(op: &'static str, value: &Bound<'_, PyAny>) -> PyResult<(Fill, DType)> {
    let array = match Argument::extract(value.as_borrowed()) {
        Ok(Argument::Tensor(tensor)) => Some(tensor.get().tensor()?.clone()),
        Ok(_) => None,
        Err(_) if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() => {
            Some(convert::from_sequence(value, None)?)
        }
        Err(_) => foreign::import(value, None)?,
    };
    if let Some(array) = array.filter(|array| array.ndim() > 0) {
        let dtype = array.dtype();
        return Ok((Fill::Tensor(array), dtype));
    }
    let (number, own) = number(op, "fill_value", value)?;
    let dtype = match (own, number) {
        (Some(dtype), _) => dtype,
        (None, Number::Int(_) | Number::Huge(_)) => integer_dtype(op, number)?,
        (None, number) => number.default_dtype(),
    };
    Ok((Fill::Number(number), dtype))
}

/// What makes a filled tensor of a shape and a dtype.
pub type Filler = Box<dyn FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send>;

/// A tensor of `shape` filled with `fill`, once `dtype` is known.
pub fn filled(op: &'static str, fill: Fill, dtype: DType) -> PyResult<Filler> {
    Ok(match fill {
        Fill::Number(number) => {
            let value = convert::number_as(op, number, dtype)?;
            Box::new(move |shape, _| create::full(op, shape, &value))
        }
        Fill::Tensor(array) => {
            check_cast(op, array.dtype(), dtype)?;
            Box::new(move |shape, dtype| {
                let out = Tensor::empty(op, shape, dtype)?;
                elementwise::assign(op, &out, Operand::Tensor(&array))?;
                Ok(out)
            })
        }
    })
}

/// A tensor filled with one value.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// fill_value : bool, int, float, complex or 0-d tensor
///     Also any array that broadcasts to the shape.
/// dtype : dtype, optional
///     By default the value's: bool, int64, float64 or complex128 for Python numbers.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// OverflowError
///     If an integer does not fit the dtype.
/// TypeError
///     For a complex value and a real dtype.
/// ValueError
///     For a negative or too large size.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.full(3, 7)
/// Tensor([7, 7, 7], dtype=int64)
///
/// Notes
/// -----
/// Rounded once to the dtype; a float for an integer dtype is truncated, as in NumPy.
/// Array API standard 2025.12, creation functions: ``full``.
#[pyfunction]
#[pyo3(name = "full", signature = (shape, fill_value, *, dtype=None, device=None))]
pub fn full(
    shape: &Bound<'_, PyAny>,
    fill_value: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "full";
    let (fill, natural) = self::fill_value(op, fill_value)?;
    let target = dtype::extract_optional(op, dtype)?.unwrap_or(natural);
    let make = filled(op, fill, target)?;
    made(op, shape, Some(dtype::object(shape.py(), target).bind(shape.py()).as_any()), device, make)
}

/// A tensor filled with ones.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.ones(3)
/// Tensor([1., 1., 1.], dtype=float64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``ones``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
pub fn ones(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("ones", shape, dtype, device, one("ones"))
}

/// A tensor filled with zeros.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.zeros(3)
/// Tensor([0., 0., 0.], dtype=float64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``zeros``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
pub fn zeros(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("zeros", shape, dtype, device, |shape, dtype| create::zeros("zeros", shape, dtype))
}
