//! The searching function `searchsorted`.

use corepy_kernels::elementwise::Operand;
use corepy_kernels::search::{self, Side};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::argument::plain_scalar_beside;
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::function;
use crate::tensor::{PyTensor, detached};

const OP: &str = "searchsorted";

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(searchsorted, module)?)
}

/// Where to insert values into sorted elements so that these stay sorted.
///
/// Parameters
/// ----------
/// x1 : Tensor
///     One dimension, any dtype, in ascending order: its own, or that of `sorter`.
/// x2 : Tensor or Python scalar
///     The values; any shape and dtype. Both are promoted as in NumPy 2; a scalar takes part in the other's
///     dtype.
/// side : {"left", "right"}
///     Whether to insert before or after elements that are equal.
/// sorter : Tensor, optional
///     Indices that sort `x1`, as ``argsort`` gives them: the shape of `x1`, an integer dtype.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x2`, dtype int64; from 0 to the size of `x1`.
///
/// Raises
/// ------
/// ValueError
///     If `x1` does not have one dimension, `side` is neither of both, or `sorter` has another shape than `x1`.
/// TypeError
///     If an argument is not a tensor (`x2`: or a Python scalar), or `sorter` is not of an integer dtype.
/// IndexError
///     If `sorter` has an index that is negative or beyond `x1`.
/// OverflowError
///     If a Python integer does not fit the dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.searchsorted(cp.asarray([1, 2, 2, 3]), cp.asarray([2, 4]))
/// Tensor([1, 4], dtype=int64)
///
/// Notes
/// -----
/// Exact. The order is that of ``sort``: NaNs last, 0 and -0 equal. Where `x1` is not sorted, the places are
/// some in the same bounds.
/// Array API standard 2025.12, searching functions: ``searchsorted``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, side="left", sorter=None))]
fn searchsorted<'py>(
    x1: &Bound<'py, PyAny>,
    x2: &Bound<'py, PyAny>,
    side: &str,
    sorter: Option<&Bound<'py, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let py = x1.py();
    let sorted = tensor(OP, x1)?.get().tensor()?;
    let sorter = sorter.map(|sorter| tensor(OP, sorter)?.get().tensor()).transpose()?;
    let side = match side {
        "left" => Side::Left,
        "right" => Side::Right,
        _ => return Err(PyValueError::new_err(format!("{OP}: side must be \"left\" or \"right\", got {side:?}"))),
    };
    let argument = function::argument(OP, x2)?;
    let number = argument.number().map(|number| plain_scalar_beside(OP, number, sorted.dtype())).transpose()?;
    let values = match (argument.tensor()?, &number) {
        (Some(tensor), _) => Operand::Tensor(tensor),
        (None, Some(number)) => Operand::Scalar(number),
        (None, None) => return Err(PyTypeError::new_err(format!("{OP}: unsupported operand"))),
    };
    let work = sorted.size() / 8 + values.shape().iter().product::<usize>();
    PyTensor::wrap(py, detached(py, work, || search::searchsorted(sorted, values, side, sorter)).py()?)
}
