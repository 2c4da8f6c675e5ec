//! What `pow` asks of its exponent.

use corepy_core::Kind;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::argument::{Argument, Number};
use crate::reduce;

/// Refuses negative integer exponents of integer bases, whose results would not be integers.
pub fn check_exponent(arguments: &[Argument<'_, '_>]) -> PyResult<()> {
    let [base, exponent] = arguments else { return Ok(()) };
    let is_whole = |argument: &Argument<'_, '_>| match argument.dtype() {
        Some(dtype) => dtype.kind() <= Kind::Signed,
        None => matches!(argument.number(), Some(Number::Bool(_) | Number::Int(_) | Number::Huge(_))),
    };
    if !is_whole(base) || !is_whole(exponent) {
        return Ok(());
    }
    let negative = match exponent.tensor()? {
        Some(tensor) => tensor.dtype().kind() == Kind::Signed && reduce::has_negative(tensor)?,
        None => match exponent.number() {
            Some(Number::Int(value)) => value < 0,
            Some(Number::Huge(negative)) => negative,
            _ => false,
        },
    };
    if negative {
        return Err(PyValueError::new_err(
            "pow: integers to negative integer powers are not integers; use a floating-point dtype",
        ));
    }
    Ok(())
}

/// Whether the exponent is the Python number 2 and the result keeps the base's dtype: then it is the
/// square, which is correctly rounded and costs one multiplication.
pub fn is_square(arguments: &[Argument<'_, '_>]) -> bool {
    let [Argument::Tensor(base), exponent] = arguments else { return false };
    let kind = base.get().value.dtype().kind();
    match exponent {
        Argument::Int(_) => kind > Kind::Bool && matches!(exponent.number(), Some(Number::Int(2))),
        Argument::Float(value) => kind >= Kind::Float && value.to_bits() == 2f64.to_bits(),
        _ => false,
    }
}
