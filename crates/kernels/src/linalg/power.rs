//! Powers of matrices.

use corepy_core::{DType, Result, Tensor};

use super::{solve, stack};
use crate::elementwise;
use crate::matmul::matmul;

const OP: &str = "matrix_power";

/// Each matrix to the power `magnitude`, or of its inverse if `negative`. Integers stay integers where
/// nothing is inverted, as in NumPy; bool becomes float64.
pub fn matrix_power(x: &Tensor, magnitude: u64, negative: bool) -> Result<Tensor> {
    stack::check_square(OP, x)?;
    let dtype = if x.dtype() == DType::Bool { DType::Float64 } else { x.dtype() };
    let base = if negative { solve::inverse_of(OP, x)? } else { elementwise::cast_contiguous(OP, x, dtype)? };
    let mut square = base;
    let mut result: Option<Tensor> = None;
    let mut rest = magnitude;
    while rest > 0 {
        if rest & 1 == 1 {
            result = Some(match result {
                Some(result) => matmul(OP, &result, &square)?,
                None => square.clone(),
            });
        }
        rest >>= 1;
        if rest > 0 {
            square = matmul(OP, &square, &square)?;
        }
    }
    match result {
        Some(result) => Ok(result),
        None => {
            let n = x.shape()[x.ndim() - 1];
            let identity = crate::create::eye(n, n, 0, dtype)?.broadcast_to(OP, x.shape())?;
            elementwise::cast_contiguous(OP, &identity, dtype)
        }
    }
}
