//! Other shapes of the same elements, as views where strides allow it.

use smallvec::SmallVec;

use crate::error::{Error, Result, shape_text};
use crate::shape::{Shape, Strides, checked_size, contiguous_strides};
use crate::tensor::Tensor;

/// The shape that `wanted` asks for of `size` elements: -1 stands once for what the other sizes leave.
pub fn resolve_shape(op: &'static str, wanted: &[i64], from: &Tensor) -> Result<Shape> {
    let cannot = |why: &str| Error::Value {
        op,
        message: format!("a tensor of shape {} cannot take the shape {wanted:?}: {why}", shape_text(from.shape())),
    };
    if wanted.iter().any(|&size| size < -1) {
        return Err(cannot("sizes are not negative but for -1"));
    }
    let unknown = wanted.iter().filter(|&&size| size == -1).count();
    if unknown > 1 {
        return Err(cannot("only one size may be -1"));
    }
    let known: Shape = wanted.iter().filter(|&&size| size != -1).map(|&size| size as usize).collect();
    let product = checked_size(op, &known, from.dtype())?;
    let size = from.size();
    if unknown == 0 {
        if product != size {
            return Err(cannot(&format!("it has {size} elements, not {product}")));
        }
        return Ok(known);
    }
    if product == 0 || !size.is_multiple_of(product) {
        return Err(cannot(&format!("{size} elements do not fit it")));
    }
    let shape: Shape =
        wanted.iter().map(|&wanted| if wanted == -1 { size / product } else { wanted as usize }).collect();
    checked_size(op, &shape, from.dtype())?;
    Ok(shape)
}

/// Strides in bytes with which elements that lie at `strides` over `shape` are walked in C order over
/// `target`, a shape of the same size; `None` where no strides do that.
///
/// Axes are taken in groups of equal size: a group of old axes that lie like one long axis can be
/// split into any new ones.
pub fn reshape_strides(shape: &[usize], strides: &[isize], target: &[usize], itemsize: usize) -> Option<Strides> {
    if shape.contains(&0) || target.iter().product::<usize>() == 1 {
        return Some(contiguous_strides(target, itemsize));
    }
    // Axes of size 1 have no say.
    let old: SmallVec<[(usize, isize); 4]> =
        shape.iter().zip(strides).filter(|&(&size, _)| size != 1).map(|(&size, &stride)| (size, stride)).collect();
    let mut result: Strides = SmallVec::from_elem(0, target.len());
    let (mut first_old, mut first_new) = (0, 0);
    while first_old < old.len() {
        let (mut end_old, mut end_new) = (first_old + 1, first_new + 1);
        let (mut size_old, mut size_new) = (old[first_old].0, target[first_new]);
        while size_old != size_new {
            if size_new < size_old {
                size_new *= target[end_new];
                end_new += 1;
            } else {
                size_old *= old[end_old].0;
                end_old += 1;
            }
        }
        let run = &old[first_old..end_old];
        if run.windows(2).any(|pair| pair[0].1 != pair[1].1 * pair[1].0 as isize) {
            return None;
        }
        let mut stride = run[run.len() - 1].1;
        for axis in (first_new..end_new).rev() {
            result[axis] = stride;
            stride *= target[axis] as isize;
        }
        (first_old, first_new) = (end_old, end_new);
    }
    Some(result)
}

impl Tensor {
    /// A view of the same elements in C order over `shape`, which has the same size; `None` where the
    /// elements' places in memory do not allow it.
    pub fn reshaped(&self, op: &'static str, shape: &[usize]) -> Option<Result<Tensor>> {
        let strides = reshape_strides(self.shape(), self.strides(), shape, self.dtype().itemsize())?;
        let storage = self.storage().clone();
        // SAFETY: the strides reach the same elements in another grouping, or there is but one or none.
        let view = unsafe {
            Tensor::from_parts(
                op,
                storage,
                self.data(),
                SmallVec::from_slice(shape),
                strides,
                self.dtype(),
                self.is_writable(),
            )
        };
        Some(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;

    #[test]
    fn views_where_strides_allow() {
        // A C-contiguous (2, 3, 4) of 8 bytes.
        let (shape, strides) = ([2, 3, 4], [96, 32, 8]);
        assert_eq!(reshape_strides(&shape, &strides, &[24], 8).unwrap().as_slice(), [8]);
        assert_eq!(reshape_strides(&shape, &strides, &[6, 1, 2, 2], 8).unwrap().as_slice(), [32, 32, 16, 8]);
        // Its transpose (4, 3, 2) splits but does not merge.
        assert_eq!(reshape_strides(&[4, 3, 2], &[8, 32, 96], &[2, 2, 3, 2], 8).unwrap().as_slice(), [16, 8, 32, 96]);
        assert_eq!(reshape_strides(&[4, 3, 2], &[8, 32, 96], &[12, 2], 8), None);
        // Reversed and broadcast axes.
        assert_eq!(reshape_strides(&[6], &[-8], &[2, 3], 8).unwrap().as_slice(), [-24, -8]);
        assert_eq!(reshape_strides(&[6], &[0], &[2, 3], 8).unwrap().as_slice(), [0, 0]);
        assert_eq!(reshape_strides(&[3, 2], &[0, 8], &[6], 8), None);
        // Nothing, one element, axes of size 1.
        assert_eq!(reshape_strides(&[0, 3], &[24, 8], &[5, 0], 8).unwrap().len(), 2);
        assert_eq!(reshape_strides(&[], &[], &[1, 1], 8).unwrap().len(), 2);
        assert_eq!(reshape_strides(&[2, 1, 3], &[8, 0, 16], &[1, 2, 3], 8).unwrap()[1..], [8, 16]);
        assert_eq!(reshape_strides(&[2, 3], &[24, 8], &[2, 3, 1], 8).unwrap()[..2], [24, 8]);
    }

    #[test]
    fn shapes_are_resolved() {
        let tensor = Tensor::empty("t", &[2, 6], DType::Int8).unwrap();
        assert_eq!(resolve_shape("t", &[3, -1], &tensor).unwrap().as_slice(), [3, 4]);
        assert_eq!(resolve_shape("t", &[12], &tensor).unwrap().as_slice(), [12]);
        for wanted in [&[5, -1][..], &[-1, -1], &[13], &[-2, 6], &[0, -1], &[]] {
            assert!(matches!(resolve_shape("t", wanted, &tensor), Err(Error::Value { .. })), "{wanted:?}");
        }
        assert!(matches!(resolve_shape("t", &[i64::MAX, 4], &tensor), Err(Error::TooLarge { .. })));
        let empty = Tensor::empty("t", &[0, 3], DType::Int8).unwrap();
        assert_eq!(resolve_shape("t", &[-1, 3], &empty).unwrap().as_slice(), [0, 3]);
        assert!(resolve_shape("t", &[0, -1], &empty).is_err());
    }

    #[test]
    fn reshaped_views_share_memory() {
        let tensor = Tensor::empty("t", &[4, 6], DType::Int32).unwrap();
        let view = tensor.reshaped("t", &[2, 12]).unwrap().unwrap();
        assert_eq!((view.data(), view.shape()), (tensor.data(), &[2, 12][..]));
        assert!(tensor.permuted(&[1, 0]).reshaped("t", &[24]).is_none());
    }
}
