//! Sorting: along an axis, elements or their places.
//!
//! The axis is made the last one, in memory too, and each row is sorted by unsigned keys ([`keys`]);
//! complex numbers, which have none, by their components ([`complex`]).

mod complex;
mod keys;
mod parts;
mod presorted;

use corepy_core::shape::{Shape, normalize_axis};
use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};

use crate::{elementwise, ffi};
use keys::Keys;

/// Rows from this many elements on are sorted by all threads together, one after the other; shorter
/// ones are shared out whole.
const LONG_ROW: usize = 1 << 15;
/// Elements from which all threads sort a row together that is the only one, while helpers look for work (1e4 float64:
/// 4.3 ns an element on one thread).
const SHARED_ROW: usize = 1 << 13;
/// Elements in a chunk of short rows, and of passes over long ones.
const CHUNK: usize = 1 << 14;
/// Elements that shorter chunks are multiples of.
const LINE: usize = 64;
/// Nanoseconds that an element of a short row takes on one thread, roughly.
const NS_PER_ELEMENT: usize = 8;

/// An address that threads use disjoint parts of.
#[derive(Clone, Copy)]
pub(crate) struct Address(pub *mut u8);

// SAFETY: each user touches only the part of its own chunk.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

impl Address {
    pub fn start(self) -> *mut u8 {
        self.0
    }
    pub fn at(self, offset: usize) -> *mut u8 {
        self.0.wrapping_add(offset)
    }
    pub fn plus(self, offset: usize) -> Address {
        Address(self.at(offset))
    }
    /// The address of the element `index` of 8 bytes.
    pub fn index(self, index: usize) -> *mut i64 {
        self.at(8 * index).cast()
    }
}

/// Calls `body(begin, end)` for chunks of `0..n`, in parallel where that pays at `ns` nanoseconds each.
pub(crate) fn for_each_range(
    op: &'static str,
    n: usize,
    ns: usize,
    body: &(dyn Fn(usize, usize) -> Result<()> + Sync),
) -> Result<()> {
    // Few elements are cut into four, of whole cache lines.
    let size = (n / 4).next_multiple_of(LINE).clamp(LINE, CHUNK);
    let parallel = n > size && scheduler::worth_parallel((n * ns) as u64);
    let size = if parallel { size } else { CHUNK };
    let chunks = n.div_ceil(size);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| body(chunk * size, n.min((chunk + 1) * size)))
}

/// Whether all threads sort each of `rows` rows of `n` elements together, at `ns` nanoseconds an element.
fn is_long(rows: usize, n: usize, ns: usize) -> bool {
    n >= LONG_ROW || rows == 1 && n >= SHARED_ROW && scheduler::worth_parallel((n * ns) as u64)
}

/// A C-contiguous tensor with the elements of `tensor`; booleans as 0 and 1.
pub(crate) fn contiguous(op: &'static str, tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    if tensor.dtype() == dtype && dtype != DType::Bool && tensor.is_contiguous() {
        return Ok(tensor.clone());
    }
    elementwise::cast_contiguous(op, tensor, dtype)
}

/// The elements of `tensor` sorted along `axis`, stably; NaNs last, or first if `descending`.
pub fn sort(tensor: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    along("sort", tensor, axis, tensor.dtype(), |rows, n, out| sort_rows("sort", rows, n, descending, out))
}

/// The indices along `axis` that sort `tensor`, stably, in the order of [`sort`].
pub fn argsort(tensor: &Tensor, axis: i64, descending: bool) -> Result<Tensor> {
    along("argsort", tensor, axis, DType::Int64, |rows, n, out| argsort_rows("argsort", rows, n, descending, out))
}

/// A tensor of `dtype` that `body(rows, n, out)` writes row by row, given the rows of `n` along `axis`.
fn along(
    op: &'static str,
    tensor: &Tensor,
    axis: i64,
    dtype: DType,
    body: impl FnOnce(&Tensor, usize, &Tensor) -> Result<()>,
) -> Result<Tensor> {
    let axis = normalize_axis(op, axis, tensor.ndim())?;
    let n = tensor.shape()[axis];
    let last = tensor.ndim() - 1;
    let mut order: Shape = (0..=last).filter(|&other| other != axis).collect();
    order.push(axis);
    let rows = contiguous(op, &tensor.permuted(&order), tensor.dtype())?;
    let out = Tensor::empty(op, rows.shape(), dtype)?;
    if out.size() > 0 {
        body(&rows, n, &out)?;
    }
    if axis == last {
        return Ok(out);
    }
    let mut inverse: Shape = (0..last).collect();
    inverse.insert(axis, last);
    Ok(out.permuted(&inverse))
}

/// Calls `body(row, scratch)` for each row, with `scratch` bytes of its own if rows are short; long rows
/// come one after the other and find their own.
fn for_each_row(
    op: &'static str,
    rows: usize,
    n: usize,
    scratch: usize,
    body: &(dyn Fn(usize, *mut u8) -> Result<()> + Sync),
) -> Result<()> {
    if n >= LONG_ROW {
        return (0..rows).try_for_each(|row| body(row, std::ptr::null_mut()));
    }
    for_each_short_rows(op, rows, n, scratch, &|first, last, memory| {
        (first..last).try_for_each(|row| body(row, memory))
    })
}

