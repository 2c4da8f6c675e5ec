//! Tensors of one value that take after another.

use corepy_core::plan::memory_order;
use corepy_core::{DType, Tensor};
use corepy_kernels::create;
use corepy_kernels::elementwise::{self, Operand};
use pyo3::prelude::*;

use super::constant::{fill_value, filled, one};
use crate::data_types::tensor;
use crate::dtype;
use crate::error::IntoPython;
use crate::tensor::{PyTensor, detached};

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
pub fn empty_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("empty_like", x, dtype, device, |shape, dtype| Tensor::empty("empty_like", shape, dtype))
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
pub fn full_like(
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
pub fn ones_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("ones_like", x, dtype, device, one("ones_like"))
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
pub fn zeros_like(
    x: &Bound<'_, PyAny>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyTensor>> {
    like("zeros_like", x, dtype, device, |shape, dtype| create::zeros("zeros_like", shape, dtype))
}
