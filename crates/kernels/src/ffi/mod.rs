//! The only door to `csrc/`: tables of kernels, one per instruction set.

mod elementwise;
mod index;
mod matrix;
mod movement;
mod order;
mod reduction;
mod transform;

use crate::isa::{self, Isa};

pub use elementwise::*;
pub use index::*;
pub use matrix::*;
pub use movement::*;
pub use order::*;
pub use reduction::*;
pub use transform::*;

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
