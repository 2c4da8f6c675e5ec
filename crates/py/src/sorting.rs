//! Sorting functions.

use corepy_core::{Result, Tensor};
use corepy_kernels::sort as kernels;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sort, module)?)?;
    module.add_function(wrap_pyfunction!(argsort, module)?)
}

fn apply(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    axis: i64,
    descending: bool,
    function: fn(&Tensor, i64, bool) -> Result<Tensor>,
) -> PyResult<Py<PyTensor>> {
    let source = tensor(op, x)?.get().tensor()?;
    let result = detached(x.py(), source.size(), || function(source, axis, descending));
    PyTensor::wrap(x.py(), result.py()?)
}

/// The elements sorted along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     At least one dimension; any dtype. Complex numbers are ordered by real, then by imaginary
///     component.
/// axis : int
///     The axis to sort along, a negative one counted from the last.
/// descending : bool
///     Whether the greatest element comes first.
/// stable : bool
///     Whether elements that compare equal keep their order; they do either way.
///
/// Returns
/// -------
/// Tensor
///     The shape and dtype of `x`.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have, hence for any where it has no dimensions.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.sort(cp.asarray([3, 1, 2]), descending=True)
/// Tensor([3, 2, 1], dtype=int64)
///
/// Notes
/// -----
/// Exact. NaNs come last, as in NumPy, and first if `descending`: either order is the other's reverse but for
/// elements that compare equal, as 0 and -0 do. Complex numbers with a NaN come after (before) all others:
/// those with a NaN as imaginary component, as real component, as both.
/// Array API standard 2025.12, sorting functions: ``sort``.
#[pyfunction]
#[pyo3(
    signature = (x, /, *, axis=-1, descending=false, stable=true),
    text_signature = "(x, /, *, axis=-1, descending=False, stable=True)"
)]
fn sort(
    x: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = sort_axis)] axis: i64,
    descending: bool,
    stable: bool,
) -> PyResult<Py<PyTensor>> {
    let _ = stable;
    apply("sort", x, axis, descending, kernels::sort)
}

/// The indices along an axis that sort the elements.
///
/// Parameters
/// ----------
/// x : Tensor
///     At least one dimension; any dtype. Complex numbers are ordered by real, then by imaginary
///     component.
/// axis : int
///     The axis to sort along, a negative one counted from the last.
/// descending : bool
///     Whether the greatest element comes first.
/// stable : bool
///     Whether the indices of elements that compare equal ascend; they do either way.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x`, dtype int64.
///
/// Raises
/// ------
/// IndexError
///     For an axis that `x` does not have, hence for any where it has no dimensions.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.argsort(cp.asarray([3, 1, 2]))
/// Tensor([1, 2, 0], dtype=int64)
///
/// Notes
/// -----
/// Exact. The order is that of ``sort``: NaNs last, and first if `descending`; 0 and -0 are equal, and so are
/// NaNs.
/// Array API standard 2025.12, sorting functions: ``argsort``.
#[pyfunction]
#[pyo3(
    signature = (x, /, *, axis=-1, descending=false, stable=true),
    text_signature = "(x, /, *, axis=-1, descending=False, stable=True)"
)]
fn argsort(
    x: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = argsort_axis)] axis: i64,
    descending: bool,
    stable: bool,
) -> PyResult<Py<PyTensor>> {
    let _ = stable;
    apply("argsort", x, axis, descending, kernels::argsort)
}

fn sort_axis(axis: &Bound<'_, PyAny>) -> PyResult<i64> {
    shape::clamped("sort", "axis", axis)
}

fn argsort_axis(axis: &Bound<'_, PyAny>) -> PyResult<i64> {
    shape::clamped("argsort", "axis", axis)
}
