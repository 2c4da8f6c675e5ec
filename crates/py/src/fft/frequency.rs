//! The frequencies of a spectrum, and their order.

use corepy_core::DType;
use corepy_kernels::fft as kernels;
use pyo3::prelude::*;

use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, reduce, shape};

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
pub fn fftfreq<'py>(
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
pub fn rfftfreq<'py>(
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
pub fn fftshift<'py>(x: &Bound<'py, PyAny>, axes: Option<&Bound<'py, PyAny>>) -> PyResult<Py<PyTensor>> {
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
pub fn ifftshift<'py>(x: &Bound<'py, PyAny>, axes: Option<&Bound<'py, PyAny>>) -> PyResult<Py<PyTensor>> {
    shift("ifftshift", x, axes, true)
}
