//! Operands as Python gives them. Python scalars stop here: they become numbers of a dtype.

use std::convert::Infallible;

use corepy_core::{DType, Kind, Op};
use corepy_kernels::elementwise::{Operand, Scalar};
use corepy_kernels::fusion::Value;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt};
use pyo3::{Borrowed, ffi};
use smallvec::SmallVec;

use crate::tensor::PyTensor;

/// An operand of an operator or function.
pub enum Argument<'a, 'py> {
    /// A corepy tensor.
    Tensor(Borrowed<'a, 'py, PyTensor>),
    /// A Python bool.
    Bool(bool),
    /// A Python int of any size.
    Int(Borrowed<'a, 'py, PyAny>),
    /// A Python float.
    Float(f64),
    /// A Python complex.
    Complex(f64, f64),
    /// A NumPy scalar, as the Python number it holds.
    Number(Bound<'py, PyAny>),
    /// A NumPy array, as a tensor on its memory; see [`Argument::extract_operand`].
    Array(Bound<'py, PyTensor>),
}

/// The object is not an operand that corepy knows: an operator answers `NotImplemented`.
pub struct Foreign;

impl From<Foreign> for PyErr {
    fn from(_: Foreign) -> PyErr {
        PyTypeError::new_err("expected a corepy tensor or a Python scalar")
    }
}

impl From<Infallible> for Foreign {
    fn from(never: Infallible) -> Foreign {
        match never {}
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Argument<'a, 'py> {
    type Error = Foreign;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Foreign> {
        // SAFETY: the checks and accessors below take any live object; each accessor follows its check.
        unsafe {
            let pointer = object.as_ptr();
            if ffi::Py_TYPE(pointer) == PyTensor::type_object_raw(object.py()) {
                return Ok(Argument::Tensor(object.cast_unchecked::<PyTensor>()));
            }
            if ffi::PyFloat_CheckExact(pointer) != 0 {
                return Ok(Argument::Float(ffi::PyFloat_AS_DOUBLE(pointer)));
            }
            if ffi::PyLong_CheckExact(pointer) != 0 {
                return Ok(Argument::Int(object));
            }
        }
        extract_other(object)
    }
}

use pyo3::PyTypeInfo;

#[cold]
fn extract_other<'a, 'py>(object: Borrowed<'a, 'py, PyAny>) -> Result<Argument<'a, 'py>, Foreign> {
    if let Ok(tensor) = object.cast::<PyTensor>() {
        return Ok(Argument::Tensor(tensor));
    }
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Argument::Bool(value.is_true()));
    }
    if let Some(number) = numpy_number(&object) {
        return Ok(Argument::Number(number));
    }
    if object.cast::<PyInt>().is_ok() {
        return Ok(Argument::Int(object));
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(Argument::Float(value.value()));
    }
    if let Ok(value) = object.cast::<PyComplex>() {
        return Ok(Argument::Complex(value.real(), value.imag()));
    }
    Err(Foreign)
}

/// The operand of an operator: as other operands, and NumPy arrays too. Left to NumPy, `x + array` would
/// take a detour through its dispatch, and `x += array` would write nothing into `x`.
pub struct OperatorArgument<'a, 'py>(pub Argument<'a, 'py>);

impl<'a, 'py> FromPyObject<'a, 'py> for OperatorArgument<'a, 'py> {
    type Error = Foreign;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Foreign> {
        Argument::extract_operand(object).map(OperatorArgument)
    }
}

/// A tensor on the memory of an array of NumPy's own class; of a subclass, which may mean something
/// else by arithmetic, and of a dtype that corepy does not have, nothing.
#[cold]
fn numpy_array<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyTensor>> {
    let class = object.get_type();
    if class.name().ok()? != "ndarray" || class.module().ok()? != "numpy" {
        return None;
    }
    let tensor = crate::foreign::import(object, None).ok()??;
    Bound::new(object.py(), PyTensor::new(tensor)).ok()
}

/// The Python number in a NumPy scalar (`numpy.generic`), without importing NumPy.
pub fn numpy_number<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let class = object.get_type();
    if !class.module().is_ok_and(|module| module.to_string().starts_with("numpy")) || !is_numpy_generic(object) {
        return None;
    }
    let number = object.call_method0("item").ok()?;
    let plain = number.cast::<PyBool>().is_ok()
        || number.cast::<PyInt>().is_ok()
        || number.cast::<PyFloat>().is_ok()
        || number.cast::<PyComplex>().is_ok();
    plain.then_some(number)
}

fn is_numpy_generic(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    // numpy is loaded: the object's class is one of its own.
    py.import("numpy")
        .and_then(|numpy| numpy.getattr("generic"))
        .is_ok_and(|class| object.is_instance(&class).unwrap_or(false))
}

/// A Python number as C++ will see it.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// From a bool.
    Bool(bool),
    /// From an int that fits 128 bits.
    Int(i128),
    /// From an int that does not; negative or not.
    Huge(bool),
    /// From a float.
    Float(f64),
    /// From a complex.
    Complex(f64, f64),
}

