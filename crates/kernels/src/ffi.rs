//! The only door to `csrc/`: tables of kernels, one per instruction set.

use corepy_core::{DType, Op, Reduction};

use crate::isa::{self, Isa};

/// A kernel of the element-wise shape: see `csrc/loops.h`.
///
/// `args` points to as many element pointers as the operation has operands; bit i of `scalars` says
/// that `args[i]` is one element standing for all `n`.
pub type Kernel = unsafe extern "C" fn(args: *const *const u8, out: *mut u8, n: usize, scalars: u32);

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

/// A copy past the caches: see `csrc/copy.h`. Both addresses are 64-byte aligned.
pub type StreamKernel = unsafe extern "C" fn(src: *const u8, dst: *mut u8, bytes: usize);

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
    /// Combines `n` accumulators with those that follow them.
    pub combine: Option<unsafe extern "C" fn(acc: *mut u8, x: *const u8, n: usize)>,
}

/// Packs rows × cols elements into panels: see `csrc/gemm.h`. Strides in bytes.
pub type PackKernel =
    unsafe extern "C" fn(x: *const u8, row: isize, col: isize, rows: usize, cols: usize, packed: *mut u8);

/// A block of a matrix product: see `CorepyGemmBlock` in `csrc/gemm.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[allow(missing_docs)]
pub struct GemmBlock {
    pub a: *const u8,
    pub b: *const u8,
    pub b_tail: *const u8,
    pub b_panel: isize,
    pub b_step: isize,
    pub c: *mut u8,
    pub c_row: isize,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub accumulate: u32,
}

/// The kernels of matrix products of one dtype: see `csrc/gemm.h`. Null for bool.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GemmKernels {
    /// Rows of a full panel of the left matrix.
    pub rows: usize,
    /// Panels have a multiple of this many rows.
    pub row_step: usize,
    /// Columns of a panel of the right matrix.
    pub cols: usize,
    /// Columns of a vector register.
    pub width: usize,
    /// Numbers per element: 2 where complex.
    pub parts: usize,
    /// Packs the left matrix.
    pub pack_a: Option<PackKernel>,
    /// Packs the right matrix.
    pub pack_b: Option<PackKernel>,
    /// Multiplies a block.
    pub run: Option<unsafe extern "C" fn(block: *const GemmBlock)>,
}

/// Products with vectors of one dtype: see `csrc/dot.h`. Null for bool.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ProductKernels {
    /// A sum of products per row.
    pub dot: Option<
        unsafe extern "C" fn(
            a: *const u8,
            a_row: isize,
            b: *const u8,
            b_row: isize,
            rows: usize,
            n: usize,
            out: *mut u8,
        ),
    >,
    /// A combination of rows.
    pub combine_rows:
        Option<unsafe extern "C" fn(a: *const u8, a_row: isize, x: *const u8, rows: usize, cols: usize, out: *mut u8)>,
}

/// Rows repeated as often as `counts` says: see `csrc/repeat.h`.
pub type RepeatKernel = unsafe extern "C" fn(x: *const u8, counts: *const i64, n: usize, width: usize, out: *mut u8);

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

/// Sums of squared distances from a centre, of a floating-point dtype: see `csrc/squares.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SquaresKernels {
    /// Rows of `n` elements, `stride` bytes apart, to a number each.
    pub rows: Option<
        unsafe extern "C" fn(x: *const u8, stride: isize, rows: usize, n: usize, centre: *const u8, out: *mut u8),
    >,
    /// Rows at `offsets`, in bytes from `x`, to one row.
    pub columns: Option<
        unsafe extern "C" fn(
            x: *const u8,
            offsets: *const isize,
            rows: usize,
            cols: usize,
            centre: *const u8,
            out: *mut u8,
        ),
    >,
}

/// Offsets from indices: see `csrc/gather.h`.
pub type OffsetsKernel =
    unsafe extern "C" fn(indices: *const u8, n: usize, size: i64, stride: i64, offsets: *mut i64, add: u32) -> usize;

