//! Tensors to DLPack capsules.

use corepy_core::Tensor;
use corepy_core::shape::contiguous_strides;
use corepy_kernels::elementwise;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::abi::{CPU, DLTensor, DataType, Device, IS_COPIED, Managed, READ_ONLY, Unversioned, Versioned};
use crate::error::IntoPython;
use crate::foreign;
use crate::fusion::Exposure;
use crate::tensor::{PyTensor, detached};

/// A tensor on its way: what the C structure points to lies beside it.
struct Package<M> {
    managed: M,
    /// Keeps the memory alive.
    _tensor: Tensor,
    _exposure: Option<Exposure>,
    /// The shape, then the strides in elements.
    _geometry: Vec<i64>,
}

/// A capsule with `tensor`, whose strides are non-negative multiples of the element's size.
fn capsule<M: Managed>(py: Python<'_>, tensor: Tensor, flags: u64) -> PyResult<Py<PyAny>> {
    let (ndim, dtype) = (tensor.ndim(), tensor.dtype());
    // Strides that lead nowhere are as in C order: some consumers insist on it.
    let compact = contiguous_strides(tensor.shape(), dtype.itemsize());
    let mut geometry: Vec<i64> = tensor.shape().iter().map(|&size| size as i64).collect();
    geometry.extend(tensor.shape().iter().zip(tensor.strides()).zip(&compact).map(|((&size, &stride), &compact)| {
        let stride = if size > 1 && tensor.size() > 0 { stride } else { compact };
        stride as i64 / dtype.itemsize() as i64
    }));
    let description = DLTensor {
        data: tensor.data().cast(),
        device: Device { device_type: CPU, device_id: 0 },
        ndim: ndim as i32,
        dtype: DataType::of(dtype),
        shape: std::ptr::null_mut(),
        strides: std::ptr::null_mut(),
        byte_offset: 0,
    };
    let exposure = Exposure::new(&tensor)?;
    let package = Box::into_raw(Box::new(std::mem::MaybeUninit::<Package<M>>::uninit())).cast::<Package<M>>();
    let (shape, strides) = if ndim > 0 {
        let shape = geometry.as_mut_ptr();
        (shape, shape.wrapping_add(ndim))
    } else {
        (std::ptr::null_mut(), std::ptr::null_mut())
    };
    let managed = M::new(DLTensor { shape, strides, ..description }, flags, package.cast(), Some(delete::<M>));
    // SAFETY: the box is fresh and of this layout; the vector's elements stay where they are when
    // it moves in. `PyCapsule_New` takes a pointer that is not null and a static name.
    unsafe {
        package.write(Package { managed, _tensor: tensor, _exposure: exposure, _geometry: geometry });
        let pointer = (&raw mut (*package).managed).cast();
        let capsule = ffi::PyCapsule_New(pointer, M::FRESH.as_ptr(), Some(destroy::<M>));
        if capsule.is_null() {
            drop(Box::from_raw(package));
            return Err(PyErr::fetch(py));
        }
        Ok(Bound::from_owned_ptr(py, capsule).unbind())
    }
}

/// Frees a package. Any thread may call it, with the GIL or without: what Python owns is released
/// by its keeper, which attaches.
unsafe extern "C" fn delete<M: Managed>(managed: *mut M) {
    // SAFETY: a consumer passes what it was given, once; the context is the package's own address,
    // which came from a box.
    unsafe {
        let package = (*managed).context().cast::<Package<M>>();
        drop(Box::from_raw(package));
    }
}

/// Frees the package of a capsule that nobody consumed.
unsafe extern "C" fn destroy<M: Managed>(capsule: *mut ffi::PyObject) {
    // SAFETY: Python passes the capsule, alive; under its fresh name it holds what `capsule` put in.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, M::FRESH.as_ptr()) == 0 {
            return;
        }
        let managed = ffi::PyCapsule_GetPointer(capsule, M::FRESH.as_ptr()).cast::<M>();
        if let Some(deleter) = (*managed).deleter() {
            deleter(managed);
        }
    }
}

/// Whether the consumer understands version 1.
fn wants_version_1(max_version: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let Some(version) = max_version.filter(|version| !version.is_none()) else { return Ok(false) };
    let pair = version.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
    let numbers = pair.and_then(|pair| pair.extract::<(i64, i64)>().ok());
    let Some((major, _)) = numbers else {
        return Err(PyTypeError::new_err(format!(
            "__dlpack__: max_version must be None or a tuple of two integers, not {}",
            version.repr()?
        )));
    };
    Ok(major >= 1)
}

