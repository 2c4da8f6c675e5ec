//! Reductions over axes: consumers of blocks.
//!
//! The operand is walked in blocks whose size depends on its shape and strides only, each block is
//! reduced by a kernel to partial results, and these are combined in a fixed tree: the bits of the
//! result depend neither on the number of threads nor on the instruction set.

mod columns;
mod load;
mod row;
mod rows;
mod source;
mod squares;

use std::mem::MaybeUninit;

use corepy_core::reduction::ReductionTypes;
use corepy_core::reduction_plan::{Axes, plan_reduction};
use corepy_core::shape::{Shape, Strides, normalize_axes};
use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Op, Reduction, Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Scalar};
use crate::exec;
use crate::ffi;
use crate::fusion::Stream;

pub(crate) use row::{LONGEST_ROW, RowReduction};
pub(crate) use source::{Source, reads_blocks};
pub use squares::squares;

/// Elements up to which a contiguous operand is reduced by one kernel call before any planning; one
/// block of [`rows`].
const INLINE_ELEMENTS: usize = rows::DIRECT_BLOCK;
/// Elements up to which a contiguous operand is reduced over adjacent axes without a plan, which takes longer.
const FEW: usize = 512;
/// The most rows of such an operand that are accumulated: `kPanel` in `csrc/reduce_vector.h`.
const FEW_ROWS: usize = 16;
/// Rows from which it pays to reduce the outermost of several reduced axes on its own first.
const STAGE_ROWS: usize = 8;
/// Nanoseconds of work that one chunk should hold: a million elements take 27 µs on two cores, which should end together.
const CHUNK_NS: f32 = 4_000.0;

/// What is computed, whatever the operand's layout.
struct Job<'a> {
    op: &'static str,
    kernel: Reduction,
    /// The operand's dtype.
    source: DType,
    /// What the kernel reads.
    compute: DType,
    accumulator: DType,
    result: DType,
    /// What the result is divided by.
    divisor: Option<f64>,
    /// Where the elements come from, unless from memory.
    stream: Option<&'a Stream>,
}

/// The kernels of a job.
#[derive(Clone, Copy)]
struct Kernels {
    rows: unsafe extern "C" fn(*const u8, isize, usize, usize, *mut u8),
    columns: unsafe extern "C" fn(*const u8, *const isize, usize, usize, *mut u8, *mut u8),
    combine: ffi::Combine,
    produced: Option<ffi::ReduceProduced>,
}

/// The reduction of `tensor` over `axes` (all of them without), to `dtype` if that is given.
pub fn reduce(
    reduction: Reduction,
    tensor: &Tensor,
    axes: Option<&[i64]>,
    dtype: Option<DType>,
    keepdims: bool,
) -> Result<Tensor> {
    reduce_source(reduction, Source::Tensor(tensor), axes, dtype, keepdims)
}

/// As [`reduce`], of elements that may be computed as they are read.
pub(crate) fn reduce_source(
    reduction: Reduction,
    source: Source<'_>,
    axes: Option<&[i64]>,
    dtype: Option<DType>,
    keepdims: bool,
) -> Result<Tensor> {
    let op = reduction.name();
    let is_reduced = normalize_axes(op, axes, source.shape().len())?;
    let types = reduction.types(source.dtype(), dtype)?;
    let mut shape = Shape::new();
    let mut count = 1;
    for (&size, &is_reduced) in source.shape().iter().zip(&is_reduced) {
        if !is_reduced {
            shape.push(size);
            continue;
        }
        count *= size;
        if keepdims {
            shape.push(1);
        }
    }
    let divisor = (reduction == Reduction::Mean).then_some(count as f64);
    let ReductionTypes { kernel, compute, accumulator, result } = types;
    let job =
        Job { op, kernel, source: source.dtype(), compute, accumulator, result, divisor, stream: source.stream() };
    let size = source.size();
    if let Source::Tensor(tensor) = source
        && (1..=INLINE_ELEMENTS).contains(&size)
        && count == size
        && job.source == compute
        && tensor.is_contiguous()
    {
        let out = Tensor::empty(op, &shape, result)?;
        let mut number = Number::default();
        let target = if job.is_direct() { out.data() } else { number.0.as_mut_ptr() };
        // SAFETY: one row of `count` contiguous elements; `target` holds an accumulator.
        unsafe {
            (job.kernels().rows)(tensor.data(), 0, 1, count, target);
            job.finish(target, out.data(), 1);
        }
        return Ok(out);
    }
    if let Source::Tensor(tensor) = source
        && let Some(result) = reduce_few(&job, tensor, &is_reduced, &shape)
    {
        return result;
    }
    if count == 0 || size == 0 {
        return reduce_nothing(reduction, count, &shape, result);
    }
    if let Source::Tensor(tensor) = source
        && count == 1
    {
        return Ok(elementwise::cast_contiguous(op, tensor, result)?.reshaped_contiguous(&shape));
    }
    let plan = plan_reduction(source.shape(), source.strides(), &is_reduced);
    // The axes of the result as they lie in memory: those of size 1 first.
    let mut order: Shape = (0..shape.len()).filter(|&axis| keepdims && is_reduced[axis]).collect();
    order.extend(plan.order.iter().map(|&axis| {
        if keepdims { axis } else { is_reduced[..axis].iter().filter(|&&is_reduced| !is_reduced).count() }
    }));
    let out = Tensor::empty_ordered(op, &shape, result, &order)?;
    let data = source.data().wrapping_offset(plan.origin);
    // SAFETY: the plan walks the operand's own elements, and as many results as `out` holds.
    unsafe { execute(&job, data, &plan.kept, &plan.reduced, out.data())? };
    Ok(out)
}

