//! `axis=` of one axis.

use pyo3::prelude::*;

use crate::reduce::one_axis;

/// `axis=` where its default is an axis: what was given is read by the function, whose name errors bear.
pub enum AxisArgument<'py> {
    /// Nothing was given.
    Default,
    /// An integer, or None.
    Given(Bound<'py, PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for AxisArgument<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(AxisArgument::Given(object.to_owned()))
    }
}

impl AxisArgument<'_> {
    /// The axis; an error for None.
    pub fn required(&self, op: &str, default: i64) -> PyResult<i64> {
        match self {
            AxisArgument::Default => Ok(default),
            AxisArgument::Given(axis) => one_axis(op, axis),
        }
    }

    /// The axis, or None.
    pub fn optional(&self, op: &str, default: i64) -> PyResult<Option<i64>> {
        match self {
            AxisArgument::Given(axis) if axis.is_none() => Ok(None),
            other => other.required(op, default).map(Some),
        }
    }
}
