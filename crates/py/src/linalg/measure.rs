//! Norms, diagonals and products of vectors: `cross`, `diagonal`, `matrix_norm`, `outer`, `trace`, `vector_norm`.

use corepy_kernels::linalg::{self, MatrixNorm};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{number, single};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, reduce, shape};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("linalg_cross", wrap_pyfunction!(cross, module)?)?;
    module.add("linalg_diagonal", wrap_pyfunction!(diagonal, module)?)?;
    module.add("linalg_matrix_norm", wrap_pyfunction!(matrix_norm, module)?)?;
    module.add("linalg_outer", wrap_pyfunction!(outer, module)?)?;
    module.add("linalg_trace", wrap_pyfunction!(trace, module)?)?;
    module.add("linalg_vector_norm", wrap_pyfunction!(vector_norm, module)?)?;
    Ok(())
}

/// Cross products of vectors of three elements.
///
/// Parameters
/// ----------
/// x1, x2 : Tensor
///     Numeric dtypes; size 3 along `axis`. All other axes broadcast.
/// axis : int
///     The axis of the vectors, negative, counted from the last.
///
/// Returns
/// -------
/// Tensor
///     The broadcast shape; the promoted dtype.
///
/// Raises
/// ------
/// ValueError
///     If a size along `axis` is not 3, or other axes do not broadcast.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.cross(cp.asarray([1, 0, 0]), cp.asarray([0, 1, 0]))
/// Tensor([0, 0, 1], dtype=int64)
///
/// Notes
/// -----
/// Each element is a difference of two rounded products. Integers wrap.
/// Array API standard 2025.12, linear algebra extension: ``cross``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, axis=-1), text_signature = "(x1, x2, /, *, axis=-1)")]
fn cross(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>, axis: i64) -> PyResult<Py<PyTensor>> {
    let py = x1.py();
    let (x1, x2) = (tensor("cross", x1)?.get().tensor()?, tensor("cross", x2)?.get().tensor()?);
    PyTensor::wrap(py, detached(py, x1.size().max(x2.size()), || linalg::cross(x1, x2, axis)).py()?)
}

/// Diagonal of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); any dtype.
/// offset : int
///     How far to the right of the main diagonal; negative for below it.
///
/// Returns
/// -------
/// Tensor
///     A view, writable if `x` is, with the diagonal as the last axis.
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions.
/// TypeError
///     If `x` is not a tensor, or `offset` not an integer.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.diagonal(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([1, 4], dtype=int64)
///
/// Notes
/// -----
/// Exact. In NumPy the view is read-only.
/// Array API standard 2025.12, linear algebra extension: ``diagonal``.
#[pyfunction]
#[pyo3(signature = (x, /, *, offset=None), text_signature = "(x, /, *, offset=0)")]
fn diagonal(x: &Bound<'_, PyAny>, offset: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let offset = offset.map_or(Ok(0), |offset| shape::clamped("diagonal", "offset", offset))?;
    PyTensor::wrap(x.py(), linalg::diagonal("diagonal", tensor("diagonal", x)?.get().tensor()?, offset).py()?)
}

/// Norm of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
/// keepdims : bool
///     Whether the last two dimensions stay, with size 1.
/// ord : {"fro", "nuc"}, int or float
///     "fro" (as None): the root of the sum of squares; "nuc": the sum of the singular values; 1,
///     -1: the greatest and the smallest sum of magnitudes of a column; inf, -inf: of a row; 2, -2:
///     the greatest and the smallest singular value.
///
/// Returns
/// -------
/// Tensor
///     The shape without the last two dimensions; the real dtype.
///
/// Raises
/// ------
/// LinAlgError
///     If singular values are needed and an element is not finite.
/// ValueError
///     For fewer than 2 dimensions or another `ord`.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.matrix_norm(cp.asarray([[3.0, 0.0], [0.0, 4.0]]))
/// Tensor(5.0, dtype=float64)
///
/// Notes
/// -----
/// Sums are computed in float64 and rounded once. Of no elements, the greatest is 0 and the smallest
/// infinity.
/// Array API standard 2025.12, linear algebra extension: ``matrix_norm``.
#[pyfunction]
#[pyo3(signature = (x, /, *, keepdims=false, ord=None), text_signature = "(x, /, *, keepdims=False, ord='fro')")]
fn matrix_norm(x: &Bound<'_, PyAny>, keepdims: bool, ord: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let op = "matrix_norm";
    let norm = match ord {
        None => MatrixNorm::Frobenius,
        Some(ord) => match ord.extract::<String>() {
            Ok(name) if name == "fro" => MatrixNorm::Frobenius,
            Ok(name) if name == "nuc" => MatrixNorm::Nuclear,
            Ok(name) => {
                return Err(PyValueError::new_err(format!(
                    "{op}: ord must be 1, 2, inf, their negatives, 'fro' or 'nuc', not {name:?}"
                )));
            }
            Err(_) => MatrixNorm::Order(number(op, "ord", ord)?),
        },
    };
    single(op, x, |x| linalg::matrix_norm(x, keepdims, norm))
}

