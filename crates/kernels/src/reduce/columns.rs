//! Reductions across rows: what is kept lies closest together in memory, and whole rows are
//! accumulated.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use corepy_core::arena::Scope;
use corepy_core::reduction_plan::Axes;
use corepy_core::storage::Storage;
use corepy_core::{Result, arena};

use super::load::{Loader, stream_base};
use super::{Job, Kernels, Shared};
use crate::fusion::Stream;

/// Columns below which rows that lie without gaps are taken several at a time.
pub const NARROW: usize = 32;
/// Rows below which narrow ones are not worth more than one kernel call.
const FEW_ROWS: usize = 4;
/// Columns per block: accumulators of 8 bytes and a few levels of their tree stay in L1/L2.
const BLOCK_COLUMNS: usize = 1_024;
/// Elements per block that is read in place.
const DIRECT_BLOCK: usize = 65_536;
/// Elements per block that passes through the arena.
const ARENA_BLOCK: usize = 4_096;
/// Blocks of rows beyond which blocks grow, so that combining them takes no time to speak of.
const MANY_BLOCKS: usize = 64;
/// The most elements of a block that has grown.
const LARGEST_BLOCK: usize = 1 << 20;
/// Additions before the kernel's tree begins: `kLeaf` in `csrc/reduce.h`.
const LEAF: usize = 16;

/// Elements that a stream computes before they are reduced: they stay in L2.
const STREAM_CHUNK: usize = 16_384;

/// Rows of a chunk of a stream: as many leaves of the kernel's tree as make a branch of it.
fn stream_chunk(cut: &Cut) -> usize {
    let leaves = (STREAM_CHUNK / (LEAF * cut.block_cols)).max(1);
    LEAF << leaves.ilog2()
}

/// How a reduction across rows is cut, whatever the number of threads.
struct Cut {
    /// The kept axes but the innermost.
    outer: Axes,
    outers: usize,
    rows: usize,
    cols: usize,
    col_stride: isize,
    block_rows: usize,
    block_cols: usize,
    row_blocks: usize,
    col_blocks: usize,
    /// Outer elements per unit; 1 unless a unit has all rows and columns.
    per_unit: usize,
    /// Whether rows are read where they lie, at an offset each, rather than as one contiguous block.
    by_offset: bool,
}

impl Cut {
    fn new(job: &Job<'_>, kept: &Axes, reduced: &Axes) -> Cut {
        let (cols, col_stride) = kept.inner();
        let outer = kept.outer();
        let (outers, rows) = (outer.size(), reduced.size());
        let item = job.source.itemsize() as isize;
        let in_place = col_stride == item && job.source == job.compute;
        let by_offset = in_place && cols >= NARROW;
        let is_packed = in_place && reduced.rank() == 1 && reduced.strides[0] == item * cols as isize;
        let limit = if by_offset || is_packed { DIRECT_BLOCK } else { ARENA_BLOCK };
        let block_cols = cols.div_ceil(cols.div_ceil(BLOCK_COLUMNS)).next_multiple_of(NARROW).min(cols);
        let mut block_rows = (limit / block_cols).max(LEAF);
        if by_offset {
            let grown = rows.div_ceil(MANY_BLOCKS).next_multiple_of(LEAF);
            block_rows = block_rows.max(grown.min(LARGEST_BLOCK / block_cols));
        }
        let block_rows = block_rows.min(rows);
        let (row_blocks, col_blocks) = (rows.div_ceil(block_rows), cols.div_ceil(block_cols));
        let per_unit = if row_blocks * col_blocks == 1 { (limit / (rows * cols)).clamp(1, outers) } else { 1 };
        Cut {
            outer,
            outers,
            rows,
            cols,
            col_stride,
            block_rows,
            block_cols,
            row_blocks,
            col_blocks,
            per_unit,
            by_offset,
        }
    }
}

