//! Linear systems, inverses, determinants and powers: `det`, `inv`, `matrix_power`, `slogdet`, `solve`.

use corepy_kernels::linalg;
use pyo3::prelude::*;

use super::{integer, named, single, work};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("linalg_det", wrap_pyfunction!(det, module)?)?;
    module.add("linalg_inv", wrap_pyfunction!(inv, module)?)?;
    module.add("linalg_matrix_power", wrap_pyfunction!(matrix_power, module)?)?;
    module.add("linalg_slogdet", wrap_pyfunction!(slogdet, module)?)?;
    module.add("linalg_solve", wrap_pyfunction!(solve, module)?)?;
    Ok(())
}

/// Determinant of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// Tensor
///     The shape without the last two dimensions. 1 for matrices of size 0.
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.det(cp.asarray([[1.0, 2.0], [3.0, 4.0]]))
/// Tensor(-2.0, dtype=float64)
///
/// Notes
/// -----
/// The product of the pivots of the LU decomposition with partial pivoting, which does not overflow on
/// the way. Exactly 0 where a pivot is. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``det``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn det(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    single("det", x, linalg::det)
}

/// Inverse of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x`.
///
/// Raises
/// ------
/// LinAlgError
///     If a matrix is exactly singular: a pivot is 0.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.inv(cp.asarray([[2.0, 0.0], [0.0, 4.0]]))
/// Tensor([[0.5 , 0.  ],
///         [0.  , 0.25]], dtype=float64)
///
/// Notes
/// -----
/// By the LU decomposition with partial pivoting: the relative error is a small multiple of M times the
/// condition number times the rounding error. NaNs spread. The bits do not depend on the number of
/// threads.
/// Array API standard 2025.12, linear algebra extension: ``inv``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn inv(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    single("inv", x, linalg::inv)
}

/// Integer power of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); numeric dtype. bool is computed in float64.
/// n : int
///     The exponent; with a negative one the inverse is raised to `-n`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x`. The identity for exponent 0. Integers stay integers where the exponent is
///     not negative, as in NumPy.
///
/// Raises
/// ------
/// LinAlgError
///     If `n` is negative and a matrix exactly singular.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor, or `n` not an integer.
/// OverflowError
///     If `n` does not fit 64 bits.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.matrix_power(cp.asarray([[1.0, 1.0], [0.0, 1.0]]), 3)
/// Tensor([[1., 3.],
///         [0., 1.]], dtype=float64)
///
/// Notes
/// -----
/// By repeated squaring. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``matrix_power``.
#[pyfunction]
#[pyo3(signature = (x, n, /))]
fn matrix_power(x: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let n = integer("matrix_power", "n", n)?;
    single("matrix_power", x, |x| linalg::matrix_power(x, n.unsigned_abs(), n < 0))
}

/// Sign and logarithm of the magnitude of each determinant.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// SlogdetResult
///     A named tuple: `sign`, of the dtype of `x` and magnitude 1, or 0; `logabsdet`, of the real
///     dtype, -inf where the determinant is 0. Both have the shape without the last two dimensions.
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> sign, log = cp.linalg.slogdet(cp.asarray([[0.0, 1.0], [1.0, 0.0]]))
/// >>> float(sign), float(log)
/// (-1.0, 0.0)
///
/// Notes
/// -----
/// By the LU decomposition with partial pivoting. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``slogdet``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn slogdet<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let x = tensor("slogdet", x)?.get().tensor()?;
    let (sign, log) = detached(py, work(x), || linalg::slogdet(x)).py()?;
    named(py, "SlogdetResult", [sign, log])
}

/// Solution of each linear system.
///
/// Parameters
/// ----------
/// x1 : Tensor
///     The coefficients, shape (..., M, M); floating-point dtype. Integers and bool are computed in
///     float64.
/// x2 : Tensor
///     Shape (..., M, K), of which leading dimensions broadcast; or (M,), one column for each
///     matrix.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., M, K), or that of `x1` without the last dimension where `x2` has one dimension.
///
/// Raises
/// ------
/// LinAlgError
///     If a matrix is exactly singular: a pivot is 0.
/// ValueError
///     For fewer than 2 dimensions, matrices that are not square, or shapes that do not match.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.solve(cp.asarray([[2.0, 0.0], [0.0, 4.0]]), cp.asarray([1.0, 1.0]))
/// Tensor([0.5 , 0.25], dtype=float64)
///
/// Notes
/// -----
/// By the LU decomposition with partial pivoting; backward stable. NaNs spread. The bits do not depend
/// on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``solve``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /))]
fn solve(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let py = x1.py();
    let (x1, x2) = (tensor("solve", x1)?.get().tensor()?, tensor("solve", x2)?.get().tensor()?);
    PyTensor::wrap(py, detached(py, work(x1).max(x2.size()), || linalg::solve(x1, x2)).py()?)
}
