//! The extension module `corepy._core`: names, argument conversion, the GIL, Python errors and the
//! protocols of other libraries. No arithmetic and no loop over elements.

// The documentation comments are docstrings, for Python's users.
#![allow(clippy::doc_markdown)]
// The signatures of Python's methods are given, as is that of a match over conversions that may fail.
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, clippy::unused_self)]

mod argument;
mod array_interface;
mod buffer;
mod clip;
mod configuration;
mod convert;
mod creation;
mod data_types;
mod dlpack;
mod dtype;
mod error;
mod fft;
mod foreign;
mod function;
mod indexing;
mod manipulation;
mod numpy;
mod operator;
mod pickle;
mod power;
mod reduce;
mod registry;
mod searching;
mod shape;
mod statistics;
mod tensor;

use pyo3::prelude::*;

mod generated {
    use corepy_core::Op;
    use pyo3::prelude::*;

    use crate::function;
    use crate::tensor::PyTensor;

    include!(concat!(env!("OUT_DIR"), "/functions.rs"));
}

/// corepy's compiled core; use the package `corepy`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    use error::IntoPython;

    corepy_kernels::isa::initialise().py()?;
    corepy_core::scheduler::set_interrupt_hook(error::signal_raised);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<tensor::PyTensor>()?;
    module.add_class::<dtype::PyDType>()?;
    for dtype in corepy_core::DType::ALL {
        module.add(dtype.name(), dtype::object(module.py(), dtype))?;
    }
    generated::register(module)?;
    clip::register(module)?;
    creation::register(module)?;
    data_types::register(module)?;
    fft::register(module)?;
    reduce::register(module)?;
    configuration::register(module)?;
    foreign::register(module)?;
    manipulation::register(module)?;
    searching::register(module)?;
    statistics::register(module)?;
    registry::register(module)?;
    Ok(())
}
