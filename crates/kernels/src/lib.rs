//! corepy's executor: it turns plans into blocks, spreads blocks over threads and hands them to the
//! C++ kernels of `csrc/`. This crate holds nearly all of corepy's `unsafe`.

pub mod argreduce;
mod copy;
pub mod create;
pub mod elementwise;
pub mod exec;
mod ffi;
pub mod fft;
pub mod fusion;
pub mod gather;
pub mod isa;
pub mod linalg;
pub mod mask;
pub mod matmul;
pub mod rearrange;
pub mod reduce;
pub mod scan;
pub mod search;
pub mod select;
pub mod sets;
pub mod sort;
pub mod statistics;
