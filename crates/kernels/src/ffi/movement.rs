//! What moves elements, and creates them from their places.

use corepy_core::DType;

use super::tables;

/// A two-dimensional strided copy: see `csrc/copy.h`. Strides in bytes.
pub type CopyKernel = unsafe extern "C" fn(
    src: *const u8,
    src_row: isize,
    src_col: isize,
    dst: *mut u8,
    dst_row: isize,
    dst_col: isize,
    rows: usize,
    cols: usize,
);

/// A copy past the caches: see `csrc/copy.h`. Both addresses are 64-byte aligned.
pub type StreamKernel = unsafe extern "C" fn(src: *const u8, dst: *mut u8, bytes: usize);

/// Writes the elements from `first` on of an integer progression: see `csrc/create.h`.
pub type ProgressionKernel = unsafe extern "C" fn(start: u64, step: u64, first: u64, out: *mut u8, n: usize);

/// Writes the elements from `first` on of a line: see `csrc/create.h`.
pub type LinearKernel = unsafe extern "C" fn(line: *const Line, first: u64, out: *mut u8, n: usize);

/// `start + i * step` per component; with a divisor other than 0, `start + (i / divisor) * step`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Line {
    /// Element 0; the second component is imaginary.
    pub start: [f64; 2],
    /// What each index adds.
    pub step: [f64; 2],
    /// What indices are divided by, or 0.
    pub divisor: f64,
}

/// Rows repeated as often as `counts` says: see `csrc/repeat.h`.
pub type RepeatKernel = unsafe extern "C" fn(x: *const u8, counts: *const i64, n: usize, width: usize, out: *mut u8);

/// Rows of several operands in turn: see `csrc/repeat.h`.
pub type InterleaveKernel =
    unsafe extern "C" fn(sources: *const *const u8, k: usize, n: usize, width: usize, out: *mut u8);

/// Rows of different lengths of several operands in turn: see `csrc/repeat.h`.
pub type JoinKernel =
    unsafe extern "C" fn(sources: *const *const u8, widths: *const usize, k: usize, n: usize, out: *mut u8);

/// A run repeated as a whole: see `csrc/repeat.h`.
pub type TileKernel = unsafe extern "C" fn(x: *const u8, bytes: usize, out: *mut u8, total: usize);

/// The copy of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn copy(itemsize: usize) -> CopyKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().copy)[itemsize.trailing_zeros() as usize] }
}

/// The copy past the caches.
#[inline]
pub fn stream() -> StreamKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().stream)[0] }
}

/// The integer progression of `dtype`; `None` unless it is an integer.
#[inline]
pub fn progression(dtype: DType) -> Option<ProgressionKernel> {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().progression)[dtype as usize] }
}

/// The line of `dtype`; `None` for bool.
#[inline]
pub fn linear(dtype: DType) -> Option<LinearKernel> {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().linear)[dtype as usize] }
}

/// The repetition of rows of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn repeat(itemsize: usize) -> RepeatKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().repeat)[itemsize.trailing_zeros() as usize] }
}

/// The rows of several operands in turn, of elements of `itemsize` bytes.
#[inline]
pub fn interleave(itemsize: usize) -> InterleaveKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().interleave)[itemsize.trailing_zeros() as usize] }
}

/// The rows of several operands in turn, as bytes.
#[inline]
pub fn join() -> JoinKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().join)[0] }
}

/// The repetition of a run of bytes as a whole.
#[inline]
pub fn tile() -> TileKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().tile)[0] }
}
