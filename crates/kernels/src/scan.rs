//! Scans along an axis: cumulative sums and products.
//!
//! Rows and columns are scanned independently of each other, and a long row in pieces whose sums are
//! added up leaf by leaf, as they are where one thread scans it whole: the bits of the result depend
//! neither on the number of threads nor on the layout.

use std::sync::atomic::{AtomicUsize, Ordering};

use corepy_core::plan::memory_order;
use corepy_core::shape::{Shape, normalize_axis};
use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Kind, Result, Tensor, arena, scheduler};

use crate::elementwise::{self, Operand, Scalar};
use crate::ffi;

/// Elements whose sum is one step in a row's: `kScanLeaf` in `csrc/scan.h`.
const LEAF: usize = 64;
/// Elements of a long row, or of several rows, per unit of work.
const UNIT: usize = 16_384;
/// Columns per unit of work: whole pages of rows, and accumulators that stay in L1.
const UNIT_COLUMNS: usize = 256;
/// Elements from which a row is worth two passes, so that several threads share it.
const LONG_ROW: usize = 4 * UNIT;
/// Estimated nanoseconds per element.
const COST: f32 = 0.6;

/// What is accumulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scan {
    Sum,
    Prod,
}

/// The scan of `tensor` along `axis`, to `dtype` if that is given; behind the neutral element, if
/// `include_initial`.
pub fn scan(
    op: &'static str,
    kind: Scan,
    tensor: &Tensor,
    axis: Option<i64>,
    dtype: Option<DType>,
    include_initial: bool,
) -> Result<Tensor> {
    // A number is a row of one, as in NumPy.
    let row;
    let tensor = if tensor.ndim() == 0 {
        row = tensor.expanded(0);
        &row
    } else {
        tensor
    };
    let axis = match axis {
        Some(axis) => normalize_axis(op, axis, tensor.ndim())?,
        None if tensor.ndim() == 1 => 0,
        None => {
            let message = format!("axis is required for a tensor of {} dimensions", tensor.ndim());
            return Err(Error::Value { op, message });
        }
    };
    let result = dtype.unwrap_or(match tensor.dtype().kind() {
        Kind::Bool | Kind::Signed => DType::Int64,
        Kind::Unsigned => DType::UInt64,
        Kind::Float | Kind::Complex => tensor.dtype(),
    });
    if tensor.dtype().is_complex() && !result.is_complex() && result != DType::Bool {
        return Err(Error::Cast { op, from: tensor.dtype(), to: result });
    }
    // Integers wrap alike in any width, and truths are counted.
    let compute = match result {
        DType::Int64 | DType::UInt64 => result,
        _ if result.is_floating() => result,
        _ => DType::Int64,
    };
    let size = tensor.shape()[axis];
    let mut shape = Shape::from_slice(tensor.shape());
    shape[axis] = size.saturating_add(usize::from(include_initial));
    let order = memory_order(tensor.shape(), &[tensor.strides()]);
    let out = Tensor::empty_ordered(op, &shape, compute, &order)?;
    let mut body = out.clone();
    if include_initial {
        body = out.sliced(axis, 1, 1, size);
        let neutral = Scalar::from_bytes(&[u8::from(kind == Scan::Prod)], DType::Bool);
        elementwise::assign(op, &out.sliced(axis, 0, 1, 1), Operand::Scalar(&neutral))?;
    }
    if body.size() > 0 {
        let same_bits = tensor.dtype().is_integer() && compute.is_integer() && tensor.dtype().itemsize() == 8;
        let is_ready = (tensor.dtype() == compute || same_bits) && result != DType::Bool && is_dense(tensor, &order);
        let source = if is_ready {
            tensor
        } else {
            // In place.
            let truths;
            let from = if result == DType::Bool {
                truths = elementwise::cast(op, tensor, DType::Bool)?;
                &truths
            } else {
                tensor
            };
            elementwise::assign(op, &body, Operand::Tensor(from))?;
            &body
        };
        run(op, kind, compute, source, &body, axis, &order)?;
    }
    if compute == result { Ok(out) } else { elementwise::cast(op, &out, result) }
}

/// Whether the elements lie without gaps in `order`, outermost first.
fn is_dense(tensor: &Tensor, order: &[usize]) -> bool {
    let mut expected = tensor.dtype().itemsize() as isize;
    order.iter().rev().all(|&axis| {
        let (size, stride) = (tensor.shape()[axis], tensor.strides()[axis]);
        let fits = size == 1 || stride == expected;
        expected *= size as isize;
        fits
    })
}

/// A pointer that threads share, each for its own part.
#[derive(Clone, Copy)]
struct Shared(*mut u8);

// SAFETY: the users write disjoint parts.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The address of a byte.
    fn at(self, offset: usize) -> *mut u8 {
        self.0.wrapping_add(offset)
    }
}