/// Where the lines that positions make up begin, added to offsets: see `csrc/gather.h`.
pub type LineOffsetsKernel =
    unsafe extern "C" fn(first: usize, n: usize, length: usize, size: usize, stride: i64, offsets: *mut i64);

/// Elements at offsets to adjacent places: see `csrc/gather.h`.
pub type GatherKernel =
    unsafe extern "C" fn(base: *const u8, offsets: *const i64, n: usize, out: *mut u8, bytes: usize);

/// Elements `step` bytes apart to offsets: see `csrc/gather.h`.
pub type ScatterKernel =
    unsafe extern "C" fn(src: *const u8, step: isize, offsets: *const i64, n: usize, base: *mut u8, bytes: usize);

/// The number of true booleans: see `csrc/mask.h`.
pub type CountKernel = unsafe extern "C" fn(mask: *const u8, n: usize) -> usize;

/// The positions of true booleans: see `csrc/mask.h`.
pub type PositionsKernel = unsafe extern "C" fn(mask: *const u8, n: usize, first: i64, out: *mut i64, room: usize);

/// Quotients and remainders of ascending numbers: see `csrc/mask.h`.
pub type UnravelKernel = unsafe extern "C" fn(numbers: *mut i64, n: usize, size: i64, rest: *mut i64);

/// The elements at true booleans to adjacent places, or back: see `csrc/mask.h`.
pub type CompressKernel = unsafe extern "C" fn(mask: *const u8, n: usize, src: *const u8, out: *mut u8, room: usize);

// SAFETY: the pointers are to immutable statics.
unsafe impl Sync for Tables {}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

#[inline]
fn tables() -> &'static Tables {
    match isa::active() {
        Isa::Baseline => &BASELINE,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => &AVX2,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => &AVX512,
        #[cfg(not(target_arch = "x86_64"))]
        _ => &BASELINE,
    }
}

/// The kernel of `op` computing in `dtype`; `None` outside the operation's domain.
#[inline]
pub fn elementwise(op: Op, dtype: DType) -> Option<Kernel> {
    // SAFETY: the pointer is to a row of 13 entries in an immutable static.
    unsafe { (*tables().elementwise[op.0 as usize])[dtype as usize] }
}

/// The kernel that casts `from` to `to`.
#[inline]
pub fn cast(from: DType, to: DType) -> Kernel {
    // SAFETY: the pointer is to an immutable static.
    let kernel = unsafe { (*tables().cast)[from as usize][to as usize] };
    kernel.expect("build/tables.rs has every pair")
}

/// The copy of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn copy(itemsize: usize) -> CopyKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().copy)[itemsize.trailing_zeros() as usize] }
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

/// The copy past the caches.
#[inline]
pub fn stream() -> StreamKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().stream)[0] }
}

/// The kernels of a reduction (not [`Reduction::Mean`]) that reads `dtype`.
#[inline]
pub fn reduce(reduction: Reduction, dtype: DType) -> ReductionKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().reduce)[reduction as usize][dtype as usize] }
}

/// The choice between elements of `itemsize` bytes, a power of two up to 16, by a boolean.
#[inline]
pub fn select(itemsize: usize) -> Kernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().select)[itemsize.trailing_zeros() as usize] }
}

/// The kernels of matrix products of `dtype`.
#[inline]
pub fn gemm(dtype: DType) -> GemmKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().gemm)[dtype as usize] }
}

/// The products with vectors of `dtype`.
#[inline]
pub fn products(dtype: DType) -> ProductKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().products)[dtype as usize] }
}

/// The repetition of rows of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn repeat(itemsize: usize) -> RepeatKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().repeat)[itemsize.trailing_zeros() as usize] }
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

/// The sums of squared distances of `dtype`.
#[inline]
pub fn squares(dtype: DType) -> SquaresKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().squares)[dtype as usize] }
}

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

/// The scattering of runs of `bytes`.
#[inline]
pub fn scatter(bytes: usize) -> ScatterKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().scatter)[by_run(bytes)] }
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
