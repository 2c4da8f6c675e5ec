//! The registry as Python data, from which the stub, the API page, the tests and the benchmarks are
//! derived.

use corepy_core::registry::{OPS, ResultRule};
use corepy_core::{DType, Op};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Adds `registry()`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(registry, module)?)
}

/// The rows of the table of element-wise operations.
///
/// Returns
/// -------
/// list of dict
#[pyfunction]
fn registry(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let rows = PyList::empty(py);
    for (index, op) in OPS.iter().enumerate() {
        let row = PyDict::new(py);
        row.set_item("name", op.name)?;
        row.set_item("family", op.family)?;
        row.set_item("arity", op.arity)?;
        row.set_item("operator", op.operator)?;
        row.set_item("summary", op.summary)?;
        row.set_item("accuracy", op.accuracy)?;
        row.set_item("notes", op.notes)?;
        row.set_item("example", op.example)?;
        row.set_item("accepts", op.accepts.describe())?;
        let result = match op.result {
            ResultRule::Same => "same",
            ResultRule::Bool => "bool",
            ResultRule::Real => "real",
        };
        row.set_item("result", result)?;
        let computes = PyDict::new(py);
        for dtype in DType::ALL {
            if let Ok(compute) = Op(index as u16).compute_dtype(dtype) {
                computes.set_item(dtype.name(), compute.name())?;
            }
        }
        row.set_item("computes", computes)?;
        rows.append(row)?;
    }
    Ok(rows)
}
