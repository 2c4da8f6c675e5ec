//! What NumPy calls on tensors; the work is done in `corepy/_numpy.py`, loaded when first needed.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::tensor::PyTensor;

fn bridge<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyModule>> {
    py.import("corepy._numpy")
}

#[pymethods]
impl PyTensor {
    /// The tensor as a NumPy array, which shares its memory unless a copy is asked for or needed.
    ///
    /// Parameters
    /// ----------
    /// dtype : dtype, optional
    ///     By default the tensor's own.
    /// copy : bool, optional
    ///     True always copies, False never does, None copies only where needed.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray
    ///     Of the tensor's shape.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     With ``copy=False`` where `dtype` asks for another dtype than the tensor's.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> import numpy as np
    /// >>> np.asarray(cp.asarray([1, 2]))
    /// array([1, 2])
    #[pyo3(signature = (dtype=None, *, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        bridge(slf.py())?.call_method1("array", (slf, dtype, copy))
    }

    /// What `numpy.sin(x)` and `ndarray + x` call.
    #[pyo3(signature = (ufunc, method, *inputs, **kwargs))]
    fn __array_ufunc__<'py>(
        slf: &Bound<'py, Self>,
        ufunc: &Bound<'py, PyAny>,
        method: &str,
        inputs: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let kwargs = kwargs.cloned().unwrap_or_else(|| PyDict::new(py));
        bridge(py)?.call_method1("array_ufunc", (ufunc, method, inputs, kwargs))
    }

    /// What `numpy.mean(x)` calls.
    fn __array_function__<'py>(
        slf: &Bound<'py, Self>,
        func: &Bound<'py, PyAny>,
        types: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        bridge(slf.py())?.call_method1("array_function", (func, types, args, kwargs))
    }
}