impl Number {
    /// Reads any of Python's numbers.
    pub fn read(object: &Bound<'_, PyAny>) -> Option<Number> {
        match Argument::extract(object.as_borrowed()) {
            Ok(argument) => argument.number(),
            Err(_) => None,
        }
    }

    /// The dtype it has on its own.
    pub fn default_dtype(self) -> DType {
        match self {
            Number::Bool(_) => DType::Bool,
            Number::Int(_) | Number::Huge(_) => DType::Int64,
            Number::Float(_) => DType::Float64,
            Number::Complex(..) => DType::Complex128,
        }
    }

    /// The dtype it takes part as beside an array of dtype `array` (NumPy 2's weak promotion).
    #[inline]
    pub fn dtype_beside(self, array: DType) -> DType {
        match (self, array.kind()) {
            (Number::Bool(_), _) => array,
            (Number::Int(_) | Number::Huge(_), Kind::Bool) => DType::Int64,
            (Number::Int(_) | Number::Huge(_), _) => array,
            (Number::Float(_), Kind::Float | Kind::Complex) => array,
            (Number::Float(_), _) => DType::Float64,
            (Number::Complex(..), Kind::Float | Kind::Complex) => array.complex(),
            (Number::Complex(..), _) => DType::Complex128,
        }
    }

    /// As a number of `dtype`, or None where an integer does not fit it.
    #[inline]
    pub fn to_scalar(self, dtype: DType) -> Option<Scalar> {
        macro_rules! integer {
            ($type:ty, $value:expr) => {
                Scalar::from_bytes(&<$type>::try_from($value).ok()?.to_ne_bytes(), dtype)
            };
        }
        let (re, im) = match self {
            Number::Bool(value) => (f64::from(u8::from(value)), 0.0),
            Number::Int(value) => (value as f64, 0.0),
            Number::Huge(negative) => {
                if !dtype.is_floating() {
                    return None;
                }
                (if negative { f64::NEG_INFINITY } else { f64::INFINITY }, 0.0)
            }
            Number::Float(value) => (value, 0.0),
            Number::Complex(re, im) => (re, im),
        };
        let whole = match self {
            Number::Bool(value) => i128::from(value),
            Number::Int(value) => value,
            // Truncated towards zero, saturating: the caller has allowed the cast.
            _ => re as i128,
        };
        Some(match dtype {
            DType::Bool => Scalar::from_bytes(&[u8::from(re != 0.0 || im != 0.0)], dtype),
            DType::Int8 => integer!(i8, whole),
            DType::Int16 => integer!(i16, whole),
            DType::Int32 => integer!(i32, whole),
            DType::Int64 => integer!(i64, whole),
            DType::UInt8 => integer!(u8, whole),
            DType::UInt16 => integer!(u16, whole),
            DType::UInt32 => integer!(u32, whole),
            DType::UInt64 => integer!(u64, whole),
            DType::Float32 => Scalar::from_bytes(&(re as f32).to_ne_bytes(), dtype),
            DType::Float64 => Scalar::from_bytes(&re.to_ne_bytes(), dtype),
            DType::Complex64 => {
                let mut bytes = [0; 8];
                bytes[..4].copy_from_slice(&(re as f32).to_ne_bytes());
                bytes[4..].copy_from_slice(&(im as f32).to_ne_bytes());
                Scalar::from_bytes(&bytes, dtype)
            }
            DType::Complex128 => {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&re.to_ne_bytes());
                bytes[8..].copy_from_slice(&im.to_ne_bytes());
                Scalar::from_bytes(&bytes, dtype)
            }
        })
    }
}

impl<'a, 'py> Argument<'a, 'py> {
    /// As `extract`, and NumPy arrays too.
    #[inline]
    pub fn extract_operand(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Foreign> {
        Argument::extract(object).or_else(|foreign| numpy_array(&object).map(Argument::Array).ok_or(foreign))
    }

    /// The tensor, which may be pending, unless a number.
    #[inline]
    pub fn value(&self) -> Option<&Value> {
        match self {
            Argument::Tensor(tensor) => Some(&tensor.get().value),
            Argument::Array(tensor) => Some(&tensor.get().value),
            _ => None,
        }
    }

    /// The tensor in memory, unless a number.
    #[inline]
    pub fn tensor(&self) -> PyResult<Option<&corepy_core::Tensor>> {
        match self {
            Argument::Tensor(tensor) => tensor.get().tensor().map(Some),
            Argument::Array(tensor) => tensor.get().tensor().map(Some),
            _ => Ok(None),
        }
    }

    /// The dtype of a tensor.
    #[inline]
    pub fn dtype(&self) -> Option<DType> {
        self.value().map(Value::dtype)
    }

    /// The Python number, unless a tensor.
    #[inline]
    pub fn number(&self) -> Option<Number> {
        Some(match self {
            Argument::Tensor(_) | Argument::Array(_) => return None,
            Argument::Bool(value) => Number::Bool(*value),
            Argument::Int(value) => read_int(value),
            Argument::Float(value) => Number::Float(*value),
            Argument::Complex(re, im) => Number::Complex(*re, *im),
            Argument::Number(value) => return Number::read(value),
        })
    }
}

#[inline]
fn read_int(value: &Bound<'_, PyAny>) -> Number {
    let mut overflow = 0;
    // SAFETY: `value` is an int; no error is set but through overflow, which is read.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    if overflow == 0 {
        return Number::Int(i128::from(small));
    }
    value.extract::<i128>().map_or(Number::Huge(overflow < 0), Number::Int)
}

