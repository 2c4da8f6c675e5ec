//! So few elements that a walk would cost more than what it does.

use std::mem::MaybeUninit;

use corepy_core::shape::Shape;
use corepy_core::{DType, Error, Result, Tensor};
use smallvec::SmallVec;

use super::walk::{CHUNK_BYTES, integer_at};
use super::{Index, Selection, overlap};
use crate::elementwise::{Operand, Scalar};
use crate::ffi;

/// Indices up to which they are all that is looked at: below this, a walk costs more than what it does.
const FEW: usize = 256;

/// As [`super::get_leading`], where it is so little that a walk would cost more; None where it is not, and where an
/// index is out of bounds.
#[inline]
pub fn get_few(op: &'static str, tensor: &Tensor, indices: &Tensor) -> Option<Result<Tensor>> {
    let n = indices.size();
    if n > FEW || !indices.is_contiguous() || !tensor.is_contiguous() || tensor.size() == 0 {
        return None;
    }
    let size = tensor.shape()[0];
    let is_line = tensor.ndim() == 1;
    let bytes = if is_line { 1 } else { tensor.size() / size } * tensor.dtype().itemsize();
    if n * bytes > CHUNK_BYTES {
        return None;
    }
    if is_line && let Some(kernel) = ffi::gather_at(indices.dtype(), bytes) {
        let out = match Tensor::empty(op, indices.shape(), tensor.dtype()) {
            Ok(out) => out,
            Err(error) => return Some(Err(error)),
        };
        // SAFETY: both are contiguous, and the result has room for `n`.
        let checked = unsafe { kernel(indices.data(), n, size as i64, bytes as i64, tensor.data(), out.data()) };
        return (checked == n).then_some(Ok(out));
    }
    let mut offsets = [const { MaybeUninit::<i64>::uninit() }; FEW];
    // SAFETY: both are contiguous; `offsets` has room for `n`.
    let checked = unsafe {
        ffi::offsets(indices.dtype())(indices.data(), n, size as i64, bytes as i64, offsets.as_mut_ptr().cast(), 0)
    };
    if checked < n {
        return None;
    }
    let out = if is_line {
        Tensor::empty(op, indices.shape(), tensor.dtype())
    } else {
        let mut shape: Shape = SmallVec::from_slice(indices.shape());
        shape.extend_from_slice(&tensor.shape()[1..]);
        Tensor::empty(op, &shape, tensor.dtype())
    };
    if let Ok(out) = &out {
        // SAFETY: the offsets are checked, and the result has room for all.
        unsafe { ffi::gather(bytes)(tensor.data(), offsets.as_ptr().cast(), n, out.data(), bytes) };
    }
    Some(out)
}

/// As [`super::set`], if it is no more than [`FEW`] elements of a contiguous tensor, of a number or of as many elements;
/// otherwise does nothing and returns false.
pub fn set_few(op: &'static str, selection: &Selection, value: Operand<'_>) -> Result<bool> {
    let view = &selection.view;
    let item = view.dtype().itemsize();
    let [index] = &selection.indices[..] else { return Ok(false) };
    if !view.is_contiguous() || view.size() == 0 {
        return Ok(false);
    }
    let number: [u128; 1];
    match (index, value) {
        (Index::Mask { axis: 0, tensor, .. }, Operand::Scalar(scalar))
            if tensor.size() <= FEW
                && tensor.shape() == view.shape()
                && tensor.is_contiguous()
                && !overlap(view, tensor) =>
        {
            number = as_element(scalar, view.dtype());
            let n = tensor.size();
            // SAFETY: mask and view are contiguous and of one shape, and share no memory.
            unsafe { ffi::mask_fill(item)(tensor.data(), n, number.as_ptr().cast(), view.data(), n) };
            Ok(true)
        }
        (Index::Integers { axis: 0, own_axis, tensor }, _)
            if view.ndim() == 1 && tensor.size() <= FEW && tensor.is_contiguous() =>
        {
            let (source, step) = match value {
                Operand::Scalar(scalar) => {
                    number = as_element(scalar, view.dtype());
                    (number.as_ptr().cast::<u8>(), 0)
                }
                Operand::Tensor(values)
                    if values.dtype() == view.dtype()
                        && values.shape() == tensor.shape()
                        && values.is_contiguous()
                        && !overlap(view, values) =>
                {
                    (values.data().cast_const(), item as isize)
                }
                Operand::Tensor(_) => return Ok(false),
            };
            let (n, size) = (tensor.size(), view.size());
            let mut offsets = [const { MaybeUninit::<i64>::uninit() }; FEW];
            let kernel = ffi::offsets(tensor.dtype());
            // SAFETY: the indices are contiguous; `offsets` has room for `n`.
            let checked = unsafe { kernel(tensor.data(), n, size as i64, item as i64, offsets.as_mut_ptr().cast(), 0) };
            if checked < n {
                return Err(Error::IndexOutOfRange { op, index: integer_at(tensor, checked), axis: *own_axis, size });
            }
            // SAFETY: the offsets are checked; the values share no memory with the view.
            unsafe { ffi::scatter(item)(source, step, offsets.as_ptr().cast(), n, view.data(), item) };
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A number as an element of `dtype`, in its first bytes.
fn as_element(scalar: &Scalar, dtype: DType) -> [u128; 1] {
    let mut element = [0_u128; 1];
    let args = [scalar.bytes().as_ptr()];
    // SAFETY: one element of each dtype, aligned for any.
    unsafe { ffi::cast(scalar.dtype(), dtype)(args.as_ptr(), element.as_mut_ptr().cast(), 1, 1) };
    element
}
