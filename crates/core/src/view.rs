//! The manipulation functions whose results are views: axes inserted, dropped, moved and reversed.

use smallvec::SmallVec;

use crate::error::{Error, Result, shape_text};
use crate::shape::{MAX_RANK, Shape, normalize_axes, normalize_axis};
use crate::tensor::Tensor;

/// With axes of size 1 at the places `axes` of the result.
pub fn expand_dims(op: &'static str, tensor: &Tensor, axes: &[i64]) -> Result<Tensor> {
    let rank = tensor.ndim() + axes.len();
    if let [axis] = *axes {
        let axis = normalize_axis(op, axis, rank)?;
        if rank <= MAX_RANK {
            return Ok(tensor.expanded(axis));
        }
    }
    let is_new = normalize_axes(op, Some(axes), rank)?;
    if rank > MAX_RANK {
        return Err(Error::Value { op, message: format!("{rank} dimensions; at most {MAX_RANK} are supported") });
    }
    let new = (0..rank).filter(|&axis| is_new[axis]);
    Ok(new.fold(tensor.clone(), |view, axis| view.expanded(axis)))
}

/// Without the axes `axes`, which have size 1.
pub fn squeeze(op: &'static str, tensor: &Tensor, axes: &[i64]) -> Result<Tensor> {
    if let [axis] = *axes {
        let axis = normalize_axis(op, axis, tensor.ndim())?;
        if tensor.shape()[axis] == 1 {
            return tensor.selected(op, axis, 0);
        }
    }
    let is_dropped = normalize_axes(op, Some(axes), tensor.ndim())?;
    let mut view = tensor.clone();
    for axis in (0..tensor.ndim()).rev().filter(|&axis| is_dropped[axis]) {
        let size = tensor.shape()[axis];
        if size != 1 {
            let shape = shape_text(tensor.shape());
            return Err(Error::Value { op, message: format!("axis {axis} of shape {shape} has size {size}, not 1") });
        }
        view = view.selected(op, axis, 0)?;
    }
    Ok(view)
}

/// With the elements in reverse order along `axes`, or all axes without.
pub fn flip(op: &'static str, tensor: &Tensor, axes: Option<&[i64]>) -> Result<Tensor> {
    let is_flipped = normalize_axes(op, axes, tensor.ndim())?;
    let mut view = tensor.clone();
    for axis in (0..tensor.ndim()).filter(|&axis| is_flipped[axis]) {
        let size = tensor.shape()[axis];
        view = view.sliced(axis, size.saturating_sub(1), -1, size);
    }
    Ok(view)
}

/// The axes in the order `axes`, a permutation.
pub fn permute_dims(op: &'static str, tensor: &Tensor, axes: &[i64]) -> Result<Tensor> {
    let ndim = tensor.ndim();
    if let Some(order) = few_axes(axes, ndim) {
        return Ok(tensor.permuted(&order[..ndim]));
    }
    normalize_axes(op, Some(axes), ndim)?;
    if axes.len() != ndim {
        return Err(Error::Value { op, message: format!("{} axes for a tensor of {ndim} dimensions", axes.len()) });
    }
    let order: Result<Shape> = axes.iter().map(|&axis| normalize_axis(op, axis, ndim)).collect();
    Ok(tensor.permuted(&order?))
}

/// A permutation of up to four axes, counted from the front; None for more, and where they are none.
fn few_axes(axes: &[i64], ndim: usize) -> Option<[usize; 4]> {
    let mut order = [0; 4];
    if ndim > order.len() || axes.len() != ndim {
        return None;
    }
    let mut seen = 0u32;
    for (to, &axis) in order.iter_mut().zip(axes) {
        let axis = if axis < 0 { axis + ndim as i64 } else { axis };
        if !(0..ndim as i64).contains(&axis) {
            return None;
        }
        *to = axis as usize;
        seen |= 1 << axis;
    }
    (seen == (1 << ndim) - 1).then_some(order)
}

/// The axes `source` at the places `destination`, the others in their order.
pub fn moveaxis(op: &'static str, tensor: &Tensor, source: &[i64], destination: &[i64]) -> Result<Tensor> {
    let ndim = tensor.ndim();
    let is_moved = normalize_axes(op, Some(source), ndim)?;
    normalize_axes(op, Some(destination), ndim)?;
    if source.len() != destination.len() {
        let message = format!("{} axes cannot be moved to {} places", source.len(), destination.len());
        return Err(Error::Value { op, message });
    }
    let mut moves: SmallVec<[(usize, usize); 4]> = SmallVec::new();
    for (&to, &from) in destination.iter().zip(source) {
        moves.push((normalize_axis(op, to, ndim)?, normalize_axis(op, from, ndim)?));
    }
    moves.sort_unstable();
    let mut order: Shape = (0..ndim).filter(|&axis| !is_moved[axis]).collect();
    for (to, from) in moves {
        order.insert(to, from);
    }
    Ok(tensor.permuted(&order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    fn tensor(shape: &[usize]) -> Tensor {
        Tensor::empty("t", shape, DType::Int8).unwrap()
    }

    #[test]
    fn axes_come_and_go() {
        let x = tensor(&[2, 3]);
        let wide = expand_dims("t", &x, &[-1, 0, 2]).unwrap();
        assert_eq!(wide.shape(), [1, 2, 1, 3, 1]);
        assert_eq!(squeeze("t", &wide, &[4, 0, 2]).unwrap().shape(), [2, 3]);
        assert!(matches!(squeeze("t", &wide, &[1]), Err(Error::Value { .. })));
        assert!(matches!(expand_dims("t", &x, &[0, -4]), Err(Error::RepeatedAxis { .. })));
        assert!(expand_dims("t", &tensor(&[1; MAX_RANK]), &[0]).is_err());
    }

    #[test]
    fn axes_move() {
        let x = tensor(&[2, 3, 4, 5]);
        assert_eq!(moveaxis("t", &x, &[0], &[-1]).unwrap().shape(), [3, 4, 5, 2]);
        assert_eq!(moveaxis("t", &x, &[0, 1], &[3, 0]).unwrap().shape(), [3, 4, 5, 2]);
        assert_eq!(permute_dims("t", &x, &[-1, 0, 2, 1]).unwrap().shape(), [5, 2, 4, 3]);
        assert!(moveaxis("t", &x, &[0, 1], &[3]).is_err());
        assert!(permute_dims("t", &x, &[0, 1, 2]).is_err());
        assert_eq!(permute_dims("t", &x, &[0, 1, 2, 2]).err(), Some(Error::RepeatedAxis { op: "t", axis: 2 }));
    }

    #[test]
    fn flipping_keeps_the_elements() {
        let x = tensor(&[2, 0, 3]);
        assert_eq!(flip("t", &x, None).unwrap().shape(), [2, 0, 3]);
        let x = tensor(&[2, 3]);
        assert_eq!(flip("t", &x, Some(&[1])).unwrap().strides(), [3, -1]);
    }
}
