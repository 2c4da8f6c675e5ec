//! The extension module `corepy._core`: names, argument conversion, the GIL, Python errors and the
//! protocols of other libraries. No arithmetic and no loop over elements.

// The documentation comments are docstrings, for Python's users.
#![allow(clippy::doc_markdown, clippy::doc_link_with_quotes)]
// The signatures of Python's methods are given, as is that of a match over conversions that may fail.
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, clippy::unused_self)]

mod advanced_indexing;
mod argument;
mod arithmetic;
mod array_interface;
mod attributes;
mod axis;
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
mod fusion;
mod indexing;
mod linalg;
mod linear_algebra;
mod manipulation;
mod numpy;
mod operator;
mod pickle;
mod power;
mod reduce;
mod registry;
mod searching;
mod searchsorted;
mod sets;
mod shape;
mod slots;
mod sorting;
mod statistics;
mod tensor;
mod utility;

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
    corepy_kernels::fusion::initialise();
    corepy_core::scheduler::set_interrupt_hook(error::signal_raised);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<tensor::PyTensor>()?;
    slots::install(module.py())?;
    module.add_class::<dtype::PyDType>()?;
    for dtype in corepy_core::DType::ALL {
        module.add(dtype.name(), dtype::object(module.py(), dtype))?;
    }
    generated::register(module)?;
    advanced_indexing::register(module)?;
    clip::register(module)?;
    creation::register(module)?;
    data_types::register(module)?;
    fft::register(module)?;
    fusion::register(module)?;
    reduce::register(module)?;
    configuration::register(module)?;
    foreign::register(module)?;
    linear_algebra::register(module)?;
    linalg::register(module)?;
    manipulation::register(module)?;
    searching::register(module)?;
    searchsorted::register(module)?;
    sets::register(module)?;
    sorting::register(module)?;
    statistics::register(module)?;
    utility::register(module)?;
    registry::register(module)?;
    Ok(())
}
