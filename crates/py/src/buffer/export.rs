//! Tensors as buffers.

use std::ffi::c_int;

use corepy_core::Tensor;
use corepy_core::shape::{Shape, Strides, contiguous_strides};
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::fusion::Exposure;
use crate::tensor::PyTensor;

/// What a view's shape and strides point to. The tensor itself is kept by the view's object.
struct Geometry {
    shape: Shape,
    strides: Strides,
    /// While the view is held, if it may be written.
    _exposure: Option<Exposure>,
}

/// Whether all of the bits that make up `request` are set.
fn asks(flags: c_int, request: c_int) -> bool {
    flags & request == request
}

/// Whether the elements lie in Fortran order without gaps.
fn is_fortran(tensor: &Tensor) -> bool {
    let reversed: Shape = (0..tensor.ndim()).rev().collect();
    tensor.permuted(&reversed).is_contiguous()
}

/// Refuses what the consumer asks for and the tensor is not.
fn check(tensor: &Tensor, flags: c_int) -> PyResult<()> {
    if asks(flags, ffi::PyBUF_WRITABLE) && !tensor.is_writable() {
        return Err(PyBufferError::new_err("the tensor is read-only: it has no writable buffer"));
    }
    let refuse = |order: &str| Err(PyBufferError::new_err(format!("the tensor is not contiguous in {order}")));
    // Without strides, the consumer takes C order for granted.
    let needs_c = asks(flags, ffi::PyBUF_C_CONTIGUOUS) || !asks(flags, ffi::PyBUF_STRIDES);
    if needs_c && !tensor.is_contiguous() {
        return refuse("C order");
    }
    if asks(flags, ffi::PyBUF_F_CONTIGUOUS) && !is_fortran(tensor) {
        return refuse("Fortran order");
    }
    if asks(flags, ffi::PyBUF_ANY_CONTIGUOUS) && !tensor.is_contiguous() && !is_fortran(tensor) {
        return refuse("C or Fortran order");
    }
    Ok(())
}

/// The strides as consumers expect them: those that lead nowhere as in the order asked for.
fn strides(tensor: &Tensor, flags: c_int) -> Strides {
    let itemsize = tensor.dtype().itemsize();
    if tensor.is_contiguous() && !asks(flags, ffi::PyBUF_F_CONTIGUOUS) {
        return contiguous_strides(tensor.shape(), itemsize);
    }
    if is_fortran(tensor) {
        let reversed: Shape = tensor.shape().iter().rev().copied().collect();
        let mut strides = contiguous_strides(&reversed, itemsize);
        strides.reverse();
        return strides;
    }
    tensor.strides().iter().copied().collect()
}

#[pymethods]
impl PyTensor {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("a buffer needs a view to fill"));
        }
        let tensor = slf.get().tensor()?;
        // SAFETY: `view` is the consumer's structure; a failed request leaves null in `obj`.
        unsafe { (*view).obj = std::ptr::null_mut() };
        check(tensor, flags)?;
        let info = tensor.dtype().info();
        let mut geometry = Box::new(Geometry {
            shape: tensor.shape().iter().copied().collect(),
            strides: strides(tensor, flags),
            _exposure: Exposure::new(tensor)?,
        });
        let has_shape = asks(flags, ffi::PyBUF_ND);
        let points = |request: c_int| asks(flags, request) && tensor.ndim() > 0;
        // SAFETY: `view` is valid for writes. The geometry stays in its box, and the sizes are those of
        // Python's own type, until `__releasebuffer__`; the format is static; `obj` is a new
        // reference, which the consumer gives back.
        unsafe {
            (*view).buf = tensor.data().cast();
            (*view).len = (tensor.size() * info.itemsize) as ffi::Py_ssize_t;
            (*view).itemsize = info.itemsize as ffi::Py_ssize_t;
            (*view).readonly = c_int::from(!tensor.is_writable());
            // Without a shape it is a run of bytes.
            (*view).ndim = if has_shape { tensor.ndim() as c_int } else { 1 };
            (*view).format =
                if asks(flags, ffi::PyBUF_FORMAT) { info.format.as_ptr().cast_mut() } else { std::ptr::null_mut() };
            (*view).shape =
                if points(ffi::PyBUF_ND) { geometry.shape.as_mut_ptr().cast() } else { std::ptr::null_mut() };
            (*view).strides =
                if points(ffi::PyBUF_STRIDES) { geometry.strides.as_mut_ptr() } else { std::ptr::null_mut() };
            (*view).suboffsets = std::ptr::null_mut();
            (*view).internal = Box::into_raw(geometry).cast();
            (*view).obj = slf.into_any().into_ptr();
        }
        Ok(())
    }

    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: `__getbuffer__` put the box there; Python releases a view once.
        unsafe { drop(Box::from_raw((*view).internal.cast::<Geometry>())) };
    }

    /// The elements' bytes in C order. Without this method, `bytes` would take a 0-d integer tensor for
    /// a number of zeros.
    fn __bytes__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        PyMemoryView::from(slf)?.call_method0("tobytes")
    }
}
