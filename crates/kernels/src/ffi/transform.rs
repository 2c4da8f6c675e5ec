//! Fourier transforms: what rustfft leaves to do.

use corepy_core::DType;

use super::tables;

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