/// The reduction over adjacent axes of few elements, as the plan would have it but without one; None where it is not
/// that. Rows are those of one panel of the kernel at most.
fn reduce_few(job: &Job<'_>, tensor: &Tensor, is_reduced: &[bool], shape: &[usize]) -> Option<Result<Tensor>> {
    if !(1..=FEW).contains(&tensor.size()) || job.source != job.compute || !tensor.is_contiguous() {
        return None;
    }
    // Elements outside the reduced axes, along them and inside.
    let (mut outer, mut rows, mut inner) = (1, 1, 1);
    for (&size, &is_reduced) in tensor.shape().iter().zip(is_reduced) {
        match (is_reduced, rows) {
            (true, _) if inner > 1 => return None,
            (true, _) => rows *= size,
            (false, 1) => outer *= size,
            (false, _) => inner *= size,
        }
    }
    if rows == 1 || inner > 1 && rows > FEW_ROWS {
        return None;
    }
    let out = match Tensor::empty(job.op, shape, job.result) {
        Ok(out) => out,
        Err(error) => return Some(Err(error)),
    };
    let mut accumulators = [const { MaybeUninit::<Number>::uninit() }; FEW / 2];
    let target = if job.is_direct() { out.data() } else { accumulators.as_mut_ptr().cast() };
    let (source, accumulator) = (job.source.itemsize(), job.accumulator.itemsize());
    let kernels = job.kernels();
    // SAFETY: the rows are the tensor's; `target` has room for all results, of which there are at most half as many as
    // elements. A panel needs no scratch.
    unsafe {
        if inner == 1 {
            (kernels.rows)(tensor.data(), (rows * source) as isize, outer, rows, target);
        } else {
            let mut offsets = [0; FEW_ROWS];
            for (row, offset) in offsets[..rows].iter_mut().enumerate() {
                *offset = (row * inner * source) as isize;
            }
            for index in 0..outer {
                let data = tensor.data().add(index * rows * inner * source);
                let target = target.add(index * inner * accumulator);
                (kernels.columns)(data, offsets.as_ptr(), rows, inner, target, std::ptr::null_mut());
            }
        }
        job.finish(target, out.data(), outer * inner);
    }
    Some(Ok(out))
}

/// Whether any element of `tensor` is true.
pub fn any(tensor: &Tensor) -> Result<bool> {
    let result = reduce(Reduction::Any, tensor, None, None, false)?;
    // SAFETY: the result is one bool.
    Ok(unsafe { *result.data() } != 0)
}

/// Whether any element of an integer tensor is below 0.
pub fn has_negative(tensor: &Tensor) -> Result<bool> {
    if tensor.dtype().kind() != corepy_core::Kind::Signed || tensor.size() == 0 {
        return Ok(false);
    }
    let least = reduce(Reduction::Min, tensor, None, None, false)?;
    // The sign of an integer is in its last byte (first, big-endian).
    let last = if cfg!(target_endian = "little") { least.dtype().itemsize() - 1 } else { 0 };
    // SAFETY: the result is one signed integer.
    Ok(unsafe { *least.data().add(last) } & 0x80 != 0)
}

/// The result where there are no elements, or `count` = 0 for each result.
fn reduce_nothing(reduction: Reduction, count: usize, shape: &[usize], result: DType) -> Result<Tensor> {
    let op = reduction.name();
    let value = match reduction {
        // Also where there are no results, as in NumPy.
        Reduction::Max | Reduction::Min if count == 0 => {
            return Err(Error::Value { op, message: format!("a reduced axis has size 0, and nothing has no {op}") });
        }
        _ if shape.contains(&0) => return Tensor::empty(op, shape, result),
        Reduction::Prod | Reduction::All => [1.0, 0.0],
        Reduction::Mean => [f64::NAN; 2],
        _ => [0.0; 2],
    };
    let from = if result.is_complex() { DType::Complex128 } else { DType::Float64 };
    let mut number = Number::default();
    let args = [value.as_ptr().cast::<u8>()];
    // SAFETY: one number of either dtype to one element of `result`, for which there is room.
    unsafe { ffi::cast(from, result)(args.as_ptr(), number.0.as_mut_ptr(), 1, 0) };
    elementwise::full(op, shape, &Scalar::from_bytes(&number.0, result))
}

