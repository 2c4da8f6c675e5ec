//! Joining, repeating and rolling: the manipulation functions that move elements. Each writes blocks of
//! its operands into slices of a fresh tensor.

use corepy_core::plan::{memory_order, plan};
use corepy_core::shape::{Shape, checked_size, normalize_axis};
use corepy_core::{DType, Error, Op, Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand};
use crate::exec::{self, Program, Step};
use crate::{ffi, reduce};

/// Items of a tensor of repetitions per unit of work.
const REPEAT_ITEMS: usize = 4_096;
/// Repetitions of which a unit's sum does not overflow.
const SMALL_COUNT: i64 = (1 << 48) - 1;

/// The tensor of one axis with the elements of `tensor` in C order; a view where strides allow it.
pub fn flattened(op: &'static str, tensor: &Tensor) -> Result<Tensor> {
    match tensor.reshaped(op, &[tensor.size()]) {
        Some(view) => view,
        None => {
            let copy = elementwise::cast_contiguous(op, tensor, tensor.dtype())?;
            Ok(copy.reshaped_contiguous(&[tensor.size()]))
        }
    }
}

/// Bytes per piece of a move that threads share.
const PIECE: usize = 262_144;
/// Bytes from which a row is worth a call.
const RUN: usize = 256;
/// Repetitions for which there are shuffles: `interleave` in `csrc/repeat.h`.
const FEW: usize = 4;
/// Bytes that a chunk writes where runs are shorter.
const CHUNK_BYTES: usize = 131_072;
/// Nanoseconds per byte that is written, on one core.
const COST: f32 = 0.03;

/// Copies, each to a tensor of its shape: of the parts of a fresh tensor.
#[derive(Default)]
struct Moves(Vec<(Tensor, Tensor)>);

impl Moves {
    /// Adds a copy of `from` to `to`, in pieces.
    fn push(&mut self, to: Tensor, from: Tensor) {
        let pieces = (to.size() * to.dtype().itemsize()).div_ceil(PIECE);
        let axes = 0..to.ndim();
        let axis = axes.clone().find(|&axis| to.shape()[axis] >= pieces);
        let Some(axis) = axis.or_else(|| axes.max_by_key(|&axis| to.shape()[axis])).filter(|_| pieces > 1) else {
            self.0.push((to, from));
            return;
        };
        let size = to.shape()[axis];
        let per_piece = size.div_ceil(pieces);
        for start in (0..size).step_by(per_piece) {
            let len = per_piece.min(size - start);
            self.0.push((to.sliced(axis, start, 1, len), from.sliced(axis, start, 1, len)));
        }
    }

    fn run(mut self, op: &'static str) -> Result<()> {
        // In the order of the result, so that a thread's moves write one part of it.
        self.0.sort_by_key(|(to, _)| to.data().addr());
        let bytes: usize = self.0.iter().map(|(to, _)| to.size() * to.dtype().itemsize()).sum();
        let parallel = scheduler::worth_parallel((bytes as f32 * COST) as u64);
        // Several small ones to a chunk.
        let per_chunk = (self.0.len() * PIECE / bytes.max(1)).clamp(1, 1024);
        scheduler::for_each_chunk(op, self.0.len().div_ceil(per_chunk), parallel, &|chunk| {
            let first = chunk * per_chunk;
            for (to, from) in &self.0[first..self.0.len().min(first + per_chunk)] {
                elementwise::assign_apart(op, to, from)?;
            }
            Ok(())
        })
    }
}

/// Writes row `index` of each of `sources`, contiguous and of one dtype, in turn, for `rows` rows of `width` elements,
/// to `out`.
fn interleave(op: &'static str, sources: &[&Tensor], rows: usize, width: usize, out: &Tensor) -> Result<()> {
    let item = out.dtype().itemsize();
    let (row, turn) = (width * item, sources.len() * width * item);
    let per_chunk = (CHUNK_BYTES / turn).max(1);
    let kernel = ffi::interleave(item);
    let parallel = scheduler::worth_parallel(((rows * turn) as f32 * COST) as u64);
    scheduler::for_each_chunk(op, rows.div_ceil(per_chunk), parallel, &|chunk| {
        let first = chunk * per_chunk;
        let data: SmallVec<[*const u8; 8]> =
            sources.iter().map(|source| source.data().wrapping_add(first * row).cast_const()).collect();
        let target = out.data().wrapping_add(first * turn);
        // SAFETY: each source has these rows, and `out` room for all of them.
        unsafe { kernel(data.as_ptr(), data.len(), per_chunk.min(rows - first), width, target) };
        Ok(())
    })
}

