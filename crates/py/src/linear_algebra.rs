//! Linear algebra functions of the main namespace: products and the transpose.

use corepy_core::shape::{Shape, normalize_axis};
use corepy_core::{Error, Tensor};
use corepy_kernels::matmul as products;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::argument::{Argument, OperatorArgument};
use crate::error::IntoPython;
use crate::function::argument;
use crate::reduce;
use crate::shape::type_name;
use crate::tensor::{PyTensor, detached};

/// Adds the functions of this file.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(matmul, module)?)?;
    module.add_function(wrap_pyfunction!(matrix_transpose, module)?)?;
    module.add_function(wrap_pyfunction!(tensordot, module)?)?;
    module.add_function(wrap_pyfunction!(vecdot, module)?)
}

/// The tensor that an argument of `op` is.
fn tensor_of<'a>(op: &str, argument: &'a Argument<'_, '_>) -> PyResult<&'a Tensor> {
    argument
        .tensor()?
        .ok_or_else(|| PyTypeError::new_err(format!("{op}: expected a corepy tensor, not a Python scalar")))
}

/// An estimate of the elements that a product touches.
fn work(a: &Tensor, b: &Tensor) -> usize {
    let rows = if a.ndim() > 1 { a.shape()[a.ndim() - 2] } else { 1 };
    a.size().saturating_add(b.size().saturating_mul(rows.max(1)))
}

fn multiply(py: Python<'_>, a: &Tensor, b: &Tensor) -> PyResult<Py<PyTensor>> {
    PyTensor::wrap(py, detached(py, work(a, b), || products::matmul("matmul", a, b)).py()?)
}

#[pymethods]
impl PyTensor {
    fn __matmul__(slf: &Bound<'_, Self>, other: OperatorArgument<'_, '_>) -> PyResult<Py<PyTensor>> {
        multiply(slf.py(), slf.get().tensor()?, tensor_of("matmul", &other.0)?)
    }
    fn __rmatmul__(slf: &Bound<'_, Self>, other: OperatorArgument<'_, '_>) -> PyResult<Py<PyTensor>> {
        multiply(slf.py(), tensor_of("matmul", &other.0)?, slf.get().tensor()?)
    }
    fn __imatmul__(slf: &Bound<'_, Self>, other: OperatorArgument<'_, '_>) -> PyResult<()> {
        let out = slf.get().about_to_write()?;
        out.require_writable("matmul").py()?;
        let b = tensor_of("matmul", &other.0)?;
        let result = detached(slf.py(), work(out, b), || products::matmul("matmul", out, b)).py()?;
        if !result.dtype().can_cast_same_kind(out.dtype()) {
            return Err(crate::error::to_python(&Error::Cast { op: "matmul", from: result.dtype(), to: out.dtype() }));
        }
        if result.shape() != out.shape() {
            let shapes = vec![out.shape().to_vec(), result.shape().to_vec()];
            return Err(crate::error::to_python(&Error::Broadcast { op: "matmul", shapes }));
        }
        // Meanwhile other threads, or a signal's handler, may have deferred what reads it.
        let out = slf.get().about_to_write()?;
        let value = corepy_kernels::elementwise::Operand::Tensor(&result);
        corepy_kernels::elementwise::assign("matmul", out, value).py()
    }
}

/// Matrix product.
///
/// Parameters
/// ----------
/// x1 : Tensor
///     Shape (..., M, K), or (K,), which counts as a row; numeric dtype.
/// x2 : Tensor
///     Shape (..., K, N), or (K,), which counts as a column; numeric dtype. Leading dimensions broadcast.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., M, N) without the dimension of a row or column; the promoted dtype.
///
/// Raises
/// ------
/// ValueError
///     For a 0-d tensor, shapes that do not match, or leading dimensions that do not broadcast.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.matmul(cp.asarray([[1, 2], [3, 4]]), cp.asarray([1, 1]))
/// Tensor([3, 7], dtype=int64)
///
/// Notes
/// -----
/// Each element is a sum over K in the dtype of the result, fused multiply-adds in ascending order: the
/// error is at most K 2^-53 (float32: K 2^-24) times the sum of magnitudes of the products. Products with
/// a vector sum in 32 (float32: 64) interleaved parts, and by runs of 32,768 elements. Integers wrap; of bool, which the
/// standard leaves out, a product is whether any pair is true, as in NumPy. The bits do not depend on the number of
/// threads, nor on AVX2 or AVX-512.
/// Array API standard 2025.12, linear algebra functions: ``matmul``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /))]
fn matmul(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "matmul";
    let arguments = [argument(op, x1)?, argument(op, x2)?];
    multiply(x1.py(), tensor_of(op, &arguments[0])?, tensor_of(op, &arguments[1])?)
}

/// Transposes each matrix of a stack.
///
/// Parameters
/// ----------
/// x : Tensor
///     Shape (..., M, N); any dtype.
///
/// Returns
/// -------
/// Tensor
///     Shape (..., N, M): a view.
///
/// Raises
/// ------
/// ValueError
///     For fewer than 2 dimensions.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.matrix_transpose(cp.asarray([[1, 2], [3, 4]]))
/// Tensor([[1, 3],
///         [2, 4]], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, linear algebra functions: ``matrix_transpose``.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn matrix_transpose(x: &Bound<'_, PyAny>) -> PyResult<Py<PyTensor>> {
    let op = "matrix_transpose";
    let x1 = argument(op, x)?;
    PyTensor::wrap(x.py(), tensor_of(op, &x1)?.matrix_transpose(op).py()?)
}

