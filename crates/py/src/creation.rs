//! Creation functions. `from_dlpack` is in `foreign.rs`.

use corepy_core::plan::memory_order;
use corepy_core::{DType, Error, Tensor};
use corepy_kernels::create::{self, Range};
use corepy_kernels::elementwise::{self, Operand};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::argument::{Argument, Number, overflow};
use crate::convert::{self, Element};
use crate::data_types::{check_cast, tensor};
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, foreign, shape};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(arange, module)?)?;
    module.add_function(wrap_pyfunction!(asarray, module)?)?;
    module.add_function(wrap_pyfunction!(empty, module)?)?;
    module.add_function(wrap_pyfunction!(empty_like, module)?)?;
    module.add_function(wrap_pyfunction!(eye, module)?)?;
    module.add_function(wrap_pyfunction!(full, module)?)?;
    module.add_function(wrap_pyfunction!(full_like, module)?)?;
    module.add_function(wrap_pyfunction!(linspace, module)?)?;
    module.add_function(wrap_pyfunction!(meshgrid, module)?)?;
    module.add_function(wrap_pyfunction!(ones, module)?)?;
    module.add_function(wrap_pyfunction!(ones_like, module)?)?;
    module.add_function(wrap_pyfunction!(tril, module)?)?;
    module.add_function(wrap_pyfunction!(triu, module)?)?;
    module.add_function(wrap_pyfunction!(zeros, module)?)?;
    module.add_function(wrap_pyfunction!(zeros_like, module)?)
}

/// The tensor that any array, number or nested sequence is; shares memory where it can.
pub fn tensor_from(op: &'static str, object: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    if let Ok(tensor) = object.cast::<PyTensor>() {
        return Ok(tensor.get().tensor()?.clone());
    }
    if let Some(tensor) = foreign::import(object, None)? {
        return Ok(tensor);
    }
    let _ = op;
    convert::from_sequence(object, None)
}

/// Converts the input to a tensor.
///
/// Parameters
/// ----------
/// obj : Tensor, Python scalar, nested sequence of them, or any exporter of DLPack or a buffer
///     Sequences give one dimension for each level of nesting.
/// dtype : dtype, optional
///     By default the input's own; for Python numbers bool, int64, float64 or complex128.
/// device : "cpu", optional
///     The only device.
/// copy : bool, optional
///     True always copies, False never does and raises ValueError where a copy would be
///     needed; None copies only where needed.
///
/// Returns
/// -------
/// Tensor
///     Of the input's shape; shares its memory where that can be.
///
/// Raises
/// ------
/// TypeError
///     For an input that is no array, or a cast from complex to a real dtype.
/// ValueError
///     For a ragged sequence, or with ``copy=False`` where a copy is needed.
/// OverflowError
///     For a Python integer that does not fit the dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.asarray([1.5, 2.0])
/// Tensor([1.5, 2. ], dtype=float64)
///
/// Notes
/// -----
/// Exact in the input's own dtype; a cast is that of ``astype``.
/// Array API standard 2025.12, creation functions: ``asarray``.
#[pyfunction]
#[pyo3(signature = (obj, /, *, dtype=None, device=None, copy=None))]
fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Py<PyTensor>> {
    let py = obj.py();
    let dtype = dtype::extract_optional("asarray", dtype)?;
    dtype::check_device("asarray", device)?;
    if let Ok(own) = obj.cast_exact::<PyTensor>() {
        let tensor = own.get().tensor()?;
        if dtype.is_none_or(|dtype| dtype == tensor.dtype()) && copy != Some(true) {
            return Ok(own.clone().unbind());
        }
        return PyTensor::wrap(py, converted(py, tensor, dtype, copy)?);
    }
    if let Some(tensor) = foreign::import(obj, copy)? {
        // With copy=True the import has copied already.
        let copy = if copy == Some(true) { None } else { copy };
        return PyTensor::wrap(py, converted(py, &tensor, dtype, copy)?);
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err(
            "asarray: a Python scalar or sequence has no memory to share; copy=False is not possible",
        ));
    }
    PyTensor::wrap(py, convert::from_sequence(obj, dtype)?)
}

