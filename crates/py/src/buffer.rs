//! The buffer protocol (PEP 3118): tensors as buffers, and anything that exports a buffer as a tensor.

mod export;
mod format;
mod import;

pub use import::{import, import_bytes};