/// The axes of one tensor, counted from the front, each at most once.
fn distinct_axes(op: &'static str, axes: &[i64], ndim: usize) -> PyResult<Shape> {
    let mut result = Shape::new();
    for &axis in axes {
        let axis = normalize_axis(op, axis, ndim).py()?;
        if result.contains(&axis) {
            return Err(crate::error::to_python(&Error::RepeatedAxis { op, axis }));
        }
        result.push(axis);
    }
    Ok(result)
}

/// Sum of products over axes of two tensors.
///
/// Parameters
/// ----------
/// x1, x2 : Tensor
///     Any shapes; numeric dtypes.
/// axes : int or tuple of two sequences of int
///     A number N: the last N axes of `x1` with the first N of `x2`, in order. Two sequences of equal
///     length: the axes of `x1` and those of `x2` that go with them, negative ones counted from the last.
///
/// Returns
/// -------
/// Tensor
///     The other axes of `x1`, then those of `x2`; the promoted dtype.
///
/// Raises
/// ------
/// ValueError
///     If paired axes differ in size, an axis is repeated, the sequences differ in length, or N is
///     negative.
/// IndexError
///     If an axis is out of bounds, or N is more than a tensor's dimensions.
/// TypeError
///     If an argument is not a tensor, or `axes` is neither.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.tensordot(cp.asarray([[1, 2], [3, 4]]), cp.asarray([[1, 0], [0, 1]]), axes=2)
/// Tensor(5, dtype=int64)
///
/// Notes
/// -----
/// Computed as a matrix product, with the bounds of ``matmul``.
/// Array API standard 2025.12, linear algebra functions: ``tensordot``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, axes=None), text_signature = "(x1, x2, /, *, axes=2)")]
fn tensordot(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>, axes: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("tensordot", x1.py());
    let arguments = [argument(op, x1)?, argument(op, x2)?];
    let (a, b) = (tensor_of(op, &arguments[0])?, tensor_of(op, &arguments[1])?);
    let pair = match axes {
        None => None,
        Some(axes) if axes.is_instance_of::<PyTuple>() || axes.is_instance_of::<PyList>() => {
            if axes.len()? != 2 {
                return Err(PyValueError::new_err(format!(
                    "{op}: axes must be a number or two sequences, not {} of them",
                    axes.len()?
                )));
            }
            Some((reduce::axes(op, &axes.get_item(0)?)?, reduce::axes(op, &axes.get_item(1)?)?))
        }
        Some(axes) => {
            let count = reduce::axes(op, axes)
                .map_err(|_| {
                    PyTypeError::new_err(format!(
                        "{op}: axes must be an integer or two sequences of integers, not {}",
                        type_name(axes)
                    ))
                })?
                .first()
                .copied()
                .unwrap_or(0);
            Some(last_with_first(op, count, a, b)?)
        }
    };
    let (axes1, axes2) = match pair {
        Some(pair) => pair,
        None => last_with_first(op, 2, a, b)?,
    };
    if axes1.len() != axes2.len() {
        return Err(PyValueError::new_err(format!(
            "{op}: {} axes of the first tensor for {} of the second",
            axes1.len(),
            axes2.len()
        )));
    }
    let axes1 = distinct_axes(op, &axes1, a.ndim())?;
    let axes2 = distinct_axes(op, &axes2, b.ndim())?;
    let result = detached(py, work(a, b), || products::tensordot(op, a, b, &axes1, &axes2)).py()?;
    PyTensor::wrap(py, result)
}

/// The last `count` axes of `a` and the first of `b`.
fn last_with_first(op: &'static str, count: i64, a: &Tensor, b: &Tensor) -> PyResult<(reduce::Axes, reduce::Axes)> {
    if count < 0 {
        return Err(PyValueError::new_err(format!("{op}: the number of axes must not be negative, got {count}")));
    }
    for tensor in [a, b] {
        if count as usize > tensor.ndim() {
            return Err(crate::error::to_python(&Error::AxisOutOfRange { op, axis: count - 1, ndim: tensor.ndim() }));
        }
    }
    let first = a.ndim() as i64 - count;
    Ok(((first..first + count).collect(), (0..count).collect()))
}

/// Dot products of vectors.
///
/// Parameters
/// ----------
/// x1, x2 : Tensor
///     At least one dimension each; numeric dtypes. All axes but `axis` broadcast.
/// axis : int
///     The axis to sum over, of equal size in both; negative, counted from the last.
///
/// Returns
/// -------
/// Tensor
///     The broadcast shape without `axis`; the promoted dtype.
///
/// Raises
/// ------
/// ValueError
///     For a 0-d tensor, sizes along `axis` that differ, or other axes that do not broadcast.
/// IndexError
///     If the axis is out of bounds.
/// TypeError
///     If an argument is not a tensor.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.vecdot(cp.asarray([1 + 1j, 2]), cp.asarray([1j, 1]))
/// Tensor((3+1j), dtype=complex128)
///
/// Notes
/// -----
/// `x1` is conjugated where complex. Summed in 32 (float32: 64) interleaved parts, in the dtype of the result: the
/// error of n products is at most (n / 32 + 5) 2^-53 times the sum of their magnitudes. Integers wrap.
/// Array API standard 2025.12, linear algebra functions: ``vecdot``.
#[pyfunction]
#[pyo3(signature = (x1, x2, /, *, axis=-1), text_signature = "(x1, x2, /, *, axis=-1)")]
fn vecdot(x1: &Bound<'_, PyAny>, x2: &Bound<'_, PyAny>, axis: i64) -> PyResult<Py<PyTensor>> {
    let (op, py) = ("vecdot", x1.py());
    let arguments = [argument(op, x1)?, argument(op, x2)?];
    let (a, b) = (tensor_of(op, &arguments[0])?, tensor_of(op, &arguments[1])?);
    let result = detached(py, a.size().max(b.size()), || products::vecdot(op, a, b, axis)).py()?;
    PyTensor::wrap(py, result)
}