/// Room for one element of any dtype.
#[derive(Default)]
#[repr(align(16))]
struct Number([u8; 16]);

/// Reduces the elements at `data` over `reduced` into `out`, which lies in the order of `kept`.
///
/// # Safety
/// The axes reach elements of `job.source` only; `out` holds an element of `job.result` for each of
/// `kept`. Reduced strides are not negative, there is more than one element to reduce, and no
/// axis has size 0.
unsafe fn execute(job: &Job<'_>, data: *const u8, kept: &Axes, reduced: &Axes, out: *mut u8) -> Result<()> {
    let kept_stride = kept.inner().1.unsigned_abs();
    let reduced_stride = reduced.inner().1.unsigned_abs();
    // SAFETY: the caller's promise.
    unsafe {
        if kept_stride != 0 && (reduced_stride == 0 || kept_stride < reduced_stride) {
            return columns::reduce(job, data, kept, reduced, out);
        }
        match stage(job, kept, reduced) {
            Some(stage) => execute_staged(job, data, &stage, out),
            None => rows::reduce(job, data, kept, reduced, out),
        }
    }
}

/// A reduction of the outermost reduced axis alone, and what then remains.
struct Stage {
    /// All axes but the first reduced one, as they lie in memory.
    kept: Axes,
    reduced: Axes,
    origin: isize,
    /// The remaining reduction of the intermediate results.
    rest: (Axes, Axes),
}

/// The first of two stages, where the elements that lie next to each other are best kept at first: a
/// matrix with gaps between its rows, or one whose kept axis lies between two reduced ones.
fn stage(job: &Job<'_>, kept: &Axes, reduced: &Axes) -> Option<Stage> {
    if reduced.rank() < 2 || reduced.shape[0] < STAGE_ROWS || job.source != job.compute {
        return None;
    }
    let shape: Shape = kept.shape.iter().chain(&reduced.shape).copied().collect();
    let strides: Strides = kept.strides.iter().chain(&reduced.strides).copied().collect();
    let first = kept.rank();
    let mask: SmallVec<[bool; 8]> = (0..shape.len()).map(|axis| axis == first).collect();
    let plan = plan_reduction(&shape, &strides, &mask);
    let (cols, col_stride) = plan.kept.inner();
    if cols < columns::NARROW || col_stride != job.source.itemsize() as isize {
        return None;
    }
    // The intermediate results lie in the order of the plan; the kept axes keep their order among themselves.
    let mut rest = (Axes::default(), Axes::default());
    let mut stride = (plan.kept.size() * job.accumulator.itemsize()) as isize;
    for axis in plan.order {
        stride /= shape[axis] as isize;
        let group = if axis < first { &mut rest.0 } else { &mut rest.1 };
        group.push(shape[axis], stride);
    }
    Some(Stage { kept: plan.kept, reduced: plan.reduced, origin: plan.origin, rest })
}

/// # Safety
/// As [`execute`].
unsafe fn execute_staged(job: &Job<'_>, data: *const u8, stage: &Stage, out: *mut u8) -> Result<()> {
    let accumulator = job.accumulator;
    let partial = Job { divisor: None, result: accumulator, ..*job };
    let rest = Job { source: accumulator, compute: accumulator, ..*job };
    let storage = Storage::allocate(job.op, stage.kept.size() * accumulator.itemsize())?;
    // SAFETY: the same elements in another order; the storage holds an accumulator for each kept one.
    unsafe {
        execute(&partial, data.wrapping_offset(stage.origin), &stage.kept, &stage.reduced, storage.as_ptr())?;
        execute(&rest, storage.as_ptr(), &stage.rest.0, &stage.rest.1, out)
    }
}

