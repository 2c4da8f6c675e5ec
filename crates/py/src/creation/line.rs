//! Evenly spaced numbers, and grids of coordinates.

use corepy_core::DType;
use corepy_kernels::create::{self, Range};
use corepy_kernels::elementwise;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{integer_dtype, number, real};
use crate::argument::Number;
use crate::data_types::{check_cast, tensor};
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};
use crate::{dtype, shape};

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
pub fn arange(
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
pub fn linspace(
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
pub fn meshgrid<'py>(arrays: &Bound<'py, PyTuple>, indexing: &str) -> PyResult<Bound<'py, PyTuple>> {
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
