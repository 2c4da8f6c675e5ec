//! Operations on elements: those of the registry, casts, choice.

use corepy_core::{DType, Op};

use super::tables;

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

/// The choice between elements of `itemsize` bytes, a power of two up to 16, by a boolean.
#[inline]
pub fn select(itemsize: usize) -> Kernel {
    // SAFETY: the pointer is to an immutable static.
    unsafe { (*tables().select)[itemsize.trailing_zeros() as usize] }
}
