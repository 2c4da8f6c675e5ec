//! Data type functions: casts, broadcasting, promotion, limits.

use corepy_core::shape::{self as core_shape, Shape};
use corepy_core::{DType, DTypeSet};
use corepy_kernels::elementwise;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::argument::Argument;
use crate::dtype::{self, PyDType};
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{fusion, shape};

/// Adds the functions and classes of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FloatingInfo>()?;
    module.add_class::<IntegerInfo>()?;
    module.add_function(wrap_pyfunction!(astype, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_arrays, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_shapes, module)?)?;
    module.add_function(wrap_pyfunction!(broadcast_to, module)?)?;
    module.add_function(wrap_pyfunction!(can_cast, module)?)?;
    module.add_function(wrap_pyfunction!(finfo, module)?)?;
    module.add_function(wrap_pyfunction!(iinfo, module)?)?;
    module.add_function(wrap_pyfunction!(isdtype, module)?)?;
    module.add_function(wrap_pyfunction!(result_type, module)?)
}

/// The tensor that an argument is, or a TypeError that names the function.
pub fn tensor<'a, 'py>(op: &str, object: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyTensor>> {
    object
        .cast::<PyTensor>()
        .map_err(|_| PyTypeError::new_err(format!("{op}: expected a corepy tensor, not {}", shape::type_name(object))))
}

/// Refuses the casts that would drop an imaginary component; every number has a truth value.
pub fn check_cast(op: &str, from: DType, to: DType) -> PyResult<()> {
    if from.is_complex() && !to.is_complex() && to != DType::Bool {
        return Err(PyTypeError::new_err(format!(
            "{op}: cannot cast {from} to {to}; take `real`, `imag` or `abs` first"
        )));
    }
    Ok(())
}

/// Copies a tensor to another dtype, whatever the promotion rules.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// dtype : dtype
///     The dtype to cast to.
/// copy : bool, optional
///     False returns `x` itself where the dtype is `x`'s own already.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape.
///
/// Raises
/// ------
/// TypeError
///     For a cast from complex to real-valued, and if `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.astype(cp.asarray([1.7, -1.7]), cp.int64)
/// Tensor([ 1, -1], dtype=int64)
///
/// Notes
/// -----
/// Floating-point numbers are truncated towards zero; what an integer dtype cannot hold becomes
/// some number of it, the same on each instruction set. Integers wrap.
/// Array API standard 2025.12, data type functions: ``astype``.
#[pyfunction]
#[pyo3(signature = (x, dtype, /, *, copy=true, device=None))]
fn astype(
    x: &Bound<'_, PyAny>,
    dtype: &Bound<'_, PyAny>,
    copy: bool,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "astype";
    let own = tensor(op, x)?;
    let target = dtype::extract(op, dtype)?;
    dtype::check_device(op, device)?;
    let from = own.get().value.dtype();
    check_cast(op, from, target)?;
    if !copy && target == from {
        return Ok(own.clone().unbind());
    }
    if let Some(deferred) = fusion::cast(x.py(), own.get(), target)? {
        return Ok(deferred);
    }
    let source = own.get().tensor()?;
    let result = detached(x.py(), source.size(), || elementwise::cast(op, source, target)).py()?;
    PyTensor::wrap(x.py(), result)
}

/// Broadcasts tensors against one another.
///
/// Parameters
/// ----------
/// arrays : Tensor
///     Any number of tensors of any dtypes, whose shapes broadcast together.
///
/// Returns
/// -------
/// tuple of Tensor
///     Views of the common shape, each with its own dtype; read-only where stretched.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> a, b = cp.broadcast_arrays(cp.asarray([1, 2]), cp.asarray([[3], [4]]))
/// >>> a
/// Tensor([[1, 2],
///         [1, 2]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_arrays``.
#[pyfunction]
#[pyo3(signature = (*arrays))]
fn broadcast_arrays<'py>(arrays: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
    let op = "broadcast_arrays";
    let objects: Vec<_> = arrays.iter().collect();
    let tensors = objects.iter().map(|object| tensor(op, object)?.get().tensor()).collect::<PyResult<Vec<_>>>()?;
    let shapes: Vec<&[usize]> = tensors.iter().map(|tensor| tensor.shape()).collect();
    let shape = core_shape::broadcast_shapes(op, &shapes).py()?;
    let views = tensors
        .iter()
        .map(|tensor| PyTensor::wrap(arrays.py(), tensor.broadcast_to(op, &shape).py()?))
        .collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(arrays.py(), views)
}

