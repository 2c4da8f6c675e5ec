//! DLPack capsules to tensors.

use corepy_core::Tensor;
use corepy_core::shape::{MAX_RANK, Strides};
use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use super::abi::{CPU, IS_COPIED, Managed, READ_ONLY, Unversioned, VERSION, Versioned, is_host};
use crate::dtype;
use crate::foreign::{self, Memory, class_name};
use crate::tensor::PyTensor;

/// A tensor on the memory of any object that exports DLPack.
///
/// Parameters
/// ----------
/// x : object
///     An array of any library, with the methods ``__dlpack__`` and ``__dlpack_device__``.
/// device : "cpu", optional
///     With "cpu", an exporter on another device is asked to copy to the CPU.
/// copy : bool, optional
///     True always copies, False never does, None copies only where the memory cannot be shared.
///
/// Returns
/// -------
/// Tensor
///     Shares the memory of ``x`` and keeps it alive, unless copied. Read-only when ``x`` is, and when
///     ``x`` uses a version of DLPack before 1, which cannot say.
///
/// Raises
/// ------
/// AttributeError
///     If ``x`` has no ``__dlpack__``.
/// BufferError
///     For a dtype or device that corepy does not have, a malformed capsule, or one consumed before,
///     and with ``copy=False`` where a copy is needed.
///
/// Examples
/// --------
/// >>> import corepy as cp
/// >>> cp.from_dlpack(cp.asarray([1, 2]))
/// Tensor([1, 2], dtype=int64)
///
/// Notes
/// -----
/// Exact.
/// Array API standard 2025.12, creation functions: ``from_dlpack``.
#[pyfunction]
#[pyo3(signature = (x, /, *, device=None, copy=None))]
pub fn from_dlpack(
    x: &Bound<'_, PyAny>,
    device: Option<&Bound<'_, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Py<PyTensor>> {
    let py = x.py();
    dtype::check_device("from_dlpack", device)?;
    if let Ok(own) = x.cast::<PyTensor>() {
        let tensor = own.get().tensor()?;
        return PyTensor::wrap(py, if copy == Some(true) { foreign::copied(py, tensor)? } else { tensor.clone() });
    }
    PyTensor::wrap(py, import("from_dlpack", x, device.filter(|device| !device.is_none()), copy)?)
}

/// The tensor that `object` exports by DLPack.
pub fn import(
    op: &'static str,
    object: &Bound<'_, PyAny>,
    device: Option<&Bound<'_, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Tensor> {
    let py = object.py();
    if !object.hasattr("__dlpack__")? {
        return Err(PyAttributeError::new_err(format!("{op}: {} has no method __dlpack__", class_name(object))));
    }
    let keywords = PyDict::new(py);
    keywords.set_item("max_version", (VERSION.major, VERSION.minor))?;
    if let Some(copy) = copy {
        keywords.set_item("copy", copy)?;
    }
    if device.is_some() {
        keywords.set_item("dl_device", (CPU, 0))?;
    } else if object.hasattr("__dlpack_device__")? {
        check_exporter_device(op, object)?;
    }
    let capsule = match object.call_method("__dlpack__", (), Some(&keywords)) {
        // Exporters older than the keywords; those could not copy either.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => object.call_method0("__dlpack__")?,
        other => other?,
    };
    let Ok(capsule) = capsule.cast_into::<PyCapsule>() else {
        return Err(PyTypeError::new_err(format!(
            "{op}: __dlpack__ of {} did not return a capsule",
            class_name(object)
        )));
    };
    if is_named::<Versioned>(&capsule) {
        consume::<Versioned>(op, &capsule, copy)
    } else if is_named::<Unversioned>(&capsule) {
        consume::<Unversioned>(op, &capsule, copy)
    } else {
        Err(wrong_name(op, &capsule))
    }
}

fn check_exporter_device(op: &str, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let device = object.call_method0("__dlpack_device__")?;
    match device.extract::<(i32, i64)>() {
        Ok((kind, _)) if is_host(kind) => Ok(()),
        Ok((kind, id)) => Err(not_host(op, kind, id)),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{op}: __dlpack_device__ must return a device type and an id, not {}",
            device.repr()?
        ))),
    }
}

fn not_host(op: &str, kind: i32, id: i64) -> PyErr {
    PyBufferError::new_err(format!("{op}: the array lies on DLPack device ({kind}, {id}), not on the CPU"))
}

fn is_named<M: Managed>(capsule: &Bound<'_, PyCapsule>) -> bool {
    // SAFETY: a live capsule and a C string.
    unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), M::FRESH.as_ptr()) != 0 }
}

