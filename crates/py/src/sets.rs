//! Set functions.

use corepy_core::{Op, Tensor};
use corepy_kernels::elementwise::{Operand, Scalar};
use corepy_kernels::search;
use corepy_kernels::sets::{self, Unique, Wanted};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument::{Argument, scalar_beside};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::function;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(unique_all, module)?)?;
    module.add_function(wrap_pyfunction!(unique_counts, module)?)?;
    module.add_function(wrap_pyfunction!(unique_inverse, module)?)?;
    module.add_function(wrap_pyfunction!(unique_values, module)?)?;
    module.add_function(wrap_pyfunction!(isin, module)?)
}

fn unique(op: &'static str, x: &Bound<'_, PyAny>, wanted: Wanted) -> PyResult<Unique> {
    let source = tensor(op, x)?.get().tensor()?;
    detached(x.py(), source.size(), || sets::unique(op, source, wanted)).py()
}

/// A named tuple of the tensors that there are.
fn result<'py, const N: usize>(
    py: Python<'py>,
    class: &str,
    tensors: [Option<Tensor>; N],
) -> PyResult<Bound<'py, PyAny>> {
    let fields: Vec<Py<PyTensor>> =
        tensors.into_iter().flatten().map(|tensor| PyTensor::wrap(py, tensor)).collect::<PyResult<_>>()?;
    py.import("corepy._set_results")?.getattr(class)?.call1(PyTuple::new(py, fields)?)
}

/// The distinct elements, where each occurs first, which one each element is, and how often each occurs.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, which is flattened, and any dtype.
///
/// Returns
/// -------
/// UniqueAllResult
///     A named tuple `(values, indices, inverse_indices, counts)`: `values` has one dimension and the dtype of
///     `x`, the others are of int64; `indices` into the flattened `x` and `counts` have the shape of `values`,
///     `inverse_indices` into `values` that of `x`.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.unique_all(cp.asarray([2, 1, 2])).indices
/// Tensor([1, 0], dtype=int64)
///
/// Notes
/// -----
/// Exact. Values ascend in the order of ``sort``. 0 and -0 are one value, the one that occurs first; each NaN,
/// and each complex number with a NaN, is a value of its own.
/// Array API standard 2025.12, set functions: ``unique_all``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn unique_all<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let found = unique("unique_all", x, Wanted { indices: true, inverse: true, counts: true })?;
    result(x.py(), "UniqueAllResult", [Some(found.values), found.indices, found.inverse, found.counts])
}

/// The distinct elements and how often each occurs.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, which is flattened, and any dtype.
///
/// Returns
/// -------
/// UniqueCountsResult
///     A named tuple `(values, counts)` of one dimension: `values` of the dtype of `x`, `counts` of int64.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.unique_counts(cp.asarray([2, 1, 2])).counts
/// Tensor([1, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact. Values ascend in the order of ``sort``. 0 and -0 are one value, the one that occurs first; each NaN,
/// and each complex number with a NaN, is a value of its own.
/// Array API standard 2025.12, set functions: ``unique_counts``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn unique_counts<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let found = unique("unique_counts", x, Wanted { indices: false, inverse: false, counts: true })?;
    result(x.py(), "UniqueCountsResult", [Some(found.values), found.counts])
}

/// The distinct elements and which one each element is.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, which is flattened, and any dtype.
///
/// Returns
/// -------
/// UniqueInverseResult
///     A named tuple `(values, inverse_indices)`: `values` has one dimension and the dtype of `x`,
///     `inverse_indices` into `values` the shape of `x` and dtype int64.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.unique_inverse(cp.asarray([2, 1, 2])).inverse_indices
/// Tensor([1, 0, 1], dtype=int64)
///
/// Notes
/// -----
/// Exact. Values ascend in the order of ``sort``. 0 and -0 are one value, the one that occurs first; each NaN,
/// and each complex number with a NaN, is a value of its own.
/// Array API standard 2025.12, set functions: ``unique_inverse``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn unique_inverse<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let found = unique("unique_inverse", x, Wanted { indices: false, inverse: true, counts: false })?;
    result(x.py(), "UniqueInverseResult", [Some(found.values), found.inverse])
}

/// The distinct elements.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, which is flattened, and any dtype.
///
/// Returns
/// -------
/// Tensor
///     One dimension, the dtype of `x`.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.unique_values(cp.asarray([2, 1, 2]))
/// Tensor([1, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact. Values ascend in the order of ``sort``. 0 and -0 are one value, the one that occurs first; each NaN,
/// and each complex number with a NaN, is a value of its own.
/// Array API standard 2025.12, set functions: ``unique_values``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn unique_values(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let source = tensor("unique_values", x)?.get().tensor()?;
    PyTensor::wrap(x.py(), detached(x.py(), source.size(), || sets::unique_values(source)).py()?)
}

/// Whether each element is among those of another tensor.
///
/// Parameters
/// ----------
/// x1 : Tensor or Python scalar
///     The elements that are looked for; any dtype.
/// x2 : Tensor or Python scalar
///     Where they are looked for; any dtype. One of both must be a tensor.
/// invert : bool
///     Whether to tell which elements of `x1` are *not* in `x2`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x1`, dtype bool.
///
/// Raises
/// ------
/// TypeError
///     If neither is a tensor, or one is neither a tensor nor a Python scalar.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.isin(cp.asarray([1, 2, 3]), cp.asarray([3, 1]))
/// Tensor([ True, False,  True], dtype=bool)
///
/// Notes
/// -----
/// Exact, by value as ``equal`` tells it in the promoted dtype: NaN is in nothing, a Python integer out of the
/// dtype's range in no integers, and signed integers compare with uint64 as integers.
/// Array API standard 2025.12, set functions: ``isin``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, invert=false))]
fn isin<'py>(x1: &Bound<'py, PyAny>, x2: &Bound<'py, PyAny>, invert: bool) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("isin", x1.py());
    let arguments = [function::argument(op, x1)?, function::argument(op, x2)?];
    let Some(beside) = arguments.iter().find_map(Argument::dtype) else {
        return Err(PyTypeError::new_err(format!("{op}: x1 or x2 must be a tensor")));
    };
    let scalar = |argument: &Argument<'_, '_>| -> PyResult<Option<Scalar>> {
        argument.number().map(|number| scalar_beside(const { Op::named("equal") }, number, beside)).transpose()
    };
    let scalars = [scalar(&arguments[0])?, scalar(&arguments[1])?];
    let operand = |index: usize| match (arguments[index].tensor()?, &scalars[index]) {
        (Some(tensor), _) => Ok(Operand::Tensor(tensor)),
        (None, Some(scalar)) => Ok(Operand::Scalar(scalar)),
        (None, None) => Err(PyTypeError::new_err(format!("{op}: unsupported operand"))),
    };
    let (first, second) = (operand(0)?, operand(1)?);
    let work = [first, second].iter().map(|operand| operand.shape().iter().product::<usize>()).sum();
    PyTensor::wrap(py, detached(py, work, || search::isin(first, second, invert)).py()?)
}
