//! The exchange of a spectrum's halves.

use corepy_core::plan::memory_order;
use corepy_core::shape::normalize_axes;
use corepy_core::{Result, Tensor};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand};

/// A copy in which element 0 of each of the axes (all without `axes`) has moved to the middle, or, `inverse`, back.
pub fn shift(op: &'static str, x: &Tensor, axes: Option<&[i64]>, inverse: bool) -> Result<Tensor> {
    let shifted = normalize_axes(op, axes, x.ndim())?;
    let order = memory_order(x.shape(), &[x.strides()]);
    let out = Tensor::empty_ordered(op, x.shape(), x.dtype(), &order)?;
    if x.size() == 0 {
        return Ok(out);
    }
    // Axis, and the size of its part that moves to the end.
    let cut: SmallVec<[(usize, usize); 4]> = (0..x.ndim())
        .filter(|&axis| shifted[axis] && x.shape()[axis] > 1)
        .map(|axis| {
            let size = x.shape()[axis];
            (axis, if inverse { size / 2 } else { size.div_ceil(2) })
        })
        .collect();
    // Each choice of a part per axis is a box; there are no more of them than elements.
    for choice in 0..1usize << cut.len() {
        let (mut from, mut to) = (x.clone(), out.clone());
        for (bit, &(axis, head)) in cut.iter().enumerate() {
            let tail = x.shape()[axis] - head;
            if choice >> bit & 1 == 0 {
                from = from.sliced(axis, 0, 1, head);
                to = to.sliced(axis, tail, 1, head);
            } else {
                from = from.sliced(axis, head, 1, tail);
                to = to.sliced(axis, 0, 1, tail);
            }
        }
        elementwise::assign(op, &to, Operand::Tensor(&from))?;
    }
    Ok(out)
}
