//! Products of matrices and vectors, decompositions of small matrices.

use corepy_core::DType;

use super::tables;

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
