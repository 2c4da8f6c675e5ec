//! Decompositions: `cholesky`, `qr`, `svd`, `svdvals`, and `pinv` and `matrix_rank`, which are told from singular values.

use corepy_kernels::linalg;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{named, single, with_tolerance, work};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("linalg_cholesky", wrap_pyfunction!(cholesky, module)?)?;
    module.add("linalg_qr", wrap_pyfunction!(qr, module)?)?;
    module.add("linalg_svd", wrap_pyfunction!(svd, module)?)?;
    module.add("linalg_svdvals", wrap_pyfunction!(svdvals, module)?)?;
    module.add("linalg_matrix_rank", wrap_pyfunction!(matrix_rank, module)?)?;
    module.add("linalg_pinv", wrap_pyfunction!(pinv, module)?)?;
    Ok(())
}

/// Cholesky factor of each positive definite matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///     Hermitian: the lower triangle is read, with `upper` the upper one.
/// upper : bool
///     Whether to return U of Uᴴ U instead of L of L Lᴴ.
///
/// Returns
/// -------
/// Tensor
///     The lower or upper triangular factors, of the shape of `x`.
///
/// Raises
/// ------
/// LinAlgError
///     If a matrix is not positive definite, which one with NaNs is not.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.cholesky(cp.asarray([[4.0, 2.0], [2.0, 5.0]]))
/// Tensor([[2., 0.],
///         [1., 2.]], dtype=float64)
///
/// Notes
/// -----
/// Backward stable: L Lᴴ differs from `x` by a small multiple of M times the rounding error of its
/// norm. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``cholesky``.
#[pyfunction]
#[pyo3(signature = (x, /, *, upper=false))]
fn cholesky(x: &Bound<'_, PyAny>, upper: bool) -> PyResult<Py<PyTensor>> {
    single("cholesky", x, |x| linalg::cholesky(x, upper))
}

/// QR decomposition of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
/// mode : {"reduced", "complete"}
///     "reduced" for K = min(M, N) columns of Q and rows of R; "complete" for M of both.
///
/// Returns
/// -------
/// QRResult
///     A named tuple: `Q` of shape (..., M, K) with orthonormal columns, and the upper triangular
///     `R` of shape (..., K, N), or (..., M, M) and (..., M, N).
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions or another `mode`.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> q, r = cp.linalg.qr(cp.asarray([[3.0, 1.0], [4.0, 2.0]]))
/// >>> bool(cp.all(cp.abs(q @ r - cp.asarray([[3.0, 1.0], [4.0, 2.0]])) < 1e-14))
/// True
///
/// Notes
/// -----
/// Householder reflections; backward stable. The signs of R's diagonal are free. Where an element is
/// not finite, all of Q and R above the diagonal are NaN. The bits do not depend on the number of
/// threads.
/// Array API standard 2025.12, linear algebra extension: ``qr``.
#[pyfunction]
#[pyo3(signature = (x, /, *, mode="reduced"))]
fn qr<'py>(x: &Bound<'py, PyAny>, mode: &str) -> PyResult<Bound<'py, PyAny>> {
    let complete = match mode {
        "reduced" => false,
        "complete" => true,
        _ => return Err(PyValueError::new_err(format!("qr: mode must be 'reduced' or 'complete', not {mode:?}"))),
    };
    let py = x.py();
    let x = tensor("qr", x)?.get().tensor()?;
    let (q, r) = detached(py, work(x), || linalg::qr(x, complete)).py()?;
    named(py, "QRResult", [q, r])
}

/// Singular value decomposition of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
/// full_matrices : bool
///     Whether `U` and `Vh` are square; else they have K = min(M, N) columns and rows.
///
/// Returns
/// -------
/// SVDResult
///     A named tuple of `U`, of shape (..., M, M) or (..., M, K) with orthonormal columns; `S`, of
///     shape (..., K), descending, of the real dtype; `Vh`, of shape (..., N, N) or (..., K, N)
///     with orthonormal rows. `x` is `U * S @ Vh`.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.svd(cp.asarray([[0.0, 2.0], [1.0, 0.0]])).S
/// Tensor([2., 1.], dtype=float64)
///
/// Notes
/// -----
/// Backward stable; the error of each singular value is a small multiple of the rounding error of the
/// greatest. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``svd``.
#[pyfunction]
#[pyo3(signature = (x, /, *, full_matrices=true))]
fn svd<'py>(x: &Bound<'py, PyAny>, full_matrices: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let x = tensor("svd", x)?.get().tensor()?;
    let (u, s, vh) = detached(py, work(x), || linalg::svd(x, full_matrices)).py()?;
    named(py, "SVDResult", [u, s, vh])
}

/// Singular values of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., min(M, N)), descending, of the real dtype.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.svdvals(cp.asarray([[0.0, 2.0], [1.0, 0.0]]))
/// Tensor([2., 1.], dtype=float64)
///
/// Notes
/// -----
/// The error of each is a small multiple of the rounding error of the greatest. The bits do not depend
/// on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``svdvals``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn svdvals(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    single("svdvals", x, linalg::svdvals)
}

/// Rank of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
/// rtol : float or Tensor, optional
///     Singular values up to `rtol` times the greatest count as 0; a tensor broadcasts against the
///     stack. By default max(M, N) times the distance from 1 to the next number of the dtype.
///
/// Returns
/// -------
/// Tensor
///     Dtype int64; the shape without the last two dimensions.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or an `rtol` that does not broadcast.
/// TypeError
///     If `x` is not a tensor, or `rtol` neither a number nor a real-valued floating-point tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.matrix_rank(cp.asarray([[1.0, 2.0], [2.0, 4.0]]))
/// Tensor(1, dtype=int64)
///
/// Notes
/// -----
/// The number of singular values that count.
/// Array API standard 2025.12, linear algebra extension: ``matrix_rank``.
#[pyfunction]
#[pyo3(signature = (x, /, *, rtol=None))]
fn matrix_rank(x: &Bound<'_, PyAny>, rtol: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    with_tolerance("matrix_rank", x, rtol, linalg::matrix_rank)
}

/// Pseudo-inverse of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); floating-point dtype. Integers and bool are computed in float64.
/// rtol : float or Tensor, optional
///     Singular values up to `rtol` times the greatest count as 0; a tensor broadcasts against the
///     stack. By default max(M, N) times the distance from 1 to the next number of the dtype.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., N, M).
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or an `rtol` that does not broadcast.
/// TypeError
///     If `x` is not a tensor, or `rtol` neither a number nor a real-valued floating-point tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.pinv(cp.asarray([[2.0, 0.0], [0.0, 0.0]]))
/// Tensor([[0.5, 0. ],
///         [0. , 0. ]], dtype=float64)
///
/// Notes
/// -----
/// By the singular value decomposition. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``pinv``.
#[pyfunction]
#[pyo3(signature = (x, /, *, rtol=None))]
fn pinv(x: &Bound<'_, PyAny>, rtol: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    with_tolerance("pinv", x, rtol, linalg::pinv)
}
