//! The plan of a reduction: kept and reduced axes, each group ordered by stride and merged.

use smallvec::SmallVec;

use crate::shape::{Shape, Strides};

/// Axes of one operand, outermost first; no size is 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Axes {
    /// Sizes.
    pub shape: Shape,
    /// Strides in bytes.
    pub strides: Strides,
}

/// A two-dimensional piece of a walk over axes: `rows` × `cols` elements from `offset` on, all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Piece {
    pub offset: isize,
    pub rows: usize,
    pub row_stride: isize,
    pub cols: usize,
    pub col_stride: isize,
}

impl Axes {
    /// Number of elements.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Adds an axis inside the others, as one with the last where both are walked as one.
    pub fn push(&mut self, size: usize, stride: isize) {
        if size == 1 {
            return;
        }
        if let (Some(outer), Some(step)) = (self.shape.last_mut(), self.strides.last_mut())
            && *step == stride * size as isize
        {
            *outer *= size;
            *step = stride;
            return;
        }
        self.shape.push(size);
        self.strides.push(stride);
    }

    /// These axes around those of `inner`.
    #[must_use]
    pub fn around(&self, inner: &Axes) -> Axes {
        let mut axes = self.clone();
        for (&size, &stride) in inner.shape.iter().zip(&inner.strides) {
            axes.push(size, stride);
        }
        axes
    }

    /// The innermost size and stride; one element when there are no axes.
    pub fn inner(&self) -> (usize, isize) {
        match (self.shape.last(), self.strides.last()) {
            (Some(&size), Some(&stride)) => (size, stride),
            _ => (1, 0),
        }
    }

    /// The outermost axis, and the others.
    pub fn split_first(&self) -> Option<((usize, isize), Axes)> {
        let first = (*self.shape.first()?, *self.strides.first()?);
        let rest = Axes { shape: self.shape[1..].into(), strides: self.strides[1..].into() };
        Some((first, rest))
    }

    /// All axes but the innermost.
    #[must_use]
    pub fn outer(&self) -> Axes {
        let rank = self.rank().saturating_sub(1);
        Axes { shape: self.shape[..rank].into(), strides: self.strides[..rank].into() }
    }

    /// Whether the elements, of `itemsize` bytes, lie without gaps in the order of the walk.
    pub fn is_contiguous(&self, itemsize: usize) -> bool {
        match self.rank() {
            0 => true,
            1 => self.strides[0] == itemsize as isize,
            _ => false,
        }
    }

    /// The offset in bytes of the element that is `index`-th in the walk.
    pub fn offset(&self, mut index: usize) -> isize {
        let mut offset = 0;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            offset += (index % size) as isize * stride;
            index /= size;
        }
        offset
    }

    /// The elements `start..start + len` of the walk as two-dimensional pieces, in order.
    pub fn pieces(&self, start: usize, len: usize, mut visit: impl FnMut(Piece)) {
        let rank = self.rank();
        let (cols, col_stride) = self.inner();
        let (rows, row_stride) = if rank > 1 { (self.shape[rank - 2], self.strides[rank - 2]) } else { (1, 0) };
        let mut index = start;
        let end = start + len;
        while index < end {
            let (col, row) = (index % cols, index / cols % rows);
            let left = end - index;
            let (piece_rows, piece_cols) = if col == 0 && left >= cols {
                ((left / cols).min(rows - row), cols)
            } else {
                (1, left.min(cols - col))
            };
            visit(Piece { offset: self.offset(index), rows: piece_rows, row_stride, cols: piece_cols, col_stride });
            index += piece_rows * piece_cols;
        }
    }
}

/// The iteration of one reduction. The result lies without gaps in the order of `kept`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReductionPlan {
    /// The axes that the result keeps.
    pub kept: Axes,
    /// The axes that are reduced; their strides are not negative.
    pub reduced: Axes,
    /// Offset in bytes of the plan's first element from the operand's.
    pub origin: isize,
    /// The operand's kept axes in the order in which the result is laid out, outermost first.
    pub order: Shape,
}

