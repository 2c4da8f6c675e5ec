//! Variance and standard deviation, composed of reductions and element-wise operations.

use corepy_core::shape::normalize_axes;
use corepy_core::{DType, Error, Op, Reduction, Result, Tensor};

use crate::elementwise::{self, Operand, Scalar};
use crate::reduce;

/// The variance of `tensor` over `axes` (all of them without), or its root, by the two-pass
/// algorithm: the mean first, then the mean squared distance from it, with `count - correction` in
/// place of the count. float32 is computed in float64 and rounded once.
pub fn variance(
    op: &'static str,
    tensor: &Tensor,
    axes: Option<&[i64]>,
    correction: f64,
    keepdims: bool,
    root: bool,
) -> Result<Tensor> {
    let is_reduced = normalize_axes(op, axes, tensor.ndim())?;
    if tensor.dtype() == DType::Bool {
        return Err(Error::UnsupportedDType { op, dtypes: vec![DType::Bool], expected: "numeric" });
    }
    let count: usize =
        tensor.shape().iter().zip(&is_reduced).filter(|(_, is_reduced)| **is_reduced).map(|(&size, _)| size).product();
    let wide = if tensor.dtype().is_complex() { DType::Complex128 } else { DType::Float64 };
    let cast;
    let x = if tensor.dtype() == wide {
        tensor
    } else {
        cast = elementwise::cast(op, tensor, wide)?;
        &cast
    };
    let mean = reduce::reduce(Reduction::Mean, x, axes, None, true)?;
    let mut distance =
        elementwise::apply(const { Op::named("subtract") }, &[Operand::Tensor(x), Operand::Tensor(&mean)])?;
    if wide.is_complex() {
        distance = elementwise::apply(const { Op::named("abs") }, &[Operand::Tensor(&distance)])?;
    }
    let squared = elementwise::apply(const { Op::named("square") }, &[Operand::Tensor(&distance)])?;
    let sum = reduce::reduce(Reduction::Sum, &squared, axes, None, keepdims)?;
    // As in NumPy, a divisor that the correction makes negative counts as 0.
    let divisor = Scalar::from_bytes(&(count as f64 - correction).max(0.0).to_ne_bytes(), DType::Float64);
    let mut result =
        elementwise::apply(const { Op::named("divide") }, &[Operand::Tensor(&sum), Operand::Scalar(&divisor)])?;
    if root {
        result = elementwise::apply(const { Op::named("sqrt") }, &[Operand::Tensor(&result)])?;
    }
    match tensor.dtype().real() {
        DType::Float32 => elementwise::cast(op, &result, DType::Float32),
        _ => Ok(result),
    }
}