/// `tensor` in `dtype`, copied as `copy` says.
pub fn converted(py: Python<'_>, tensor: &Tensor, dtype: Option<DType>, copy: Option<bool>) -> PyResult<Tensor> {
    let target = dtype.unwrap_or(tensor.dtype());
    if target == tensor.dtype() && copy != Some(true) {
        return Ok(tensor.clone());
    }
    check_cast("asarray", tensor.dtype(), target)?;
    if copy == Some(false) {
        return Err(PyValueError::new_err(format!(
            "asarray: {} to {target} needs a copy, which copy=False forbids",
            tensor.dtype()
        )));
    }
    detached(py, tensor.size(), || elementwise::cast("asarray", tensor, target)).py()
}

/// A number where one is meant: of Python or NumPy, or the element of a 0-d array; with its dtype, where
/// it has one.
fn number(op: &'static str, name: &str, object: &Bound<'_, PyAny>) -> PyResult<(Number, Option<DType>)> {
    let expected = || {
        PyTypeError::new_err(format!("{op}: {name} must be a number or a 0-d tensor, not {}", shape::type_name(object)))
    };
    let tensor = match Argument::extract(object.as_borrowed()) {
        Ok(Argument::Tensor(tensor)) => tensor.get().tensor()?.clone(),
        Ok(argument) => {
            let own = match &argument {
                Argument::Number(_) => object.getattr("dtype").and_then(|dtype| dtype::extract(op, &dtype)).ok(),
                _ => None,
            };
            return Ok((argument.number().ok_or_else(expected)?, own));
        }
        Err(_) => foreign::import(object, None)?.ok_or_else(expected)?,
    };
    if tensor.ndim() > 0 {
        return Err(PyTypeError::new_err(format!(
            "{op}: {name} must be a number or a 0-d tensor, not a tensor of shape {}",
            corepy_core::error::shape_text(tensor.shape())
        )));
    }
    let number = match convert::element(&tensor, op)? {
        Element::Bool(value) => Number::Bool(value),
        Element::Signed(value) => Number::Int(value.into()),
        Element::Unsigned(value) => Number::Int(value.into()),
        Element::Float(value) => Number::Float(value),
        Element::Complex(re, im) => Number::Complex(re, im),
    };
    Ok((number, Some(tensor.dtype())))
}

/// The dtype of an integer that has none: int64, or uint64 where only that holds it, as in NumPy.
fn integer_dtype(op: &str, number: Number) -> PyResult<DType> {
    match number {
        Number::Int(value) if i64::try_from(value).is_ok() => Ok(DType::Int64),
        Number::Int(value) if u64::try_from(value).is_ok() => Ok(DType::UInt64),
        Number::Bool(_) => Ok(DType::Int64),
        _ => Err(overflow(op, number, DType::Int64)),
    }
}

/// The shape and dtype that `*_like` functions take from their argument.
fn like(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    make: impl FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let model = tensor(op, x)?.get().tensor()?;
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(model.dtype());
    dtype::check_device(op, device)?;
    let result = detached(x.py(), model.size(), || {
        if model.is_contiguous() {
            return make(model.shape(), dtype);
        }
        // The axes lie in memory as the model's do.
        let order = memory_order(model.shape(), &[model.strides()]);
        create::laid_out(&order, model.shape(), |shape| make(shape, dtype))
    });
    PyTensor::wrap(x.py(), result.py()?)
}

/// A new tensor of `shape`, float64 unless `dtype` says otherwise.
fn made(
    op: &'static str,
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    make: impl FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send,
) -> PyResult<Py<PyTensor>> {
    let sizes = shape::extract(op, shape)?;
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(DType::Float64);
    dtype::check_device(op, device)?;
    let elements = corepy_core::shape::checked_size(op, &sizes, dtype).py()?;
    PyTensor::wrap(shape.py(), detached(shape.py(), elements, || make(&sizes, dtype)).py()?)
}

