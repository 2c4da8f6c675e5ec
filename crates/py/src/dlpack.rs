//! DLPack: tensors to other libraries and back without a copy.

mod abi;
mod export;
mod import;

use pyo3::prelude::*;

pub use import::import;

/// Adds `from_dlpack`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(import::from_dlpack, module)?)
}
