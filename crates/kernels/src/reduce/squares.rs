//! Sums of squared distances from the mean, in one pass: distances are taken from a mean of a few elements, and
//! the sum of the distances themselves tells how far that was from the mean of all.

use corepy_core::reduction_plan::{Axes, ReductionPlan, plan_reduction};
use corepy_core::shape::Shape;
use corepy_core::storage::Storage;
use corepy_core::{DType, Reduction, Result, Tensor, arena, scheduler};

use super::load::{Buffers, Loader};
use super::{Shared, columns::NARROW, combine_rows};
use crate::{elementwise, ffi};

/// Elements per block of a row, and per unit of short ones: additions one after another stay few.
const BLOCK: usize = 4_096;
/// Rows per block of columns, for the same reason.
const BLOCK_ROWS: usize = 256;
/// Rows of the next block that a thread asks for: `Squares::leaf` in `csrc/squares.h`.
const AHEAD: usize = 16;
/// Columns per block: centres and sums stay in L1.
const BLOCK_COLUMNS: usize = 512;
/// Elements of each result, far from one another, whose mean distances are taken from at first.
const SAMPLE: usize = 16;

/// The sums over the marked axes of the squared distances of the elements from their mean. Float64, of shape `shape`;
/// there is more than one element to reduce, and no axis has size 0.
pub fn squares(op: &'static str, tensor: &Tensor, is_reduced: &[bool], shape: &[usize]) -> Result<Tensor> {
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
        // The order of the results stays; axes of size 1 have no say.
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
    let (parts, real) = if compute.is_complex() { (2, compute.real()) } else { (1, compute) };
    debug_assert!(real.is_floating());
    let job = Squares {
        op,
        source: tensor.dtype(),
        compute,
        parts,
        data: Shared(tensor.data().wrapping_offset(plan.origin)),
        kernels: ffi::squares(compute),
        out: Shared(out.data().cast()),
    };
    if across {
        job.columns(&plan.kept, &plan.reduced)?;
    } else if plan.reduced.size() <= BLOCK {
        job.short_rows(&plan.kept, &plan.reduced)?;
    } else {
        job.long_rows(&plan.kept, &plan.reduced)?;
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
    /// Numbers that an element is made of.
    parts: usize,
    data: Shared<u8>,
    kernels: ffi::SquaresKernels,
    out: Shared<f64>,
}

/// Arrays of float64 that threads fill.
struct Numbers {
    /// Owns the numbers.
    _storage: Storage,
    numbers: Shared<f64>,
}

impl Numbers {
    fn new(op: &'static str, n: usize) -> Result<Numbers> {
        let storage = Storage::allocate(op, n * size_of::<f64>())?;
        let numbers = Shared(storage.as_ptr().cast());
        Ok(Numbers { _storage: storage, numbers })
    }
    fn at(&self, index: usize) -> *mut f64 {
        self.numbers.get().wrapping_add(index)
    }
}

impl Squares {
    fn parallel(&self, elements: usize) -> bool {
        let cast = if self.source == self.compute { 0.0 } else { 0.3 };
        scheduler::worth_parallel((elements as f32 * (0.03 * self.source.itemsize() as f32 + cast)) as u64)
    }

    fn out(&self, index: usize) -> *mut f64 {
        self.out.get().wrapping_add(index)
    }

    fn loader(&self, offset: isize, reduced: &Axes) -> Loader<'static> {
        let data = self.data.get().wrapping_offset(offset);
        Loader { stream: None, data, source: self.source, compute: self.compute, axes: reduced.clone() }
    }

    /// Turns `n` results, squares from `centre`, into squares from the mean; whether digits were lost.
    ///
    /// # Safety
    /// The numbers are there; each result is of `count` elements.
    unsafe fn finish(&self, sums: *const f64, squares: *mut f64, centre: *mut f64, n: usize, count: usize) -> bool {
        let finish = self.kernels.finish.expect("floating-point dtypes have squares");
        // SAFETY: the caller's promise.
        unsafe { finish(sums, squares, centre, n, count as f64) != 0 }
    }

    /// Rows that are in L1 when they have been read, from their own means.
    fn short_rows(&self, kept: &Axes, reduced: &Axes) -> Result<()> {
        let squares = self.kernels.rows.expect("floating-point dtypes have squares");
        let sum = ffi::reduce(Reduction::Sum, self.compute).rows.expect("numbers have sums");
        let (n, count) = (reduced.size(), kept.size());
        // Several rows to a chunk: they may be short.
        let per_chunk = (3 * BLOCK / n).clamp(1, count);
        let is_contiguous = self.loader(0, reduced).is_contiguous();
        scheduler::for_each_chunk(self.op, count.div_ceil(per_chunk), self.parallel(n * count), &|chunk| {
            arena::scope(self.op, |scope| {
                let mut loader = self.loader(0, reduced);
                let mut buffers = loader.buffers(scope, n, !is_contiguous)?;
                for row in chunk * per_chunk..count.min((chunk + 1) * per_chunk) {
                    loader.data = self.data.get().wrapping_offset(kept.offset(row));
                    let (mut centre, mut sums) = ([0.0; 2], [0.0; 2]);
                    // SAFETY: the row is the operand's, and has a result.
                    unsafe {
                        let data = loader.load(0, n, &mut buffers);
                        sum(data, 0, 1, n, centre.as_mut_ptr().cast());
                        for part in &mut centre {
                            *part /= n as f64;
                        }
                        squares(data, 0, 1, n, centre.as_ptr(), sums.as_mut_ptr(), self.out(row));
                        self.finish(sums.as_ptr(), self.out(row), centre.as_mut_ptr(), 1, n);
                    }
                }
                Ok(())
            })
        })
    }

    /// Rows of several blocks.
    fn long_rows(&self, kept: &Axes, reduced: &Axes) -> Result<()> {
        let kernel = self.kernels.rows.expect("floating-point dtypes have squares");
        let total = ffi::reduce(Reduction::Sum, DType::Float64).rows.expect("numbers have sums");
        let total_sums = ffi::reduce(Reduction::Sum, self.wide()).rows.expect("numbers have sums");
        let (n, count, parts) = (reduced.size(), kept.size(), self.parts);
        let blocks = n.div_ceil(BLOCK);
        let centre = Numbers::new(self.op, count * parts)?;
        let (sums, squares) = (Numbers::new(self.op, count * blocks * parts)?, Numbers::new(self.op, count * blocks)?);
        let is_contiguous = self.loader(0, reduced).is_contiguous();
        arena::scope(self.op, |scope| {
            let mut buffers = self.loader(0, reduced).buffers(scope, 1, !is_contiguous)?;
            for row in 0..count {
                // SAFETY: the row is the operand's; it has a centre.
                unsafe {
                    self.sample_row(&self.loader(kept.offset(row), reduced), &mut buffers, centre.at(row * parts));
                };
            }
            Ok(())
        })?;
        in_passes(|| {
            scheduler::for_each_chunk(self.op, count * blocks, self.parallel(n * count), &|unit| {
                let (row, block) = (unit / blocks, unit % blocks);
                let (start, len) = (block * BLOCK, BLOCK.min(n - block * BLOCK));
                arena::scope(self.op, |scope| {
                    let loader = self.loader(kept.offset(row), reduced);
                    let mut buffers = loader.buffers(scope, BLOCK, !is_contiguous)?;
                    // SAFETY: the block is the row's, and has its own sums.
                    unsafe {
                        let data = loader.load(start, len, &mut buffers);
                        kernel(data, 0, 1, len, centre.at(row * parts), sums.at(unit * parts), squares.at(unit));
                    }
                    Ok(())
                })
            })?;
            let mut is_far = false;
            for row in 0..count {
                let mut sum = [0.0; 2];
                // SAFETY: the row's blocks have sums; the row has a result.
                unsafe {
                    total(squares.at(row * blocks).cast(), 0, 1, blocks, self.out(row).cast());
                    total_sums(sums.at(row * blocks * parts).cast(), 0, 1, blocks, sum.as_mut_ptr().cast());
                    is_far |= self.finish(sum.as_ptr(), self.out(row), centre.at(row * parts), 1, n);
                }
            }
            Ok(is_far)
        })
    }

    /// What is kept lies closest together.
    fn columns(&self, kept: &Axes, reduced: &Axes) -> Result<()> {
        let kernel = self.kernels.columns.expect("floating-point dtypes have squares");
        let add = ffi::reduce(Reduction::Sum, DType::Float64).combine.expect("float64 has sums");
        let (inner, _) = kept.inner();
        let (outer, parts) = (kept.outer(), self.parts);
        let (outers, rows, width) = (outer.size(), reduced.size(), kept.size());
        let (row_blocks, col_blocks) = (rows.div_ceil(BLOCK_ROWS), inner.div_ceil(BLOCK_COLUMNS));
        let centre = Numbers::new(self.op, width * parts)?;
        let sums = Numbers::new(self.op, row_blocks * width * parts)?;
        let storage = if row_blocks == 1 { None } else { Some(Numbers::new(self.op, row_blocks * width)?) };
        let squares = storage.as_ref().map_or(self.out, |squares| squares.numbers);
        // The address of the columns, how many there are, and their place among the results.
        let columns = |col_block: usize, group: usize| {
            let first = col_block * BLOCK_COLUMNS;
            let offset = outer.offset(group) + (first * self.compute.itemsize()) as isize;
            let data = self.data.get().wrapping_offset(offset);
            (data, BLOCK_COLUMNS.min(inner - first), group * inner + first)
        };
        scheduler::for_each_chunk(self.op, outers * col_blocks, self.parallel(SAMPLE * width), &|unit| {
            let (data, cols, place) = columns(unit % col_blocks, unit / col_blocks);
            // SAFETY: the columns are the operand's, and have centres.
            unsafe { self.sample_columns(data, reduced, cols, centre.at(place * parts)) };
            Ok(())
        })?;
        in_passes(|| {
            let units = outers * row_blocks * col_blocks;
            scheduler::for_each_chunk(self.op, units, self.parallel(rows * width), &|unit| {
                let (col_block, rest) = (unit % col_blocks, unit / col_blocks);
                let (row_block, group) = (rest % row_blocks, rest / row_blocks);
                let (data, cols, place) = columns(col_block, group);
                let first_row = row_block * BLOCK_ROWS;
                let count = BLOCK_ROWS.min(rows - first_row);
                let with_next = (BLOCK_ROWS + AHEAD).min(rows - first_row);
                let mut offsets = [0_isize; BLOCK_ROWS + AHEAD];
                for (row, offset) in offsets[..with_next].iter_mut().enumerate() {
                    *offset = reduced.offset(first_row + row);
                }
                let target = row_block * width + place;
                let (sums, squares) = (sums.at(target * parts), squares.get().wrapping_add(target));
                // SAFETY: the block is the operand's; each column has a centre, and sums per block of rows.
                unsafe {
                    kernel(
                        data,
                        offsets.as_ptr(),
                        count,
                        with_next - count,
                        cols,
                        centre.at(place * parts),
                        sums,
                        squares,
                    );
                };
                Ok(())
            })?;
            // SAFETY: as many rows of sums as blocks of rows; as many results as columns.
            unsafe {
                combine_rows(add, sums.at(0).cast(), row_blocks, width * parts, size_of::<f64>());
                if storage.is_some() {
                    combine_rows(add, squares.get().cast(), row_blocks, width, size_of::<f64>());
                    self.out(0).copy_from_nonoverlapping(squares.get(), width);
                }
                Ok(self.finish(sums.at(0), self.out(0), centre.at(0), width, rows))
            }
        })
    }

    /// The dtype of a sum.
    fn wide(&self) -> DType {
        if self.parts == 2 { DType::Complex128 } else { DType::Float64 }
    }

    /// The mean of a few elements of a row.
    ///
    /// # Safety
    /// The loader reads a row of the operand, the buffers have room for an element; `centre` for a number of `parts`.
    unsafe fn sample_row(&self, loader: &Loader<'_>, buffers: &mut Buffers, centre: *mut f64) {
        let cast = ffi::cast(self.compute, self.wide());
        let n = loader.axes.size();
        let mut sum = [0.0; 2];
        for sample in 0..SAMPLE {
            let mut number = [0.0_f64; 2];
            // SAFETY: the element is the row's; a number of either dtype to one of the wider.
            unsafe {
                let element = loader.load(sample * n / SAMPLE, 1, buffers);
                cast([element].as_ptr(), number.as_mut_ptr().cast(), 1, 0);
            }
            sum = [sum[0] + number[0], sum[1] + number[1]];
        }
        for (part, sum) in sum[..self.parts].iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { centre.add(part).write(sum / SAMPLE as f64) };
        }
    }

    /// The means of a few rows of columns.
    ///
    /// # Safety
    /// The columns are the operand's; `centre` has room for a number for each.
    unsafe fn sample_columns(&self, data: *const u8, reduced: &Axes, cols: usize, centre: *mut f64) {
        let sum = ffi::reduce(Reduction::Sum, self.compute).columns.expect("numbers have sums");
        let rows = reduced.size();
        let count = SAMPLE.min(rows);
        let mut offsets = [0_isize; SAMPLE];
        for (sample, offset) in offsets[..count].iter_mut().enumerate() {
            *offset = reduced.offset(sample * rows / count);
        }
        // SAFETY: the rows are the operand's; so few need no scratch.
        unsafe {
            sum(data, offsets.as_ptr(), count, cols, centre.cast(), std::ptr::null_mut());
            for number in std::slice::from_raw_parts_mut(centre, cols * self.parts) {
                *number /= count as f64;
            }
        }
    }
}

/// Runs `pass`, and once more if it says that a centre, which it has improved, was too far from the mean.
fn in_passes(pass: impl Fn() -> Result<bool>) -> Result<()> {
    if pass()? {
        pass()?;
    }
    Ok(())
}
