//! Eigenvalues and eigenvectors: `eig`, `eigh`, `eigvals`, `eigvalsh`.

use corepy_kernels::linalg;
use pyo3::prelude::*;

use super::{named, single, work};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("linalg_eig", wrap_pyfunction!(eig, module)?)?;
    module.add("linalg_eigh", wrap_pyfunction!(eigh, module)?)?;
    module.add("linalg_eigvals", wrap_pyfunction!(eigvals, module)?)?;
    module.add("linalg_eigvalsh", wrap_pyfunction!(eigvalsh, module)?)?;
    Ok(())
}

/// Eigenvalues and eigenvectors of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// EigResult
///     A named tuple of complex tensors: `eigenvalues`, of shape (..., M), in no order, and
///     `eigenvectors`, of shape (..., M, M), in columns of length 1.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.eig(cp.asarray([[0.0, -1.0], [1.0, 0.0]])).eigenvalues
/// Tensor([0.+1.j, 0.-1.j], dtype=complex128)
///
/// Notes
/// -----
/// Hessenberg reduction and multishift QR; backward stable. Eigenvalues of a real matrix that are not
/// real come as conjugate pairs, exactly. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``eig``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn eig<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let x = tensor("eig", x)?.get().tensor()?;
    let (values, vectors) = detached(py, work(x), || linalg::eig(x)).py()?;
    named(py, "EigResult", [values, vectors])
}

/// Eigenvalues and eigenvectors of each Hermitian matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64. Only the
///     lower triangle is read.
///
/// Returns
/// -------
/// EighResult
///     A named tuple: `eigenvalues`, of shape (..., M), ascending, of the real dtype, and
///     `eigenvectors`, of shape (..., M, M), in orthonormal columns.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.eigh(cp.asarray([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
/// Tensor([1., 3.], dtype=float64)
///
/// Notes
/// -----
/// Backward stable; the error of each eigenvalue is a small multiple of the rounding error of the norm.
/// The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``eigh``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn eigh<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let x = tensor("eigh", x)?.get().tensor()?;
    let (values, vectors) = detached(py, work(x), || linalg::eigh(x)).py()?;
    named(py, "EighResult", [values, vectors])
}

/// Eigenvalues of each matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., M), complex, in no order.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.eigvals(cp.asarray([[0.0, -1.0], [1.0, 0.0]]))
/// Tensor([0.+1.j, 0.-1.j], dtype=complex128)
///
/// Notes
/// -----
/// As ``eig``, without the vectors. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``eigvals``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn eigvals(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    single("eigvals", x, linalg::eigvals)
}

/// Eigenvalues of each Hermitian matrix.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, M); floating-point dtype. Integers and bool are computed in float64. Only the
///     lower triangle is read.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., M), ascending, of the real dtype.
///
/// Raises
/// ------
/// LinAlgError
///     If an element is not finite, or the iteration does not converge.
/// ValueError
///     For fewer than 2 dimensions, or matrices that are not square.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linalg.eigvalsh(cp.asarray([[2.0, 1.0], [1.0, 2.0]]))
/// Tensor([1., 3.], dtype=float64)
///
/// Notes
/// -----
/// As ``eigh``, without the vectors. The bits do not depend on the number of threads.
/// Array API standard 2025.12, linear algebra extension: ``eigvalsh``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn eigvalsh(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    single("eigvalsh", x, linalg::eigvalsh)
}
