//! Reductions along rows: what is reduced lies closest together in memory.

use std::sync::atomic::{AtomicBool, Ordering};

use corepy_core::reduction_plan::Axes;
use corepy_core::storage::Storage;
use corepy_core::{Result, arena};

use super::load::{Loader, Producer};
use super::{Job, Shared};

/// Elements per block that is read in place: long enough that a call costs nothing.
pub const DIRECT_BLOCK: usize = 16_384;
/// Elements per block that passes through the arena and should stay in L1/L2.
const ARENA_BLOCK: usize = 4_096;
/// Elements of a stream that are computed before they are read, and of a row from which the kernel asks for them.
const PRODUCED: usize = 2_048;
const PRODUCED_ROW: usize = 512;

/// # Safety
/// As [`super::execute`].
pub unsafe fn reduce(job: &Job<'_>, data: *const u8, kept: &Axes, reduced: &Axes, out: *mut u8) -> Result<()> {
    let rows = Loader { data, stream: job.stream, source: job.source, compute: job.compute, axes: reduced.clone() };
    let is_direct = rows.is_direct();
    let block = if is_direct { DIRECT_BLOCK } else { ARENA_BLOCK };
    // SAFETY: the caller's promise.
    unsafe {
        if reduced.size() <= block {
            reduce_whole(job, data, kept, reduced, out, is_direct && job.stream.is_none(), block)
        } else {
            reduce_parts(job, &rows, kept, out, block)
        }
    }
}

/// Rows that fit a block, several at once.
unsafe fn reduce_whole(
    job: &Job<'_>,
    data: *const u8,
    kept: &Axes,
    reduced: &Axes,
    out: *mut u8,
    in_place: bool,
    block: usize,
) -> Result<()> {
    let (n, count) = (reduced.size(), kept.size());
    // What is computed should be read while it is in L1.
    let at_once = if job.stream.is_some() { PRODUCED } else { block };
    let per_unit = (at_once / n).clamp(1, count);
    let kernels = job.kernels();
    let produced = job.produced().filter(|_| n >= PRODUCED_ROW);
    let axes = kept.around(reduced);
    let loader = Loader { data, stream: job.stream, source: job.source, compute: job.compute, axes };
    let out = Shared(out);
    job.for_each_unit(count.div_ceil(per_unit), per_unit * n, &|units| {
        arena::scope(job.op, |scope| {
            let mut buffers =
                if in_place { None } else { Some(loader.buffers(scope, per_unit * n, !loader.is_contiguous())?) };
            let temporary = match job.is_direct() {
                true => None,
                false => Some(scope.elements(per_unit, job.accumulator.itemsize())?),
            };
            for unit in units.clone() {
                let first = unit * per_unit;
                let len = per_unit.min(count - first);
                let results = out.get().wrapping_add(first * job.result.itemsize());
                let target = temporary.unwrap_or(results);
                // SAFETY: the rows are the operand's; `target` and `results` have room for `len` elements.
                unsafe {
                    match &mut buffers {
                        Some(buffers) => match produced {
                            Some(produced) => {
                                for row in 0..len {
                                    let target = target.wrapping_add(row * job.accumulator.itemsize());
                                    let mut producer = Producer::new(&loader, (first + row) * n, buffers);
                                    produced(Producer::produce, producer.sum_leaves(), producer.context(), n, target);
                                }
                            }
                            None => {
                                let rows = loader.load(first * n, len * n, buffers);
                                (kernels.rows)(rows, (n * job.compute.itemsize()) as isize, len, n, target);
                            }
                        },
                        None => {
                            let mut target = target;
                            kept.pieces(first, len, |piece| {
                                for row in 0..piece.rows {
                                    let offset = piece.offset + row as isize * piece.row_stride;
                                    let rows = loader.data.wrapping_offset(offset);
                                    (kernels.rows)(rows, piece.col_stride, piece.cols, n, target);
                                    target = target.wrapping_add(piece.cols * job.accumulator.itemsize());
                                }
                            });
                        }
                    }
                    job.finish(target, results, len);
                }
            }
            Ok(())
        })
    })
}

/// Rows of several blocks each.
unsafe fn reduce_parts(job: &Job<'_>, rows: &Loader<'_>, kept: &Axes, out: *mut u8, block: usize) -> Result<()> {
    let (n, count) = (rows.axes.size(), kept.size());
    let blocks = n.div_ceil(block);
    let item = job.accumulator.itemsize();
    let partials = Storage::allocate(job.op, blocks * count * item)?;
    let kernels = job.kernels();
    let produced = job.produced();
    let in_place = rows.is_direct() && job.stream.is_none();
    let settling = job.settling();
    let settled: Vec<AtomicBool> =
        settling.map_or_else(Vec::new, |_| (0..count).map(|_| AtomicBool::new(false)).collect());
    let body = |units: std::ops::Range<usize>| {
        arena::scope(job.op, |scope| {
            let mut buffers = rows.buffers(scope, block, !rows.is_contiguous())?;
            let mut loader = Loader { axes: rows.axes.clone(), ..*rows };
            for unit in units.clone() {
                let (row, part) = (unit / blocks, unit % blocks);
                let start = part * block;
                let len = block.min(n - start);
                let target = partials.as_ptr().wrapping_add((part * count + row) * item);
                if let Some(value) = settling
                    && settled[row].load(Ordering::Relaxed)
                {
                    // SAFETY: a partial result of one byte.
                    unsafe { *target = value };
                    continue;
                }
                loader.data = rows.data.wrapping_offset(kept.offset(row));
                // SAFETY: the block is the row's; `target` has room for one accumulator.
                unsafe {
                    if let Some(produced) = produced {
                        let mut producer = Producer::new(&loader, start, &mut buffers);
                        produced(Producer::produce, producer.sum_leaves(), producer.context(), len, target);
                        continue;
                    }
                    let block = if in_place {
                        loader.data.wrapping_add(start * job.source.itemsize())
                    } else {
                        loader.load(start, len, &mut buffers)
                    };
                    (kernels.rows)(block, 0, 1, len, target);
                    if settling.is_some_and(|value| *target == value) {
                        settled[row].store(true, Ordering::Relaxed);
                    }
                }
            }
            Ok(())
        })
    };
    let units = count * blocks;
    if settling.is_some() && count == 1 {
        // A search often ends at once: before other threads are called.
        body(0..1)?;
        if settled[0].load(Ordering::Relaxed) {
            // SAFETY: the first partial result is the result.
            unsafe { job.finish(partials.as_ptr(), out, 1) };
            return Ok(());
        }
    }
    job.for_each_unit(units, block, &body)?;
    // SAFETY: the partial results are complete.
    unsafe { job.finish_partials(partials.as_ptr(), blocks, count, out) };
    Ok(())
}
