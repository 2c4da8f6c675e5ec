//! Deferred results: when they are made and evaluated, and the functions that show and steer it.

use std::sync::Arc;

use corepy_core::storage::Storage;
use corepy_core::{DType, Op, Reduction, Tensor};
use corepy_kernels::elementwise::Scalar;
use corepy_kernels::fusion::{self, Input, Node, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyTuple};
use smallvec::SmallVec;

use crate::argument::{Argument, scalars};
use crate::data_types::tensor;
use crate::error::IntoPython;
use crate::tensor::PyTensor;

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(explain, module)?)?;
    module.add_function(wrap_pyfunction!(set_fusion, module)?)
}

/// The values of what is pending, without the GIL: another thread may evaluate them now, and need it.
#[cold]
pub fn evaluated(value: &Value) -> PyResult<&Tensor> {
    match value {
        Value::Tensor(tensor) => Ok(tensor),
        Value::Pending(node) => Python::attach(|py| py.detach(|| node.evaluate())).py(),
    }
}

/// Evaluates what is pending and reads the storage of `tensor`, which is about to be written.
pub fn settle(tensor: &Tensor) -> PyResult<()> {
    let storage = tensor.storage();
    if storage.has_readers() { Python::attach(|py| py.detach(|| storage.settle())).py() } else { Ok(()) }
}

/// Memory that somebody outside corepy may write at any time while this exists: nothing is deferred
/// that reads it.
pub struct Exposure(Storage);

impl Exposure {
    /// Of the memory of a writable tensor; of a read-only one nothing.
    pub fn new(tensor: &Tensor) -> PyResult<Option<Exposure>> {
        if !tensor.is_writable() {
            return Ok(None);
        }
        tensor.storage().expose();
        let exposure = Exposure(tensor.storage().clone());
        settle(tensor)?;
        Ok(Some(exposure))
    }
}

impl Drop for Exposure {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

/// Whether an operand is large enough for its results to be deferred.
#[inline]
fn is_large(argument: &Argument<'_, '_>) -> bool {
    argument.value().is_some_and(|value| value.size() >= fusion::threshold())
}

#[inline]
fn input(value: &Value) -> PyResult<Input<'_>> {
    Ok(match (value.tensor(), value) {
        (Some(tensor), _) => Input::Tensor(tensor),
        (None, Value::Pending(node)) => Input::Node(node),
        (None, Value::Tensor(tensor)) => Input::Tensor(tensor),
    })
}

fn wrap(py: Python<'_>, node: Option<Arc<Node>>) -> PyResult<Option<Py<PyTensor>>> {
    node.map(|node| Py::new(py, PyTensor { value: Value::Pending(node) })).transpose()
}

/// The deferred result of `op`, or None where it is to be evaluated at once.
#[inline]
pub fn apply(py: Python<'_>, op: Op, arguments: &[Argument<'_, '_>]) -> PyResult<Option<Py<PyTensor>>> {
    if arguments.iter().any(is_large) { defer(py, op, arguments) } else { Ok(None) }
}

