//! Elements by index and by mask.

use corepy_core::DType;

use super::tables;

/// Offsets from indices: see `csrc/gather.h`.
pub type OffsetsKernel =
    unsafe extern "C" fn(indices: *const u8, n: usize, size: i64, stride: i64, offsets: *mut i64, add: u32) -> usize;

/// Where the lines that positions make up begin, added to offsets: see `csrc/gather.h`.
pub type LineOffsetsKernel =
    unsafe extern "C" fn(first: usize, n: usize, length: usize, size: usize, stride: i64, offsets: *mut i64);

/// Elements at offsets to adjacent places: see `csrc/gather.h`.
pub type GatherKernel =
    unsafe extern "C" fn(base: *const u8, offsets: *const i64, n: usize, out: *mut u8, bytes: usize);

/// Elements at indices to adjacent places: see `csrc/gather.h`.
pub type GatherAtKernel =
    unsafe extern "C" fn(indices: *const u8, n: usize, size: i64, stride: i64, base: *const u8, out: *mut u8) -> usize;

/// Elements `step` bytes apart to offsets: see `csrc/gather.h`.
pub type ScatterKernel =
    unsafe extern "C" fn(src: *const u8, step: isize, offsets: *const i64, n: usize, base: *mut u8, bytes: usize);

/// Elements to those offsets that lie within bounds: see `csrc/gather.h`.
pub type ScatterWithinKernel = unsafe extern "C" fn(
    src: *const u8,
    step: isize,
    offsets: *const i64,
    n: usize,
    base: *mut u8,
    bytes: usize,
    low: i64,
    high: i64,
);

/// The number of true booleans: see `csrc/mask.h`.
pub type CountKernel = unsafe extern "C" fn(mask: *const u8, n: usize) -> usize;

/// The positions of true booleans: see `csrc/mask.h`.
pub type PositionsKernel = unsafe extern "C" fn(mask: *const u8, n: usize, first: i64, out: *mut i64, room: usize);

/// Quotients and remainders of ascending numbers: see `csrc/mask.h`.
pub type UnravelKernel = unsafe extern "C" fn(numbers: *mut i64, n: usize, size: i64, rest: *mut i64);

/// The elements at true booleans to adjacent places, or back: see `csrc/mask.h`.
pub type CompressKernel = unsafe extern "C" fn(mask: *const u8, n: usize, src: *const u8, out: *mut u8, room: usize);

/// Offsets from indices of `dtype`, an integer.
#[inline]
pub fn offsets(dtype: DType) -> OffsetsKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().offsets)[dtype as usize] }.expect("callers pass integers")
}

/// The beginnings of lines, added to offsets.
#[inline]
pub fn line_offsets() -> LineOffsetsKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().line_offsets)[0] }
}

/// The place in the tables of moves of a run of `bytes`: its size where that is a power of two up to
/// 16, otherwise that of runs of any length.
#[inline]
fn by_run(bytes: usize) -> usize {
    if bytes.is_power_of_two() && bytes <= 16 { bytes.trailing_zeros() as usize } else { 5 }
}

/// The gathering of runs of `bytes`.
#[inline]
pub fn gather(bytes: usize) -> GatherKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().gather)[by_run(bytes)] }
}

/// The gathering of runs of `bytes` at indices of `dtype`, an integer; where `bytes` is a power of two up to 16.
#[inline]
pub fn gather_at(dtype: DType, bytes: usize) -> Option<GatherAtKernel> {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (&(*tables().gather_at))[dtype as usize].get(by_run(bytes)).copied().flatten() }
}

/// The scattering of runs of `bytes`.
#[inline]
pub fn scatter(bytes: usize) -> ScatterKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().scatter)[by_run(bytes)] }
}

/// The scattering of runs of `bytes` to the offsets within bounds.
#[inline]
pub fn scatter_within(bytes: usize) -> ScatterWithinKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().scatter_within)[by_run(bytes)] }
}

/// The number of true booleans.
#[inline]
pub fn mask_count() -> CountKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().mask_count)[0] }
}

/// The positions of true booleans.
#[inline]
pub fn mask_positions() -> PositionsKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().mask_positions)[0] }
}

/// Quotients and remainders of ascending numbers.
#[inline]
pub fn unravel() -> UnravelKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().unravel)[0] }
}

/// The compression of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn compress(itemsize: usize) -> CompressKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().compress)[itemsize.trailing_zeros() as usize] }
}

/// The expansion of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn expand(itemsize: usize) -> CompressKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().expand)[itemsize.trailing_zeros() as usize] }
}

/// The filling with one element of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn mask_fill(itemsize: usize) -> CompressKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().mask_fill)[itemsize.trailing_zeros() as usize] }
}