/// Scans `source` into `out`, of one shape. Both lie without gaps in `order` inside `axis`, and the
/// axes outside of it at a constant distance; `out` may be `source`.
fn run(
    op: &'static str,
    kind: Scan,
    compute: DType,
    source: &Tensor,
    out: &Tensor,
    axis: usize,
    order: &[usize],
) -> Result<()> {
    let kernels = ffi::scan(kind as usize, compute);
    let (Some(rows), Some(columns), Some(totals), Some(exclusive)) =
        (kernels.rows, kernels.columns, kernels.totals, kernels.exclusive)
    else {
        unreachable!("scan() chooses dtypes that have kernels")
    };
    let item = compute.itemsize();
    let accumulator = if compute.is_complex() { 16 } else { 8 };
    let place = order.iter().position(|&at| at == axis).unwrap_or(0);
    let sizes = |axes: &[usize]| axes.iter().map(|&axis| source.shape()[axis]).product::<usize>();
    let (outer, n, inner) = (sizes(&order[..place]), source.shape()[axis], sizes(&order[place + 1..]));
    // In bytes, from one element of the outer axes to the next.
    let dense = n * inner * item;
    let (step, out_step) = (outer_step(source, order, place, dense), outer_step(out, order, place, dense));
    let (data, results) = (Shared(source.data()), Shared(out.data()));
    let parallel = scheduler::worth_parallel((source.size() as f32 * COST) as u64);
    if inner > 1 {
        let blocks = inner.div_ceil(UNIT_COLUMNS);
        let row = (inner * item) as isize;
        return scheduler::for_each_chunk(op, outer * blocks, parallel, &|unit| {
            let (group, first) = (unit / blocks, unit % blocks * UNIT_COLUMNS);
            let cols = UNIT_COLUMNS.min(inner - first);
            let (from, to) = (data.at(group * step + first * item), results.at(group * out_step + first * item));
            arena::scope(op, |scope| {
                let scratch = scope.elements(2 * cols, accumulator)?;
                // SAFETY: the columns lie in the tensors; `scratch` has room for both rows of accumulators.
                unsafe { columns(from, row, n, cols, to, row, scratch) };
                Ok(())
            })
        });
    }
    let has_leaves = kind == Scan::Sum || compute.is_integer();
    let shares_rows = has_leaves && n >= LONG_ROW && outer < 2 * scheduler::num_threads();
    if !(parallel && shares_rows && scheduler::num_threads() > 1) {
        let per_unit = (UNIT / n).clamp(1, outer);
        return scheduler::for_each_chunk(op, outer.div_ceil(per_unit), parallel, &|unit| {
            let first = unit * per_unit;
            let count = per_unit.min(outer - first);
            let (from, to) = (data.at(first * step), results.at(first * out_step));
            // SAFETY: the rows lie in the tensors.
            unsafe { rows(from, step as isize, count, n, to, out_step as isize, std::ptr::null()) };
            Ok(())
        });
    }
    let units = n.div_ceil(UNIT);
    let storage = Storage::allocate(op, (units + 1) * accumulator)?;
    let bases = Shared(storage.as_ptr());
    for group in 0..outer {
        let (from, to) = (data.at(group * step), results.at(group * out_step));
        let (from, to) = (Shared(from), Shared(to));
        // Units whose base is known. A unit is read from memory once: for its leaves, and from the cache for its results.
        let known = AtomicUsize::new(0);
        scheduler::for_each_chunk_in_order(op, units, true, &|unit| {
            let first = unit * UNIT;
            let count = UNIT.min(n - first);
            let leaves = count.div_ceil(LEAF);
            let (x, base) = (from.at(first * item), bases.at(unit * accumulator));
            // What comes before, the leaves, and room for their sum.
            let mut sums = [[0_u64; 2]; UNIT / LEAF + 2];
            let sums = Shared(sums.as_mut_ptr().cast());
            let behind = usize::from(unit > 0);
            // SAFETY: the elements are the row's; there is room for an accumulator per leaf and two more. Units are
            // handed out in order, so that the one before, which writes this one's base, runs or has run; the counter
            // says when.
            unsafe {
                totals(x, count, sums.at(behind * accumulator));
                let mut looks = 0_u32;
                while known.load(Ordering::Acquire) < unit {
                    looks += 1;
                    if looks < 1_000 {
                        std::hint::spin_loop();
                    } else {
                        // The other thread is off its core.
                        std::thread::yield_now();
                    }
                }
                sums.at(0).copy_from_nonoverlapping(base, behind * accumulator);
                exclusive(sums.at(0), behind + leaves + 1);
                let next = sums.at((behind + leaves) * accumulator);
                next.copy_to_nonoverlapping(bases.at((unit + 1) * accumulator), accumulator);
                if unit == 0 {
                    sums.at(0).copy_to_nonoverlapping(base, accumulator);
                }
                known.store(unit + 1, Ordering::Release);
                rows(x, 0, 1, count, to.at(first * item), 0, base);
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Bytes from one element of the axes outside `order[place]` to the next; `dense` where there are none.
fn outer_step(tensor: &Tensor, order: &[usize], place: usize, dense: usize) -> usize {
    let outer = order[..place].iter().rev().find(|&&axis| tensor.shape()[axis] > 1);
    outer.map_or(dense, |&axis| tensor.strides()[axis] as usize)
}