/// Calls `body(first, last, scratch)` for the rows of each chunk.
fn for_each_short_rows(
    op: &'static str,
    rows: usize,
    n: usize,
    scratch: usize,
    body: &(dyn Fn(usize, usize, *mut u8) -> Result<()> + Sync),
) -> Result<()> {
    let per_chunk = (CHUNK / n).max(1);
    let chunks = rows.div_ceil(per_chunk);
    let parallel = chunks > 1 && scheduler::worth_parallel((rows * n * NS_PER_ELEMENT) as u64);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        arena::scope(op, |scope| body(chunk * per_chunk, rows.min((chunk + 1) * per_chunk), scope.bytes(scratch)?))
    })
}

/// Sorts contiguous rows of `n` elements into `out`.
fn sort_rows(op: &'static str, rows: &Tensor, n: usize, descending: bool, out: &Tensor) -> Result<()> {
    let itemsize = rows.dtype().itemsize();
    let (source, target) = (Address(rows.data()), Address(out.data()));
    let count = out.size() / n;
    if rows.dtype().is_complex() {
        let pick = ffi::pick(itemsize);
        return for_each_row(op, count, n, (8 + complex::SCRATCH) * n, &|row, scratch| {
            let from = source.plus(row * n * itemsize);
            let to = target.plus(row * n * itemsize);
            let collect = |order: Address| {
                for_each_range(op, n, 2, &|begin, end| {
                    // SAFETY: a sorted order's `n` indices lie below `n`; chunks of the row are disjoint.
                    unsafe { pick(from.start(), order.index(begin), end - begin, to.at(begin * itemsize)) };
                    Ok(())
                })
            };
            if scratch.is_null() {
                let places = Tensor::empty(op, &[n], DType::Int64)?;
                let order = Address(places.data());
                complex::argsort(op, rows.dtype(), from, n, descending, order, scratch)?;
                collect(order)
            } else {
                complex::argsort(op, rows.dtype(), from, n, descending, Address(scratch), scratch.wrapping_add(8 * n))?;
                collect(Address(scratch))
            }
        });
    }
    let keys = Keys::new(rows.dtype(), descending);
    let bytes = n * itemsize;
    if is_long(count, n, keys.ns_per_sort()) {
        return (0..count).try_for_each(|row| {
            // SAFETY: each row has `n` elements in both tensors.
            unsafe { keys.sort_long(op, source.plus(row * bytes), n, target.plus(row * bytes)) }
        });
    }
    for_each_short_rows(op, count, n, bytes, &|first, last, scratch| {
        let offset = first * bytes;
        // SAFETY: as above; the scratch has room for a row.
        unsafe { keys.sort_short(op, source.plus(offset), last - first, n, target.plus(offset), scratch) }
    })
}

/// Writes the indices that sort contiguous rows of `n` elements into `out`, of int64.
fn argsort_rows(op: &'static str, rows: &Tensor, n: usize, descending: bool, out: &Tensor) -> Result<()> {
    let itemsize = rows.dtype().itemsize();
    let (source, target) = (Address(rows.data()), Address(out.data()));
    let count = out.size() / n;
    let keys = (!rows.dtype().is_complex()).then(|| Keys::new(rows.dtype(), descending));
    if let Some(keys) = &keys
        && is_long(count, n, keys.ns_per_sort())
    {
        return (0..count).try_for_each(|row| {
            // SAFETY: each row has `n` elements and `n` indices.
            unsafe { keys.argsort_long(op, source.plus(row * n * itemsize), n, target.plus(row * n * 8)) }
        });
    }
    for_each_row(op, count, n, complex::SCRATCH * n, &|row, scratch| {
        let (from, to) = (source.plus(row * n * itemsize), target.plus(row * n * 8));
        match &keys {
            // SAFETY: the row has `n` elements and `n` indices, and the scratch 16 bytes for each.
            Some(keys) => unsafe { keys.argsort_short(op, from, n, to, scratch) },
            None => complex::argsort(op, rows.dtype(), from, n, descending, to, scratch),
        }
    })
}

/// The elements of `tensor`, flattened, in ascending order.
pub(crate) fn sorted_flat(op: &'static str, tensor: &Tensor) -> Result<Tensor> {
    let source = contiguous(op, tensor, tensor.dtype())?;
    let out = Tensor::empty(op, &[tensor.size()], tensor.dtype())?;
    if out.size() > 0 {
        sort_rows(op, &source, out.size(), false, &out)?;
    }
    Ok(out)
}

/// The indices that sort a contiguous `tensor`, flattened, in ascending order.
pub(crate) fn order_flat(op: &'static str, tensor: &Tensor) -> Result<Tensor> {
    let out = Tensor::empty(op, &[tensor.size()], DType::Int64)?;
    if out.size() > 0 {
        argsort_rows(op, tensor, out.size(), false, &out)?;
    }
    Ok(out)
}

/// The elements of a contiguous `tensor` at `indices`, contiguous int64 that are in bounds.
pub(crate) fn gathered(op: &'static str, tensor: &Tensor, indices: &Tensor) -> Result<Tensor> {
    debug_assert!(tensor.is_contiguous() && indices.is_contiguous() && indices.dtype() == DType::Int64);
    let out = Tensor::empty(op, indices.shape(), tensor.dtype())?;
    let itemsize = tensor.dtype().itemsize();
    let pick = ffi::pick(itemsize);
    let (source, places, target) = (Address(tensor.data()), Address(indices.data()), Address(out.data()));
    for_each_range(op, out.size(), 2, &|begin, end| {
        // SAFETY: the caller answers for the indices; chunks of the output are disjoint.
        unsafe { pick(source.start(), places.index(begin), end - begin, target.at(begin * itemsize)) };
        Ok(())
    })?;
    Ok(out)
}

/// An error for a length that no counter holds.
fn too_large(op: &'static str) -> Error {
    Error::OutOfMemory { op, bytes: usize::MAX }
}
