//! Masks: where an element is true, and which elements lie there.
//!
//! Two passes over the mask, both in chunks that threads share: the first counts, so that the second
//! knows where each chunk's results begin.

use std::sync::atomic::{AtomicUsize, Ordering};

use corepy_core::shape::normalize_axes;
use corepy_core::{DType, Error, Reduction, Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::{elementwise, ffi, reduce};

/// Booleans per chunk, a multiple of the 64 that kernels take at a time: short enough for two cores
/// to share 1e5, long enough that handing out chunks costs nothing.
const CHUNK: usize = 16_384;

/// Nanoseconds per boolean of counting (measured: 0.03).
const COUNT_NS: f32 = 0.03;

/// Nanoseconds per boolean of moving an element of 8 bytes, or of writing a position (measured: 0.4
/// to 1.1).
const MOVE_NS: f32 = 0.6;

/// A mask that has been counted.
pub struct Mask {
    /// Booleans in C order.
    flags: Tensor,
    /// The number of true ones before each chunk, and in all.
    starts: SmallVec<[usize; 2]>,
}

impl Mask {
    /// Counts `tensor`, in which any element but zero is true.
    pub fn new(op: &'static str, tensor: &Tensor) -> Result<Mask> {
        let flags = match tensor.dtype() {
            DType::Bool if tensor.is_contiguous() => tensor.clone(),
            _ => elementwise::cast_contiguous(op, tensor, DType::Bool)?,
        };
        let chunks = flags.size().div_ceil(CHUNK);
        if chunks == 1 {
            // SAFETY: the flags are contiguous.
            let count = unsafe { ffi::mask_count()(flags.data(), flags.size()) };
            return Ok(Mask { flags, starts: SmallVec::from_buf([0, count]) });
        }
        let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
        let work = flags.size() as f32 * COUNT_NS;
        // A chunk takes half a microsecond: eight at a time.
        let groups = chunks.div_ceil(8);
        let parallel = groups > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(op, groups, parallel, &|group| {
            for (chunk, count) in counts.iter().enumerate().skip(group * 8).take(8) {
                let (first, n) = span(&flags, chunk);
                // SAFETY: the flags are contiguous; the span lies inside.
                let found = unsafe { ffi::mask_count()(flags.data().add(first), n) };
                count.store(found, Ordering::Relaxed);
            }
            Ok(())
        })?;
        let mut starts = SmallVec::with_capacity(chunks + 1);
        let mut total = 0;
        starts.push(0);
        for count in counts {
            total += count.into_inner();
            starts.push(total);
        }
        Ok(Mask { flags, starts })
    }

    /// How many elements are true.
    pub fn count(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Calls `body(first boolean, booleans, results before, results)` for each chunk, on several
    /// threads where worth it.
    fn each_chunk(&self, op: &'static str, ns: f32, body: &(dyn Fn(usize, usize, usize, usize) + Sync)) -> Result<()> {
        let chunks = self.starts.len() - 1;
        let parallel = chunks > 1 && scheduler::worth_parallel((self.flags.size() as f32 * ns) as u64);
        scheduler::for_each_chunk(op, chunks, parallel, &|chunk| {
            let (first, n) = span(&self.flags, chunk);
            let start = self.starts[chunk];
            body(first, n, start, self.starts[chunk + 1] - start);
            Ok(())
        })
    }

    /// The coordinates of the true elements in C order, an int64 tensor for each of `sizes`, whose
    /// product is the mask's size.
    pub fn coordinates(&self, op: &'static str, sizes: &[usize]) -> Result<Vec<Tensor>> {
        debug_assert_eq!(sizes.iter().product::<usize>(), self.flags.size());
        let count = self.count();
        let tensors = sizes.iter().map(|_| Tensor::empty(op, &[count], DType::Int64)).collect::<Result<Vec<_>>>()?;
        let ns = MOVE_NS * sizes.len() as f32;
        self.each_chunk(op, ns, &|first, n, start, room| {
            let at = |axis: usize| tensors[axis].data().cast::<i64>().wrapping_add(start);
            // SAFETY: chunks write to disjoint parts of the tensors, `room` elements from `start` on.
            unsafe {
                ffi::mask_positions()(self.flags.data().add(first), n, first as i64, at(0), room);
                for axis in (1..sizes.len()).rev() {
                    ffi::unravel()(at(0), room, sizes[axis] as i64, at(axis));
                }
            }
        })?;
        Ok(tensors)
    }

    /// The elements of `source`, contiguous and as many as the mask has, where it is true.
    pub fn compress(&self, op: &'static str, source: &Tensor) -> Result<Tensor> {
        debug_assert!(source.is_contiguous() && source.size() == self.flags.size());
        let item = source.dtype().itemsize();
        let out = Tensor::empty(op, &[self.count()], source.dtype())?;
        self.each_chunk(op, MOVE_NS, &|first, n, start, room| {
            let (src, target) = (source.data().wrapping_add(first * item), out.data().wrapping_add(start * item));
            // SAFETY: chunks write to disjoint parts of `out`, `room` elements from `start` on.
            unsafe { ffi::compress(item)(self.flags.data().add(first), n, src, target, room) };
        })?;
        Ok(out)
    }

    /// Writes `values` where the mask is true: one for all, or one for each. `target` is contiguous
    /// and as large as the mask, `values` contiguous and of the same dtype; they share no memory.
    pub fn expand(&self, op: &'static str, values: &Tensor, target: &Tensor) -> Result<()> {
        debug_assert!(target.is_contiguous() && target.size() == self.flags.size());
        debug_assert!(values.dtype() == target.dtype() && values.is_contiguous());
        let item = target.dtype().itemsize();
        let fills = values.size() == 1;
        debug_assert!(fills || values.size() == self.count());
        let kernel = if fills { ffi::mask_fill(item) } else { ffi::expand(item) };
        self.each_chunk(op, MOVE_NS, &|first, n, start, room| {
            let values = if fills { values.data() } else { values.data().wrapping_add(start * item) };
            // SAFETY: chunks write to disjoint parts of `target`, and read `room` values from `start` on.
            unsafe {
                kernel(self.flags.data().add(first), n, values, target.data().wrapping_add(first * item), room);
            }
        })
    }
}

/// A chunk's first boolean and its length.
fn span(flags: &Tensor, chunk: usize) -> (usize, usize) {
    let first = chunk * CHUNK;
    (first, (flags.size() - first).min(CHUNK))
}

/// The coordinates of the elements that are not zero, a tensor per axis.
pub fn nonzero(tensor: &Tensor) -> Result<Vec<Tensor>> {
    const OP: &str = "nonzero";
    if tensor.ndim() == 0 {
        return Err(Error::Value { op: OP, message: String::from("a 0-d tensor has no axis to index") });
    }
    Mask::new(OP, tensor)?.coordinates(OP, tensor.shape())
}

/// How many elements are not zero, over `axes` (all of them without).
pub fn count_nonzero(tensor: &Tensor, axes: Option<&[i64]>, keepdims: bool) -> Result<Tensor> {
    const OP: &str = "count_nonzero";
    normalize_axes(OP, axes, tensor.ndim())?;
    let flags = match tensor.dtype() {
        DType::Bool => tensor.clone(),
        _ => elementwise::cast(OP, tensor, DType::Bool)?,
    };
    if axes.is_none() && !keepdims && flags.is_contiguous() {
        let out = Tensor::empty(OP, &[], DType::Int64)?;
        let count = Mask::new(OP, &flags)?.count() as i64;
        // SAFETY: the tensor holds one int64.
        unsafe { out.data().cast::<i64>().write(count) };
        return Ok(out);
    }
    reduce::reduce(Reduction::Sum, &flags, axes, Some(DType::Int64), keepdims)
}
