//! Diagonals and their sums.

use corepy_core::shape::{Shape, Strides};
use corepy_core::{DType, Error, Reduction, Result, Tensor};

use super::stack;
use crate::reduce;

/// A view of the diagonal of each matrix that starts `offset` columns to the right of the main one; below it
/// for negative ones.
pub fn diagonal(op: &'static str, x: &Tensor, offset: i64) -> Result<Tensor> {
    stack::check_matrix(op, x)?;
    let batch = x.ndim() - 2;
    let (rows, cols) = (x.shape()[batch], x.shape()[batch + 1]);
    let distance = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
    let (down, right) = if offset < 0 { (distance, 0) } else { (0, distance) };
    let size = rows.saturating_sub(down).min(cols.saturating_sub(right));
    let mut shape: Shape = x.shape()[..batch].into();
    let mut strides: Strides = x.strides()[..batch].into();
    let (row, col) = (x.strides()[batch], x.strides()[batch + 1]);
    shape.push(size);
    strides.push(row.wrapping_add(col));
    let start = if size == 0 || x.size() == 0 { 0 } else { row * down as isize + col * right as isize };
    let data = x.data().wrapping_offset(start);
    // SAFETY: the elements are some of `x`'s, whose storage the view keeps alive.
    unsafe { Tensor::from_parts(op, x.storage().clone(), data, shape, strides, x.dtype(), x.is_writable()) }
}

/// The sum of each matrix's diagonal, as `sum` does it.
pub fn trace(x: &Tensor, offset: i64, dtype: Option<DType>) -> Result<Tensor> {
    let op = "trace";
    let diagonal = diagonal(op, x, offset)?;
    reduce::reduce(Reduction::Sum, &diagonal, Some(&[-1]), dtype, false).map_err(|error| match error {
        Error::UnsupportedDType { dtypes, expected, .. } => Error::UnsupportedDType { op, dtypes, expected },
        Error::Cast { from, to, .. } => Error::Cast { op, from, to },
        other => other,
    })
}