impl Job<'_> {
    #[inline]
    fn kernels(&self) -> Kernels {
        let kernels = ffi::reduce(self.kernel, self.compute);
        match (kernels.rows, kernels.columns, kernels.combine) {
            (Some(rows), Some(columns), Some(combine)) => {
                Kernels { rows, columns, combine, produced: kernels.produced }
            }
            _ => unreachable!("types() chooses dtypes that have kernels"),
        }
    }

    /// The kernel that asks for what a stream computes, if there is one that takes its dtype.
    fn produced(&self) -> Option<ffi::ReduceProduced> {
        self.stream.filter(|_| self.source == self.compute).and(self.kernels().produced)
    }

    /// Whether accumulators are results, apart from the division.
    #[inline]
    fn is_direct(&self) -> bool {
        self.accumulator == self.result
    }

    /// The truth that settles a search, whatever else there is.
    fn settling(&self) -> Option<u8> {
        match self.kernel {
            Reduction::Any => Some(1),
            Reduction::All => Some(0),
            _ => None,
        }
    }

    /// Turns `n` accumulators into results. `acc` is overwritten; it may be `out` when they are of one
    /// dtype.
    ///
    /// # Safety
    /// `acc` and `out` hold `n` elements of their dtypes.
    #[inline]
    unsafe fn finish(&self, acc: *mut u8, out: *mut u8, n: usize) {
        let divide = |numbers: *mut u8| {
            if let Some(divisor) = &self.divisor {
                let parts = self.accumulator.itemsize() / size_of::<f64>();
                let divide = ffi::elementwise(const { Op::named("divide") }, DType::Float64);
                let divide = divide.expect("float64 divides");
                let args = [numbers.cast_const(), std::ptr::from_ref(divisor).cast()];
                // SAFETY: float64, or complex128, which is two of them; in place.
                unsafe { divide(args.as_ptr(), numbers, n * parts, 0b10) };
            }
        };
        // Whole numbers are divided as float64, which their mean is; others before they are rounded.
        let is_whole = self.accumulator.is_integer();
        // SAFETY: the caller's promise.
        unsafe {
            if !is_whole {
                divide(acc);
            }
            if self.is_direct() {
                if acc != out {
                    std::ptr::copy_nonoverlapping(acc, out, n * self.result.itemsize());
                }
            } else {
                ffi::cast(self.accumulator, self.result)([acc.cast_const()].as_ptr(), out, n, 0);
            }
            if is_whole {
                divide(out);
            }
        }
    }

    /// Combines `count` rows of `width` partial results, and turns them into results.
    ///
    /// # Safety
    /// `partials` holds the rows, `out` `width` results.
    unsafe fn finish_partials(&self, partials: *mut u8, count: usize, width: usize, out: *mut u8) {
        let (combine, item) = (self.kernels().combine, self.accumulator.itemsize());
        // SAFETY: the caller's promise.
        unsafe { combine_rows(combine, partials, count, width, item) };
        // SAFETY: the first row has all; the caller's promise.
        unsafe { self.finish(partials, out, width) };
    }

    /// Estimated nanoseconds per element on one core.
    fn cost(&self) -> f32 {
        let bytes = self.source.itemsize() as f32;
        let cast = if self.source == self.compute { 0.0 } else { 0.3 };
        let plain = match self.kernel {
            Reduction::Prod | Reduction::Max | Reduction::Min if self.compute.is_complex() => 2.0,
            _ => 0.02,
        };
        let stream = self.stream.map_or(0.0, Stream::cost);
        0.0125 * bytes + plain + cast + stream
    }

    /// Calls `body` with every unit below `units`, each of about `elements` elements, several to a chunk
    /// and on several threads where that is worth it.
    fn for_each_unit(
        &self,
        units: usize,
        elements: usize,
        body: &(dyn Fn(std::ops::Range<usize>) -> Result<()> + Sync),
    ) -> Result<()> {
        let unit_ns = elements as f32 * self.cost();
        let per_chunk = ((CHUNK_NS / unit_ns) as usize).clamp(1, units);
        let chunks = units.div_ceil(per_chunk);
        let memory_ns = match self.stream {
            None => exec::memory_ns(units * elements * self.source.itemsize()),
            Some(_) => 0.0,
        };
        let parallel = chunks > 1 && scheduler::worth_parallel((units as f32 * unit_ns).max(memory_ns) as u64);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let first = chunk * per_chunk;
            body(first..units.min(first + per_chunk))
        })
    }
}

/// Combines `count` rows of `width` accumulators of `item` bytes in a tree, which depends on `count` only, into the first.
///
/// # Safety
/// The rows are there, of what `combine` takes, and nobody else has them.
unsafe fn combine_rows(combine: ffi::Combine, rows: *mut u8, count: usize, width: usize, item: usize) {
    let row = |index: usize| rows.wrapping_add(index * width * item);
    let mut step = 1;
    while step < count {
        for left in (0..count - step).step_by(2 * step) {
            // SAFETY: both rows lie below `count`.
            unsafe { combine(row(left), row(left + step), width) };
        }
        step *= 2;
    }
}

/// A pointer that threads share, each for its own part.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: the users write disjoint parts.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    #[inline]
    fn get(self) -> *mut T {
        self.0
    }
}