/// # Safety
/// As [`super::execute`].
pub unsafe fn reduce(job: &Job<'_>, data: *const u8, kept: &Axes, reduced: &Axes, out: *mut u8) -> Result<()> {
    let cut = Cut::new(job, kept, reduced);
    let width = cut.outers * cut.cols;
    let item = job.accumulator.itemsize();
    let partials = match cut.row_blocks {
        1 => None,
        blocks => Some(Storage::allocate(job.op, blocks * width * item)?),
    };
    let places = if partials.is_some() && job.settling().is_some() { cut.outers * cut.col_blocks } else { 0 };
    let settled: Vec<AtomicBool> = (0..places).map(|_| AtomicBool::new(false)).collect();
    let (shared, results) = (Shared(data.cast_mut()), Shared(out));
    let units = cut.outers.div_ceil(cut.per_unit) * cut.row_blocks * cut.col_blocks;
    let elements = cut.per_unit * cut.block_rows * cut.block_cols;
    job.for_each_unit(units, elements, &|units: Range<usize>| {
        arena::scope(job.op, |scope| {
            let mut work = Work::new(job, &cut, reduced, shared.get(), scope)?;
            let temporary = match (&partials, job.is_direct()) {
                (None, false) => Some(scope.elements(cut.per_unit * cut.block_cols, item)?),
                _ => None,
            };
            for unit in units.clone() {
                let (col_block, rest) = (unit % cut.col_blocks, unit / cut.col_blocks);
                let (row_block, group) = (rest % cut.row_blocks, rest / cut.row_blocks);
                let first_col = col_block * cut.block_cols;
                let cols = cut.block_cols.min(cut.cols - first_col);
                let first_outer = group * cut.per_unit;
                let outers = cut.per_unit.min(cut.outers - first_outer);
                let place = first_outer * cut.cols + first_col;
                let Some(partials) = &partials else {
                    let result = results.get().wrapping_add(place * job.result.itemsize());
                    let target = temporary.unwrap_or(result);
                    for index in 0..outers {
                        let target = target.wrapping_add(index * cols * item);
                        // SAFETY: the columns are the operand's; `target` has room for them.
                        unsafe { work.reduce(first_outer + index, 0, first_col, cols, target) };
                    }
                    // SAFETY: as many results as accumulators, in the same order.
                    unsafe { job.finish(target, result, outers * cols) };
                    continue;
                };
                let target = partials.as_ptr().wrapping_add((row_block * width + place) * item);
                let flag = settled.get(first_outer * cut.col_blocks + col_block);
                let settling = job.settling().unwrap_or(0);
                if flag.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                    // SAFETY: a byte for each column.
                    unsafe { target.write_bytes(settling, cols) };
                    continue;
                }
                // SAFETY: the block is the operand's; `target` has room for its columns.
                unsafe { work.reduce(first_outer, row_block, first_col, cols, target) };
                if let Some(flag) = flag {
                    // SAFETY: a byte for each column was just written.
                    let bytes = unsafe { std::slice::from_raw_parts(target, cols) };
                    if bytes.iter().all(|&byte| byte == settling) {
                        flag.store(true, Ordering::Relaxed);
                    }
                }
            }
            Ok(())
        })
    })?;
    if let Some(partials) = partials {
        // SAFETY: the partial results are complete.
        unsafe { job.finish_partials(partials.as_ptr(), cut.row_blocks, width, out) };
    }
    Ok(())
}

/// What one thread needs to reduce blocks.
struct Work<'a> {
    cut: &'a Cut,
    reduced: &'a Axes,
    data: *const u8,
    job: &'a Job<'a>,
    kernels: Kernels,
    /// Per row of a block, its offset in bytes.
    offsets: *mut isize,
    /// Of the kernel.
    scratch: *mut u8,
    /// Rows of accumulators: of several narrow rows at a time, and of those left over.
    wide: *mut u8,
    left_over: *mut u8,
    /// Rows of accumulators of a stream, one per level of its tree.
    partials: *mut u8,
    buffers: Option<super::load::Buffers>,
}

