//! Arrays of other libraries (being written).
use corepy_core::Tensor;
use pyo3::prelude::*;
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> { Ok(()) }
pub fn import(_object: &Bound<'_, PyAny>, _copy: Option<bool>) -> PyResult<Option<Tensor>> { Ok(None) }
