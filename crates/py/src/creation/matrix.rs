//! Matrices: ones on a diagonal, triangles.

use corepy_core::DType;
use corepy_kernels::create;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, shape};

/// A matrix with ones on a diagonal and zeros elsewhere.
///
/// Parameters
/// ----------
/// n_rows : int
///     Number of rows.
/// n_cols : int, optional
///     Number of columns; by default `n_rows`.
/// k : int, optional
///     The diagonal: 0 is the main one, positive numbers lie above it.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of shape ``(n_rows, n_cols)``.
///
/// Raises
/// ------
/// ValueError
///     For a negative or too large size.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.eye(2, dtype=cp.int64)
/// Tensor([[1, 0],
///         [0, 1]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``eye``.
#[pyfunction]
#[pyo3(signature = (n_rows, n_cols=None, /, *, k=None, dtype=None, device=None), text_signature = "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)")]
pub fn eye(
    n_rows: &Bound<'_, PyAny>,
    n_cols: Option<&Bound<'_, PyAny>>,
    k: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("eye", n_rows.py());
    let rows = shape::size(op, "n_rows", n_rows)?;
    let cols = n_cols.map_or(Ok(rows), |n_cols| shape::size(op, "n_cols", n_cols))?;
    let k = k.map_or(Ok(0), |k| shape::clamped(op, "k", k))?;
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(DType::Float64);
    dtype::check_device(op, device)?;
    let elements = corepy_core::shape::checked_size(op, &[rows, cols], dtype).py()?;
    PyTensor::wrap(py, detached(py, elements, || create::eye(rows, cols, k, dtype)).py()?)
}

fn triangle(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    k: Option<&Bound<'_, PyAny>>,
    lower: bool,
) -> PyResult<Py<PyTensor>> {
    let source = tensor(op, x)?.get().tensor()?;
    let k = k.map_or(Ok(0), |k| shape::clamped(op, "k", k))?;
    let result = detached(x.py(), source.size(), || create::triangle(op, source, k, lower));
    PyTensor::wrap(x.py(), result.py()?)
}

/// The lower triangle of each matrix in a stack: elements above the diagonal are zero.
///
/// Parameters
/// ----------
/// x : Tensor
///     Of shape ``(..., M, N)``, any dtype.
/// k : int, optional
///     The diagonal above which elements are zeroed: 0 is the main one, positive numbers lie
///     above it.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape and dtype.
///
/// Raises
/// ------
/// ValueError
///     If there are fewer than two dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.tril(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([[1, 0],
///         [3, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``tril``.
#[pyfunction]
#[pyo3(signature = (x, /, *, k=None), text_signature = "(x, /, *, k=0)")]
pub fn tril(x: &Bound<'_, PyAny>, k: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    triangle("tril", x, k, true)
}

/// The upper triangle of each matrix in a stack: elements below the diagonal are zero.
///
/// Parameters
/// ----------
/// x : Tensor
///     Of shape ``(..., M, N)``, any dtype.
/// k : int, optional
///     The diagonal below which elements are zeroed: 0 is the main one, positive numbers lie
///     above it.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape and dtype.
///
/// Raises
/// ------
/// ValueError
///     If there are fewer than two dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.triu(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([[1, 2],
///         [0, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``triu``.
#[pyfunction]
#[pyo3(signature = (x, /, *, k=None), text_signature = "(x, /, *, k=0)")]
pub fn triu(x: &Bound<'_, PyAny>, k: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    triangle("triu", x, k, false)
}