fn one(op: &'static str) -> impl FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send {
    move |shape, dtype| {
        let value = Number::Int(1).to_scalar(dtype).ok_or(Error::Overflow { op, message: String::from("1") })?;
        create::full(op, shape, &value)
    }
}

/// Evenly spaced numbers of the half-open interval from `start` to `stop`.
///
/// Parameters
/// ----------
/// start : int or float
///     The first element; the end where `stop` is not given, and the first is then 0.
/// stop : int or float, optional
///     The end, not included.
/// step : int or float, optional
///     The distance between neighbours; negative to count down.
/// dtype : dtype, optional
///     Numeric. By default int64 where all arguments are integers, else float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of shape ``(max(0, ceil((stop - start) / step)),)``.
///
/// Raises
/// ------
/// ValueError
///     If `step` is 0, an argument is not finite, or the range is too long.
/// OverflowError
///     If an element does not fit the dtype.
/// TypeError
///     For arguments that are not real numbers, and for dtype bool.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.arange(5)
/// Tensor([0, 1, 2, 3, 4], dtype=int64)
///
/// Notes
/// -----
/// Integers are exact. Floating-point elements are ``start + i * step`` in float64, rounded once to
/// the dtype; rounding of the length may let `stop` in where `step` is not an integer. Floats for
/// an integer dtype are truncated, as in NumPy.
/// Array API standard 2025.12, creation functions: ``arange``.
#[pyfunction]
#[pyo3(signature = (start, /, stop=None, step=None, *, dtype=None, device=None), text_signature = "(start, /, stop=None, step=1, *, dtype=None, device=None)")]
fn arange(
    start: &Bound<'_, PyAny>,
    stop: Option<&Bound<'_, PyAny>>,
    step: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "arange";
    let dtype = dtype::extract_optional(op, dtype)?;
    dtype::check_device(op, device)?;
    let first = number(op, "start", start)?.0;
    let (start_value, stop_value) = match stop {
        Some(stop) => (first, number(op, "stop", stop)?.0),
        None => (Number::Int(0), first),
    };
    let step_value = step.map_or(Ok(Number::Int(1)), |step| number(op, "step", step).map(|(number, _)| number))?;
    let arguments = [start_value, stop_value, step_value];
    let whole = |number: Number| match number {
        Number::Bool(value) => Some(i128::from(value)),
        Number::Int(value) => Some(value),
        _ => None,
    };
    let (range, natural) = if let [Some(start), Some(stop), Some(step)] = arguments.map(whole) {
        let dtypes = [integer_dtype(op, start_value), integer_dtype(op, stop_value)];
        let natural =
            if dtypes.iter().any(|dtype| matches!(dtype, Ok(DType::UInt64))) { DType::UInt64 } else { DType::Int64 };
        (Range::Integers { start, stop, step }, natural)
    } else {
        let [start, stop, step] = arguments.map(|number| real(op, number));
        (Range::Floats { start: start?, stop: stop?, step: step? }, DType::Float64)
    };
    // The length is known only inside: counting it twice would save nothing.
    let result = start.py().detach(|| create::arange(range, dtype.unwrap_or(natural)));
    PyTensor::wrap(start.py(), result.py()?)
}

fn real(op: &str, number: Number) -> PyResult<f64> {
    match number {
        Number::Bool(value) => Ok(f64::from(u8::from(value))),
        Number::Int(value) => Ok(value as f64),
        Number::Float(value) => Ok(value),
        Number::Huge(_) => Err(overflow(op, number, DType::Float64)),
        Number::Complex(..) => Err(PyTypeError::new_err(format!("{op}: expected real numbers, not complex ones"))),
    }
}

/// An uninitialised tensor.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order; its elements are whatever the memory held.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.empty((2, 3)).shape
/// (2, 3)
///
/// Notes
/// -----
/// Array API standard 2025.12, creation functions: ``empty``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
fn empty(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("empty", shape, dtype, device, |shape, dtype| Tensor::empty("empty", shape, dtype))
}

