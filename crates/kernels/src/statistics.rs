//! Variance and standard deviation: sums of squared distances from the mean, divided.

use corepy_core::shape::{Shape, normalize_axes};
use corepy_core::{DType, Error, Op, Result, Tensor};

use crate::elementwise::{self, Operand, Scalar};
use crate::reduce;

/// The variance of `tensor` over `axes` (all of them without), or its root: the sum of squared distances from the mean
/// over `count - correction`. float32 is computed in float64 and rounded once.
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
    let mut shape = Shape::new();
    for (&size, &is_reduced) in tensor.shape().iter().zip(&is_reduced) {
        if !is_reduced || keepdims {
            shape.push(if is_reduced { 1 } else { size });
        }
    }
    let zero = Scalar::from_bytes(&[0; 8], DType::Float64);
    let result = if tensor.size() == 0 {
        elementwise::full(op, &shape, &zero)?
    } else if count == 1 {
        squared_distance_from_itself(op, tensor)?.reshaped_contiguous(&shape)
    } else {
        reduce::squares(op, tensor, &is_reduced, &shape)?
    };
    // As in NumPy, a divisor that the correction makes negative counts as 0.
    let divisor = Scalar::from_bytes(&(count as f64 - correction).max(0.0).to_ne_bytes(), DType::Float64);
    let operands = [Operand::Tensor(&result), Operand::Scalar(&divisor)];
    elementwise::apply_into(const { Op::named("divide") }, &operands, &result)?;
    if root {
        elementwise::apply_into(const { Op::named("sqrt") }, &[Operand::Tensor(&result)], &result)?;
    }
    match tensor.dtype().real() {
        DType::Float32 => elementwise::cast(op, &result, DType::Float32),
        _ => Ok(result),
    }
}

/// What a mean of one element leaves of it: 0, or NaN where the element is not finite. Contiguous.
fn squared_distance_from_itself(op: &'static str, tensor: &Tensor) -> Result<Tensor> {
    let tensor = Operand::Tensor(tensor);
    let mut distance = elementwise::apply(const { Op::named("subtract") }, &[tensor, tensor])?;
    if distance.dtype().is_complex() {
        distance = elementwise::apply(const { Op::named("abs") }, &[Operand::Tensor(&distance)])?;
    }
    elementwise::cast_contiguous(op, &distance, DType::Float64)
}
