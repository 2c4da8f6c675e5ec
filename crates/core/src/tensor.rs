//! A tensor: a typed, strided window on a storage. Views share the storage; nothing here touches
//! elements.

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{
    Shape, Strides, checked_size, contiguous_strides, copied, dense_strides, first, from_slice, without, zeros,
};
use crate::storage::Storage;

/// A dense or strided tensor of any rank up to [`crate::shape::MAX_RANK`].
///
/// Invariants: `shape` and `strides` have the same length; every element's address is aligned to
/// the dtype and lies inside `storage`; `size` is the product of `shape` and its bytes fit `isize`.
pub struct Tensor {
    storage: Storage,
    data: *mut u8,
    size: usize,
    shape: Shape,
    strides: Strides,
    dtype: DType,
    writable: bool,
}

impl Clone for Tensor {
    #[inline]
    fn clone(&self) -> Tensor {
        Tensor {
            storage: self.storage.clone(),
            data: self.data,
            size: self.size,
            shape: copied(&self.shape),
            strides: copied(&self.strides),
            dtype: self.dtype,
            writable: self.writable,
        }
    }
}

// SAFETY: `data` points into `storage`, which is Send and Sync and lives as long as the tensor.
unsafe impl Send for Tensor {}
// SAFETY: as above; concurrent writes are ordered by the face, as for any array library.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// An uninitialised C-contiguous tensor.
    #[inline]
    pub fn empty(op: &'static str, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let size = checked_size(op, shape, dtype)?;
        let storage = Storage::allocate(op, size * dtype.itemsize())?;
        Ok(Tensor::over(storage, from_slice(shape), size, dtype))
    }

    /// A C-contiguous tensor over the start of a fresh storage of at least the right size.
    #[inline]
    pub fn over(storage: Storage, shape: Shape, size: usize, dtype: DType) -> Tensor {
        debug_assert!(storage.bytes() >= size * dtype.itemsize());
        let strides = contiguous_strides(&shape, dtype.itemsize());
        let data = storage.as_ptr();
        let writable = storage.is_writable();
        Tensor { storage, data, size, shape, strides, dtype, writable }
    }

    /// An uninitialised tensor whose axes lie in memory in `order`, outermost first.
    pub fn empty_ordered(op: &'static str, shape: &[usize], dtype: DType, order: &[usize]) -> Result<Tensor> {
        let mut tensor = Tensor::empty(op, shape, dtype)?;
        tensor.strides = dense_strides(shape, dtype.itemsize(), order);
        Ok(tensor)
    }

    /// An uninitialised tensor without gaps, with the strides of [`dense_strides`].
    pub fn empty_dense(op: &'static str, shape: &[usize], dtype: DType, strides: &[isize]) -> Result<Tensor> {
        let mut tensor = Tensor::empty(op, shape, dtype)?;
        tensor.strides = from_slice(strides);
        Ok(tensor)
    }

    /// A tensor over memory described by somebody else.
    ///
    /// # Safety
    /// Every element reachable through `shape` and `strides` (bytes) from `data` must lie in
    /// `storage` and be aligned to `dtype`.
    pub unsafe fn from_parts(
        op: &'static str,
        storage: Storage,
        data: *mut u8,
        shape: Shape,
        strides: Strides,
        dtype: DType,
        writable: bool,
    ) -> Result<Tensor> {
        let size = checked_size(op, &shape, dtype)?;
        let writable = writable && storage.is_writable();
        Ok(Tensor { storage, data, size, shape, strides, dtype, writable })
    }

    /// Address of the first element.
    #[inline]
    pub fn data(&self) -> *mut u8 {
        self.data
    }
    /// Data type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.dtype
    }
    /// Sizes, one per dimension.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
    /// Strides in bytes, one per dimension.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }
    /// Number of dimensions.
    #[inline]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }
    /// Number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }
    /// Whether elements may be written.
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.writable
    }
    /// The memory it is a window on.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The same window, closed to writing.
    #[must_use]
    pub fn read_only(mut self) -> Tensor {
        self.writable = false;
        self
    }

    /// `ReadOnly` unless writable.
    pub fn require_writable(&self, op: &'static str) -> Result<()> {
        if self.writable { Ok(()) } else { Err(Error::ReadOnly { op }) }
    }

    /// Whether the elements lie in C order without gaps.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        match (self.shape(), self.strides()) {
            ([], _) => true,
            ([size], [stride]) => *size <= 1 || *stride == self.dtype.itemsize() as isize,
            _ => self.is_contiguous_in_many(),
        }
    }

    fn is_contiguous_in_many(&self) -> bool {
        let mut expected = self.dtype.itemsize() as isize;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if size != 1 {
                if stride != expected {
                    return self.size == 0;
                }
                expected *= size as isize;
            }
        }
        true
    }

    /// A view with other geometry on the same storage.
    ///
    /// # Safety
    /// As [`Tensor::from_parts`]; the caller derives the geometry from this tensor's own.
    #[inline]
    pub unsafe fn view(&self, offset: isize, shape: Shape, strides: Strides) -> Tensor {
        let size = shape.iter().product();
        // An empty view may start past the end: keep its address where it is.
        let offset = if size == 0 { 0 } else { offset };
        Tensor {
            storage: self.storage.clone(),
            data: self.data.wrapping_offset(offset),
            size,
            shape,
            strides,
            dtype: self.dtype,
            writable: self.writable,
        }
    }

    /// A view of the axes in the order `axes`, a permutation of `0..ndim`.
    #[must_use]
    #[inline]
    pub fn permuted(&self, axes: &[usize]) -> Tensor {
        debug_assert_eq!(axes.len(), self.ndim());
        let (mut shape, mut strides): (Shape, Strides) = (zeros(axes.len()), zeros(axes.len()));
        for ((size, stride), &axis) in shape.iter_mut().zip(&mut strides).zip(axes) {
            (*size, *stride) = (self.shape[axis], self.strides[axis]);
        }
        // SAFETY: a permutation of the axes reaches the same elements.
        unsafe { self.view(0, shape, strides) }
    }

    /// The transpose of a matrix, without the loops of [`Tensor::permuted`]; None for other ranks.
    #[inline]
    pub fn transposed(&self) -> Option<Tensor> {
        let ([rows, columns], [down, along]) = (self.shape(), self.strides()) else { return None };
        Some(Tensor {
            storage: self.storage.clone(),
            data: self.data,
            size: self.size,
            shape: first([*columns, *rows, 0, 0], 2),
            strides: first([*along, *down, 0, 0], 2),
            dtype: self.dtype,
            writable: self.writable,
        })
    }

    /// A view with the last two axes exchanged.
    pub fn matrix_transpose(&self, op: &'static str) -> Result<Tensor> {
        let ndim = self.ndim();
        if ndim < 2 {
            return Err(Error::Value {
                op,
                message: format!("at least 2 dimensions are required; this tensor has {ndim}"),
            });
        }
        let mut axes: Shape = (0..ndim).collect();
        axes.swap(ndim - 2, ndim - 1);
        Ok(self.permuted(&axes))
    }

    /// Strides with which this tensor, broadcast, walks `shape`; `None` when it does not broadcast.
    #[inline]
    pub fn broadcast_strides(&self, shape: &[usize]) -> Option<Strides> {
        let first = shape.len().checked_sub(self.ndim())?;
        let mut strides: Strides = zeros(shape.len());
        for (axis, (&size, &stride)) in self.shape.iter().zip(&self.strides).enumerate() {
            if size == shape[first + axis] {
                strides[first + axis] = if size == 1 { 0 } else { stride };
            } else if size != 1 {
                return None;
            }
        }
        Some(strides)
    }

    /// A read-only view broadcast to `shape`.
    pub fn broadcast_to(&self, op: &'static str, shape: &[usize]) -> Result<Tensor> {
        checked_size(op, shape, self.dtype)?;
        let Some(strides) = self.broadcast_strides(shape) else {
            return Err(Error::Broadcast { op, shapes: vec![self.shape.to_vec(), shape.to_vec()] });
        };
        let same = shape == self.shape.as_slice();
        // SAFETY: strides of 0 along the new or stretched axes reach the same elements.
        let view = unsafe { self.view(0, from_slice(shape), strides) };
        Ok(if same { view } else { view.read_only() })
    }

    /// The view `self[..., start : start + step * (size - 1) + 1 : step, ...]` along `axis`.
    ///
    /// The caller has clamped: every index `start + step * k`, `k < size`, lies inside the axis.
    #[must_use]
    #[inline]
    pub fn sliced(&self, axis: usize, start: usize, step: isize, size: usize) -> Tensor {
        debug_assert!(size == 0 || start < self.shape[axis]);
        let offset = self.strides[axis].wrapping_mul(start as isize);
        let mut shape = copied(&self.shape);
        let mut strides = copied(&self.strides);
        shape[axis] = size;
        strides[axis] = strides[axis].wrapping_mul(step);
        // SAFETY: the indices lie inside the axis, so the elements are this tensor's own.
        unsafe { self.view(offset, shape, strides) }
    }

    /// The view `self[..., index, ...]` without `axis`.
    #[inline]
    pub fn selected(&self, op: &'static str, axis: usize, index: i64) -> Result<Tensor> {
        let size = self.shape[axis];
        let wrapped = if index < 0 { index + size as i64 } else { index };
        if !(0..size as i64).contains(&wrapped) {
            return Err(Error::IndexOutOfRange { op, index, axis, size });
        }
        let offset = self.strides[axis] * wrapped as isize;
        let (shape, strides) = (without(&self.shape, axis), without(&self.strides, axis));
        // SAFETY: the index lies inside the axis, so the elements are this tensor's own.
        Ok(unsafe { self.view(offset, shape, strides) })
    }

    /// The view with an axis of size 1 inserted before `axis`.
    #[must_use]
    #[inline]
    pub fn expanded(&self, axis: usize) -> Tensor {
        let mut shape = copied(&self.shape);
        let mut strides = copied(&self.strides);
        shape.insert(axis, 1);
        strides.insert(axis, 0);
        // SAFETY: an axis of size 1 reaches the same elements.
        unsafe { self.view(0, shape, strides) }
    }

    /// A view of the real (0) or imaginary (1) components of a complex tensor.
    #[must_use]
    pub fn component(&self, index: usize) -> Tensor {
        debug_assert!(self.dtype.is_complex() && index < 2);
        let dtype = self.dtype.real();
        // SAFETY: each element is two components, one after the other; the strides are the elements'.
        let mut view =
            unsafe { self.view((index * dtype.itemsize()) as isize, copied(&self.shape), copied(&self.strides)) };
        view.dtype = dtype;
        view
    }

    /// A view of a C-contiguous tensor with another shape of the same size.
    #[must_use]
    pub fn reshaped_contiguous(&self, shape: &[usize]) -> Tensor {
        debug_assert!(self.is_contiguous());
        debug_assert_eq!(shape.iter().product::<usize>(), self.size);
        let strides = contiguous_strides(shape, self.dtype.itemsize());
        // SAFETY: a contiguous tensor's elements are a run; any shape of the same size walks that run.
        unsafe { self.view(0, from_slice(shape), strides) }
    }

    /// The addresses `[first, last)` that the elements span.
    pub fn byte_range(&self) -> (usize, usize) {
        if self.size == 0 {
            return (0, 0);
        }
        let (mut low, mut high) = (self.data as isize, self.data as isize);
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            let extent = stride * (size as isize - 1);
            if extent < 0 {
                low += extent;
            } else {
                high += extent;
            }
        }
        (low as usize, high as usize + self.dtype.itemsize())
    }

    /// Whether writing `self` element by element while reading `other` could read what was already
    /// written. Conservative: overlapping address ranges, unless both walk the same addresses in
    /// the same order.
    pub fn may_clobber(&self, other: &Tensor) -> bool {
        let (a_low, a_high) = self.byte_range();
        let (b_low, b_high) = other.byte_range();
        if a_high <= b_low || b_high <= a_low {
            return false;
        }
        let identical = self.data == other.data
            && self.dtype.itemsize() == other.dtype.itemsize()
            && self.shape == other.shape
            && self.shape.iter().zip(&self.strides).zip(&other.strides).all(|((&n, a), b)| n == 1 || a == b);
        !identical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arange(shape: &[usize]) -> Tensor {
        let tensor = Tensor::empty("test", shape, DType::Int32).unwrap();
        for index in 0..tensor.size() {
            // SAFETY: the tensor is contiguous and holds `size` int32.
            unsafe { tensor.data().cast::<i32>().add(index).write(index as i32) };
        }
        tensor
    }

    fn values(tensor: &Tensor) -> Vec<i32> {
        let mut result = Vec::new();
        let mut index = vec![0usize; tensor.ndim()];
        for _ in 0..tensor.size() {
            let offset: isize = index.iter().zip(tensor.strides()).map(|(&i, &s)| i as isize * s).sum();
            // SAFETY: every index lies inside the shape.
            result.push(unsafe { tensor.data().offset(offset).cast::<i32>().read() });
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                if index[axis] < tensor.shape()[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        result
    }

    #[test]
    fn views_reach_the_right_elements() {
        let a = arange(&[2, 3]);
        assert_eq!(values(&a.permuted(&[1, 0])), [0, 3, 1, 4, 2, 5]);
        assert_eq!(values(&a.transposed().unwrap()), [0, 3, 1, 4, 2, 5]);
        assert!(a.expanded(0).transposed().is_none() && a.selected("t", 0, 0).unwrap().transposed().is_none());
        assert_eq!(values(&a.sliced(1, 2, -2, 2)), [2, 0, 5, 3]);
        assert_eq!(values(&a.selected("t", 0, -1).unwrap()), [3, 4, 5]);
        assert_eq!(values(&a.expanded(1)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(values(&a.reshaped_contiguous(&[3, 2]).permuted(&[1, 0])), [0, 2, 4, 1, 3, 5]);
        assert_eq!(a.selected("t", 1, 3).err(), Some(Error::IndexOutOfRange { op: "t", index: 3, axis: 1, size: 3 }));
    }

    #[test]
    fn broadcast_views_are_read_only() {
        let a = arange(&[3]);
        let view = a.broadcast_to("t", &[2, 3]).unwrap();
        assert_eq!(values(&view), [0, 1, 2, 0, 1, 2]);
        assert!(!view.is_writable() && a.is_writable());
        assert!(a.broadcast_to("t", &[4]).is_err());
        assert!(a.broadcast_to("t", &[]).is_err());
        assert!(a.broadcast_to("t", &[3, 1]).is_err());
    }

    #[test]
    fn clobbering_is_noticed() {
        let a = arange(&[6]);
        let head = a.sliced(0, 0, 1, 5);
        let tail = a.sliced(0, 1, 1, 5);
        assert!(head.may_clobber(&tail));
        assert!(!head.may_clobber(&head.clone()));
        assert!(a.may_clobber(&a.sliced(0, 5, -1, 6)));
        assert!(!a.sliced(0, 0, 1, 3).may_clobber(&a.sliced(0, 3, 1, 3)));
    }

    #[test]
    fn contiguity_ignores_axes_of_size_one() {
        let a = arange(&[2, 3]);
        assert!(a.is_contiguous() && !a.permuted(&[1, 0]).is_contiguous());
        assert!(a.expanded(0).permuted(&[1, 0, 2]).is_contiguous());
        assert!(Tensor::empty("t", &[0, 3], DType::Int8).unwrap().permuted(&[1, 0]).is_contiguous());
    }

    #[test]
    fn views_keep_the_storage_alive() {
        let view = arange(&[4, 4]).selected("t", 0, 2).unwrap();
        assert_eq!(values(&view), [8, 9, 10, 11]);
    }
}