/// The shape that shapes broadcast to.
///
/// Parameters
/// ----------
/// shapes : tuple of int
///     Any number of shapes.
///
/// Returns
/// -------
/// tuple of int
///     The common shape.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not broadcast.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.broadcast_shapes((3, 1), (4,))
/// (3, 4)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_shapes``.
#[pyfunction]
#[pyo3(signature = (*shapes))]
fn broadcast_shapes<'py>(shapes: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
    let op = "broadcast_shapes";
    let shapes_read = shapes.iter().map(|value| shape::extract(op, &value)).collect::<PyResult<Vec<Shape>>>()?;
    let slices: Vec<&[usize]> = shapes_read.iter().map(|shape| &shape[..]).collect();
    PyTuple::new(shapes.py(), core_shape::broadcast_shapes(op, &slices).py()?)
}

/// Broadcasts a tensor to a shape.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any dtype; its shape broadcasts to `shape`.
/// shape : int or sequence of int
///     Sizes, each at least 0.
///
/// Returns
/// -------
/// Tensor
///     A view; read-only where stretched.
///
/// Raises
/// ------
/// ValueError
///     If the tensor does not broadcast to the shape.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.broadcast_to(cp.asarray([1, 2]), (2, 2))
/// Tensor([[1, 2],
///         [1, 2]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, manipulation functions: ``broadcast_to``.
#[pyfunction]
#[pyo3(signature = (x, /, shape))]
fn broadcast_to(x: &Bound<'_, PyAny>, shape: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "broadcast_to";
    let shape = shape::extract(op, shape)?;
    PyTensor::wrap(x.py(), tensor(op, x)?.get().tensor()?.broadcast_to(op, &shape).py()?)
}

/// A dtype, or a tensor's.
fn dtype_of(op: &'static str, value: &Bound<'_, PyAny>) -> PyResult<DType> {
    match value.cast::<PyTensor>() {
        Ok(tensor) => Ok(tensor.get().value.dtype()),
        Err(_) => dtype::extract(op, value),
    }
}

