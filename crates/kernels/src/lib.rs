//! corepy's executor: it turns plans into blocks, spreads blocks over threads and hands them to the
//! C++ kernels of `csrc/`. This crate holds nearly all of corepy's `unsafe`.

pub mod create;
pub mod elementwise;
pub mod exec;
mod ffi;
pub mod fft;
pub mod isa;
pub mod reduce;
pub mod select;
pub mod statistics;