impl<'a> Work<'a> {
    fn new(job: &'a Job<'a>, cut: &'a Cut, reduced: &'a Axes, data: *const u8, scope: &Scope<'_>) -> Result<Work<'a>> {
        let item = job.accumulator.itemsize();
        let levels = usize::BITS - cut.block_rows.leading_zeros();
        let width = cut.block_cols.max(2 * NARROW);
        let mut work = Work {
            cut,
            reduced,
            data,
            job,
            kernels: job.kernels(),
            offsets: scope.elements(cut.block_rows, size_of::<isize>())?.cast(),
            scratch: scope.elements(levels as usize * width, item)?,
            wide: scope.elements(2 * NARROW, item)?,
            left_over: scope.elements(2 * NARROW, item)?,
            partials: std::ptr::null_mut(),
            buffers: None,
        };
        if let Some(stream) = job.stream {
            let chunk = stream_chunk(cut);
            work.buffers = Some(work.loader(data, cut.block_cols).buffers(scope, chunk * cut.block_cols, true)?);
            let levels = usize::BITS - cut.block_rows.div_ceil(chunk).leading_zeros();
            work.partials = scope.elements(levels as usize * cut.block_cols, item)?;
            debug_assert!(cut.by_offset && reduced.rank() == 1 && stream.size() > 0);
        } else if !cut.by_offset {
            let loader = work.loader(data, cut.block_cols);
            let have_gaps = cut.col_blocks > 1 || !loader.is_contiguous();
            work.buffers = Some(loader.buffers(scope, cut.block_rows * cut.block_cols, have_gaps)?);
        }
        Ok(work)
    }

    /// Rows of `cols` columns as contiguous blocks.
    fn loader(&self, data: *const u8, cols: usize) -> Loader<'a> {
        let mut axes = self.reduced.clone();
        axes.push(cols, self.cut.col_stride);
        Loader { data, stream: self.job.stream, source: self.job.source, compute: self.job.compute, axes }
    }

    /// Reduces a block of rows of some columns.
    ///
    /// # Safety
    /// The block lies in the operand; `target` has room for `cols` accumulators.
    unsafe fn reduce(&mut self, outer: usize, row_block: usize, first_col: usize, cols: usize, target: *mut u8) {
        let cut = self.cut;
        let first_row = row_block * cut.block_rows;
        let rows = cut.block_rows.min(cut.rows - first_row);
        let offset = cut.outer.offset(outer) + first_col as isize * cut.col_stride;
        let data = self.data.wrapping_offset(offset);
        // SAFETY: the caller's promise; the work has room for a block.
        unsafe {
            if let Some(stream) = self.job.stream {
                let chunk = stream_chunk(cut);
                self.reduce_stream(stream, data, first_row, rows, cols, chunk, target, self.partials);
                return;
            }
            let loader = self.loader(data, cols);
            if let Some(buffers) = &mut self.buffers {
                let block = loader.load(first_row * cols, rows * cols, buffers);
                self.reduce_packed(block, rows, cols, target);
                return;
            }
            if self.reduced.rank() == 1 {
                let stride = self.reduced.strides[0];
                self.reduce_regular(data.wrapping_offset(first_row as isize * stride), stride, rows, cols, target);
                return;
            }
            for row in 0..rows {
                self.offsets.add(row).write(self.reduced.offset(first_row + row));
            }
            (self.kernels.columns)(data, self.offsets, rows, cols, target, self.scratch);
        }
    }