fn defer(py: Python<'_>, op: Op, arguments: &[Argument<'_, '_>]) -> PyResult<Option<Py<PyTensor>>> {
    let scalars = scalars(op, arguments)?;
    let mut inputs: SmallVec<[Input<'_>; 3]> = SmallVec::new();
    for (scalar, argument) in scalars.iter().zip(arguments) {
        inputs.push(match (scalar, argument.value()) {
            (Some(scalar), _) => Input::Scalar(scalar),
            (None, Some(value)) => input(value)?,
            (None, None) => return Ok(None),
        });
    }
    // Operands of another shape or of too long a chain are evaluated on the way.
    wrap(py, py.detach(|| fusion::apply(op, &inputs)).py()?)
}

/// The deferred reduction of rows, or None where it is to be done at once.
pub fn reduce_later(
    py: Python<'_>,
    reduction: Reduction,
    source: &PyTensor,
    axes: Option<&[i64]>,
) -> PyResult<Option<Py<PyTensor>>> {
    if source.value.size() < fusion::threshold() {
        return Ok(None);
    }
    let input = input(&source.value)?;
    wrap(py, py.detach(|| fusion::reduce_later(reduction, input, axes)).py()?)
}

/// The deferred cast of `source`, or None where it is to be done at once.
pub fn cast(py: Python<'_>, source: &PyTensor, dtype: DType) -> PyResult<Option<Py<PyTensor>>> {
    if source.value.size() < fusion::threshold() {
        return Ok(None);
    }
    let input = input(&source.value)?;
    wrap(py, py.detach(|| fusion::cast(input, dtype)).py()?)
}

/// The deferred `where`, or None where it is to be evaluated at once.
pub fn select(
    py: Python<'_>,
    operands: [&Argument<'_, '_>; 3],
    scalars: [Option<&Scalar>; 3],
) -> PyResult<Option<Py<PyTensor>>> {
    if !operands.into_iter().any(is_large) {
        return Ok(None);
    }
    let operand = |index: usize| match (scalars[index], operands[index].value()) {
        (Some(scalar), _) => Ok(Input::Scalar(scalar)),
        (None, Some(value)) => input(value),
        (None, None) => Err(PyTypeError::new_err("where: unsupported operand")),
    };
    let (condition, chosen, other) = (operand(0)?, operand(1)?, operand(2)?);
    wrap(py, py.detach(|| fusion::select(condition, chosen, other)).py()?)
}

/// Evaluates pending results.
///
/// Results of element-wise operations on 32768 elements and more are deferred, and reductions along the last
/// axis with ``keepdims=True``, so that a whole expression runs in one pass over memory; they are evaluated
/// when their values are needed: by indexing, any other operation, conversion or printing. This function evaluates them now, for instance before
/// a measurement ends.
///
/// Parameters
/// ----------
/// tensors : Tensor
///     Any number of tensors; those that are not pending stay as they are.
///
/// Returns
/// -------
/// Tensor or tuple of Tensor
///     The only argument, or all of them: the same objects.
///
/// Raises
/// ------
/// TypeError
///     If an argument is not a tensor, or there is none.
/// MemoryError
///     If there is no memory for the values; the tensors stay pending.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> x = cp.ones(100_000)
/// >>> y = cp.evaluate(x * 2 + 1)
/// >>> y[0]
/// Tensor(3.0, dtype=float64)
#[pyfunction]
#[pyo3(signature = (*tensors))]
fn evaluate<'py>(tensors: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    if tensors.is_empty() {
        return Err(PyTypeError::new_err("evaluate: at least one tensor is required"));
    }
    // All are checked before any is evaluated; the last first, which may compute the others on the way.
    let objects: Vec<Bound<'py, PyAny>> = tensors.iter().collect();
    let checked = objects.iter().map(|object| tensor("evaluate", object)).collect::<PyResult<Vec<_>>>()?;
    for tensor in checked.iter().rev() {
        tensor.get().tensor()?;
    }
    if objects.len() == 1 { tensors.get_item(0) } else { Ok(tensors.clone().into_any()) }
}

/// What evaluating a pending tensor would do.
///
/// Parameters
/// ----------
/// x : Tensor
///     Any tensor.
///
/// Returns
/// -------
/// str
///     The operations of the program and what they read and write: ``in`` are tensors and numbers, ``t``
///     temporaries that stay in the caches, ``out`` is written to memory. What stands behind a bar runs together in
///     registers, where no temporary is needed. Then the blocks, the
///     threads, and the bytes that are read and written. One line for a tensor that is in memory.
///
/// Raises
/// ------
/// TypeError
///     If `x` is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> x = cp.ones(100_000)
/// >>> print(cp.explain(x * x + 1))  # doctest: +ELLIPSIS
/// pending float64 of shape (100000,): 2 operations in one pass
///   in0 = float64 100000 elements
///   in1 = float64 number
///  |t0 = multiply(in0, in0) float64
///  |out0 = add(t0, in1) float64
///   ...
/// >>> print(cp.explain(x))
/// in memory: float64 of shape (100000,)
#[pyfunction]
#[pyo3(signature = (x, /))]
fn explain(x: &Bound<'_, PyAny>) -> PyResult<String> {
    let value = &tensor("explain", x)?.get().value;
    let text = match value.pending() {
        Some(node) => x.py().detach(|| fusion::explain(node)).py()?,
        None => None,
    };
    Ok(text.unwrap_or_else(|| {
        format!("in memory: {} of shape {}", value.dtype(), corepy_core::error::shape_text(value.shape()))
    }))
}

/// Sets whether large element-wise results are deferred.
///
/// Parameters
/// ----------
/// enabled : bool
///     The setting.
///
/// Returns
/// -------
/// bool
///     What was set before.
#[pyfunction]
#[pyo3(signature = (enabled, /))]
fn set_fusion(enabled: bool) -> bool {
    fusion::set_enabled(enabled)
}
