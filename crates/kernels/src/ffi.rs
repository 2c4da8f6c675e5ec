//! The only door to `csrc/`: tables of kernels, one per instruction set.

use std::ffi::c_void;

use corepy_core::{DType, Op, Reduction};

use crate::isa::{self, Isa};

/// A kernel of the element-wise shape: see `csrc/loops.h`.
///
/// `args` points to as many element pointers as the operation has operands; bit i of `scalars` says
/// that `args[i]` is one element standing for all `n`.
pub type Kernel = unsafe extern "C" fn(args: *const *const u8, out: *mut u8, n: usize, scalars: u32);

/// An operation on vectors in registers: see `csrc/in_registers.h`. Its real type has vectors as arguments and
/// result, so only generated code calls it.
pub type InRegisters = unsafe extern "C" fn();

/// The bit of `scalars` by which a kernel of an operation of the registry, or of a cast, writes past the
/// caches; [`crate::exec`] fences. Other kernels must not be given it.
pub const STREAMING: u32 = 1 << 31;

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
    /// The `n` elements that `produce` computes, to a number.
    pub produced: Option<ReduceProduced>,
}

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

/// A run of products of small matrices: see `CorepySmallProducts` in `csrc/gemm_small.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[allow(missing_docs)]
pub struct SmallProducts {
    pub a: *const u8,
    pub b: *const u8,
    pub c: *mut u8,
    pub a_item: isize,
    pub b_item: isize,
    pub c_item: isize,
    pub a_row: isize,
    pub a_col: isize,
    pub b_row: isize,
    pub c_row: isize,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub count: usize,
}

/// Multiplies a run of small matrices.
pub type GemmSmallKernel = unsafe extern "C" fn(products: *const SmallProducts);

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

/// Rows of several operands in turn: see `csrc/repeat.h`.
pub type InterleaveKernel =
    unsafe extern "C" fn(sources: *const *const u8, k: usize, n: usize, width: usize, out: *mut u8);

/// Rows of different lengths of several operands in turn: see `csrc/repeat.h`.
pub type JoinKernel =
    unsafe extern "C" fn(sources: *const *const u8, widths: *const usize, k: usize, n: usize, out: *mut u8);

/// A run repeated as a whole: see `csrc/repeat.h`.
pub type TileKernel = unsafe extern "C" fn(x: *const u8, bytes: usize, out: *mut u8, total: usize);

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

/// What a run of elements became as keys: see `csrc/sort.h`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct KeyRange {
    /// The least key.
    pub least: u64,
    /// The greatest key.
    pub most: u64,
    /// Not 0 if there are NaNs or negative zeros, which their keys do not tell.
    pub special: u64,
}

/// Keys that are being sorted: see `csrc/sort.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct KeyPart {
    /// The keys.
    pub x: *mut u8,
    /// As much scratch.
    pub scratch: *mut u8,
    /// How many.
    pub n: usize,
    /// Whether they are to end in the scratch.
    pub into_scratch: u32,
}

