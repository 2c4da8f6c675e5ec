//! Reductions, scans and the places of extrema.

use std::ffi::c_void;

use corepy_core::{DType, Reduction};

use super::tables;

/// The kernels of one reduction of one dtype: see `csrc/reduce.h`. Null where there are none.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ReductionKernels {
    /// Rows of `n` elements, `stride` bytes apart, to a number each.
    pub rows: Option<unsafe extern "C" fn(x: *const u8, stride: isize, rows: usize, n: usize, out: *mut u8)>,
    /// Rows at `offsets`, in bytes from `x`, to one row. `scratch` holds `cols` accumulators per bit of `rows`.
    pub columns: Option<
        unsafe extern "C" fn(
            x: *const u8,
            offsets: *const isize,
            rows: usize,
            cols: usize,
            out: *mut u8,
            scratch: *mut u8,
        ),
    >,
    /// Combines accumulators.
    pub combine: Option<Combine>,
    /// The `n` elements that `produce` computes, to a number.
    pub produced: Option<ReduceProduced>,
}

/// Combines `n` accumulators at `acc` with those at `x`, which come after them.
pub type Combine = unsafe extern "C" fn(acc: *mut u8, x: *const u8, n: usize);

/// Gives the elements `first..first + n` of something that is computed; see `csrc/reduce_vector.h`.
pub type Produce = unsafe extern "C" fn(context: *mut c_void, first: usize, n: usize) -> *const u8;

/// Sums the elements of such leaves of the tree from `first` on to [`SUM_LANES`] numbers each; see
/// `csrc/reduce_vector.h`.
pub type SumLeaves = unsafe extern "C" fn(context: *mut c_void, first: usize, leaves: usize, out: *mut f64);

/// Numbers in which a row is summed: `kLaneBytes` in `csrc/reduce_vector.h`.
pub const SUM_LANES: usize = 32;
/// Times that many elements to a leaf: `Sum::leaf` in `csrc/reduce_ops.h`.
pub const SUM_LEAF: usize = 16;

/// See `CorepyReduceProduced` in `csrc/reduce.h`.
pub type ReduceProduced =
    unsafe extern "C" fn(produce: Produce, sum_leaves: Option<SumLeaves>, context: *mut c_void, n: usize, out: *mut u8);

/// Sums of distances from a centre and of squared ones, of a floating-point dtype: see `csrc/squares.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SquaresKernels {
    /// Rows of `n` elements, `stride` bytes apart, to numbers each.
    pub rows: Option<
        unsafe extern "C" fn(
            x: *const u8,
            stride: isize,
            rows: usize,
            n: usize,
            centre: *const f64,
            sums: *mut f64,
            squares: *mut f64,
        ),
    >,
    /// Rows at `offsets`, in bytes from `x`, to one row of each; `ahead` more offsets follow.
    pub columns: Option<
        unsafe extern "C" fn(
            x: *const u8,
            offsets: *const isize,
            rows: usize,
            ahead: usize,
            cols: usize,
            centre: *const f64,
            sums: *mut f64,
            squares: *mut f64,
        ),
    >,
    /// Squares from a centre become those from the mean, which the centre becomes; whether digits were lost.
    pub finish:
        Option<unsafe extern "C" fn(sums: *const f64, squares: *mut f64, centre: *mut f64, n: usize, count: f64) -> u8>,
}

/// The kernels of one scan of one dtype: see `csrc/scan.h`. Null where there are none.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ScanKernels {
    /// Rows of `n` elements, continued from an accumulator each at `base`, if that is not null.
    pub rows: Option<
        unsafe extern "C" fn(
            x: *const u8,
            x_stride: isize,
            rows: usize,
            n: usize,
            out: *mut u8,
            out_stride: isize,
            base: *const u8,
        ),
    >,
    /// Down columns. `scratch` holds `2 * cols` accumulators.
    pub columns: Option<
        unsafe extern "C" fn(
            x: *const u8,
            x_stride: isize,
            rows: usize,
            cols: usize,
            out: *mut u8,
            out_stride: isize,
            scratch: *mut u8,
        ),
    >,
    /// The accumulators of leaves.
    pub totals: Option<unsafe extern "C" fn(x: *const u8, n: usize, out: *mut u8)>,
    /// Turns the accumulators of leaves into those of all leaves before each.
    pub exclusive: Option<unsafe extern "C" fn(totals: *mut u8, n: usize)>,
}

/// The searches for the place of an extremum: see `csrc/argreduce.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ArgKernels {
    /// Rows of `n` elements, `stride` bytes apart, to an index and an element each.
    pub rows: unsafe extern "C" fn(x: *const u8, stride: isize, rows: usize, n: usize, index: *mut i64, value: *mut u8),
    /// Rows, `stride` bytes apart, to one row of indices. `scratch` holds `2 * cols` elements.
    pub columns:
        unsafe extern "C" fn(x: *const u8, stride: isize, rows: usize, cols: usize, index: *mut i64, scratch: *mut u8),
}

/// The kernels of a reduction (not [`Reduction::Mean`]) that reads `dtype`.
#[inline]
pub fn reduce(reduction: Reduction, dtype: DType) -> ReductionKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().reduce)[reduction as usize][dtype as usize] }
}

/// The sums of squared distances of `dtype`.
#[inline]
pub fn squares(dtype: DType) -> SquaresKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().squares)[dtype as usize] }
}

/// The kernels of the cumulative sum (0) or product (1) of `dtype`.
#[inline]
pub fn scan(index: usize, dtype: DType) -> ScanKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().scan)[index][dtype as usize] }
}

/// The searches for the largest (0) or smallest (1) element of `dtype`.
#[inline]
pub fn argreduce(index: usize, dtype: DType) -> ArgKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().argreduce)[index][dtype as usize] }
}