/// Whether one dtype can be cast to another by the promotion rules.
///
/// Parameters
/// ----------
/// from_ : dtype or Tensor
///     The dtype to cast from; a tensor stands for its own.
/// to : dtype
///     The dtype to cast to.
///
/// Returns
/// -------
/// bool
///     Whether promoting both gives `to`.
///
/// Raises
/// ------
/// TypeError
///     For an argument that is neither.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.can_cast(cp.int16, cp.float32), cp.can_cast(cp.int64, cp.int32)
/// (True, False)
///
/// Notes
/// -----
/// Across kinds as NumPy 2's safe casting: int16 casts to float32, int32 only to float64.
/// Array API standard 2025.12, data type functions: ``can_cast``.
#[pyfunction]
#[pyo3(signature = (from_, to, /))]
fn can_cast(from_: &Bound<'_, PyAny>, to: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(dtype_of("can_cast", from_)?.can_cast(dtype::extract("can_cast", to)?))
}

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
fn finfo(r#type: &Bound<'_, PyAny>) -> PyResult<FloatingInfo> {
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
fn iinfo(r#type: &Bound<'_, PyAny>) -> PyResult<IntegerInfo> {
    let dtype = dtype_of("iinfo", r#type)?;
    let Some((min, max)) = dtype.integer_range() else {
        return Err(PyValueError::new_err(format!("iinfo: {dtype} is not an integer dtype")));
    };
    Ok(IntegerInfo { bits: dtype.itemsize() * 8, max, min, dtype: dtype::object(r#type.py(), dtype) })
}

/// Whether a dtype is of a kind.
///
/// Parameters
/// ----------
/// dtype : dtype
///     The dtype asked about.
/// kind : str, dtype or tuple of these
///     A dtype; or one of "bool", "signed integer", "unsigned integer", "integral",
///     "real floating", "complex floating", "numeric". A tuple is the union of its members.
///
/// Returns
/// -------
/// bool
///     Whether the dtype is `kind`, or one of it.
///
/// Raises
/// ------
/// ValueError
///     For the name of no kind.
/// TypeError
///     For anything else.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.isdtype(cp.int8, "integral")
/// True
///
/// Notes
/// -----
/// Array API standard 2025.12, data type functions: ``isdtype``.
#[pyfunction]
#[pyo3(signature = (dtype, kind))]
fn isdtype(dtype: &Bound<'_, PyAny>, kind: &Bound<'_, PyAny>) -> PyResult<bool> {
    let dtype = dtype::extract("isdtype", dtype)?;
    if let Ok(kinds) = kind.cast::<PyTuple>() {
        let mut found = false;
        for kind in kinds.iter() {
            found |= is_of_kind(dtype, &kind)?;
        }
        return Ok(found);
    }
    is_of_kind(dtype, kind)
}

fn is_of_kind(dtype: DType, kind: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(name) = kind.cast::<PyString>() else {
        return Ok(dtype == dtype::extract("isdtype", kind)?);
    };
    let set = match name.to_string().as_str() {
        "bool" => DTypeSet::BOOL,
        "signed integer" => DTypeSet::SIGNED,
        "unsigned integer" => DTypeSet::UNSIGNED,
        "integral" => DTypeSet::INTEGER,
        "real floating" => DTypeSet::REAL_FLOATING,
        "complex floating" => DTypeSet::COMPLEX,
        "numeric" => DTypeSet::NUMERIC,
        other => {
            return Err(PyValueError::new_err(format!(
                "isdtype: {other:?} is not a kind; kinds are 'bool', 'signed integer', 'unsigned integer', \
                 'integral', 'real floating', 'complex floating' and 'numeric'"
            )));
        }
    };
    Ok(set.contains(dtype))
}

/// The dtype that the promotion rules give.
///
/// Parameters
/// ----------
/// arrays_and_dtypes : Tensor, dtype or Python scalar
///     At least one; a scalar takes part in the dtype of the others as far as its kind allows.
///
/// Returns
/// -------
/// DType
///     The one that an operation on all of them computes in.
///
/// Raises
/// ------
/// ValueError
///     Without arguments.
/// TypeError
///     For an argument that is none of these.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.result_type(cp.int8, cp.float32)
/// corepy.float32
///
/// Notes
/// -----
/// Mixed kinds promote as in NumPy 2. Scalars alone give the dtype that `asarray` gives them.
/// Array API standard 2025.12, data type functions: ``result_type``.
#[pyfunction]
#[pyo3(signature = (*arrays_and_dtypes))]
fn result_type(arrays_and_dtypes: &Bound<'_, PyTuple>) -> PyResult<Py<PyDType>> {
    let op = "result_type";
    let mut strong = Vec::new();
    let mut numbers = Vec::new();
    for object in arrays_and_dtypes.iter() {
        let dtype = match Argument::extract(object.as_borrowed()) {
            Ok(Argument::Tensor(tensor)) => tensor.get().value.dtype(),
            Ok(argument) => {
                numbers.extend(argument.number());
                continue;
            }
            Err(_) => dtype::extract(op, &object)?,
        };
        strong.push(dtype);
    }
    let result = match DType::promote_all(strong.into_iter()) {
        Some(strong) => Some(numbers.iter().fold(strong, |dtype, number| number.dtype_beside(dtype))),
        None => numbers.into_iter().map(crate::argument::Number::default_dtype).reduce(DType::promote),
    };
    let result = result.ok_or_else(|| PyValueError::new_err("result_type: at least one argument is required"))?;
    Ok(dtype::object(arrays_and_dtypes.py(), result))
}
