//! Sums of squared distances from a mean, read from the operand block by block.

use corepy_core::reduction_plan::{Axes, ReductionPlan, plan_reduction};
use corepy_core::shape::Shape;
use corepy_core::storage::Storage;
use corepy_core::{DType, Reduction, Result, Tensor, arena, scheduler};

use super::load::Loader;
use super::{Shared, columns::NARROW};
use crate::{elementwise, ffi};

/// Elements per block of a row, and per unit of short ones: additions one after another stay few.
const BLOCK: usize = 4_096;
/// Rows per block of columns, for the same reason.
const BLOCK_ROWS: usize = 256;
/// Columns per block: means and sums stay in L1.
const BLOCK_COLUMNS: usize = 512;

/// The sums over the marked axes of the squared distances of the elements from `mean`, a float64 or
/// complex128 tensor of one element for each result, laid out as [`super::reduce`] lays out results.
/// Float64, of shape `shape`; there is more than one element to reduce, and no axis has size 0.
pub fn squares(
    op: &'static str,
    tensor: &Tensor,
    is_reduced: &[bool],
    mean: &Tensor,
    shape: &[usize],
) -> Result<Tensor> {
    let mut plan = plan_reduction(tensor.shape(), tensor.strides(), is_reduced);
    let lies_across = |kept: &Axes, reduced: &Axes| {
        let (size, stride) = kept.inner();
        size >= NARROW / 4 && stride != 0 && stride.unsigned_abs() < reduced.inner().1.unsigned_abs()
    };
    let across = lies_across(&plan.kept, &plan.reduced);
    let copy;
    let mut tensor = tensor;
    let in_place = |tensor: &Tensor, kept: &Axes| {
        tensor.dtype().is_floating() && kept.inner().1 == tensor.dtype().itemsize() as isize
    };
    if across && !in_place(tensor, &plan.kept) {
        let dtype = if tensor.dtype().is_floating() { tensor.dtype() } else { DType::Float64 };
        let order: Shape = plan_order(tensor, is_reduced, &plan.order);
        copy = Tensor::empty_ordered(op, tensor.shape(), dtype, &order)?;
        elementwise::assign(op, &copy, elementwise::Operand::Tensor(tensor))?;
        tensor = &copy;
        // The results stay where the means are; axes of size 1 have no say.
        plan = ReductionPlan { order: plan.order, ..plan_reduction(tensor.shape(), tensor.strides(), is_reduced) };
    }
    let keeps = shape.len() == tensor.ndim();
    let mut order: Shape = (0..shape.len()).filter(|&axis| keeps && is_reduced[axis]).collect();
    order.extend(
        plan.order.iter().map(|&axis| {
            if keeps { axis } else { is_reduced[..axis].iter().filter(|&&is_reduced| !is_reduced).count() }
        }),
    );
    let out = Tensor::empty_ordered(op, shape, DType::Float64, &order)?;
    let compute = if tensor.dtype().is_floating() { tensor.dtype() } else { DType::Float64 };
    let job = Squares {
        op,
        source: tensor.dtype(),
        compute,
        data: Shared(tensor.data().wrapping_offset(plan.origin)),
        mean: Shared(mean.data()),
        mean_item: mean.dtype().itemsize(),
        out: Shared(out.data()),
    };
    if across {
        job.columns(&plan.kept, &plan.reduced)?;
    } else {
        job.rows(&plan.kept, &plan.reduced)?;
    }
    Ok(out)
}

/// All axes as a copy lays them out: the reduced ones outside, the kept ones in `kept` order.
fn plan_order(tensor: &Tensor, is_reduced: &[bool], kept: &[usize]) -> Shape {
    let mut order: Shape = (0..tensor.ndim()).filter(|&axis| is_reduced[axis]).collect();
    order.extend_from_slice(kept);
    order
}

struct Squares {
    op: &'static str,
    source: DType,
    /// What the kernels read.
    compute: DType,
    data: Shared<u8>,
    mean: Shared<u8>,
    mean_item: usize,
    out: Shared<u8>,
}

impl Squares {
    fn parallel(&self, elements: usize) -> bool {
        let cast = if self.source == self.compute { 0.0 } else { 0.3 };
        scheduler::worth_parallel((elements as f32 * (0.03 * self.source.itemsize() as f32 + cast)) as u64)
    }

    fn mean(&self, index: usize) -> *const u8 {
        self.mean.get().wrapping_add(index * self.mean_item)
    }

