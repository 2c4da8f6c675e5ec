//! Utility functions other than reductions: `diff`.

use corepy_core::Tensor;
use corepy_kernels::{elementwise, rearrange};
use pyo3::prelude::*;

use crate::argument::{Argument, plain_scalar_beside};
use crate::axis::AxisArgument;
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::function;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(diff, module)?)
}

/// Differences of neighbours along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     At least one axis; numeric dtype, or bool, whose neighbours give whether they differ.
/// axis : int
///     The axis, a negative one counted from the last.
/// n : int
///     How many times differences are taken.
/// prepend, append : Tensor or Python scalar, optional
///     What to put before and behind `x` first: the shape of `x` but for `axis`, or a number, which counts as
///     one element. Dtypes promote together.
///
/// Returns
/// -------
/// Tensor
///     ``x[i + 1] - x[i]``, one element shorter along `axis` each time.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have.
/// ValueError
///     If `n` is negative, or the shapes do not fit.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.diff(cp.asarray([1, 4, 9, 16]))
/// Tensor([3, 5, 7], dtype=int64)
///
/// Notes
/// -----
/// Each difference is correctly rounded. Array API standard 2025.12, utility functions: ``diff``.
#[pyfunction]
#[pyo3(
    signature = (x, /, *, axis=AxisArgument::Default, n=AxisArgument::Default, prepend=None, append=None),
    text_signature = "(x, /, *, axis=-1, n=1, prepend=None, append=None)"
)]
fn diff(
    x: &Bound<'_, PyAny>,
    axis: AxisArgument<'_>,
    n: AxisArgument<'_>,
    prepend: Option<&Bound<'_, PyAny>>,
    append: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("diff", x.py());
    let source = tensor(op, x)?.get().tensor()?;
    let axis = axis.required(op, -1)?;
    let n = match n {
        AxisArgument::Default => 1,
        AxisArgument::Given(n) => shape::size(op, "n", &n)?,
    };
    let beside = |end: Option<&Bound<'_, PyAny>>| end.map(|end| end_of(op, end, source, axis)).transpose();
    let (prepend, append) = (beside(prepend)?, beside(append)?);
    let run = detached(py, source.size(), || rearrange::diff(op, source, axis, n, prepend.as_ref(), append.as_ref()));
    PyTensor::wrap(py, run.py()?)
}

/// What is put before or behind `source`: a tensor, or one number along `axis`.
fn end_of(op: &'static str, end: &Bound<'_, PyAny>, source: &Tensor, axis: i64) -> PyResult<Tensor> {
    let number = match function::argument(op, end)? {
        Argument::Tensor(tensor) => {
            let tensor = tensor.get().tensor()?;
            if tensor.ndim() > 0 {
                return Ok(tensor.clone());
            }
            tensor.clone()
        }
        other => {
            let Some(number) = other.number() else { return Ok(tensor(op, end)?.get().tensor()?.clone()) };
            let scalar = plain_scalar_beside(op, number, source.dtype())?;
            elementwise::full(op, &[], &scalar).py()?
        }
    };
    rearrange::one_along(op, &number, source, axis).py()
}
