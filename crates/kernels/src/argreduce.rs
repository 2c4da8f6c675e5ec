//! Where the largest or smallest element is, over all elements or along an axis.

use corepy_core::reduction_plan::{Axes, plan_reduction};
use corepy_core::shape::{MAX_RANK, Shape, normalize_axis};
use corepy_core::storage::Storage;
use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Scalar};
use crate::ffi::{self, ArgKernels};
use crate::rearrange;

/// Elements per unit of work along rows; a longer row is cut.
const UNIT: usize = 32_768;
/// Columns per unit of work: the best of each, and their places, stay in L1.
const UNIT_COLUMNS: usize = 512;
/// Columns below which rows are better made of them.
const NARROW: usize = 8;

/// Elements up to which a contiguous operand is searched whole without a plan.
const FEW: usize = 4_096;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Extremum {
    Max,
    Min,
}

/// The indices of the first largest or smallest elements of `tensor` along `axis`; without an axis, the
/// index into its elements in C order.
pub fn argreduce(
    op: &'static str,
    extremum: Extremum,
    tensor: &Tensor,
    axis: Option<i64>,
    keepdims: bool,
) -> Result<Tensor> {
    if axis.is_none() && (2..=FEW).contains(&tensor.size()) && tensor.is_contiguous() {
        let ones = [1; MAX_RANK];
        let out = Tensor::empty(op, if keepdims { &ones[..tensor.ndim()] } else { &[] }, DType::Int64)?;
        let kernels = ffi::argreduce(extremum as usize, tensor.dtype());
        let mut value = [0_u128; 1];
        // SAFETY: one row; one place and one value.
        unsafe { (kernels.rows)(tensor.data(), 0, 1, tensor.size(), out.data().cast(), value.as_mut_ptr().cast()) };
        return Ok(out);
    }
    let mut shape = Shape::from_slice(tensor.shape());
    let (source, axis) = match axis {
        Some(axis) => {
            let axis = normalize_axis(op, axis, tensor.ndim())?;
            if keepdims {
                shape[axis] = 1;
            } else {
                shape.remove(axis);
            }
            (tensor.clone(), axis)
        }
        None => {
            shape = if keepdims { SmallVec::from_elem(1, tensor.ndim()) } else { Shape::new() };
            (rearrange::flattened(op, tensor)?, 0)
        }
    };
    let n = source.shape()[axis];
    if n == 0 {
        // Also where there are no results, as in NumPy.
        return Err(Error::Value { op, message: String::from("the axis has size 0, and nothing has no extremum") });
    }
    if source.size() == 0 {
        return Tensor::empty(op, &shape, DType::Int64);
    }
    if n == 1 {
        return elementwise::full(op, &shape, &Scalar::from_bytes(&[0; 8], DType::Int64));
    }
    let kernels = ffi::argreduce(extremum as usize, source.dtype());
    let is_searched: SmallVec<[bool; 8]> = (0..source.ndim()).map(|at| at == axis).collect();
    let item = source.dtype().itemsize() as isize;
    let mut source = source;
    let mut plan = plan_reduction(source.shape(), source.strides(), &is_searched);
    let is_wide = |kept: &Axes| kept.inner().0 >= NARROW && kept.inner().1 == item;
    let stride = source.strides()[axis];
    if stride != item && !(stride >= 0 && is_wide(&plan.kept)) {
        source = with_axis_innermost(op, &source, axis)?;
        plan = plan_reduction(source.shape(), source.strides(), &is_searched);
    }
    // The axes of the result as they lie in memory: one of size 1 first.
    let keeps = keepdims && shape.len() == source.ndim();
    let mut order: Shape =
        if keeps { SmallVec::from_elem(axis, 1) } else { (0..shape.len() - plan.order.len()).collect() };
    order.extend(plan.order.iter().map(|&at| at - usize::from(!keeps && at > axis)));
    let out = Tensor::empty_ordered(op, &shape, DType::Int64, &order)?;
    let wanted = (source.dtype() == DType::Bool).then_some(extremum == Extremum::Max);
    let (data, results) = (Shared(source.data()), Shared(out.data()));
    let search = Search { op, kernels, item: item as usize, data, n, out: results, wanted };
    if source.strides()[axis] == item {
        if plan.kept.size() == 1 && n > UNIT {
            search.long_row()?;
        } else {
            search.rows(&plan.kept)?;
        }
    } else {
        search.columns(&plan.kept, source.strides()[axis])?;
    }
    Ok(out)
}

