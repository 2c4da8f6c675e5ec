//! The Fourier transform extension.

use corepy_core::{DType, Result, Tensor};
use corepy_kernels::fft::{self as kernels, Norm};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use smallvec::SmallVec;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, reduce, shape};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    macro_rules! add {
        ($($name:ident)*) => { $(module.add(concat!("fft_", stringify!($name)), wrap_pyfunction!($name, module)?)?;)* };
    }
    add!(fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift);
    Ok(())
}

/// Elements, times the logarithm of a usual length, per element that the GIL is released for: a transform of
/// 4,096 points takes some 10 µs.
const WORK: usize = 8;

fn norm_named(op: &str, name: &str) -> PyResult<Norm> {
    Norm::from_name(name).ok_or_else(|| {
        PyValueError::new_err(format!("{op}: norm must be \"backward\", \"ortho\" or \"forward\", got {name:?}"))
    })
}

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

/// Runs a shift.
fn shift(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    axes: Option<&Bound<'_, PyAny>>,
    inverse: bool,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    let source = tensor(op, x)?.get().tensor()?;
    let axes = axes.map(|axes| reduce::axes(op, axes)).transpose()?;
    let result = detached(py, source.size(), || kernels::shift(op, source, axes.as_deref(), inverse));
    PyTensor::wrap(py, result.py()?)
}

/// The frequencies of a spectrum.
fn frequencies<'py>(
    op: &'static str,
    n: &Bound<'py, PyAny>,
    d: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
    half: bool,
) -> PyResult<Py<PyTensor>> {
    let py = n.py();
    let n = shape::clamped(op, "n", n)?;
    let dtype: Option<DType> = dtype::extract_optional(op, dtype)?;
    dtype::check_device(op, device)?;
    let size = usize::try_from(n).unwrap_or(0);
    PyTensor::wrap(py, detached(py, size, || kernels::frequencies(op, n, d, dtype, half)).py()?)
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
fn fft<'py>(
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
fn ifft<'py>(
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
fn rfft<'py>(
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
fn irfft<'py>(
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
fn hfft<'py>(
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
fn ihfft<'py>(
    x: &Bound<'py, PyAny>,
    n: Option<&Bound<'py, PyAny>>,
    axis: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "ihfft";
    along(OP, x, n, axis, norm, |x, n, axis, norm| kernels::inverse_hermitian(OP, x, n, axis, norm))
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
fn fftn<'py>(
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
fn ifftn<'py>(
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
fn rfftn<'py>(
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
fn irfftn<'py>(
    x: &Bound<'py, PyAny>,
    s: Option<&Bound<'py, PyAny>>,
    axes: Option<&Bound<'py, PyAny>>,
    norm: &str,
) -> PyResult<Py<PyTensor>> {
    const OP: &str = "irfftn";
    along_all(OP, x, s, axes, norm, |x, s, axes, norm| kernels::to_real_nd(OP, x, s, axes, norm))
}

/// Frequencies that the elements of `fft` belong to, in cycles per unit of `d`.
///
/// Parameters
/// ----------
/// n : int
///     The number of samples, at least 1.
/// d : float
///     The distance between samples, not 0.
/// dtype : dtype, optional
///     float32 or float64, the default.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Shape ``(n,)``: 0 and the positive frequencies, then the negative ones.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1 or too large, or `d` is 0.
/// TypeError
///     For a dtype that is not real-valued floating-point.
/// MemoryError
///     If there is no memory for the result.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.fftfreq(4)
/// Tensor([ 0.  ,  0.25, -0.5 , -0.25], dtype=float64)
///
/// Notes
/// -----
/// Computed in float64, as whole numbers times ``1 / (n * d)``.
/// Array API standard 2025.12, Fourier transform extension: ``fftfreq``.
#[pyfunction]
#[pyo3(signature = (n, /, *, d=1.0, dtype=None, device=None))]
fn fftfreq<'py>(
    n: &Bound<'py, PyAny>,
    d: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    frequencies("fftfreq", n, d, dtype, device, false)
}

/// Frequencies that the elements of `rfft` belong to, in cycles per unit of `d`.
///
/// Parameters
/// ----------
/// n : int
///     The number of samples, at least 1.
/// d : float
///     The distance between samples, not 0.
/// dtype : dtype, optional
///     float32 or float64, the default.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Shape ``(n // 2 + 1,)``: from 0 upwards.
///
/// Raises
/// ------
/// ValueError
///     If `n` is less than 1 or too large, or `d` is 0.
/// TypeError
///     For a dtype that is not real-valued floating-point.
/// MemoryError
///     If there is no memory for the result.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.rfftfreq(4)
/// Tensor([0.  , 0.25, 0.5 ], dtype=float64)
///
/// Notes
/// -----
/// Computed in float64, as whole numbers times ``1 / (n * d)``.
/// Array API standard 2025.12, Fourier transform extension: ``rfftfreq``.
#[pyfunction]
#[pyo3(signature = (n, /, *, d=1.0, dtype=None, device=None))]
fn rfftfreq<'py>(
    n: &Bound<'py, PyAny>,
    d: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    frequencies("rfftfreq", n, d, dtype, device, true)
}

/// Moves frequency 0 to the middle of a spectrum.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axes : int or sequence of int, optional
///     The axes to shift, negative ones counted from the last; None for all.
///
/// Returns
/// -------
/// Tensor
///     A copy: along each axis, the second half, then the first.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.fftshift(cp.asarray([0, 1, 2, -2, -1]))
/// Tensor([-2, -1,  0,  1,  2], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, Fourier transform extension: ``fftshift``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axes=None))]
fn fftshift<'py>(x: &Bound<'py, PyAny>, axes: Option<&Bound<'py, PyAny>>) -> PyResult<Py<PyTensor>> {
    shift("fftshift", x, axes, false)
}

/// Inverse of `fftshift`: moves frequency 0 from the middle of a spectrum to its start.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// axes : int or sequence of int, optional
///     The axes to shift, negative ones counted from the last; None for all.
///
/// Returns
/// -------
/// Tensor
///     A copy: along each axis, what starts at the middle, then what lies before.
///
/// Raises
/// ------
/// IndexError
///     If an axis is out of bounds.
/// ValueError
///     If an axis is repeated.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.fft.ifftshift(cp.asarray([-2, -1, 0, 1, 2]))
/// Tensor([ 0,  1,  2, -2, -1], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, Fourier transform extension: ``ifftshift``.
#[pyfunction]
#[pyo3(signature = (x, /, *, axes=None))]
fn ifftshift<'py>(x: &Bound<'py, PyAny>, axes: Option<&Bound<'py, PyAny>>) -> PyResult<Py<PyTensor>> {
    shift("ifftshift", x, axes, true)
}