    /// What is reduced lies closest together, or has gaps anyway.
    fn rows(&self, kept: &Axes, reduced: &Axes) -> Result<()> {
        let kernel = ffi::squares(self.compute).rows.expect("floating-point dtypes have squares");
        let (n, count) = (reduced.size(), kept.size());
        let blocks = n.div_ceil(BLOCK);
        let per_unit = if blocks == 1 { (BLOCK / n).clamp(1, count) } else { 1 };
        let storage = if blocks == 1 { None } else { Some(Storage::allocate(self.op, count * blocks * 8)?) };
        let sums = storage.as_ref().map_or(self.out, |storage| Shared(storage.as_ptr()));
        let loader = |row: usize| Loader {
            stream: None,
            data: self.data.get().wrapping_offset(kept.offset(row)),
            source: self.source,
            compute: self.compute,
            axes: reduced.clone(),
        };
        let is_contiguous = loader(0).is_contiguous();
        let units = count.div_ceil(per_unit) * blocks;
        // Several units to a chunk: rows may be short.
        let per_chunk = (2 * BLOCK / (per_unit * n.min(BLOCK))).max(1);
        scheduler::for_each_chunk(self.op, units.div_ceil(per_chunk), self.parallel(n * count), &|chunk| {
            arena::scope(self.op, |scope| {
                let mut buffers = loader(0).buffers(scope, n.min(BLOCK), !is_contiguous)?;
                for unit in chunk * per_chunk..units.min((chunk + 1) * per_chunk) {
                    let (group, block) = (unit / blocks, unit % blocks);
                    let (start, len) = (block * BLOCK, BLOCK.min(n - block * BLOCK));
                    for row in group * per_unit..count.min((group + 1) * per_unit) {
                        let sum = sums.get().wrapping_add((row * blocks + block) * 8);
                        // SAFETY: the block is the row's; each row has a mean, and a sum per block.
                        unsafe {
                            let data = loader(row).load(start, len, &mut buffers);
                            kernel(data, 0, 1, len, self.mean(row), sum);
                        }
                    }
                }
                Ok(())
            })
        })?;
        if let Some(storage) = storage {
            let sum = ffi::reduce(Reduction::Sum, DType::Float64).rows.expect("float64 has sums");
            // SAFETY: `count` rows of sums, and as many results.
            unsafe { sum(storage.as_ptr(), (blocks * 8) as isize, count, blocks, self.out.get()) };
        }
        Ok(())
    }

    /// What is kept lies closest together.
    fn columns(&self, kept: &Axes, reduced: &Axes) -> Result<()> {
        let kernels = ffi::squares(self.compute);
        let kernel = kernels.columns.expect("floating-point dtypes have squares");
        let combine = ffi::reduce(Reduction::Sum, DType::Float64).combine.expect("float64 has sums");
        let (inner, _) = kept.inner();
        let outer = kept.outer();
        let (outers, rows, width) = (outer.size(), reduced.size(), kept.size());
        let (row_blocks, col_blocks) = (rows.div_ceil(BLOCK_ROWS), inner.div_ceil(BLOCK_COLUMNS));
        let storage = if row_blocks == 1 { None } else { Some(Storage::allocate(self.op, row_blocks * width * 8)?) };
        let sums = storage.as_ref().map_or(self.out, |storage| Shared(storage.as_ptr()));
        let units = outers * row_blocks * col_blocks;
        scheduler::for_each_chunk(self.op, units, self.parallel(rows * width), &|unit| {
            let (col_block, rest) = (unit % col_blocks, unit / col_blocks);
            let (row_block, group) = (rest % row_blocks, rest / row_blocks);
            let (first_row, first_col) = (row_block * BLOCK_ROWS, col_block * BLOCK_COLUMNS);
            let (count, cols) = (BLOCK_ROWS.min(rows - first_row), BLOCK_COLUMNS.min(inner - first_col));
            let place = group * inner + first_col;
            let mut offsets = [0_isize; BLOCK_ROWS];
            for (row, offset) in offsets[..count].iter_mut().enumerate() {
                *offset = reduced.offset(first_row + row);
            }
            let offset = outer.offset(group) + (first_col * self.compute.itemsize()) as isize;
            let data = self.data.get().wrapping_offset(offset);
            let target = sums.get().wrapping_add((row_block * width + place) * 8);
            // SAFETY: the block is the operand's; each column has a mean, and a sum per block of rows.
            unsafe { kernel(data, offsets.as_ptr(), count, cols, self.mean(place), target) };
            Ok(())
        })?;
        let Some(storage) = storage else { return Ok(()) };
        let mut step = 1;
        while step < row_blocks {
            for left in (0..row_blocks - step).step_by(2 * step) {
                let row = |index: usize| storage.as_ptr().wrapping_add(index * width * 8);
                // SAFETY: both rows of sums lie below `row_blocks`.
                unsafe { combine(row(left), row(left + step), width) };
            }
            step *= 2;
        }
        // SAFETY: the first row has all; as many sums as results.
        unsafe { self.out.get().copy_from_nonoverlapping(storage.as_ptr(), width * 8) };
        Ok(())
    }
}
