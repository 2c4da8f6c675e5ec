//! What the element-wise functions do; the functions themselves are generated from the registry.

use corepy_core::Op;
use corepy_kernels::elementwise;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::argument::{Argument, with_operands};
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{fusion, power};

/// The operand that `object` is, or a TypeError that names the function.
pub fn argument<'a, 'py>(op: &str, object: &'a Bound<'py, PyAny>) -> PyResult<Argument<'a, 'py>> {
    Argument::extract_operand(object.as_borrowed()).map_err(|_| {
        PyTypeError::new_err(format!(
            "{op}: expected a corepy tensor or a Python scalar, not {}",
            object
                .get_type()
                .fully_qualified_name()
                .map_or_else(|_| String::from("this object"), |name| name.to_string())
        ))
    })
}

/// A unary function.
#[inline]
pub fn unary(op: Op, x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    apply(x.py(), op, &[argument(op.name(), x)?])
}

/// A binary function.
#[inline]
pub fn binary<'py>(op: Op, x1: &Bound<'py, PyAny>, x2: &Bound<'py, PyAny>) -> PyResult<Py<PyTensor>> {
    apply(x1.py(), op, &[argument(op.name(), x1)?, argument(op.name(), x2)?])
}

/// What a function asks of its arguments' values before it runs.
#[inline]
pub fn check_arguments(op: Op, arguments: &[Argument<'_, '_>]) -> PyResult<()> {
    if op == const { Op::named("pow") } {
        power::check_exponent(arguments)?;
    }
    Ok(())
}

/// Applies `op` to converted arguments.
#[inline]
pub fn apply(py: Python<'_>, op: Op, arguments: &[Argument<'_, '_>]) -> PyResult<Py<PyTensor>> {
    check_arguments(op, arguments)?;
    if op == const { Op::named("pow") } && power::is_square(arguments) {
        return apply(py, const { Op::named("square") }, &arguments[..1]);
    }
    if let Some(deferred) = fusion::apply(py, op, arguments)? {
        return Ok(deferred);
    }
    with_operands(op, arguments, |operands| {
        let work = operands.iter().map(|operand| operand.shape().iter().product()).max().unwrap_or(1);
        let result = detached(py, work, || elementwise::apply(op, operands)).py()?;
        PyTensor::wrap(py, result)
    })
}
