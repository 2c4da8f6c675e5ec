//! Transforms along several axes.

use corepy_core::{Result, Tensor};
use corepy_kernels::fft::{self as kernels, Norm};
use pyo3::prelude::*;
use smallvec::SmallVec;

use super::{WORK, norm_named};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{reduce, shape};

/// Runs a transform along several axes.
fn along_all<'py>(
    op: &'static str,
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
    run: impl FnOnce(&Tensor, Option<&[i64]>, Option<&[i64]>, Norm) -> Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    let source = tensor(op, x)?.get().tensor()?;
    let norm = norm_named(op, norm)?;
    let sizes: Option<SmallVec<[i64; 4]>> = s.map(|s| shape::signed(op, s)).transpose()?;
    let axes = axes.map(|axes| reduce::axes(op, axes)).transpose()?;
    let size = sizes.iter().flatten().fold(source.size(), |size, &n| size.max(n.unsigned_abs() as usize));
    let work = size.saturating_mul(WORK);
    PyTensor::wrap(py, detached(py, work, || run(source, sizes.as_deref(), axes.as_deref(), norm)).py()?)
}

/// Discrete Fourier transform along some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, complex floating-point dtype; real numbers become complex, integers and bool complex128.
/// s : int or sequence of int, optional
///     The number of points along each axis: longer lines are trimmed, shorter ones padded with zeros; -1 for the
///     axis's size. None for all axes' sizes.
/// axes : int or sequence of int, optional
///     The axes to transform, negative ones counted from the last. None for the last as many as `s`
///     has sizes, or for all.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides nothing, "ortho" by the square root of the number of points, "forward" by the number of points.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with the sizes `s` along the axes; complex64 for float32 and complex64, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If a size is less than 1 (and not -1), an axis is repeated or gives no points, `s` and `axes` differ in
///     length, or `norm` is none of the three.
/// IndexError
///     If an axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plans.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.fftn(cp.asarray([[1.0, 2.0], [3.0, 4.0]]))
/// Tensor([[10.+0.j, -2.+0.j],
///         [-4.+0.j,  0.+0.j]], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``fftn``.
#[pyfunction]
#[pyo3(signature = (x, /, *, s=None, axes=None, norm="backward"))]
pub fn fftn<'py>(
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "fftn";
    along_all(OP, x, s, axes, norm, |x, s, axes, norm| kernels::complex_nd(OP, x, s, axes, norm, false))
}

/// Inverse discrete Fourier transform along some or all axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape, complex floating-point dtype; real numbers become complex, integers and bool complex128.
/// s : int or sequence of int, optional
///     The number of points along each axis: longer lines are trimmed, shorter ones padded with zeros; -1 for the
///     axis's size. None for all axes' sizes.
/// axes : int or sequence of int, optional
///     The axes to transform, negative ones counted from the last. None for the last as many as `s`
///     has sizes, or for all.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides by the number of points, "ortho" by its square root, "forward" nothing.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with the sizes `s` along the axes; complex64 for float32 and complex64, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If a size is less than 1 (and not -1), an axis is repeated or gives no points, `s` and `axes` differ in
///     length, or `norm` is none of the three.
/// IndexError
///     If an axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plans.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.ifftn(cp.asarray([[1.0, 2.0], [3.0, 4.0]]))
/// Tensor([[ 2.5+0.j, -0.5+0.j],
///         [-1. +0.j,  0. +0.j]], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``ifftn``.
#[pyfunction]
#[pyo3(signature = (x, /, *, s=None, axes=None, norm="backward"))]
pub fn ifftn<'py>(
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "ifftn";
    along_all(OP, x, s, axes, norm, |x, s, axes, norm| kernels::complex_nd(OP, x, s, axes, norm, true))
}

/// Discrete Fourier transform of real numbers along some or all axes; of the last one, the first half.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, real-valued floating-point dtype; integers and bool become float64.
/// s : int or sequence of int, optional
///     The number of points along each axis: longer lines are trimmed, shorter ones padded with zeros; -1 for the
///     axis's size. None for all axes' sizes.
/// axes : int or sequence of int, optional
///     The axes to transform, negative ones counted from the last. None for the last as many as `s`
///     has sizes, or for all.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides nothing, "ortho" by the square root of the number of points, "forward" by the number of points.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with the sizes `s` along the axes, the last one ``s[-1] // 2 + 1``; complex64 for float32, otherwise
///     complex128.
///
/// Raises
/// ------
/// ValueError
///     If a size is less than 1 (and not -1), an axis is repeated or gives no points, `s` and `axes` differ in
///     length, or `norm` is none of the three.
/// IndexError
///     If an axis is out of bounds.
/// TypeError
///     If `x` is not a tensor or complex, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plans.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.rfftn(cp.asarray([[1.0, 2.0], [3.0, 4.0]]))
/// Tensor([[10.+0.j, -2.+0.j],
///         [-4.+0.j,  0.+0.j]], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``rfftn``.
#[pyfunction]
#[pyo3(signature = (x, /, *, s=None, axes=None, norm="backward"))]
pub fn rfftn<'py>(
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "rfftn";
    along_all(OP, x, s, axes, norm, |x, s, axes, norm| kernels::from_real_nd(OP, x, s, axes, norm))
}

/// Inverse of `rfftn`: real numbers from the first half of their spectrum along the last of the axes.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, complex floating-point dtype; real numbers become complex, integers and
///     bool complex128.
/// s : int or sequence of int, optional
///     The number of points of the result along each axis; of the last one, ``s[-1] // 2 + 1`` elements are read. Missing
///     elements are 0. None for all axes' sizes m, and ``2 * (m - 1)`` for the last one.
/// axes : int or sequence of int, optional
///     The axes to transform, negative ones counted from the last. None for the last as many as `s`
///     has sizes, or for all.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides by the number of points, "ortho" by its square root, "forward" nothing.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with the sizes `s` along the axes; float32 for float32 and complex64, otherwise float64.
///
/// Raises
/// ------
/// ValueError
///     If a size is less than 1 (and not -1), an axis is repeated or gives no points, `s` and `axes` differ in
///     length, or `norm` is none of the three.
/// IndexError
///     If an axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plans.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.irfftn(cp.asarray([[10.0 + 0.0j, -2.0], [-4.0, 0.0]]))
/// Tensor([[1., 2.],
///         [3., 4.]], dtype=float64)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``irfftn``.
#[pyfunction]
#[pyo3(signature = (x, /, *, s=None, axes=None, norm="backward"))]
pub fn irfftn<'py>(
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "irfftn";
    along_all(OP, x, s, axes, norm, |x, s, axes, norm| kernels::to_real_nd(OP, x, s, axes, norm))
}
