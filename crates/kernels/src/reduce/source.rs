//! What is reduced: a tensor, or a pending expression whose elements are computed as they are read.

use corepy_core::reduction_plan::plan_reduction;
use corepy_core::shape::normalize_axes;
use corepy_core::{DType, Reduction, Tensor};

use super::columns::NARROW;
use super::load::stream_base;
use crate::fusion::Stream;

/// The elements of a reduction.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// In memory, of any layout.
    Tensor(&'a Tensor),
    /// Computed; shape and strides are those that the result would have in memory, without gaps.
    Stream { stream: &'a Stream, shape: &'a [usize], strides: &'a [isize] },
}

impl<'a> Source<'a> {
    #[inline]
    pub(super) fn dtype(&self) -> DType {
        match self {
            Source::Tensor(tensor) => tensor.dtype(),
            Source::Stream { stream, .. } => stream.dtype(),
        }
    }
    #[inline]
    pub(super) fn shape(&self) -> &'a [usize] {
        match self {
            Source::Tensor(tensor) => tensor.shape(),
            Source::Stream { shape, .. } => shape,
        }
    }
    #[inline]
    pub(super) fn strides(&self) -> &'a [isize] {
        match self {
            Source::Tensor(tensor) => tensor.strides(),
            Source::Stream { strides, .. } => strides,
        }
    }
    #[inline]
    pub(super) fn size(&self) -> usize {
        match self {
            Source::Tensor(tensor) => tensor.size(),
            Source::Stream { stream, .. } => stream.size(),
        }
    }
    #[inline]
    pub(super) fn stream(&self) -> Option<&'a Stream> {
        match self {
            Source::Tensor(_) => None,
            Source::Stream { stream, .. } => Some(stream),
        }
    }
    #[inline]
    pub(super) fn data(&self) -> *const u8 {
        match self {
            Source::Tensor(tensor) => tensor.data(),
            Source::Stream { .. } => stream_base(),
        }
    }
}

/// Whether a reduction of elements with these strides, without gaps, reads them as blocks that lie in
/// memory: then a stream may compute them, and the bits are those of a reduction from memory.
pub(crate) fn reads_blocks(
    reduction: Reduction,
    shape: &[usize],
    strides: &[isize],
    dtype: DType,
    axes: Option<&[i64]>,
    wanted: Option<DType>,
) -> bool {
    let Ok(is_reduced) = normalize_axes(reduction.name(), axes, shape.len()) else { return false };
    let Ok(types) = reduction.types(dtype, wanted) else { return false };
    if shape.contains(&0) {
        return false;
    }
    let plan = plan_reduction(shape, strides, &is_reduced);
    let (kept, reduced) = (&plan.kept, &plan.reduced);
    if reduced.rank() != 1 {
        return false;
    }
    let item = dtype.itemsize() as isize;
    let (cols, col_stride) = kept.inner();
    if kept.rank() > 0 && col_stride < reduced.strides[0] {
        // Across rows: in place, and by a kernel whose tree can be taken branch by branch.
        let is_tree = !dtype.is_complex() || matches!(reduction, Reduction::Sum | Reduction::Mean);
        return is_tree && types.compute == dtype && cols >= NARROW && col_stride == item;
    }
    kept.around(reduced).is_contiguous(dtype.itemsize())
}
