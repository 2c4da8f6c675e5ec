//! Searching functions: `where`.

use corepy_core::DType;
use corepy_kernels::elementwise::{Operand, Scalar};
use corepy_kernels::select;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::argument::{Argument, Number, plain_scalar_beside};
use crate::error::IntoPython;
use crate::function;
use crate::tensor::{PyTensor, detached};

const OP: &str = "where";

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(where_function, module)?)
}

/// Elements of `x1` where `condition` holds, of `x2` elsewhere.
///
/// Parameters
/// ----------
/// condition : Tensor
///     Dtype bool; another dtype counts as true where it is not zero.
/// x1, x2 : Tensor or Python scalar
///     Any dtypes, promoted as in NumPy 2; a scalar takes part in the other's dtype. All three
///     shapes broadcast together.
///
/// Returns
/// -------
/// Tensor
///     The broadcast shape, the promoted dtype of `x1` and `x2`.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
/// TypeError
///     If an operand is neither a tensor nor a Python scalar.
/// OverflowError
///     If a Python integer does not fit the dtype.
///
/// Notes
/// -----
/// Exact. Array API standard 2025.12, searching functions: ``where``.
#[pyfunction]
#[pyo3(name = "where", signature = (condition, x1, x2, /))]
fn where_function<'py>(
    condition: &Bound<'py, PyAny>,
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
) -> PyResult<Py<PyTensor>> {
    let py = condition.py();
    let Argument::Tensor(condition) = function::argument(OP, condition)? else {
        return Err(PyTypeError::new_err("where: the condition must be a tensor"));
    };
    let arguments = [function::argument(OP, x1)?, function::argument(OP, x2)?];
    let strong = arguments.iter().find_map(|argument| match argument {
        Argument::Tensor(tensor) => Some(tensor.get().tensor.dtype()),
        _ => None,
    });
    let numbers = arguments.each_ref().map(Argument::number);
    // Without a tensor, the numbers' own dtypes decide.
    let beside = strong.unwrap_or_else(|| {
        numbers.iter().flatten().map(|number| number.default_dtype()).reduce(DType::promote).unwrap_or(DType::Float64)
    });
    let scalar = |number: Option<Number>| -> PyResult<Option<Scalar>> {
        number.map(|number| plain_scalar_beside(OP, number, beside)).transpose()
    };
    let scalars = [scalar(numbers[0])?, scalar(numbers[1])?];
    let operand = |index: usize| match (&arguments[index], &scalars[index]) {
        (Argument::Tensor(tensor), _) => Ok(Operand::Tensor(&tensor.get().tensor)),
        (_, Some(scalar)) => Ok(Operand::Scalar(scalar)),
        _ => Err(PyTypeError::new_err("where: unsupported operand")),
    };
    let (first, second) = (operand(0)?, operand(1)?);
    let condition = Operand::Tensor(&condition.get().tensor);
    let work = [condition, first, second].iter().map(|operand| operand.shape().iter().product()).max().unwrap_or(1);
    PyTensor::wrap(py, detached(py, work, || select::select(condition, first, second)).py()?)
}
