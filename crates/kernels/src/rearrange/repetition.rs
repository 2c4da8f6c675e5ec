//! Tensors and elements repeated.

use corepy_core::shape::{Shape, checked_size, normalize_axis};
use corepy_core::{DType, Error, Result, Tensor, scheduler};
use smallvec::SmallVec;

use super::{CHUNK_BYTES, COST, FEW, flattened, interleave};
use crate::elementwise::{self, Operand};
use crate::{ffi, reduce};

/// Items of a tensor of repetitions per unit of work.
const REPEAT_ITEMS: usize = 4_096;
/// Repetitions of which a unit's sum does not overflow.
const SMALL_COUNT: i64 = (1 << 48) - 1;

/// `tensor` repeated as a whole, `repetitions[axis]` times along each axis; the shorter of shape and
/// repetitions is filled up with ones at the front.
pub fn tile(op: &'static str, tensor: &Tensor, repetitions: &[usize]) -> Result<Tensor> {
    if let Some(tiled) = tile_rows(op, tensor, repetitions)? {
        return Ok(tiled);
    }
    let rank = tensor.ndim().max(repetitions.len());
    let (new_axes, ones) = (rank - tensor.ndim(), rank - repetitions.len());
    let mut shape = Shape::new();
    // Where an axis is repeated it is split: repetitions outside, elements inside.
    let (mut split, mut source) = (Shape::new(), tensor.clone());
    for _ in 0..new_axes {
        source = source.expanded(0);
    }
    let mut at = 0;
    for axis in 0..rank {
        let size = if axis < new_axes { 1 } else { tensor.shape()[axis - new_axes] };
        let times = if axis < ones { 1 } else { repetitions[axis - ones] };
        shape.push(size.saturating_mul(times));
        if times > 1 && size > 1 {
            split.push(times);
            source = source.expanded(at);
            at += 1;
            split.push(size);
        } else {
            split.push(size.saturating_mul(times));
        }
        at += 1;
    }
    let out = Tensor::empty(op, &shape, tensor.dtype())?;
    if out.size() > 0 {
        elementwise::assign(op, &out.reshaped_contiguous(&split), Operand::Tensor(&source))?;
    }
    Ok(out)
}

/// As [`tile`], row by row of the result, of a contiguous tensor whose rows are short enough for threads to share them.
fn tile_rows(op: &'static str, tensor: &Tensor, repetitions: &[usize]) -> Result<Option<Tensor>> {
    let rank = tensor.ndim().max(repetitions.len());
    let at = |values: &[usize], axis: usize| (axis + values.len()).checked_sub(rank).map_or(1, |own| values[own]);
    // The innermost axis that is repeated: what lies inside is a run, of which a row has some.
    let repeated = (0..rank).rev().find(|&axis| at(repetitions, axis) != 1);
    let Some(axis) = repeated.filter(|_| tensor.is_contiguous()) else { return Ok(None) };
    let run = (axis..rank).map(|axis| at(tensor.shape(), axis)).product::<usize>() * tensor.dtype().itemsize();
    if run > CHUNK_BYTES {
        return Ok(None);
    }
    let shape: Shape = (0..rank).map(|axis| at(tensor.shape(), axis).saturating_mul(at(repetitions, axis))).collect();
    let out = Tensor::empty(op, &shape, tensor.dtype())?;
    if out.size() == 0 {
        return Ok(Some(out));
    }
    let times = at(repetitions, axis);
    let rows: usize = shape[..axis].iter().product();
    // Parts of a row, then rows of a chunk.
    let per_part = (CHUNK_BYTES / run).clamp(1, times);
    let parts = times.div_ceil(per_part);
    let per_chunk = (CHUNK_BYTES / (per_part * run)).max(1);
    let parallel = scheduler::worth_parallel(((rows * times * run) as f32 * COST) as u64);
    scheduler::for_each_chunk(op, (rows * parts).div_ceil(per_chunk), parallel, &|chunk| {
        for unit in chunk * per_chunk..(rows * parts).min((chunk + 1) * per_chunk) {
            let (row, first) = (unit / parts, unit % parts * per_part);
            let (mut rest, mut source, mut step) = (row, 0, 1);
            for axis in (0..axis).rev() {
                let size = at(tensor.shape(), axis);
                source += rest % shape[axis] % size * step;
                rest /= shape[axis];
                step *= size;
            }
            let from = tensor.data().wrapping_add(source * run);
            let to = out.data().wrapping_add((row * times + first) * run);
            // SAFETY: the run lies in the tensor, and the row of `out` has room for so many.
            unsafe { ffi::tile()(from, run, to, per_part.min(times - first) * run) };
        }
        Ok(())
    })?;
    Ok(Some(out))
}

/// Each element along `axis` (of the flattened tensor without) `times` over.
pub fn repeat(op: &'static str, tensor: &Tensor, times: usize, axis: Option<i64>) -> Result<Tensor> {
    let (tensor, axis) = along(op, tensor, axis)?;
    let mut shape = Shape::from_slice(tensor.shape());
    shape[axis] = shape[axis].saturating_mul(times);
    let out = Tensor::empty(op, &shape, tensor.dtype())?;
    if out.size() == 0 {
        return Ok(out);
    }
    let width: usize = shape[axis + 1..].iter().product();
    let item = tensor.dtype().itemsize();
    // What one row becomes is not shared by threads.
    if tensor.is_contiguous() && times * width * item <= CHUNK_BYTES {
        let rows = tensor.size() / width;
        if times <= FEW && width == 1 {
            let sources: SmallVec<[&Tensor; 8]> = SmallVec::from_elem(&tensor, times);
            interleave(op, &sources, rows, width, &out)?;
        } else {
            repeat_rows(op, &tensor, times, rows, width, &out)?;
        }
        return Ok(out);
    }
    shape[axis] = tensor.shape()[axis];
    shape.insert(axis + 1, times);
    elementwise::assign(op, &out.reshaped_contiguous(&shape), Operand::Tensor(&tensor.expanded(axis + 1)))?;
    Ok(out)
}