/// An uninitialised tensor of another's shape.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// dtype : dtype, optional
///     By default that of `x`.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape of `x`, its axes in memory in the same order.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.empty_like(cp.asarray([1, 2])).dtype
/// corepy.int64
///
/// Notes
/// -----
/// Array API standard 2025.12, creation functions: ``empty_like``.
#[pyfunction]
#[pyo3(signature = (x, /, *, dtype=None, device=None))]
fn empty_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("empty_like", x, dtype, device, |shape, dtype| Tensor::empty("empty_like", shape, dtype))
}

/// A matrix with ones on a diagonal and zeros elsewhere.
///
/// Parameters
/// ----------
/// n_rows : int
///     Number of rows.
/// n_cols : int, optional
///     Number of columns; by default `n_rows`.
/// k : int, optional
///     The diagonal: 0 is the main one, positive numbers lie above it.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of shape ``(n_rows, n_cols)``.
///
/// Raises
/// ------
/// ValueError
///     For a negative or too large size.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.eye(2, dtype=cp.int64)
/// Tensor([[1, 0],
///         [0, 1]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``eye``.
#[pyfunction]
#[pyo3(signature = (n_rows, n_cols=None, /, *, k=None, dtype=None, device=None), text_signature = "(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)")]
fn eye(
    n_rows: &Bound<'_, PyAny>,
    n_cols: Option<&Bound<'_, PyAny>>,
    k: Option<&Bound<'_, PyAny>>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("eye", n_rows.py());
    let rows = shape::size(op, "n_rows", n_rows)?;
    let cols = n_cols.map_or(Ok(rows), |n_cols| shape::size(op, "n_cols", n_cols))?;
    let k = k.map_or(Ok(0), |k| shape::clamped(op, "k", k))?;
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(DType::Float64);
    dtype::check_device(op, device)?;
    let elements = corepy_core::shape::checked_size(op, &[rows, cols], dtype).py()?;
    PyTensor::wrap(py, detached(py, elements, || create::eye(rows, cols, k, dtype)).py()?)
}

/// What `full` and `full_like` write: a number, or an array that broadcasts.
enum Fill {
    Number(Number),
    Tensor(Tensor),
}

fn fill_value(op: &'static str, value: &Bound<'_, PyAny>) -> PyResult<(Fill, DType)> {
    let array = match Argument::extract(value.as_borrowed()) {
        Ok(Argument::Tensor(tensor)) => Some(tensor.get().tensor()?.clone()),
        Ok(_) => None,
        Err(_) if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() => {
            Some(convert::from_sequence(value, None)?)
        }
        Err(_) => foreign::import(value, None)?,
    };
    if let Some(array) = array.filter(|array| array.ndim() > 0) {
        let dtype = array.dtype();
        return Ok((Fill::Tensor(array), dtype));
    }
    let (number, own) = number(op, "fill_value", value)?;
    let dtype = match (own, number) {
        (Some(dtype), _) => dtype,
        (None, Number::Int(_) | Number::Huge(_)) => integer_dtype(op, number)?,
        (None, number) => number.default_dtype(),
    };
    Ok((Fill::Number(number), dtype))
}

/// What makes a filled tensor of a shape and a dtype.
type Filler = Box<dyn FnOnce(&[usize], DType) -> corepy_core::Result<Tensor> + Send>;

/// A tensor of `shape` filled with `fill`, once `dtype` is known.
fn filled(op: &'static str, fill: Fill, dtype: DType) -> PyResult<Filler> {
    Ok(match fill {
        Fill::Number(number) => {
            let value = convert::number_as(op, number, dtype)?;
            Box::new(move |shape, _| create::full(op, shape, &value))
        }
        Fill::Tensor(array) => {
            check_cast(op, array.dtype(), dtype)?;
            Box::new(move |shape, dtype| {
                let out = Tensor::empty(op, shape, dtype)?;
                elementwise::assign(op, &out, Operand::Tensor(&array))?;
                Ok(out)
            })
        }
    })
}