    /// Rows of a stream, a chunk at a time: the branches of the kernel's own tree, combined as it does.
    ///
    /// # Safety
    /// As [`Work::reduce`]; `partials` has room for a row of accumulators per level of the tree.
    #[expect(clippy::too_many_arguments, reason = "a recursion's state")]
    unsafe fn reduce_stream(
        &mut self,
        stream: &Stream,
        data: *const u8,
        first_row: usize,
        rows: usize,
        cols: usize,
        chunk: usize,
        target: *mut u8,
        partials: *mut u8,
    ) {
        let stride = self.reduced.strides[0];
        let item = self.job.source.itemsize();
        if rows > chunk {
            // The largest power of two below the number of chunks: `left_part` in `csrc/reduce_ops.h`.
            let left = chunk << (rows.div_ceil(chunk) - 1).ilog2();
            let rest = partials.wrapping_add(cols * self.job.accumulator.itemsize());
            // SAFETY: both parts are the block's; a level lies beneath this one.
            unsafe {
                self.reduce_stream(stream, data, first_row, left, cols, chunk, target, rest);
                self.reduce_stream(stream, data, first_row + left, rows - left, cols, chunk, partials, rest);
                (self.kernels.combine)(target, partials, cols);
            }
            return;
        }
        let Some(buffers) = &mut self.buffers else { unreachable!("a stream has buffers") };
        let (buffer, room) = buffers.stream();
        let place = data.wrapping_offset(first_row as isize * stride).addr() - stream_base().addr();
        let row_bytes = cols * item;
        // SAFETY: the rows are the stream's, and read once; the buffer has room for a chunk.
        unsafe {
            let (mut block, mut step) = (buffer.cast_const(), row_bytes as isize);
            if stride == step {
                block = stream.compute(place / item, rows * cols, buffer, room);
            } else {
                for row in 0..rows {
                    let first = (place + row * stride.unsigned_abs()) / item;
                    let computed = stream.compute(first, cols, buffer.wrapping_add(row * row_bytes), room);
                    if row == 0 {
                        block = computed;
                    } else if row == 1 {
                        // In the stream's own memory, if that is written, rows are as far apart as there.
                        step = computed.addr() as isize - block.addr() as isize;
                    }
                }
            }
            self.reduce_regular(block, step, rows, cols, target);
        }
    }

    /// Rows at a constant distance.
    ///
    /// # Safety
    /// As [`Work::reduce`].
    unsafe fn reduce_regular(&self, data: *const u8, stride: isize, rows: usize, cols: usize, target: *mut u8) {
        // SAFETY: the offsets have room for a block's rows; the caller's promise.
        unsafe {
            for row in 0..rows {
                self.offsets.add(row).write(row as isize * stride);
            }
            (self.kernels.columns)(data, self.offsets, rows, cols, target, self.scratch);
        }
    }

    /// Rows without gaps. Narrow ones are taken several at a time, so that registers are full.
    ///
    /// # Safety
    /// As [`Work::reduce`].
    unsafe fn reduce_packed(&self, block: *const u8, rows: usize, cols: usize, target: *mut u8) {
        let row_bytes = cols * self.job.compute.itemsize();
        let mut at_once = 1;
        while 2 * at_once * cols <= 2 * NARROW && 2 * at_once * FEW_ROWS <= rows {
            at_once *= 2;
        }
        let item = self.job.accumulator.itemsize();
        // SAFETY: `at_once * cols` is at most 2 * NARROW where at_once > 1; the caller's promise.
        unsafe {
            if at_once == 1 {
                self.reduce_regular(block, row_bytes as isize, rows, cols, target);
                return;
            }
            let (full, rest) = (rows / at_once, rows % at_once);
            self.reduce_regular(block, (row_bytes * at_once) as isize, full, cols * at_once, self.wide);
            let mut half = at_once / 2;
            while half > 0 {
                (self.kernels.combine)(self.wide, self.wide.add(half * cols * item), half * cols);
                half /= 2;
            }
            if rest > 0 {
                let left = block.add(full * at_once * row_bytes);
                self.reduce_regular(left, row_bytes as isize, rest, cols, self.left_over);
                (self.kernels.combine)(self.wide, self.left_over, cols);
            }
            target.copy_from_nonoverlapping(self.wide, cols * item);
        }
    }
}
