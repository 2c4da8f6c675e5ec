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

/// Multiplies `n` complex numbers by powers of a root of unity: see `csrc/fft.h`.
pub type TwiddleKernel =
    unsafe extern "C" fn(x: *mut u8, n: usize, power: usize, coarse: *const [f64; 2], fine: *const [f64; 2], shift: u32);

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