/// A tensor filled with one value.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// fill_value : bool, int, float, complex or 0-d tensor
///     Also any array that broadcasts to the shape.
/// dtype : dtype, optional
///     By default the value's: bool, int64, float64 or complex128 for Python numbers.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// OverflowError
///     If an integer does not fit the dtype.
/// TypeError
///     For a complex value and a real dtype.
/// ValueError
///     For a negative or too large size.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.full(3, 7)
/// Tensor([7, 7, 7], dtype=int64)
///
/// Notes
/// -----
/// Rounded once to the dtype; a float for an integer dtype is truncated, as in NumPy.
/// Array API standard 2025.12, creation functions: ``full``.
#[pyfunction]
#[pyo3(name = "full", signature = (shape, fill_value, *, dtype=None, device=None))]
fn full(
    shape: &Bound<'_, PyAny>,
    fill_value: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let op = "full";
    let (fill, natural) = self::fill_value(op, fill_value)?;
    let target = dtype::extract_optional(op, dtype)?.unwrap_or(natural);
    let make = filled(op, fill, target)?;
    made(op, shape, Some(dtype::object(shape.py(), target).bind(shape.py()).as_any()), device, make)
}

/// A tensor of another's shape, filled with one value.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// fill_value : bool, int, float, complex or 0-d tensor
///     Also any array that broadcasts to the shape.
/// dtype : dtype, optional
///     By default that of `x`.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape of `x`, its axes in memory in the same order.
///
/// Raises
/// ------
/// OverflowError
///     If an integer does not fit the dtype.
/// TypeError
///     If `x` is not a tensor, and for a complex value and a real dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.full_like(cp.asarray([1, 2]), 7)
/// Tensor([7, 7], dtype=int64)
///
/// Notes
/// -----
/// Rounded once to the dtype; a float for an integer dtype is truncated, as in NumPy.
/// Array API standard 2025.12, creation functions: ``full_like``.
#[pyfunction]
#[pyo3(signature = (x, /, fill_value, *, dtype=None, device=None))]
fn full_like(
    x: &Bound<'_, PyAny>,
    fill_value: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("full_like", x.py());
    let model = tensor(op, x)?.get().tensor()?;
    let (fill, _) = self::fill_value(op, fill_value)?;
    let target = dtype::extract_optional(op, dtype)?.unwrap_or(model.dtype());
    match filled(op, fill, target)? {
        // Broadcasting goes by the shape, not by the order in memory.
        make if model.is_contiguous() => like(op, x, dtype, device, make),
        make => {
            dtype::check_device(op, device)?;
            let order = memory_order(model.shape(), &[model.strides()]);
            let out = Tensor::empty_ordered(op, model.shape(), target, &order).py()?;
            let value = detached(py, model.size(), || {
                let value = make(model.shape(), target)?;
                elementwise::assign(op, &out, Operand::Tensor(&value))
            });
            value.py()?;
            PyTensor::wrap(py, out)
        }
    }
}