/// The error of a Python integer that does not fit.
pub fn overflow(op: &str, number: Number, dtype: DType) -> PyErr {
    let value = match number {
        Number::Int(value) => value.to_string(),
        Number::Float(value) => value.to_string(),
        _ => String::from("the Python integer"),
    };
    PyOverflowError::new_err(format!("{op}: {value} is out of bounds for {dtype}"))
}

/// A Python number beside an array of dtype `array`, ready to take part in `op`.
pub fn scalar_beside(op: Op, number: Number, array: DType) -> PyResult<Scalar> {
    plain_scalar_beside(op.name(), number, array).or_else(|error| {
        // Comparisons are right for any integer, as in NumPy: beyond the dtype's range, infinity
        // compares as the integer does.
        if !matches!(op.name(), "equal" | "not_equal" | "less" | "less_equal" | "greater" | "greater_equal") {
            return Err(error);
        }
        let negative = matches!(number, Number::Huge(true)) || matches!(number, Number::Int(value) if value < 0);
        let bound = if negative { f64::NEG_INFINITY } else { f64::INFINITY };
        Ok(Scalar::from_bytes(&bound.to_ne_bytes(), DType::Float64))
    })
}

/// A Python number beside an array of dtype `array`; OverflowError naming `op` where it does not fit.
pub fn plain_scalar_beside(op: &str, number: Number, array: DType) -> PyResult<Scalar> {
    let dtype = number.dtype_beside(array);
    match number.to_scalar(dtype) {
        Some(scalar) if !(dtype.is_floating() && matches!(number, Number::Huge(_))) => Ok(scalar),
        _ => Err(overflow(op, number, dtype)),
    }
}

/// `arguments` as operands, the Python numbers beside the tensors' dtype.
#[inline]
pub fn with_operands<R>(
    op: Op,
    arguments: &[Argument<'_, '_>],
    body: impl FnOnce(&[Operand<'_>]) -> PyResult<R>,
) -> PyResult<R> {
    // The frequent cases by hand: they are most of what a small operation costs.
    match arguments {
        [Argument::Tensor(x)] => body(&[Operand::Tensor(x.get().tensor()?)]),
        [Argument::Tensor(x1), Argument::Tensor(x2)] => {
            body(&[Operand::Tensor(x1.get().tensor()?), Operand::Tensor(x2.get().tensor()?)])
        }
        [Argument::Tensor(x1), other] if other.value().is_none() => {
            let x1 = x1.get().tensor()?;
            let scalar = scalar_beside(op, required_number(op, other)?, x1.dtype())?;
            body(&[Operand::Tensor(x1), Operand::Scalar(&scalar)])
        }
        [other, Argument::Tensor(x2)] if other.value().is_none() => {
            let x2 = x2.get().tensor()?;
            let scalar = scalar_beside(op, required_number(op, other)?, x2.dtype())?;
            body(&[Operand::Scalar(&scalar), Operand::Tensor(x2)])
        }
        _ => with_any_operands(op, arguments, body),
    }
}

fn required_number(op: Op, argument: &Argument<'_, '_>) -> PyResult<Number> {
    argument.number().ok_or_else(|| PyTypeError::new_err(format!("{}: unsupported operand", op.name())))
}

fn with_any_operands<R>(
    op: Op,
    arguments: &[Argument<'_, '_>],
    body: impl FnOnce(&[Operand<'_>]) -> PyResult<R>,
) -> PyResult<R> {
    let scalars = scalars(op, arguments)?;
    let mut operands = SmallVec::<[Operand<'_>; 3]>::new();
    for (scalar, argument) in scalars.iter().zip(arguments) {
        match scalar {
            Some(scalar) => operands.push(Operand::Scalar(scalar)),
            None => operands.extend(argument.tensor()?.map(Operand::Tensor)),
        }
    }
    body(&operands)
}

/// The Python numbers among `arguments`, ready to take part beside the tensors; None for tensors.
pub fn scalars(op: Op, arguments: &[Argument<'_, '_>]) -> PyResult<SmallVec<[Option<Scalar>; 3]>> {
    let array = DType::promote_all(arguments.iter().filter_map(Argument::dtype));
    // Without a tensor, the numbers' own dtypes decide.
    let array = array.unwrap_or_else(|| {
        let numbers = arguments.iter().filter_map(Argument::number);
        numbers.map(Number::default_dtype).reduce(DType::promote).unwrap_or(DType::Float64)
    });
    let scalar = |argument: &Argument<'_, '_>| match argument.value() {
        Some(_) => Ok(None),
        None => scalar_beside(op, required_number(op, argument)?, array).map(Some),
    };
    arguments.iter().map(scalar).collect()
}