/// Outer product of two vectors.
///
/// Parameters
/// ----------
/// x1 : Tensor
///     Shape (N,); numeric dtype.
/// x2 : Tensor
///     Shape (M,); numeric dtype.
///
/// Returns
/// -------
/// Tensor
///     Shape (N, M); the promoted dtype.
///
/// Raises
/// ------
/// ValueError
///     Unless both have one dimension.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.outer(cp.asarray([1, 2]), cp.asarray([3, 4]))
/// Tensor([[3, 4],
///         [6, 8]], dtype=int64)
///
/// Notes
/// -----
/// Correctly rounded for real dtypes, as ``multiply``. Integers wrap.
/// Array API standard 2025.12, linear algebra extension: ``outer``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /))]
fn outer(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let py = x1.py();
    let (x1, x2) = (tensor("outer", x1)?.get().tensor()?, tensor("outer", x2)?.get().tensor()?);
    PyTensor::wrap(py, detached(py, x1.size().saturating_mul(x2.size()), || linalg::outer(x1, x2)).py()?)
}

/// Sum of the diagonal of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); numeric dtype, or bool.
/// offset : int
///     How far to the right of the main diagonal; negative for below it.
/// dtype : dtype, optional
///     Of the result; `x` is cast to it first. By default int64 for bool and signed and uint64 for
///     unsigned integers, otherwise that of `x`.
///
/// Returns
/// -------
/// Tensor
///     The shape without the last two dimensions. A sum of no elements is 0.
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions.
/// TypeError
///     If `x` is not a tensor, `offset` not an integer, or `x` complex and `dtype` not.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.trace(cp.asarray([[1, 2], [3, 4]]))
/// Tensor(5, dtype=int64)
///
/// Notes
/// -----
/// Summed as by ``sum``.
/// Array API standard 2025.12, linear algebra extension: ``trace``.
#[pyfunction]
#[pyo3(signature = (x, /, *, offset=None, dtype=None), text_signature = "(x, /, *, offset=0, dtype=None)")]
fn trace(
    x: &Bound<'_, PyAny>,
    offset: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let offset = offset.map_or(Ok(0), |offset| shape::clamped("trace", "offset", offset))?;
    let dtype = dtype::extract_optional("trace", dtype)?;
    single("trace", x, |x| linalg::trace(x, offset, dtype))
}

/// Norm of vectors over some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; floating-point dtype. Integers and bool are computed in float64.
/// axis : int or tuple of ints, optional
///     The axes of the vectors, negative ones counted from the last; None for all.
/// keepdims : bool
///     Whether these axes stay, with size 1.
/// ord : int or float
///     2: the root of the sum of squares; 1: the sum of magnitudes; inf, -inf: the greatest and the
///     smallest; 0: how many are not 0; any other p: `sum(abs(x)**p)**(1/p)`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` without the axes; the real dtype.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.vector_norm(cp.asarray([3.0, 4.0]))
/// Tensor(5.0, dtype=float64)
///
/// Notes
/// -----
/// Computed in float64 and rounded once. Squares of float64 beyond 1e154 overflow, as in NumPy. Of no
/// elements, the greatest is 0 and the smallest infinity.
/// Array API standard 2025.12, linear algebra extension: ``vector_norm``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axis=None, keepdims=false, ord=None), text_signature = "(x, /, *, axis=None, keepdims=False, ord=2)")]
fn vector_norm(
    x: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
    ord: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "vector_norm";
    let axes = axis.map(|axis| reduce::axes(op, axis)).transpose()?;
    let order = ord.map_or(Ok(2.0), |ord| number(op, "ord", ord))?;
    single(op, x, |x| linalg::vector_norm(op, x, axes.as_deref(), keepdims, order))
}
