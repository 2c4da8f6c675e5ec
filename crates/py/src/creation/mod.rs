//! Creation functions. `from_dlpack` is in `foreign.rs`.

mod constant;
mod conversion;
mod like;
mod line;
mod matrix;

use corepy_core::DType;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::argument::{Argument, Number, overflow};
use crate::convert::{self, Element};
use crate::{dtype, foreign, shape};

use constant::{empty, full, ones, zeros};
use conversion::asarray;
pub use conversion::tensor_from;
use like::{empty_like, full_like, ones_like, zeros_like};
use line::{arange, linspace, meshgrid};
use matrix::{eye, tril, triu};

/// Adds the functions of this folder.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(arange, module)?)?;
    module.add_function(wrap_pyfunction!(asarray, module)?)?;
    module.add_function(wrap_pyfunction!(empty, module)?)?;
    module.add_function(wrap_pyfunction!(empty_like, module)?)?;
    module.add_function(wrap_pyfunction!(eye, module)?)?;
    module.add_function(wrap_pyfunction!(full, module)?)?;
    module.add_function(wrap_pyfunction!(full_like, module)?)?;
    module.add_function(wrap_pyfunction!(linspace, module)?)?;
    module.add_function(wrap_pyfunction!(meshgrid, module)?)?;
    module.add_function(wrap_pyfunction!(ones, module)?)?;
    module.add_function(wrap_pyfunction!(ones_like, module)?)?;
    module.add_function(wrap_pyfunction!(tril, module)?)?;
    module.add_function(wrap_pyfunction!(triu, module)?)?;
    module.add_function(wrap_pyfunction!(zeros, module)?)?;
    module.add_function(wrap_pyfunction!(zeros_like, module)?)
}

/// A number where one is meant: of Python or NumPy, or the element of a 0-d array; with its dtype, where
/// it has one.
fn number(op: &'static str, name: &str, object: &Bound<'_, PyAny>) -> PyResult<(Number, Option<DType>)> {
    let expected = || {
        PyTypeError::new_err(format!("{op}: {name} must be a number or a 0-d tensor, not {}", shape::type_name(object)))
    };
    let tensor = match Argument::extract(object.as_borrowed()) {
        Ok(Argument::Tensor(tensor)) => tensor.get().tensor()?.clone(),
        Ok(argument) => {
            let own = match &argument {
                Argument::Number(_) => object.getattr("dtype").and_then(|dtype| dtype::extract(op, &dtype)).ok(),
                _ => None,
            };
            return Ok((argument.number().ok_or_else(expected)?, own));
        }
        Err(_) => foreign::import(object, None)?.ok_or_else(expected)?,
    };
    if tensor.ndim() > 0 {
        return Err(PyTypeError::new_err(format!(
            "{op}: {name} must be a number or a 0-d tensor, not a tensor of shape {}",
            corepy_core::error::shape_text(tensor.shape())
        )));
    }
    let number = match convert::element(&tensor, op)? {
        Element::Bool(value) => Number::Bool(value),
        Element::Signed(value) => Number::Int(value.into()),
        Element::Unsigned(value) => Number::Int(value.into()),
        Element::Float(value) => Number::Float(value),
        Element::Complex(re, im) => Number::Complex(re, im),
    };
    Ok((number, Some(tensor.dtype())))
}

/// The dtype of an integer that has none: int64, or uint64 where only that holds it, as in NumPy.
fn integer_dtype(op: &str, number: Number) -> PyResult<DType> {
    match number {
        Number::Int(value) if i64::try_from(value).is_ok() => Ok(DType::Int64),
        Number::Int(value) if u64::try_from(value).is_ok() => Ok(DType::UInt64),
        Number::Bool(_) => Ok(DType::Int64),
        _ => Err(overflow(op, number, DType::Int64)),
    }
}

fn real(op: &str, number: Number) -> PyResult<f64> {
    match number {
        Number::Bool(value) => Ok(f64::from(u8::from(value))),
        Number::Int(value) => Ok(value as f64),
        Number::Float(value) => Ok(value),
        Number::Huge(_) => Err(overflow(op, number, DType::Float64)),
        Number::Complex(..) => Err(PyTypeError::new_err(format!("{op}: expected real numbers, not complex ones"))),
    }
}
