//! Norms of vectors and matrices, composed of element-wise operations, reductions and singular values.

use corepy_core::shape::normalize_axes;
use corepy_core::{DType, Error, Op, Reduction, Result, Tensor};

use super::{stack, svd};
use crate::elementwise::{self, Operand, Scalar};
use crate::reduce;

/// Which norm of a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MatrixNorm {
    /// The root of the sum of squares.
    Frobenius,
    /// The sum of the singular values.
    Nuclear,
    /// 1, 2, inf, and their negatives.
    Order(f64),
}

fn apply(op: Op, x: &Tensor) -> Result<Tensor> {
    elementwise::apply(op, &[Operand::Tensor(x)])
}

fn number(value: f64) -> Scalar {
    Scalar::from_bytes(&value.to_ne_bytes(), DType::Float64)
}

fn power(x: &Tensor, exponent: f64) -> Result<Tensor> {
    elementwise::apply(const { Op::named("pow") }, &[Operand::Tensor(x), Operand::Scalar(&number(exponent))])
}

fn sum(x: &Tensor, axes: Option<&[i64]>, keepdims: bool) -> Result<Tensor> {
    reduce::reduce(Reduction::Sum, x, axes, Some(DType::Float64), keepdims)
}

/// `x` in float64 or complex128.
fn widened(op: &'static str, x: &Tensor) -> Result<Tensor> {
    let wide = if x.dtype().is_complex() { DType::Complex128 } else { DType::Float64 };
    if x.dtype() == wide { Ok(x.clone()) } else { elementwise::cast(op, x, wide) }
}

/// The greatest or the smallest element over `axes`; over no elements 0 and infinity, as the norms of
/// nothing are.
fn extreme(x: &Tensor, reduction: Reduction, axes: Option<&[i64]>, keepdims: bool) -> Result<Tensor> {
    match reduce::reduce(reduction, x, axes, None, keepdims) {
        Err(Error::Value { .. }) => {
            let zeros = sum(x, axes, keepdims)?;
            let value = if reduction == Reduction::Max { 0.0 } else { f64::INFINITY };
            elementwise::full(reduction.name(), zeros.shape(), &number(value))
        }
        other => other,
    }
}

/// The norm of order `order` over `axes` (all of them without). Computed in float64.
pub fn vector_norm(op: &'static str, x: &Tensor, axes: Option<&[i64]>, keepdims: bool, order: f64) -> Result<Tensor> {
    normalize_axes(op, axes, x.ndim())?;
    let result = stack::floating(x.dtype()).real();
    let norm = if order == 0.0 {
        let zero = Scalar::from_bytes(&[0; 16], x.dtype());
        let differs =
            elementwise::apply(const { Op::named("not_equal") }, &[Operand::Tensor(x), Operand::Scalar(&zero)])?;
        sum(&differs, axes, keepdims)?
    } else {
        let wide = widened(op, x)?;
        if order == 2.0 {
            const SQUARE: Op = Op::named("square");
            let mut total = if wide.dtype().is_complex() {
                let (re, im) = (apply(SQUARE, &wide.component(0))?, apply(SQUARE, &wide.component(1))?);
                let add = const { Op::named("add") };
                sum(&elementwise::apply(add, &[Operand::Tensor(&re), Operand::Tensor(&im)])?, axes, keepdims)?
            } else {
                sum(&apply(SQUARE, &wide)?, axes, keepdims)?
            };
            total = apply(const { Op::named("sqrt") }, &total)?;
            total
        } else {
            let magnitudes = apply(const { Op::named("abs") }, &wide)?;
            if order == f64::INFINITY {
                extreme(&magnitudes, Reduction::Max, axes, keepdims)?
            } else if order == f64::NEG_INFINITY {
                extreme(&magnitudes, Reduction::Min, axes, keepdims)?
            } else if order == 1.0 {
                sum(&magnitudes, axes, keepdims)?
            } else {
                power(&sum(&power(&magnitudes, order)?, axes, keepdims)?, order.recip())?
            }
        }
    };
    if norm.dtype() == result { Ok(norm) } else { elementwise::cast(op, &norm, result) }
}

/// The norm of each matrix.
pub fn matrix_norm(x: &Tensor, keepdims: bool, norm: MatrixNorm) -> Result<Tensor> {
    let op = "matrix_norm";
    stack::check_matrix(op, x)?;
    let result = stack::floating(x.dtype()).real();
    let value = match norm {
        MatrixNorm::Frobenius => return vector_norm(op, x, Some(&[-2, -1]), keepdims, 2.0),
        MatrixNorm::Nuclear => sum(&svd::values(op, x)?, Some(&[-1]), false)?,
        MatrixNorm::Order(order) => {
            let reduction = if order > 0.0 { Reduction::Max } else { Reduction::Min };
            if order.abs() == 2.0 {
                extreme(&svd::values(op, x)?, reduction, Some(&[-1]), false)?
            } else if order.abs() == 1.0 || order.abs() == f64::INFINITY {
                let magnitudes = apply(const { Op::named("abs") }, &widened(op, x)?)?;
                let summed: i64 = if order.abs() == 1.0 { -2 } else { -1 };
                extreme(&sum(&magnitudes, Some(&[summed]), false)?, reduction, Some(&[-1]), false)?
            } else {
                let message = format!("ord must be 1, 2, inf, their negatives, 'fro' or 'nuc', not {order}");
                return Err(Error::Value { op, message });
            }
        }
    };
    let value = if value.dtype() == result { value } else { elementwise::cast(op, &value, result)? };
    Ok(if keepdims { value.expanded(value.ndim()).expanded(value.ndim()) } else { value })
}