/// A copy of `tensor` whose axis `axis` lies closest together in memory.
fn with_axis_innermost(op: &'static str, tensor: &Tensor, axis: usize) -> Result<Tensor> {
    let mut order: Shape = (0..tensor.ndim()).filter(|&at| at != axis).collect();
    order.push(axis);
    let copy = Tensor::empty_ordered(op, tensor.shape(), tensor.dtype(), &order)?;
    elementwise::assign(op, &copy, elementwise::Operand::Tensor(tensor))?;
    Ok(copy)
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
    fn at(self, offset: isize) -> *mut u8 {
        self.0.wrapping_offset(offset)
    }
}

/// A search along an axis of `n` elements; the results lie in the order of the kept axes.
struct Search {
    op: &'static str,
    kernels: ArgKernels,
    item: usize,
    data: Shared,
    n: usize,
    out: Shared,
    /// The boolean that ends the search.
    wanted: Option<bool>,
}

impl Search {
    fn parallel(&self, elements: usize) -> bool {
        scheduler::worth_parallel((elements as f32 * 0.04 * self.item as f32) as u64)
    }

    /// Where result `index` goes.
    fn result(&self, index: usize) -> *mut i64 {
        self.out.at((index * size_of::<i64>()) as isize).cast()
    }

    /// Rows without gaps.
    fn rows(&self, kept: &Axes) -> Result<()> {
        let count = kept.size();
        let per_unit = (UNIT / self.n).clamp(1, count);
        let (inner, stride) = kept.inner();
        scheduler::for_each_chunk(self.op, count.div_ceil(per_unit), self.parallel(count * self.n), &|unit| {
            let (mut first, end) = (unit * per_unit, count.min((unit + 1) * per_unit));
            arena::scope(self.op, |scope| {
                let values = scope.elements(per_unit, self.item)?;
                while first < end {
                    let rows = (end - first).min(inner - first % inner);
                    let data = self.data.at(kept.offset(first));
                    // SAFETY: the rows are the operand's; results and values have room for each.
                    unsafe { (self.kernels.rows)(data, stride, rows, self.n, self.result(first), values) };
                    first += rows;
                }
                Ok(())
            })
        })
    }

    /// One row, in pieces whose extrema are a row again.
    fn long_row(&self) -> Result<()> {
        if let Some(wanted) = self.wanted {
            let mut value = 0_u8;
            // SAFETY: the elements are the row's; one place and one value.
            unsafe { (self.kernels.rows)(self.data.at(0), 0, 1, UNIT, self.result(0), &raw mut value) };
            if (value != 0) == wanted {
                return Ok(());
            }
        }
        let units = self.n.div_ceil(UNIT);
        let values = Storage::allocate(self.op, units * self.item)?;
        let places = Storage::allocate(self.op, units * size_of::<i64>())?;
        let (values, places) = (Shared(values.as_ptr()), (Shared(places.as_ptr()), values, places));
        let place = |unit: usize| places.0.at((unit * size_of::<i64>()) as isize).cast::<i64>();
        scheduler::for_each_chunk(self.op, units, self.parallel(self.n), &|unit| {
            let (first, len) = (unit * UNIT, UNIT.min(self.n - unit * UNIT));
            let data = self.data.at((first * self.item) as isize);
            let value = values.at((unit * self.item) as isize);
            // SAFETY: the elements are the row's; there is room for a place and a value per unit.
            unsafe {
                (self.kernels.rows)(data, 0, 1, len, place(unit), value);
                *place(unit) += first as i64;
            }
            Ok(())
        })?;
        let (mut best, mut value) = (0_i64, [0_u128; 1]);
        // SAFETY: a row of `units` values, whose places are known.
        unsafe {
            (self.kernels.rows)(values.at(0), 0, 1, units, &raw mut best, value.as_mut_ptr().cast());
            *self.result(0) = *place(best as usize);
        }
        Ok(())
    }

    /// Rows of what is kept, `stride` bytes apart.
    fn columns(&self, kept: &Axes, stride: isize) -> Result<()> {
        let (inner, _) = kept.inner();
        let outer = kept.outer();
        let blocks = inner.div_ceil(UNIT_COLUMNS);
        let cols_of = |block: usize| UNIT_COLUMNS.min(inner - block * UNIT_COLUMNS);
        let parallel = self.parallel(kept.size() * self.n);
        scheduler::for_each_chunk(self.op, outer.size() * blocks, parallel, &|unit| {
            let (group, block) = (unit / blocks, unit % blocks);
            let (first, cols) = (block * UNIT_COLUMNS, cols_of(block));
            let data = self.data.at(outer.offset(group) + (first * self.item) as isize);
            arena::scope(self.op, |scope| {
                let scratch = scope.elements(2 * cols, self.item)?;
                let index = self.result(group * inner + first);
                // SAFETY: the columns are the operand's; `scratch` holds an element and a place for each.
                unsafe { (self.kernels.columns)(data, stride, self.n, cols, index, scratch) };
                Ok(())
            })
        })
    }
}