/// Evenly spaced numbers of an interval.
///
/// Parameters
/// ----------
/// start : int, float or complex
///     The first number.
/// stop : int, float or complex
///     The last number, or with ``endpoint=False`` the first one left out.
/// num : int
///     How many.
/// dtype : dtype, optional
///     By default float64, complex128 where an end is complex. Integers round down.
/// device : "cpu", optional
///     The only device.
/// endpoint : bool, optional
///     Whether the interval is closed.
///
/// Returns
/// -------
/// Tensor
///     Of shape ``(num,)``; its first element is `start` and, where the interval is closed, its last
///     one `stop`, exactly.
///
/// Raises
/// ------
/// ValueError
///     For a negative or too large `num`.
/// TypeError
///     For complex ends and a real dtype.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.linspace(0, 1, 5)
/// Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float64)
///
/// Notes
/// -----
/// Elements are ``start + i * ((stop - start) / intervals)`` in float64, rounded once to the dtype.
/// Array API standard 2025.12, creation functions: ``linspace``.
#[pyfunction]
#[pyo3(signature = (start, stop, /, num, *, dtype=None, device=None, endpoint=true))]
fn linspace(
    start: &Bound<'_, PyAny>,
    stop: &Bound<'_, PyAny>,
    num: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    endpoint: bool,
) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("linspace", start.py());
    let ends = [number(op, "start", start)?.0, number(op, "stop", stop)?.0];
    let num = shape::size(op, "num", num)?;
    let natural =
        if ends.iter().any(|end| matches!(end, Number::Complex(..))) { DType::Complex128 } else { DType::Float64 };
    let dtype = dtype::extract_optional(op, dtype)?.unwrap_or(natural);
    dtype::check_device(op, device)?;
    check_cast(op, natural, dtype)?;
    let [start, stop] = ends.map(|end| match end {
        Number::Complex(re, im) => Ok([re, im]),
        end => real(op, end).map(|value| [value, 0.0]),
    });
    let (start, stop) = (start?, stop?);
    PyTensor::wrap(py, detached(py, num, || create::linspace(start, stop, num, endpoint, dtype)).py()?)
}

/// Coordinate grids from coordinate vectors.
///
/// Parameters
/// ----------
/// arrays : Tensor
///     Any number of vectors; a 0-d tensor counts as a vector of one element.
/// indexing : {"xy", "ij"}, optional
///     Cartesian: the first two axes of the results change places. Or by matrix indices.
///
/// Returns
/// -------
/// tuple of Tensor
///     As many as there are vectors, each of its vector's dtype and of as many dimensions.
///
/// Raises
/// ------
/// ValueError
///     For another `indexing`, or for tensors of more than one dimension.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> x, y = cp.meshgrid(cp.asarray([1, 2]), cp.asarray([10, 20]))
/// >>> x + y
/// Tensor([[11, 12],
///         [21, 22]], dtype=int64)
///
/// Notes
/// -----
/// Exact. The results are copies, as in NumPy.
/// Array API standard 2025.12, creation functions: ``meshgrid``.
#[pyfunction]
#[pyo3(signature = (*arrays, indexing="xy"))]
fn meshgrid<'py>(arrays: &Bound<'py, PyTuple>, indexing: &str) -> PyResult<Bound<'py, PyTuple>> {
    let (op, py) = ("meshgrid", arrays.py());
    if !matches!(indexing, "xy" | "ij") {
        return Err(PyValueError::new_err(format!("{op}: indexing must be 'xy' or 'ij', not {indexing:?}")));
    }
    let objects: Vec<_> = arrays.iter().collect();
    let tensors = objects.iter().map(|object| tensor(op, object)?.get().tensor()).collect::<PyResult<Vec<_>>>()?;
    if let Some(matrix) = tensors.iter().find(|tensor| tensor.ndim() > 1) {
        return Err(PyValueError::new_err(format!(
            "{op}: expected vectors, not a tensor of shape {}",
            corepy_core::error::shape_text(matrix.shape())
        )));
    }
    let ndim = tensors.len();
    let mut axes: Vec<usize> = (0..ndim).collect();
    if indexing == "xy" && ndim >= 2 {
        axes.swap(0, 1);
    }
    let mut sizes = vec![1; ndim];
    for (vector, &axis) in tensors.iter().zip(&axes) {
        sizes[axis] = vector.size();
    }
    let grids = tensors.iter().zip(&axes).map(|(vector, &axis)| {
        let mut view = if vector.ndim() == 0 { vector.expanded(0) } else { (*vector).clone() };
        for _ in axis + 1..ndim {
            view = view.expanded(view.ndim());
        }
        let grid = detached(py, sizes.iter().fold(1, |size: usize, &n| size.saturating_mul(n)), || {
            let view = view.broadcast_to(op, &sizes)?;
            elementwise::cast_contiguous(op, &view, view.dtype())
        });
        PyTensor::wrap(py, grid.py()?)
    });
    PyTuple::new(py, grids.collect::<PyResult<Vec<_>>>()?)
}

