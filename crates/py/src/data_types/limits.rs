//! The limits of dtypes.

use corepy_core::DType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::dtype_of;
use crate::dtype::{self, PyDType};

/// Limits of a real-valued floating-point dtype: what `finfo` returns.
#[pyclass(frozen, get_all, module = "corepy", name = "FloatingInfo")]
pub struct FloatingInfo {
    /// Number of bits.
    bits: u32,
    /// Distance from 1 to the next greater number.
    eps: f64,
    /// Distance from 1 to the next smaller number.
    epsneg: f64,
    /// Greatest finite number.
    max: f64,
    /// Least finite number.
    min: f64,
    /// Least positive number of full precision.
    smallest_normal: f64,
    /// Least positive number.
    smallest_subnormal: f64,
    /// The same as `smallest_normal`.
    tiny: f64,
    /// Decimal digits that every number keeps.
    precision: u32,
    /// Ten to the power of `-precision`.
    resolution: f64,
    /// The dtype described; for complex dtypes, their components'.
    dtype: Py<PyDType>,
}

#[pymethods]
impl FloatingInfo {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!(
            "finfo({}: bits={}, eps={:?}, max={:?}, min={:?}, smallest_normal={:?})",
            self.dtype.get().dtype.name(),
            self.bits,
            PyFloatText(py, self.eps),
            PyFloatText(py, self.max),
            PyFloatText(py, self.min),
            PyFloatText(py, self.smallest_normal)
        )
    }
}

/// A float as Python writes it.
struct PyFloatText<'py>(Python<'py>, f64);

impl std::fmt::Debug for PyFloatText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", pyo3::types::PyFloat::new(self.0, self.1))
    }
}

/// Limits of a floating-point dtype.
///
/// Parameters
/// ----------
/// type : dtype or Tensor
///     Floating-point; for complex dtypes the limits are those of the components.
///
/// Returns
/// -------
/// FloatingInfo
///     With attributes bits, eps, max, min, smallest_normal (Python numbers) and dtype; and
///     NumPy's epsneg, precision, resolution, smallest_subnormal and tiny.
///
/// Raises
/// ------
/// ValueError
///     If the dtype is not floating-point.
/// TypeError
///     For an argument that is neither a dtype nor a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.finfo(cp.float32).bits, cp.finfo(cp.float64).eps
/// (32, 2.220446049250313e-16)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, data type functions: ``finfo``.
#[pyfunction]
#[pyo3(signature = (r#type, /))]
pub fn finfo(r#type: &Bound<'_, PyAny>) -> PyResult<FloatingInfo> {
    let py = r#type.py();
    let dtype = dtype_of("finfo", r#type)?;
    macro_rules! limits {
        ($float:ident, $bits:literal) => {
            FloatingInfo {
                bits: $bits,
                eps: f64::from($float::EPSILON),
                epsneg: f64::from($float::EPSILON / 2.0),
                max: f64::from($float::MAX),
                min: f64::from($float::MIN),
                smallest_normal: f64::from($float::MIN_POSITIVE),
                smallest_subnormal: f64::from($float::from_bits(1)),
                tiny: f64::from($float::MIN_POSITIVE),
                precision: $float::DIGITS,
                resolution: format!("1e-{}", $float::DIGITS).parse().expect("a number"),
                dtype: dtype::object(py, dtype.real()),
            }
        };
    }
    match dtype.real() {
        DType::Float32 => Ok(limits!(f32, 32)),
        DType::Float64 => Ok(limits!(f64, 64)),
        other => Err(PyValueError::new_err(format!("finfo: {other} is not a floating-point dtype"))),
    }
}

/// Limits of an integer dtype: what `iinfo` returns.
#[pyclass(frozen, get_all, module = "corepy", name = "IntegerInfo")]
pub struct IntegerInfo {
    /// Number of bits.
    bits: usize,
    /// Greatest number.
    max: i128,
    /// Least number.
    min: i128,
    /// The dtype described.
    dtype: Py<PyDType>,
}

#[pymethods]
impl IntegerInfo {
    fn __repr__(&self) -> String {
        format!("iinfo({}: bits={}, max={}, min={})", self.dtype.get().dtype.name(), self.bits, self.max, self.min)
    }
}

/// Limits of an integer dtype.
///
/// Parameters
/// ----------
/// type : dtype or Tensor
///     Integer, signed or not.
///
/// Returns
/// -------
/// IntegerInfo
///     With attributes bits, max, min (Python integers) and dtype.
///
/// Raises
/// ------
/// ValueError
///     If the dtype is not an integer.
/// TypeError
///     For an argument that is neither a dtype nor a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.iinfo(cp.int8).min, cp.iinfo(cp.int8).max
/// (-128, 127)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, data type functions: ``iinfo``.
#[pyfunction]
#[pyo3(signature = (r#type, /))]
pub fn iinfo(r#type: &Bound<'_, PyAny>) -> PyResult<IntegerInfo> {
    let dtype = dtype_of("iinfo", r#type)?;
    let Some((min, max)) = dtype.integer_range() else {
        return Err(PyValueError::new_err(format!("iinfo: {dtype} is not an integer dtype")));
    };
    Ok(IntegerInfo { bits: dtype.itemsize() * 8, max, min, dtype: dtype::object(r#type.py(), dtype) })
}