/// Plans the reduction of an operand over the axes that `is_reduced` marks. No size is 0.
///
/// The order in which reduced axes are walked is free: outermost the longest stride, forwards.
/// Kept axes are ordered likewise, which lays the result out in memory as the operand is.
pub fn plan_reduction(shape: &[usize], strides: &[isize], is_reduced: &[bool]) -> ReductionPlan {
    let mut axes: SmallVec<[usize; 4]> = (0..shape.len()).collect();
    // Stable: the C order stands where strides tell nothing. A repeated axis goes outermost.
    axes.sort_by_key(|&axis| match strides[axis].unsigned_abs() {
        0 => 0,
        stride => usize::MAX - stride,
    });
    let mut plan = ReductionPlan { kept: Axes::default(), reduced: Axes::default(), origin: 0, order: Shape::new() };
    for axis in axes {
        let (size, stride) = (shape[axis], strides[axis]);
        if !is_reduced[axis] {
            plan.order.push(axis);
            plan.kept.push(size, stride);
        } else if stride < 0 {
            plan.origin += stride * (size as isize - 1);
            plan.reduced.push(size, -stride);
        } else {
            plan.reduced.push(size, stride);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(shape: &[usize], strides: &[isize]) -> Axes {
        Axes { shape: shape.into(), strides: strides.into() }
    }

    #[test]
    fn a_contiguous_operand_merges() {
        let plan = plan_reduction(&[2, 3, 4], &[96, 32, 8], &[true, true, true]);
        assert_eq!(plan.reduced, axes(&[24], &[8]));
        assert_eq!(plan.kept, Axes::default());
        let plan = plan_reduction(&[2, 3, 4], &[96, 32, 8], &[false, true, true]);
        assert_eq!((plan.kept, plan.reduced), (axes(&[2], &[96]), axes(&[12], &[8])));
        let plan = plan_reduction(&[2, 3, 4], &[96, 32, 8], &[true, false, true]);
        assert_eq!((plan.kept, plan.reduced), (axes(&[3], &[32]), axes(&[2, 4], &[96, 8])));
    }

    #[test]
    fn axes_are_ordered_by_stride() {
        let plan = plan_reduction(&[3, 4, 5], &[8, 24, 96], &[false, false, true]);
        assert_eq!((plan.kept, plan.reduced), (axes(&[12], &[8]), axes(&[5], &[96])));
        assert_eq!(plan.order.as_slice(), [1, 0]);
    }

    #[test]
    fn reversed_axes_are_walked_forwards_where_that_is_free() {
        let plan = plan_reduction(&[3, 4], &[-32, -8], &[true, true]);
        assert_eq!((plan.origin, plan.reduced), (-88, axes(&[12], &[8])));
        let plan = plan_reduction(&[3, 4], &[-32, -8], &[true, false]);
        assert_eq!((plan.origin, plan.kept), (-64, axes(&[4], &[-8])));
    }

    #[test]
    fn repeated_axes_are_outermost() {
        let plan = plan_reduction(&[4, 3], &[8, 0], &[true, true]);
        assert_eq!(plan.reduced, axes(&[3, 4], &[0, 8]));
    }

    #[test]
    fn pieces_cover_any_range_in_order() {
        let walk = axes(&[3, 2, 4], &[1000, 100, 10]);
        let all: Vec<isize> = (0..24).map(|index| walk.offset(index)).collect();
        for start in 0..24 {
            for len in 0..=24 - start {
                let mut seen = Vec::new();
                walk.pieces(start, len, |piece| {
                    for row in 0..piece.rows as isize {
                        for col in 0..piece.cols as isize {
                            seen.push(piece.offset + row * piece.row_stride + col * piece.col_stride);
                        }
                    }
                });
                assert_eq!(seen, all[start..start + len], "{start} {len}");
            }
        }
        let mut pieces = 0;
        walk.pieces(0, 24, |_| pieces += 1);
        assert_eq!(pieces, 3);
    }

    #[test]
    fn no_axes_are_one_element() {
        let mut seen = Vec::new();
        Axes::default().pieces(0, 1, |piece| seen.push((piece.rows, piece.cols)));
        assert_eq!(seen, [(1, 1)]);
    }
}
