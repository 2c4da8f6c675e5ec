//! What the operators of `Tensor` do; the dunders themselves are generated from the registry.

use corepy_core::Op;
use corepy_kernels::elementwise;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::argument::{Argument, OperatorArgument, with_operands};
use crate::error::IntoPython;
use crate::function;
use crate::tensor::{PyTensor, detached};

/// A unary operator.
pub fn unary(op: Op, slf: &Bound<'_, PyTensor>) -> PyResult<Py<PyTensor>> {
    function::apply(slf.py(), op, &[Argument::Tensor(slf.as_borrowed())])
}

/// A binary operator, `other op self` when reflected.
#[inline]
pub fn binary<'py>(
    op: Op,
    slf: &Bound<'py, PyTensor>,
    other: OperatorArgument<'_, 'py>,
    reflected: bool,
) -> PyResult<Py<PyTensor>> {
    let this = Argument::Tensor(slf.as_borrowed());
    let arguments = if reflected { [other.0, this] } else { [this, other.0] };
    function::apply(slf.py(), op, &arguments)
}

/// An in-place operator: the tensor keeps its dtype and shape.
pub fn in_place<'py>(op: Op, slf: &Bound<'py, PyTensor>, other: OperatorArgument<'_, 'py>) -> PyResult<()> {
    let arguments = [Argument::Tensor(slf.as_borrowed()), other.0];
    function::check_arguments(op, &arguments)?;
    // The operand first: what of it reads the tensor is then no longer pending on its own.
    for argument in arguments.iter().rev() {
        argument.tensor()?;
    }
    let out = slf.get().about_to_write()?;
    with_operands(op, &arguments, |operands| {
        detached(slf.py(), out.size(), || elementwise::apply_into(op, operands, out)).py()
    })
}

/// `pow` with a third argument is not defined on tensors.
pub fn refuse_modulo(modulo: &Bound<'_, PyAny>) -> PyResult<()> {
    if modulo.is_none() { Ok(()) } else { Err(PyTypeError::new_err("pow: a modulo is not supported")) }
}