/// A tensor filled with ones.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.ones(3)
/// Tensor([1., 1., 1.], dtype=float64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``ones``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
fn ones(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("ones", shape, dtype, device, one("ones"))
}

/// A tensor of another's shape, filled with ones.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// dtype : dtype, optional
///     By default that of `x`.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape of `x`, its axes in memory in the same order.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.ones_like(cp.asarray([4, 5]))
/// Tensor([1, 1], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``ones_like``.
#[pyfunction]
#[pyo3(signature = (x, /, *, dtype=None, device=None))]
fn ones_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("ones_like", x, dtype, device, one("ones_like"))
}

fn triangle(
    op: &'static str,
    x: &Bound<'_, PyAny>,
    k: Option<&Bound<'_, PyAny>>,
    lower: bool,
) -> PyResult<Py<PyTensor>> {
    let source = tensor(op, x)?.get().tensor()?;
    let k = k.map_or(Ok(0), |k| shape::clamped(op, "k", k))?;
    let result = detached(x.py(), source.size(), || create::triangle(op, source, k, lower));
    PyTensor::wrap(x.py(), result.py()?)
}

/// The lower triangle of each matrix in a stack: elements above the diagonal are zero.
///
/// Parameters
/// ----------
/// x : Tensor
///     Of shape ``(..., M, N)``, any dtype.
/// k : int, optional
///     The diagonal above which elements are zeroed: 0 is the main one, positive numbers lie
///     above it.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape and dtype.
///
/// Raises
/// ------
/// ValueError
///     If there are fewer than two dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.tril(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([[1, 0],
///         [3, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``tril``.
#[pyfunction]
#[pyo3(signature = (x, /, *, k=None), text_signature = "(x, /, *, k=0)")]
fn tril(x: &Bound<'_, PyAny>, k: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    triangle("tril", x, k, true)
}

/// The upper triangle of each matrix in a stack: elements below the diagonal are zero.
///
/// Parameters
/// ----------
/// x : Tensor
///     Of shape ``(..., M, N)``, any dtype.
/// k : int, optional
///     The diagonal below which elements are zeroed: 0 is the main one, positive numbers lie
///     above it.
///
/// Returns
/// -------
/// Tensor
///     Of the same shape and dtype.
///
/// Raises
/// ------
/// ValueError
///     If there are fewer than two dimensions.
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.triu(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([[1, 2],
///         [0, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``triu``.
#[pyfunction]
#[pyo3(signature = (x, /, *, k=None), text_signature = "(x, /, *, k=0)")]
fn triu(x: &Bound<'_, PyAny>, k: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    triangle("triu", x, k, false)
}

/// A tensor filled with zeros.
///
/// Parameters
/// ----------
/// shape : int or sequence of int
///     Sizes, each at least 0.
/// dtype : dtype, optional
///     By default float64.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape and dtype, in C order.
///
/// Raises
/// ------
/// ValueError
///     For a negative size, and where the product of the sizes is too large.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.zeros(3)
/// Tensor([0., 0., 0.], dtype=float64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``zeros``.
#[pyfunction]
#[pyo3(signature = (shape, *, dtype=None, device=None))]
fn zeros(
    shape: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    made("zeros", shape, dtype, device, |shape, dtype| create::zeros("zeros", shape, dtype))
}

/// A tensor of another's shape, filled with zeros.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape and dtype.
/// dtype : dtype, optional
///     By default that of `x`.
/// device : "cpu", optional
///     The only device.
///
/// Returns
/// -------
/// Tensor
///     Of the shape of `x`, its axes in memory in the same order.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
/// MemoryError
///     If there is not enough memory.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.zeros_like(cp.asarray([4, 5]))
/// Tensor([0, 0], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``zeros_like``.
#[pyfunction]
#[pyo3(signature = (x, /, *, dtype=None, device=None))]
fn zeros_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("zeros_like", x, dtype, device, |shape, dtype| create::zeros("zeros_like", shape, dtype))
}
