//! Transforms along one axis.

use corepy_core::{Result, Tensor};
use corepy_kernels::fft::{self as kernels, Norm};
use pyo3::prelude::*;

use super::{WORK, norm_named};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::shape;
use crate::tensor::{PyTensor, detached};

/// `n=`: None, or an integer.
fn points(op: &str, n: Option<&Bound<'_, PyAny>>) -> PyResult<Option<i64>> {
    n.map(|n| shape::clamped(op, "n", n)).transpose()
}

fn one_axis(op: &str, axis: &Bound<'_, PyAny>) -> PyResult<i64> {
    shape::clamped(op, "axis", axis)
}

/// Runs a transform along one axis.
fn along<'py>(
    op: &'static str,
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
    run: impl FnOnce(&Tensor, Option<i64>, i64, Norm) -> Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    let source = tensor(op, x)?.get().tensor()?;
    let (n, norm) = (points(op, n)?, norm_named(op, norm)?);
    let axis = axis.map_or(Ok(-1), |axis| one_axis(op, axis))?;
    let size = source.size().max(n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    PyTensor::wrap(py, detached(py, size.saturating_mul(WORK), || run(source, n, axis, norm)).py()?)
}

/// Discrete Fourier transform along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, complex floating-point dtype; real numbers become complex, integers and
///     bool complex128.
/// n : int, optional
///     The number of points: longer lines are trimmed, shorter ones padded with zeros. None for the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides nothing, "ortho" by the square root of `n`, "forward" by `n`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size `n` along the axis; complex64 for float32 and complex64, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.fft(cp.asarray([1.0, 2.0, 3.0, 4.0]))
/// Tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``fft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn fft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "fft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::complex(OP, x, n, axis, norm, false))
}

/// Inverse discrete Fourier transform along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, complex floating-point dtype; real numbers become complex, integers and
///     bool complex128.
/// n : int, optional
///     The number of points: longer lines are trimmed, shorter ones padded with zeros. None for the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides by `n`, "ortho" by its square root, "forward" nothing.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size `n` along the axis; complex64 for float32 and complex64, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.ifft(cp.asarray([1.0, 2.0, 3.0, 4.0]))
/// Tensor([ 2.5+0.j , -0.5-0.5j, -0.5+0.j , -0.5+0.5j], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``ifft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn ifft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "ifft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::complex(OP, x, n, axis, norm, true))
}

/// First half of the discrete Fourier transform of real numbers along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, real-valued floating-point dtype; integers and bool become float64.
/// n : int, optional
///     The number of points: longer lines are trimmed, shorter ones padded with zeros. None for the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides nothing, "ortho" by the square root of `n`, "forward" by `n`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size ``n // 2 + 1`` along the axis; complex64 for float32, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor or complex, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.rfft(cp.asarray([1.0, 2.0, 3.0, 4.0]))
/// Tensor([10.+0.j, -2.+2.j, -2.+0.j], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``rfft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn rfft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "rfft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::from_real(OP, x, n, axis, norm))
}

/// Inverse of `rfft`: real numbers from the first half of their spectrum along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, complex floating-point dtype; real numbers become complex, integers and
///     bool complex128.
/// n : int, optional
///     The number of points of the result: ``n // 2 + 1`` elements of each line are read, missing ones are 0. None for
///     ``2 * (m - 1)``, where m is the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides by `n`, "ortho" by its square root, "forward" nothing.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size `n` along the axis; float32 for float32 and complex64, otherwise float64.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.irfft(cp.asarray([10.0, -2.0 + 2.0j, -2.0]))
/// Tensor([1., 2., 3., 4.], dtype=float64)
///
/// Notes
/// -----
/// The imaginary part of element 0, and for an even `n` of element ``n // 2``, counts as 0, as in NumPy.
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``irfft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn irfft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "irfft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::to_real(OP, x, n, axis, norm))
}

/// Discrete Fourier transform, which is real, of lines with Hermitian symmetry, given by their first half.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, complex floating-point dtype; real numbers become complex, integers and
///     bool complex128.
/// n : int, optional
///     The number of points of the result: ``n // 2 + 1`` elements of each line are read, missing ones are 0. None for
///     ``2 * (m - 1)``, where m is the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides nothing, "ortho" by the square root of `n`, "forward" by `n`.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size `n` along the axis; float32 for float32 and complex64, otherwise float64.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.hfft(cp.asarray([1.0 + 0.0j, 2.0, 3.0]))
/// Tensor([ 8., -2.,  0., -2.], dtype=float64)
///
/// Notes
/// -----
/// The imaginary part of element 0, and for an even `n` of element ``n // 2``, counts as 0, as in NumPy.
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``hfft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn hfft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "hfft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::hermitian(OP, x, n, axis, norm))
}

/// Inverse of `hfft`: the first half of the inverse transform of real numbers along an axis.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape of at least one dimension, real-valued floating-point dtype; integers and bool become float64.
/// n : int, optional
///     The number of points: longer lines are trimmed, shorter ones padded with zeros. None for the axis's size.
/// axis : int
///     The axis to transform, a negative one counted from the last.
/// norm : {"backward", "ortho", "forward"}
///     "backward" divides by `n`, "ortho" by its square root, "forward" nothing.
///
/// Returns
/// -------
/// Tensor
///     The shape of `x` with size ``n // 2 + 1`` along the axis; complex64 for float32, otherwise complex128.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1, the axis gives no points, or `norm` is none of the three.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If `x` is not a tensor or complex, or an argument is not an integer.
/// MemoryError
///     If there is no memory for the result or the plan.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.ihfft(cp.asarray([1.0, 2.0, 3.0, 4.0]))
/// Tensor([ 2.5-0.j , -0.5-0.5j, -0.5-0.j ], dtype=complex128)
///
/// Notes
/// -----
/// Error at most about 1e-16 * log2(n) (float64), 6e-8 * log2(n) (float32) of the result's norm, on average.
/// Array API standard 2025.12, Fourier transform extension: ``ihfft``.
#[pyfunction]
#[pyo3(signature = (x, /, *, n=None, axis=None, norm="backward"), text_signature = "(x, /, *, n=None, axis=-1, norm='backward')")]
pub fn ihfft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "ihfft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::inverse_hermitian(OP, x, n, axis, norm))
}