/// The kernels that sort elements of one dtype by keys: see `csrc/sort.h`. Null for complex dtypes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SortKernels {
    /// Elements to keys.
    pub map: Option<unsafe extern "C" fn(x: *const u8, n: usize, flip: u64, keys: *mut u8, range: *mut KeyRange)>,
    /// Keys to elements.
    pub unmap: Option<unsafe extern "C" fn(keys: *const u8, n: usize, flip: u64, out: *mut u8)>,
    /// NaNs and zeros as they were.
    pub restore: Option<unsafe extern "C" fn(x: *const u8, n: usize, descending: u32, out: *mut u8)>,
    /// Least and greatest of keys.
    pub range: Option<unsafe extern "C" fn(keys: *const u8, n: usize, range: *mut KeyRange)>,
    /// Keys counted by their leading bits.
    pub histogram: Option<unsafe extern "C" fn(keys: *const u8, n: usize, base: u64, shift: u32, counts: *mut u64)>,
    /// Keys spread by their leading bits.
    pub scatter:
        Option<unsafe extern "C" fn(keys: *const u8, n: usize, base: u64, shift: u32, offsets: *mut u64, out: *mut u8)>,
    /// The places of keys spread by all their bits.
    pub scatter_places: Option<
        unsafe extern "C" fn(keys: *const u8, n: usize, base: u64, first: u64, offsets: *mut u64, out: *mut i64),
    >,
    /// Adjacent keys, each as often as it was counted.
    pub repeat: Option<unsafe extern "C" fn(counts: *const u64, buckets: usize, base: u64, out: *mut u8)>,
    /// Keys sorted in the calling thread.
    pub sort: Option<unsafe extern "C" fn(a: *mut u8, b: *mut u8, n: usize, into_b: u32)>,
    /// A part partitioned; null where keys are not sorted by partitions.
    pub split: Option<unsafe extern "C" fn(part: *mut KeyPart, below: *mut KeyPart) -> usize>,
    /// Whether elements are in order, or in reverse.
    pub ordered: Option<unsafe extern "C" fn(x: *const u8, n: usize, flip: u64, backwards: u32) -> u32>,
    /// Elements in reverse.
    pub reverse: Option<unsafe extern "C" fn(x: *const u8, n: usize, out: *mut u8)>,
    /// Places that sort elements in reverse order.
    pub reversed_places: Option<unsafe extern "C" fn(x: *const u8, n: usize, out: *mut i64)>,
    /// Keys with their indices as keys of 64 bits.
    pub pack: Option<
        unsafe extern "C" fn(keys: *const u8, n: usize, base: u64, first: u64, drop: u32, bits: u32, out: *mut u64),
    >,
    /// Sorted packed keys to indices.
    pub unpack: Option<
        unsafe extern "C" fn(
            packed: *mut u64,
            scratch: *mut u64,
            n: usize,
            keys: *const u8,
            base: u64,
            drop: u32,
            bits: u32,
        ),
    >,
    /// Keys with their indices as keys of 32 bits.
    pub pack_narrow:
        Option<unsafe extern "C" fn(keys: *const u8, n: usize, base: u64, drop: u32, bits: u32, out: *mut u32)>,
    /// Those as keys of 64 bits.
    pub widen: Option<unsafe extern "C" fn(packed: *const u32, n: usize, out: *mut u64)>,
}

/// The kernels that sort indices by complex elements, of one dtype: see `csrc/sort_merge.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct IndexSortKernels {
    /// Real components; NaN where either component is.
    pub primary: unsafe extern "C" fn(x: *const u8, n: usize, out: *mut u8),
    /// Sorts runs of indices whose elements have one real component, or a NaN.
    pub ties: unsafe extern "C" fn(x: *const u8, indices: *mut i64, scratch: *mut i64, n: usize, descending: u32),
    /// Where such a run ends.
    pub tie_end: unsafe extern "C" fn(x: *const u8, indices: *const i64, n: usize, place: usize) -> usize,
}

/// Searches `n` values in `size` sorted elements: see `csrc/search.h`.
pub type SearchKernel =
    unsafe extern "C" fn(sorted: *const u8, size: usize, x: *const u8, n: usize, side: u32, out: *mut u8);

/// What finds runs of equal elements among sorted ones: see `csrc/sets.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct RunKernels {
    /// Counts the runs that start in a range.
    pub count: unsafe extern "C" fn(sorted: *const u8, begin: usize, end: usize) -> usize,
    /// Writes their first elements.
    pub values: unsafe extern "C" fn(sorted: *const u8, begin: usize, end: usize, out: *mut u8),
    /// Writes their places.
    pub places: unsafe extern "C" fn(sorted: *const u8, begin: usize, end: usize, out: *mut i64),
}

/// Membership by a table of the integers in a range: see `csrc/sets.h`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TableKernels {
    /// Marks what is in it.
    pub mark: unsafe extern "C" fn(x: *const u8, n: usize, base: u64, table: *mut u8),
    /// Asks what is in it.
    pub look_up: unsafe extern "C" fn(x: *const u8, n: usize, base: u64, last: u64, table: *const u8, found: *mut u8),
}

/// Elements by indices that are in bounds: see `csrc/sets.h`.
pub type PickKernel = unsafe extern "C" fn(x: *const u8, indices: *const i64, n: usize, out: *mut u8);

/// Lengths of runs, and each element's run: see `csrc/sets.h`.
pub type SpreadKernel = unsafe extern "C" fn(
    starts: *const i64,
    runs: usize,
    size: usize,
    first: usize,
    last: usize,
    order: *const i64,
    inverse: *mut i64,
    counts: *mut i64,
);

/// Multiplies `n` complex numbers by powers of a root of unity: see `csrc/fft.h`.
pub type TwiddleKernel = unsafe extern "C" fn(
    x: *mut u8,
    n: usize,
    power: usize,
    coarse: *const [f64; 2],
    fine: *const [f64; 2],
    shift: u32,
);

