//! Sorting, searching and sets.

use corepy_core::DType;

use super::tables;

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