fn check_device(device: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let Some(device) = device.filter(|device| !device.is_none()) else { return Ok(()) };
    let pair = device.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
    let Some(pair) = pair else {
        return Err(PyTypeError::new_err(format!(
            "__dlpack__: dl_device must be None or a tuple of device type and id, not {}",
            device.repr()?
        )));
    };
    let mut kind = pair.get_item(0)?;
    // A plain Enum holds its number as its value.
    if kind.extract::<i64>().is_err() && kind.hasattr("value")? {
        kind = kind.getattr("value")?;
    }
    match (kind.extract::<i64>(), pair.get_item(1)?.extract::<i64>()) {
        (Ok(1), Ok(0)) => Ok(()),
        (Ok(kind), Ok(id)) => Err(PyBufferError::new_err(format!(
            "__dlpack__: unsupported device ({kind}, {id}); corepy has the CPU, (1, 0)"
        ))),
        _ => Err(PyTypeError::new_err(format!("__dlpack__: dl_device must hold two integers, not {}", device.repr()?))),
    }
}

#[pymethods]
impl PyTensor {
    /// The tensor as a DLPack capsule, by which other libraries share its memory.
    ///
    /// Parameters
    /// ----------
    /// stream : None
    ///     The CPU has no streams.
    /// max_version : tuple of int, optional
    ///     The newest DLPack version that the consumer reads. From (1, 0) on, the capsule is
    ///     versioned and says whether the memory may be written; without it, it is a capsule of
    ///     the versions before 1.
    /// dl_device : tuple of int, optional
    ///     Only the CPU, (1, 0).
    /// copy : bool, optional
    ///     True always copies, False never does, None copies only views that consumers cannot
    ///     take: those with negative strides.
    ///
    /// Returns
    /// -------
    /// PyCapsule
    ///     To be consumed once.
    ///
    /// Raises
    /// ------
    /// BufferError
    ///     For another device; for a read-only tensor in an unversioned capsule, which cannot say
    ///     so; with ``copy=False`` for a view that needs a copy.
    /// ValueError
    ///     If stream is not None.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.from_dlpack(cp.asarray([1, 2]))  # calls it
    /// Tensor([1, 2], dtype=int64)
    ///
    /// Notes
    /// -----
    /// Array API standard 2025.12, array object: ``__dlpack__``.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__(
        &self,
        py: Python<'_>,
        stream: Option<&Bound<'_, PyAny>>,
        max_version: Option<&Bound<'_, PyAny>>,
        dl_device: Option<&Bound<'_, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Py<PyAny>> {
        let versioned = wants_version_1(max_version)?;
        check_device(dl_device)?;
        if stream.is_some_and(|stream| !stream.is_none()) {
            return Err(PyValueError::new_err("__dlpack__: the CPU has no streams; stream must be None"));
        }
        let tensor = self.tensor()?;
        let itemsize = tensor.dtype().itemsize() as isize;
        // DLPack counts in elements, and there are consumers that abort on negative strides.
        let is_exportable = tensor.size() == 0
            || tensor
                .shape()
                .iter()
                .zip(tensor.strides())
                .all(|(&size, &stride)| size <= 1 || stride >= 0 && stride % itemsize == 0);
        let exported = match copy {
            Some(true) => foreign::copied(py, tensor)?,
            _ if is_exportable => tensor.clone(),
            Some(false) => {
                return Err(PyBufferError::new_err(format!(
                    "__dlpack__: a view with strides {:?} (bytes) needs a copy, which copy=False forbids",
                    tensor.strides()
                )));
            }
            None => detached(py, tensor.size(), || elementwise::cast_contiguous("__dlpack__", tensor, tensor.dtype()))
                .py()?,
        };
        let is_copy = !exported.storage().ptr_eq(tensor.storage());
        if !versioned {
            if !exported.is_writable() {
                return Err(PyBufferError::new_err(
                    "__dlpack__: a read-only tensor cannot be exported to a consumer of DLPack before version 1, which \
                     could not tell; pass max_version=(1, 0) or copy=True",
                ));
            }
            return capsule::<Unversioned>(py, exported, 0);
        }
        let read_only = if exported.is_writable() { 0 } else { READ_ONLY };
        capsule::<Versioned>(py, exported, read_only | if is_copy { IS_COPIED } else { 0 })
    }

    /// DLPack's device type and id: always the CPU, (1, 0).
    ///
    /// Returns
    /// -------
    /// (int, int)
    ///     The type 1, which is the CPU, and the number 0.
    ///
    /// Examples
    /// --------
    /// >>> import corepy as cp
    /// >>> cp.zeros(2).__dlpack_device__()
    /// (1, 0)
    ///
    /// Notes
    /// -----
    /// Array API standard 2025.12, array object: ``__dlpack_device__``.
    fn __dlpack_device__(&self) -> (i32, i32) {
        (CPU, 0)
    }
}
