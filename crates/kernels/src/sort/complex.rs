//! Places that sort complex numbers: by their real components, as real numbers are sorted; then, where
//! these are equal, by the numbers.

use corepy_core::storage::Storage;
use corepy_core::{DType, Result, scheduler};

use super::keys::Keys;
use super::{Address, CHUNK, LONG_ROW, NS_PER_ELEMENT, for_each_range};
use crate::ffi;

/// Bytes of scratch for each element of a short row.
pub const SCRATCH: usize = 24;

/// Writes the indices that sort the `n` elements at `x` to `order`. A row shorter than [`LONG_ROW`] brings
/// [`SCRATCH`] bytes for each.
pub fn argsort(
    op: &'static str,
    dtype: DType,
    x: Address,
    n: usize,
    descending: bool,
    order: Address,
    scratch: *mut u8,
) -> Result<()> {
    let kernels = ffi::index_sort(dtype);
    let keys = Keys::new(dtype.real(), descending);
    let descending = u32::from(descending);
    if n < LONG_ROW {
        let components = scratch.wrapping_add(16 * n);
        // SAFETY: the scratch has room for the components behind what sorting them takes; the indices are
        // those of the row's elements.
        unsafe {
            (kernels.primary)(x.start(), n, components);
            keys.argsort_short(op, Address(components), n, order, scratch)?;
            (kernels.ties)(x.start(), order.index(0), scratch.cast(), n, descending);
        }
        return Ok(());
    }
    let itemsize = dtype.itemsize();
    let memory = Storage::allocate(op, n * 8)?;
    let free = Address(memory.as_ptr());
    for_each_range(op, n, 2, &|begin, end| {
        // SAFETY: chunks are disjoint; a component has half an element's size, at most 8 bytes.
        unsafe { (kernels.primary)(x.at(begin * itemsize), end - begin, free.at(begin * itemsize / 2)) };
        Ok(())
    })?;
    // SAFETY: `n` components, and room for `n` indices.
    unsafe { keys.argsort_long(op, free, n, order)? };
    // A chunk has the runs that start in it. The borders are found before anything moves.
    let chunks = n.div_ceil(CHUNK);
    let border_memory = Storage::allocate(op, (chunks + 1) * 8)?;
    let borders = Address(border_memory.as_ptr());
    for chunk in 0..=chunks {
        let place = n.min(chunk * CHUNK);
        // SAFETY: `order` has `n` indices of the row's elements; there is a border more than chunks.
        unsafe {
            let border = if place == 0 { 0 } else { (kernels.tie_end)(x.start(), order.index(0), n, place) };
            borders.index(chunk).write(border as i64);
        }
    }
    let parallel = scheduler::worth_parallel((n * NS_PER_ELEMENT) as u64);
    scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
        // SAFETY: as above; what lies between borders is disjoint.
        unsafe {
            let (begin, end) = (*borders.index(chunk) as usize, *borders.index(chunk + 1) as usize);
            (kernels.ties)(x.start(), order.index(begin), free.index(begin), end - begin, descending);
        }
        Ok(())
    })
}