/// The axes of `tensors` from `axis` on side by side, row by row of the axes before, if all are contiguous and of one
/// dtype and rows are shorter than a piece; otherwise does nothing and returns false.
fn join(op: &'static str, tensors: &[&Tensor], axis: usize, out: &Tensor) -> Result<bool> {
    let item = out.dtype().itemsize();
    let width = |tensor: &Tensor| tensor.shape()[axis..].iter().product::<usize>() * item;
    let rows: usize = tensors[0].shape()[..axis].iter().product();
    let is_plain = |tensor: &&Tensor| tensor.dtype() == out.dtype() && tensor.is_contiguous();
    let widths: SmallVec<[usize; 8]> = tensors.iter().map(|tensor| width(tensor)).collect();
    let turn: usize = widths.iter().sum();
    if rows < 2 || !(RUN..=PIECE).contains(&turn) || !tensors.iter().all(is_plain) {
        return Ok(false);
    }
    let per_chunk = CHUNK_BYTES.div_ceil(turn);
    let parallel = scheduler::worth_parallel(((rows * turn) as f32 * COST) as u64);
    scheduler::for_each_chunk(op, rows.div_ceil(per_chunk), parallel, &|chunk| {
        let first = chunk * per_chunk;
        let starts = tensors.iter().zip(&widths).map(|(tensor, width)| tensor.data().wrapping_add(first * width));
        let data: SmallVec<[*const u8; 8]> = starts.map(<*mut u8>::cast_const).collect();
        let target = out.data().wrapping_add(first * turn);
        // SAFETY: each operand has these rows, and `out` room for all of them.
        unsafe { ffi::join()(data.as_ptr(), widths.as_ptr(), data.len(), per_chunk.min(rows - first), target) };
        Ok(())
    })?;
    Ok(true)
}

/// The dtype that all of `tensors` promote to.
fn common_dtype(op: &'static str, tensors: &[&Tensor]) -> Result<DType> {
    DType::promote_all(tensors.iter().map(|tensor| tensor.dtype()))
        .ok_or_else(|| Error::Value { op, message: String::from("at least one tensor is required") })
}

/// The sum of sizes, which the next check of the shape refuses where it overflows.
fn total(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.fold(0, usize::saturating_add)
}

/// `tensors` one after another along `axis`; in C order along one axis without.
pub fn concat(op: &'static str, tensors: &[&Tensor], axis: Option<i64>) -> Result<Tensor> {
    let dtype = common_dtype(op, tensors)?;
    let Some(axis) = axis else {
        let out = Tensor::empty(op, &[total(tensors.iter().map(|tensor| tensor.size()))], dtype)?;
        let (mut start, mut moves) = (0, Moves::default());
        for &tensor in tensors.iter().filter(|tensor| tensor.size() > 0) {
            let slice = out.sliced(0, start, 1, tensor.size()).reshaped_contiguous(tensor.shape());
            moves.push(slice, tensor.clone());
            start += tensor.size();
        }
        moves.run(op)?;
        return Ok(out);
    };
    let first = tensors[0];
    let axis = normalize_axis(op, axis, first.ndim())?;
    let fits = |tensor: &&Tensor| {
        tensor.ndim() == first.ndim()
            && (0..first.ndim()).all(|at| at == axis || tensor.shape()[at] == first.shape()[at])
    };
    if !tensors.iter().all(fits) {
        return Err(Error::Value {
            op,
            message: format!("shapes {} must be alike on all axes but axis {axis}", shapes_text(tensors)),
        });
    }
    let mut shape = Shape::from_slice(first.shape());
    shape[axis] = total(tensors.iter().map(|tensor| tensor.shape()[axis]));
    let out = Tensor::empty(op, &shape, dtype)?;
    if out.size() == 0 || join(op, tensors, axis, &out)? {
        return Ok(out);
    }
    let (mut start, mut moves) = (0, Moves::default());
    for &tensor in tensors.iter().filter(|tensor| tensor.size() > 0) {
        let size = tensor.shape()[axis];
        moves.push(out.sliced(axis, start, 1, size), tensor.clone());
        start += size;
    }
    moves.run(op)?;
    Ok(out)
}

/// `tensors`, all of one shape, side by side along a new axis.
pub fn stack(op: &'static str, tensors: &[&Tensor], axis: i64) -> Result<Tensor> {
    let dtype = common_dtype(op, tensors)?;
    let first = tensors[0];
    let axis = normalize_axis(op, axis, first.ndim() + 1)?;
    if tensors.iter().any(|tensor| tensor.shape() != first.shape()) {
        return Err(Error::Value { op, message: format!("shapes {} must be alike", shapes_text(tensors)) });
    }
    let mut shape = Shape::from_slice(first.shape());
    shape.insert(axis, tensors.len());
    let out = Tensor::empty(op, &shape, dtype)?;
    if out.size() > 0 {
        let width: usize = first.shape()[axis..].iter().product();
        if width * dtype.itemsize() < RUN && tensors.iter().all(|one| one.dtype() == dtype && one.is_contiguous()) {
            interleave(op, tensors, first.size() / width, width, &out)?;
            return Ok(out);
        }
        if join(op, tensors, axis, &out)? {
            return Ok(out);
        }
        let mut moves = Moves::default();
        for (index, &tensor) in tensors.iter().enumerate() {
            moves.push(out.selected(op, axis, index as i64)?, tensor.clone());
        }
        moves.run(op)?;
    }
    Ok(out)
}

