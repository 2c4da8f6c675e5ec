//! `clip`, whose bounds may be absent.

use corepy_core::{DType, Op};
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::argument::{Argument, Number};
use crate::function;
use crate::tensor::PyTensor;

const CLIP: Op = Op::named("clip");

/// Adds `clip`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(clip, module)?)
}

/// Each element of `x` clamped to the range ``[min, max]``.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any shape; real-valued dtype.
/// min, max : Tensor or Python scalar, optional
///     Bounds that broadcast with `x`; None is no bound. Tensors and `x` are promoted together, as in
///     NumPy 2; a scalar takes part in their dtype.
///
/// Returns
/// -------
/// Tensor
///     The broadcast shape, of the promoted dtype.
///
/// Raises
/// ------
/// TypeError
///     For a dtype that is not real-valued.
/// ValueError
///     If the shapes do not broadcast.
/// OverflowError
///     If a Python integer does not fit the dtype and would leave no element as it is.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.clip(cp.asarray([-1.5, 0.5, 3.0]), 0, 1)
/// Tensor([0. , 0.5, 1. ], dtype=float64)
///
/// Notes
/// -----
/// Exact. Where ``min > max`` the result is `max`, as in NumPy. NaN in any of the three gives NaN. A
/// Python integer that no element of an integer dtype exceeds is no bound.
/// Array API standard 2025.12, element-wise functions: ``clip``.
#[pyfunction]
#[pyo3(signature = (x, /, min=None, max=None))]
fn clip<'py>(
    x: &Bound<'py, PyAny>,
    min: Option<&Bound<'py, PyAny>>,
    max: Option<&Bound<'py, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    let arguments = [
        Some(function::argument(CLIP.name(), x)?),
        min.map(|min| function::argument(CLIP.name(), min)).transpose()?,
        max.map(|max| function::argument(CLIP.name(), max)).transpose()?,
    ];
    let dtype = promoted(&arguments);
    let [x, min, max] = arguments;
    let min = min.filter(|min| !is_no_bound(min, dtype, |value, (low, _)| value <= low));
    let max = max.filter(|max| !is_no_bound(max, dtype, |value, (_, high)| value >= high));
    let x = x.expect("given");
    let low = min.map_or_else(|| limit(py, dtype, true), Ok)?;
    let high = max.map_or_else(|| limit(py, dtype, false), Ok)?;
    function::apply(py, CLIP, &[x, low, high])
}

/// The dtype of all three together.
fn promoted(arguments: &[Option<Argument<'_, '_>>]) -> DType {
    let present = arguments.iter().flatten();
    let strong = present.clone().filter_map(Argument::dtype);
    let numbers = present.filter_map(Argument::number);
    match DType::promote_all(strong) {
        Some(dtype) => numbers.fold(dtype, |dtype, number| number.dtype_beside(dtype)),
        None => numbers.map(Number::default_dtype).reduce(DType::promote).unwrap_or(DType::Float64),
    }
}

/// Whether a bound is a Python integer that bounds no element of an integer dtype.
fn is_no_bound(bound: &Argument<'_, '_>, dtype: DType, beyond: impl Fn(i128, (i128, i128)) -> bool) -> bool {
    let value = match bound {
        Argument::Int(_) => match bound.number() {
            Some(Number::Int(value)) => value,
            Some(Number::Huge(true)) => i128::MIN,
            _ => i128::MAX,
        },
        _ => return false,
    };
    dtype.integer_range().is_some_and(|range| beyond(value, range))
}

/// A bound that leaves each element of `dtype` as it is.
fn limit<'py>(py: Python<'py>, dtype: DType, low: bool) -> PyResult<Argument<'static, 'py>> {
    let range = match dtype {
        DType::Bool => Some((0, 1)),
        _ => dtype.integer_range(),
    };
    Ok(match range {
        Some((least, greatest)) => Argument::Number(PyInt::new(py, if low { least } else { greatest }).into_any()),
        None => Argument::Float(if low { f64::NEG_INFINITY } else { f64::INFINITY }),
    })
}
