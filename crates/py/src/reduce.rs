//! Reductions (being written).
use corepy_core::Tensor;
use pyo3::prelude::*;
pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> { Ok(()) }
pub fn any(_py: Python<'_>, _tensor: &Tensor) -> PyResult<bool> { Ok(false) }
pub fn has_negative(_tensor: &Tensor) -> PyResult<bool> { Ok(false) }