/// Writes each of the rows of `width` elements that make up `tensor`, contiguous, `times` over.
fn repeat_rows(op: &'static str, tensor: &Tensor, times: usize, rows: usize, width: usize, out: &Tensor) -> Result<()> {
    const MOST: usize = 1024;
    let counts = [times as i64; MOST];
    let row = width * tensor.dtype().itemsize();
    let per_chunk = (CHUNK_BYTES / (times * row)).clamp(1, MOST);
    let kernel = ffi::repeat(tensor.dtype().itemsize());
    let parallel = scheduler::worth_parallel(((rows * times * row) as f32 * COST) as u64);
    scheduler::for_each_chunk(op, rows.div_ceil(per_chunk), parallel, &|chunk| {
        let first = chunk * per_chunk;
        let (from, to) = (tensor.data().wrapping_add(first * row), out.data().wrapping_add(first * times * row));
        // SAFETY: the rows lie in the tensor, and `out` has room for all of them.
        unsafe { kernel(from, counts.as_ptr(), per_chunk.min(rows - first), width, to) };
        Ok(())
    })
}

/// The tensor and the axis along which something is done: without an axis, of the flattened tensor.
fn along(op: &'static str, tensor: &Tensor, axis: Option<i64>) -> Result<(Tensor, usize)> {
    match axis {
        Some(axis) => Ok((tensor.clone(), normalize_axis(op, axis, tensor.ndim())?)),
        None => Ok((flattened(op, tensor)?, 0)),
    }
}

/// Each element along `axis` (of the flattened tensor without) as often as `times` says: one number for
/// each, or one for all.
pub fn repeat_each(op: &'static str, tensor: &Tensor, times: &Tensor, axis: Option<i64>) -> Result<Tensor> {
    let value = |message| Error::Value { op, message };
    if !times.dtype().is_integer() && times.dtype() != DType::Bool {
        return Err(Error::Type { op, message: format!("repeats must be integers, not {}", times.dtype()) });
    }
    if times.ndim() > 1 {
        let shape = corepy_core::error::shape_text(times.shape());
        return Err(value(format!("repeats must have at most one axis, not shape {shape}")));
    }
    let (tensor, axis) = along(op, tensor, axis)?;
    let size = tensor.shape()[axis];
    if times.size() != size && times.size() != 1 {
        return Err(value(format!("{} repeats for {size} elements along axis {axis}", times.size())));
    }
    if reduce::has_negative(times)? {
        return Err(value(String::from("repeats must not be negative")));
    }
    // uint64 beyond int64 becomes negative: more elements than there can be.
    let times = elementwise::cast_contiguous(op, times, DType::Int64)?;
    let counts: &[i64] = match times.size() {
        0 => &[],
        // SAFETY: a contiguous tensor of int64, which nothing else writes.
        size => unsafe { std::slice::from_raw_parts(times.data().cast(), size) },
    };
    let count = |&count: &i64| usize::try_from(count).unwrap_or(usize::MAX);
    // Saturates only where it must: plain sums of a unit are vectors'.
    let sum = |unit: &[i64]| match unit.iter().fold(0, |bits, &count| bits | count) {
        0..=SMALL_COUNT => unit.iter().sum::<i64>() as usize,
        _ => unit.iter().map(count).fold(0, usize::saturating_add),
    };
    if times.size() == 1 {
        return repeat(op, &tensor, count(&counts[0]), Some(axis as i64));
    }
    let mut shape = Shape::from_slice(tensor.shape());
    let mut starts = vec![0_usize];
    for unit in counts.chunks(REPEAT_ITEMS) {
        let before = starts[starts.len() - 1];
        starts.push(before.saturating_add(sum(unit)));
    }
    let length = starts[starts.len() - 1];
    shape[axis] = length;
    checked_size(op, &shape, tensor.dtype())?;
    let out = Tensor::empty(op, &shape, tensor.dtype())?;
    if out.size() == 0 {
        return Ok(out);
    }
    let source = if tensor.is_contiguous() {
        tensor.clone()
    } else {
        elementwise::cast_contiguous(op, &tensor, tensor.dtype())?
    };
    let (outer, inner): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
    let item = tensor.dtype().itemsize();
    let row = inner * item;
    let units = starts.len() - 1;
    let kernel = ffi::repeat(item);
    let nanoseconds = (out.size() * item / 8).max(outer * size) as u64;
    scheduler::for_each_chunk(op, outer * units, scheduler::worth_parallel(nanoseconds), &|chunk| {
        let (block, unit) = (chunk / units, chunk % units);
        let first = unit * REPEAT_ITEMS;
        let counts = &counts[first..size.min(first + REPEAT_ITEMS)];
        let from = source.data().wrapping_add((block * size + first) * row);
        let to = out.data().wrapping_add((block * length + starts[unit]) * row);
        // SAFETY: the unit's items lie in the source, and `starts` has room for them in the output.
        unsafe { kernel(from, counts.as_ptr(), counts.len(), inner, to) };
        Ok(())
    })?;
    Ok(out)
}
