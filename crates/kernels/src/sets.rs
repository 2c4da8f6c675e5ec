//! The distinct elements of a tensor, in ascending order, and where they are.

use corepy_core::{DType, Result, Tensor};

use crate::ffi::{self, RunKernels};
use crate::sort::{Address, contiguous, for_each_range, gathered, order_flat, sorted_flat};

/// What [`unique`] is to give besides the values.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Where each value occurs first.
    pub indices: bool,
    /// Which value each element is.
    pub inverse: bool,
    /// How often each value occurs.
    pub counts: bool,
}

/// The distinct elements, and of the rest what was wanted.
pub struct Unique {
    /// The distinct elements in ascending order; each NaN is distinct.
    pub values: Tensor,
    /// Where, in the flattened tensor, each occurs first.
    pub indices: Option<Tensor>,
    /// For each element, in the tensor's shape, the place of its value.
    pub inverse: Option<Tensor>,
    /// How often each occurs.
    pub counts: Option<Tensor>,
}

/// Elements in a part of [`in_parts`].
const PART: usize = 1 << 16;

/// The number of runs that start in each part of `sorted`, summed up: the first run of each part.
fn run_offsets(op: &'static str, sorted: &Tensor, runs: RunKernels) -> Result<Tensor> {
    let n = sorted.size();
    let parts = n.div_ceil(PART);
    let out = Tensor::empty(op, &[parts + 1], DType::Int64)?;
    let (elements, offsets) = (Address(sorted.data()), Address(out.data()));
    // SAFETY: one more than there are parts.
    unsafe { offsets.index(0).write(0) };
    in_parts(op, n, &|part, begin, end| {
        // SAFETY: the part lies in the sorted elements; each part has its own place.
        unsafe { offsets.index(part + 1).write((runs.count)(elements.start(), begin, end) as i64) };
    })?;
    for part in 0..parts {
        // SAFETY: both are among the `parts + 1` written above.
        unsafe { *offsets.index(part + 1) += *offsets.index(part) };
    }
    Ok(out)
}

/// Calls `body(part, begin, end)` for parts of `0..n`.
fn in_parts(op: &'static str, n: usize, body: &(dyn Fn(usize, usize, usize) + Sync)) -> Result<()> {
    let parts = n.div_ceil(PART);
    let parallel = parts > 1 && corepy_core::scheduler::worth_parallel(n as u64);
    corepy_core::scheduler::for_each_chunk(op, parts, parallel, &|part| {
        body(part, part * PART, n.min((part + 1) * PART));
        Ok(())
    })
}

/// A one-dimensional tensor with what `write(begin, end, out, first)` writes for the runs that start in
/// each part.
fn of_runs(
    op: &'static str,
    sorted: &Tensor,
    dtype: DType,
    runs: RunKernels,
    write: &(dyn Fn(usize, usize, *mut u8) + Sync),
) -> Result<Tensor> {
    let offsets_tensor = run_offsets(op, sorted, runs)?;
    let offsets = Address(offsets_tensor.data());
    // SAFETY: the last of the offsets.
    let total = unsafe { *offsets.index(offsets_tensor.size() - 1) } as usize;
    let out = Tensor::empty(op, &[total], dtype)?;
    let target = Address(out.data());
    in_parts(op, sorted.size(), &|part, begin, end| {
        // SAFETY: every part has its offset.
        let first = unsafe { *offsets.index(part) } as usize;
        write(begin, end, target.at(first * dtype.itemsize()));
    })?;
    Ok(out)
}

/// The distinct elements of `tensor`, flattened.
pub fn unique_values(tensor: &Tensor) -> Result<Tensor> {
    let op = "unique_values";
    let sorted = sorted_flat(op, tensor)?;
    let runs = ffi::runs(sorted.dtype());
    let elements = Address(sorted.data());
    of_runs(op, &sorted, sorted.dtype(), runs, &|begin, end, out| {
        // SAFETY: the part lies in the sorted elements; there is room for the runs counted in it.
        unsafe { (runs.values)(elements.start(), begin, end, out) };
    })
}

/// The distinct elements of `tensor`, flattened, and what is wanted besides.
pub fn unique(op: &'static str, tensor: &Tensor, wanted: Wanted) -> Result<Unique> {
    let source = contiguous(op, tensor, tensor.dtype())?;
    // Only lengths of runs are wanted: places need not be sorted with the elements.
    let order = if wanted.indices || wanted.inverse { Some(order_flat(op, &source)?) } else { None };
    let sorted = match &order {
        Some(order) => gathered(op, &source, order)?,
        None => sorted_flat(op, &source)?,
    };
    let runs = ffi::runs(sorted.dtype());
    let elements = Address(sorted.data());
    let starts = of_runs(op, &sorted, DType::Int64, runs, &|begin, end, out| {
        // SAFETY: as in `unique_values`.
        unsafe { (runs.places)(elements.start(), begin, end, out.cast()) };
    })?;
    let values = gathered(op, &sorted, &starts)?;
    let indices = match &order {
        Some(order) if wanted.indices => Some(gathered(op, order, &starts)?),
        _ => None,
    };
    let counts = if wanted.counts { Some(Tensor::empty(op, &[starts.size()], DType::Int64)?) } else { None };
    let inverse = if wanted.inverse { Some(Tensor::empty(op, tensor.shape(), DType::Int64)?) } else { None };
    let address = |tensor: &Option<Tensor>| Address(tensor.as_ref().map_or(std::ptr::null_mut(), Tensor::data));
    let (places, order, inverse_at, counts_at) =
        (Address(starts.data()), address(&order), address(&inverse), address(&counts));
    let (count, size) = (starts.size(), sorted.size());
    let spread = ffi::spread();
    let ns = 2 * size.checked_div(count).unwrap_or(0).clamp(1, 1000);
    for_each_range(op, count, ns, &|first, last| {
        // SAFETY: runs are disjoint, and so are the elements in them: each index occurs once in the order.
        unsafe {
            spread(
                places.index(0),
                count,
                size,
                first,
                last,
                order.start().cast(),
                inverse_at.start().cast(),
                counts_at.start().cast(),
            );
        };
        Ok(())
    })?;
    Ok(Unique { values, indices, inverse, counts })
}