/// The first shapes of a list, for messages.
fn shapes_text(tensors: &[&Tensor]) -> String {
    const SHOWN: usize = 4;
    let texts: Vec<String> =
        tensors.iter().take(SHOWN).map(|tensor| corepy_core::error::shape_text(tensor.shape())).collect();
    let more = if tensors.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", texts.join(", "))
}

/// A place on an axis of `size` moved on by `shift`, both below it.
pub fn moved(place: usize, shift: usize, size: usize) -> usize {
    if size == 0 { 0 } else { (place + shift) % size }
}

/// `tensor` with the elements of each axis moved on by `shifts[axis]`, below the axis's size; those moved
/// beyond the end come in again at the front.
pub fn roll(op: &'static str, tensor: &Tensor, shifts: &[usize]) -> Result<Tensor> {
    let out = Tensor::empty(op, tensor.shape(), tensor.dtype())?;
    if tensor.size() == 0 {
        return Ok(out);
    }
    let rolled: Vec<usize> = (0..tensor.ndim()).filter(|&axis| shifts[axis] != 0).collect();
    let mut moves = Moves::default();
    // An axis that is rolled has two elements or more: there are no more blocks than elements.
    for block in 0..1_usize << rolled.len() {
        let (mut from, mut to) = (tensor.clone(), out.clone());
        for (bit, &axis) in rolled.iter().enumerate() {
            let (size, shift) = (tensor.shape()[axis], shifts[axis]);
            let kept = size - shift;
            if block >> bit & 1 == 0 {
                (from, to) = (from.sliced(axis, 0, 1, kept), to.sliced(axis, shift, 1, kept));
            } else {
                (from, to) = (from.sliced(axis, kept, 1, shift), to.sliced(axis, 0, 1, shift));
            }
        }
        moves.push(to, from);
    }
    moves.run(op)?;
    Ok(out)
}

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

/// A number, broadcast to the shape of `beside` with one element along `axis`.
pub fn one_along(op: &'static str, number: &Tensor, beside: &Tensor, axis: i64) -> Result<Tensor> {
    let mut shape = Shape::from_slice(beside.shape());
    shape[normalize_axis(op, axis, beside.ndim())?] = 1;
    number.broadcast_to(op, &shape)
}

/// The `n`-th differences of neighbours along `axis`, of `tensor` between `prepend` and `append`.
pub fn diff(
    op: &'static str,
    tensor: &Tensor,
    axis: i64,
    n: usize,
    prepend: Option<&Tensor>,
    append: Option<&Tensor>,
) -> Result<Tensor> {
    let at = normalize_axis(op, axis, tensor.ndim())?;
    let parts: Vec<&Tensor> = prepend.into_iter().chain([tensor]).chain(append).collect();
    let mut result = if parts.len() == 1 { tensor.clone() } else { concat(op, &parts, Some(axis))? };
    // Of truths, whether they differ, as in NumPy.
    let difference = match result.dtype() {
        DType::Bool => const { Op::named("not_equal") },
        _ => const { Op::named("subtract") },
    };
    let mut left = n;
    while left > 0 && result.shape()[at] > 0 {
        let size = result.shape()[at];
        if left > 1 && size > 2 && result.size() > SMALL {
            result = twice(op, difference, &result, at)?;
            left -= 2;
            continue;
        }
        let (before, behind) = (result.sliced(at, 0, 1, size - 1), result.sliced(at, 1.min(size - 1), 1, size - 1));
        result = elementwise::apply(difference, &[Operand::Tensor(&behind), Operand::Tensor(&before)])?;
        left -= 1;
    }
    Ok(result)
}

/// Elements up to which two passes cost less than one planned for both.
const SMALL: usize = 4_096;

/// The second differences along axis `at`, of at least three elements, in one pass.
fn twice(op: &'static str, difference: Op, tensor: &Tensor, at: usize) -> Result<Tensor> {
    let size = tensor.shape()[at] - 2;
    let parts = [2, 1, 0].map(|first| tensor.sliced(at, first, 1, size));
    let (shape, strides) = (parts[0].shape(), tensor.strides());
    let order = memory_order(shape, &[strides]);
    let out = Tensor::empty_ordered(op, shape, tensor.dtype(), &order)?;
    let plan = plan(shape, &order, &[strides, strides, strides, out.strides()]);
    let kernel = ffi::elementwise(difference, tensor.dtype()).expect("differences are of every dtype");
    let item = tensor.dtype().itemsize();
    let mut program = Program::new(0.6 * item as f32 / 8.0);
    program.temporaries.extend([item, item]);
    for (args, out) in [([0, 1], 3), ([1, 2], 4), ([3, 4], 5)] {
        program.steps.push(Step::new(kernel, &args, out));
    }
    let [behind, middle, before] = &parts;
    let memory = [behind, middle, before, &out].map(|part| exec::Operand { data: part.data(), itemsize: item });
    // SAFETY: shape and strides are the tensors' own; `out` is fresh, hence overlaps nothing.
    unsafe { exec::run(op, &program, &plan, &memory, 3, true)? };
    Ok(out)
}
