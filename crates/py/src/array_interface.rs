//! NumPy's array interface, version 3: `__array_interface__`, both ways.

use corepy_core::shape::Strides;
use corepy_core::{DType, Tensor};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::buffer;
use crate::foreign::{Keeper, Memory, class_name, copy_refused, sizes};
use crate::fusion::Exposure;
use crate::tensor::PyTensor;

/// The dtype of a `typestr`: `<f8` and the like.
fn parse_typestr(text: &str) -> PyResult<DType> {
    let order = text.chars().next().unwrap_or('|');
    let code = text.get(1..).unwrap_or("");
    let dtype = DType::ALL.into_iter().find(|dtype| {
        let info = dtype.info();
        code == format!("{}{}", info.numpy_kind, info.itemsize)
    });
    let Some(dtype) = dtype else {
        return Err(PyTypeError::new_err(format!("asarray: typestr {text:?} is no dtype of corepy")));
    };
    let native = if cfg!(target_endian = "little") { '<' } else { '>' };
    if dtype.itemsize() > 1 && order != native && order != '=' {
        return Err(PyTypeError::new_err(format!(
            "asarray: typestr {text:?} has a non-native byte order; convert it first"
        )));
    }
    Ok(dtype)
}

/// The tensor of an object with `__array_interface__`, or None for one without, or one whose
/// interface leaves the memory to another protocol.
pub fn import(object: &Bound<'_, PyAny>, copy: Option<bool>) -> PyResult<Option<Tensor>> {
    let Some(interface) = object.getattr_opt("__array_interface__")? else { return Ok(None) };
    let malformed =
        |what: &str| PyValueError::new_err(format!("asarray: __array_interface__ of {} {what}", class_name(object)));
    let Ok(interface) = interface.cast_into::<PyDict>() else {
        return Err(malformed("is not a dict"));
    };
    let entry = |name: &str| Ok::<_, PyErr>(interface.get_item(name)?.filter(|value| !value.is_none()));
    let Some(data) = entry("data")? else { return Ok(None) };
    if entry("mask")?.is_some() {
        return Err(PyTypeError::new_err("asarray: an __array_interface__ with a mask is not supported"));
    }
    let typestr: String = entry("typestr")?.ok_or_else(|| malformed("has no typestr"))?.extract()?;
    let dtype = parse_typestr(&typestr)?;
    let shape: Vec<i64> = entry("shape")?.ok_or_else(|| malformed("has no shape"))?.extract()?;
    let shape = sizes("asarray", shape.into_iter())?;
    let strides = match entry("strides")? {
        Some(strides) => {
            let strides: Vec<isize> = strides.extract()?;
            if strides.len() != shape.len() {
                return Err(malformed("has strides of another length than its shape"));
            }
            Some(Strides::from_vec(strides))
        }
        None => None,
    };
    let Ok(pair) = data.cast::<PyTuple>() else {
        let offset = match entry("offset")? {
            Some(offset) => offset.extract::<usize>()?,
            None => 0,
        };
        return buffer::import_bytes("asarray", &data, offset, dtype, shape, strides, copy).map(Some);
    };
    let (address, read_only): (usize, bool) =
        pair.extract().map_err(|_| malformed("has no address and flag in data"))?;
    let memory = Memory {
        op: "asarray",
        data: std::ptr::with_exposed_provenance_mut(address),
        dtype,
        shape,
        strides,
        writable: !read_only,
        refused: copy_refused,
    };
    // SAFETY: the protocol has the object keep the memory valid while it lives.
    unsafe { memory.adopt(object.py(), Box::new(Keeper::new(object)), copy) }.map(Some)
}

#[pymethods]
impl PyTensor {
    /// NumPy's array interface, version 3: a dict of shape, typestr, data and strides.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tensor = self.tensor()?;
        // Nobody says when the address is no longer used.
        std::mem::forget(Exposure::new(tensor)?);
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", PyTuple::new(py, tensor.shape())?)?;
        interface.set_item("typestr", crate::dtype::typestr(tensor.dtype()))?;
        interface.set_item("data", (tensor.data().expose_provenance(), !tensor.is_writable()))?;
        let strides = if tensor.is_contiguous() { None } else { Some(PyTuple::new(py, tensor.strides())?) };
        interface.set_item("strides", strides)?;
        Ok(interface)
    }
}