/// A spectrum of real numbers from that of half as many complex ones, or the inverse: see `csrc/fft.h`.
pub type HalvesKernel = unsafe extern "C" fn(
    z: *const u8,
    x: *mut u8,
    m: usize,
    first: usize,
    last: usize,
    coarse: *const [f64; 2],
    fine: *const [f64; 2],
    shift: u32,
    scale: f64,
);

/// The second half of a spectrum from the first: see `csrc/fft.h`.
pub type MirrorKernel = unsafe extern "C" fn(x: *mut u8, n: usize, first: usize, last: usize, conjugate: u32);

/// Eigenvalues of a real matrix of `n` rows, `stride` numbers apart: see `csrc/eigen.h`.
pub type EigenvaluesKernel =
    unsafe extern "C" fn(a: *mut f64, n: usize, stride: usize, work: *mut f64, re: *mut f64, im: *mut f64) -> u32;

/// A QR decomposition of a small real matrix: see `csrc/qr.h`.
pub type QrKernel = unsafe extern "C" fn(
    a: *mut u8,
    a_stride: usize,
    rows: usize,
    cols: usize,
    q: *mut u8,
    q_stride: usize,
    inner: usize,
    work: *mut u8,
) -> u32;

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

/// The function of vectors that computes `op` on floating-point numbers of `bytes` bytes; `None` where there is none.
pub fn in_registers(op: Op, bytes: usize) -> Option<InRegisters> {
    // SAFETY: the pointer is to a row of 2 entries in an immutable static.
    unsafe { (*tables().in_registers[op.0 as usize])[usize::from(bytes == 8)] }
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

/// The products of small matrices of `dtype`; null for bool.
#[inline]
pub fn gemm_small(dtype: DType) -> Option<GemmSmallKernel> {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().gemm_small)[dtype as usize] }
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

/// The kernels that sort `dtype` by keys; null for complex dtypes.
#[inline]
pub fn sort(dtype: DType) -> SortKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().sort)[dtype as usize] }
}

/// The kernels that sort indices by elements of a complex `dtype`.
#[inline]
pub fn index_sort(dtype: DType) -> IndexSortKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().index_sort)[usize::from(dtype == DType::Complex128)] }
}

/// The search among elements of `dtype`.
#[inline]
pub fn search(dtype: DType) -> SearchKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().search)[dtype as usize] }
}

/// What finds runs of equal elements of `dtype`.
#[inline]
pub fn runs(dtype: DType) -> RunKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().runs)[dtype as usize] }
}

/// Membership by table of integers of `itemsize` bytes.
#[inline]
pub fn table(itemsize: usize) -> TableKernels {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().table)[itemsize.trailing_zeros() as usize] }
}

/// The choice by index of elements of `itemsize` bytes, a power of two up to 16.
#[inline]
pub fn pick(itemsize: usize) -> PickKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().pick)[itemsize.trailing_zeros() as usize] }
}

/// The lengths of runs and each element's run.
#[inline]
pub fn spread() -> SpreadKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().spread)[0] }
}

/// The multiplication by powers of a root of unity of numbers whose components are `dtype`, float32 or float64.
#[inline]
pub fn twiddle(dtype: DType) -> TwiddleKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().twiddle)[usize::from(dtype == DType::Float64)] }
}

/// The spectrum of real numbers whose dtype is float32 or float64 from that of half as many complex ones, or,
/// `inverse`, that from the spectrum.
#[inline]
pub fn halves(dtype: DType, inverse: bool) -> HalvesKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().halves)[usize::from(dtype == DType::Float64)][usize::from(inverse)] }
}

/// The second half of a spectrum whose components are `dtype`, float32 or float64.
#[inline]
pub fn mirror(dtype: DType) -> MirrorKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().mirror)[usize::from(dtype == DType::Float64)] }
}

/// The eigenvalues of a small real matrix.
#[inline]
pub fn eigenvalues() -> EigenvaluesKernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().eigenvalues)[0] }
}

/// The QR decomposition of small matrices of `dtype`, where there is one: float32 and float64.
#[inline]
pub fn qr(dtype: DType) -> Option<QrKernel> {
    let index = match dtype {
        DType::Float32 => 0,
        DType::Float64 => 1,
        _ => return None,
    };
    // SAFETY: the pointer is to an immutable static.
    Some(unsafe { (*tables().qr)[index] })
}