fn wrong_name(op: &str, capsule: &Bound<'_, PyCapsule>) -> PyErr {
    // SAFETY: a live capsule; its name is null or a C string that lives with it.
    let name = unsafe {
        let name = ffi::PyCapsule_GetName(capsule.as_ptr());
        (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned())
    };
    // Fetched, for `PyCapsule_GetName` sets an error beside null when the capsule is invalid.
    drop(PyErr::take(capsule.py()));
    PyBufferError::new_err(match name {
        Some(name) if name.starts_with("used_dltensor") => format!("{op}: the capsule has been consumed already"),
        Some(name) => format!("{op}: the capsule is named {name:?}, not \"dltensor\" or \"dltensor_versioned\""),
        None => format!("{op}: the capsule has no name"),
    })
}

/// What a consumer must free.
struct Received<M: Managed>(*mut M);

// SAFETY: DLPack has a tensor and its deleter used from any thread.
unsafe impl<M: Managed> Send for Received<M> {}
// SAFETY: as above; nothing but `drop` touches it.
unsafe impl<M: Managed> Sync for Received<M> {}

impl<M: Managed> Drop for Received<M> {
    fn drop(&mut self) {
        // Attached, for there are exporters that count on it. Without an interpreter, at exit, the
        // exporter may be gone.
        Python::try_attach(|_| {
            // SAFETY: this is the only owner, and the deleter is called once.
            unsafe {
                if let Some(deleter) = (*self.0).deleter() {
                    deleter(self.0);
                }
            }
        });
    }
}

/// Takes the tensor out of a fresh capsule.
fn consume<M: Managed + 'static>(
    op: &'static str,
    capsule: &Bound<'_, PyCapsule>,
    copy: Option<bool>,
) -> PyResult<Tensor> {
    let py = capsule.py();
    // SAFETY: the name has been compared; under it lies a pointer, never null, to this structure.
    let managed = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), M::FRESH.as_ptr()) }.cast::<M>();
    // SAFETY: as above; the structure lives until its deleter is called.
    let (memory, flags) = unsafe { (describe(op, &*managed)?, (*managed).flags()) };
    // SAFETY: a live capsule and a static name. From here on the tensor is this function's.
    if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), M::USED.as_ptr()) } != 0 {
        return Err(PyErr::fetch(py));
    }
    let owner = Box::new(Received(managed));
    let copied = flags.is_some_and(|flags| flags & IS_COPIED != 0);
    let copy = if copy == Some(true) && copied { None } else { copy };
    // SAFETY: the exporter keeps the memory valid until its deleter is called.
    unsafe { memory.adopt(py, owner, copy) }
}

/// What the structure says, as far as it makes sense.
fn describe<M: Managed>(op: &'static str, managed: &M) -> PyResult<Memory> {
    let fault = |message: String| PyBufferError::new_err(format!("{op}: {message}"));
    let version = managed.version();
    if version.major > VERSION.major {
        return Err(fault(format!("DLPack {}.{} is newer than corepy reads, 1.x", version.major, version.minor)));
    }
    let tensor = managed.tensor();
    if !is_host(tensor.device.device_type) {
        return Err(not_host(op, tensor.device.device_type, i64::from(tensor.device.device_id)));
    }
    let Some(dtype) = tensor.dtype.dtype() else {
        return Err(fault(format!("{} is not a dtype that corepy has", tensor.dtype.describe())));
    };
    let ndim = usize::try_from(tensor.ndim).ok().filter(|&ndim| ndim <= MAX_RANK);
    let Some(ndim) = ndim else {
        return Err(fault(format!("{} dimensions; 0 to {MAX_RANK} are supported", tensor.ndim)));
    };
    if ndim > 0 && tensor.shape.is_null() {
        return Err(fault(format!("{ndim} dimensions without a shape")));
    }
    let read = |array: *const i64| {
        (0..ndim).map(move |axis| {
            // SAFETY: the array is not null and has `ndim` numbers.
            unsafe { array.add(axis).read() }
        })
    };
    let shape = foreign::sizes(op, read(tensor.shape))?;
    // An overflow along an axis that leads somewhere is noticed as a span that no memory has.
    let itemsize = dtype.itemsize() as i64;
    let strides: Option<Strides> = (!tensor.strides.is_null())
        .then(|| read(tensor.strides).map(|stride| stride.saturating_mul(itemsize) as isize).collect());
    let address = usize::try_from(tensor.byte_offset).ok().and_then(|offset| tensor.data.addr().checked_add(offset));
    if address.is_none() {
        return Err(fault(format!("byte offset {} overflows", tensor.byte_offset)));
    }
    let memory = Memory {
        op,
        data: tensor.data.cast::<u8>().wrapping_add(tensor.byte_offset as usize),
        dtype,
        shape,
        strides,
        writable: managed.flags().is_some_and(|flags| flags & READ_ONLY == 0),
        refused: |what| PyBufferError::new_err(format!("from_dlpack: {what} needs a copy, which copy=False forbids")),
    };
    memory.span()?;
    Ok(memory)
}
