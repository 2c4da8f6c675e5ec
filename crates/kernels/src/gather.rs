//! Indexing by tensors: reading and writing elements at indices that other tensors hold.
//!
//! Whatever the key, the walk is the same: axes before the indices, the indices broadcast together,
//! axes behind. Indices become offsets in bytes, checked as they are read; what lies behind them
//! is moved as a whole where it is contiguous.

use std::mem::MaybeUninit;

use corepy_core::plan::{Plan, plan};
use corepy_core::shape::{Shape, Strides, broadcast_shapes, checked_size, normalize_axis};
use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand, Scalar};
use crate::exec::{STREAM_TURN, stream_bytes, stream_fence};
use crate::ffi;
use crate::mask::Mask;

/// Offsets that are computed at a time: they stay in L1 until they are used.
const BLOCK: usize = 1024;

/// Bytes that a chunk moves, more or less.
const CHUNK_BYTES: usize = 65_536;

/// Nanoseconds per offset (measured, with one index: 0.3).
const OFFSET_NS: f32 = 0.3;

/// Nanoseconds per run of up to 64 bytes that is moved from a random place (measured: 1 to 2), and
/// of each further 64 bytes.
const MOVE_NS: f32 = 1.0;

/// Nanoseconds per run of up to 64 bytes that is written to a random place (measured: 2 to 3).
const WRITE_NS: f32 = 2.0;

/// Positions from which a line of them is worth a call of its kernel.
const LINE_CALL: usize = 16;

/// One part of a key.
pub enum Index {
    /// Integers for one axis.
    Integers {
        /// The axis of the view.
        axis: usize,
        /// The axis of the tensor that the key is for, in messages.
        own_axis: usize,
        /// The indices, of an integer dtype.
        tensor: Tensor,
    },
    /// Booleans for as many axes as they have.
    Mask {
        /// The first axis of the view.
        axis: usize,
        /// The first axis of the tensor that the key is for, in messages.
        own_axis: usize,
        /// The mask, of dtype bool and at least one dimension.
        tensor: Tensor,
    },
    /// A boolean without an axis.
    Boolean(bool),
}

/// What a key selects: some axes of a view by indices, the others whole.
pub struct Selection {
    /// The tensor, after the integers, slices and new axes of the key.
    pub view: Tensor,
    /// The other parts of the key, in order; at least one.
    pub indices: SmallVec<[Index; 2]>,
    /// How many of the axes that stay whole come before those of the indices in the result.
    pub outer: usize,
}

/// Integers for one axis, or for some that lie in memory as one.
struct Integers {
    /// As many as there are positions, in C order.
    tensor: Tensor,
    size: usize,
    stride: isize,
    own_axis: usize,
}

/// A selection ready to be walked.
struct Walk<'a> {
    op: &'static str,
    view: &'a Tensor,
    integers: SmallVec<[Integers; 2]>,
    /// Positions of the indices, broadcast together.
    positions: usize,
    /// Where each line of so many positions begins, if the positions are lines' own.
    lines: Option<(Plan, usize)>,
    outer: Plan,
    inner: Plan,
    /// The shape of what is selected.
    shape: Shape,
}

impl<'a> Walk<'a> {
    fn new(op: &'static str, selection: &'a Selection) -> Result<Walk<'a>> {
        let view = &selection.view;
        let mut integers: SmallVec<[Integers; 2]> = SmallVec::new();
        let mut is_whole: SmallVec<[bool; 8]> = SmallVec::from_elem(true, view.ndim());
        let mut shapes: SmallVec<[Shape; 2]> = SmallVec::new();
        for index in &selection.indices {
            match index {
                Index::Integers { axis, own_axis, tensor } => {
                    let (size, stride) = (view.shape()[*axis], view.strides()[*axis]);
                    integers.push(Integers { tensor: tensor.clone(), size, stride, own_axis: *own_axis });
                    shapes.push(SmallVec::from_slice(tensor.shape()));
                    is_whole[*axis] = false;
                }
                Index::Mask { axis, own_axis, tensor } => {
                    let axes = *axis..*axis + tensor.ndim();
                    check_mask(op, tensor, &view.shape()[axes.clone()], *own_axis)?;
                    let mask = Mask::new(op, tensor)?;
                    is_whole[axes.clone()].fill(false);
                    shapes.push(SmallVec::from_elem(mask.count(), 1));
                    push_mask(op, &mask, view, axes, *own_axis, &mut integers)?;
                }
                Index::Boolean(value) => shapes.push(SmallVec::from_elem(usize::from(*value), 1)),
            }
        }
        let views: SmallVec<[&[usize]; 2]> = shapes.iter().map(|shape| &shape[..]).collect();
        let index_shape = broadcast_shapes(op, &views).map_err(|error| Error::Index {
            op,
            message: error.to_string().replacen(&format!("{op}: shapes"), "indices of shapes", 1),
        })?;
        checked_size(op, &index_shape, DType::Int64)?;
        for index in &mut integers {
            if index.tensor.shape() != &index_shape[..] || !index.tensor.is_contiguous() {
                let stretched = index.tensor.broadcast_to(op, &index_shape)?;
                index.tensor = elementwise::cast_contiguous(op, &stretched, index.tensor.dtype())?;
            }
        }
        let whole: SmallVec<[usize; 8]> = (0..view.ndim()).filter(|&axis| is_whole[axis]).collect();
        let (outer, inner) = whole.split_at(selection.outer);
        let mut shape: Shape = outer.iter().map(|&axis| view.shape()[axis]).collect();
        shape.extend_from_slice(&index_shape);
        shape.extend(inner.iter().map(|&axis| view.shape()[axis]));
        checked_size(op, &shape, view.dtype())?;
        Ok(Walk {
            op,
            view,
            integers,
            positions: index_shape.iter().product(),
            lines: None,
            outer: merged(view, outer),
            inner: merged(view, inner),
            shape,
        })
    }

    /// Steps of the outer axes.
    fn steps(&self) -> usize {
        self.outer.shape.iter().product()
    }

    /// Elements behind each position.
    fn run(&self) -> usize {
        self.inner.shape.iter().product()
    }

    /// Bytes behind each position, and whether they are contiguous.
    fn run_bytes(&self) -> (usize, bool) {
        let item = self.view.dtype().itemsize();
        let inner = &self.inner;
        let contiguous = inner.shape.len() == 1 && (inner.shape[0] == 1 || inner.strides[0][0] == item as isize);
        (self.run() * item, contiguous)
    }

    /// Writes the offsets of `n` positions from `first` on.
    ///
    /// # Safety
    /// `offsets` has room for `n`.
    unsafe fn offsets(&self, first: usize, n: usize, offsets: *mut i64) -> Result<()> {
        if self.integers.is_empty() {
            // SAFETY: the caller's promise.
            unsafe { offsets.write_bytes(0, n) };
        }
        for (number, index) in self.integers.iter().enumerate() {
            let dtype = index.tensor.dtype();
            let data = index.tensor.data().wrapping_add(first * dtype.itemsize());
            let (size, stride) = (index.size as i64, index.stride as i64);
            // SAFETY: the tensor is contiguous and has these positions; the caller's promise.
            let checked = unsafe { ffi::offsets(dtype)(data, n, size, stride, offsets, u32::from(number > 0)) };
            if checked < n {
                return Err(self.out_of_range(index, first + checked));
            }
        }
        if let Some((plan, line)) = &self.lines {
            let mut length = *line;
            for (&size, &stride) in plan.shape.iter().zip(&plan.strides[0]).rev() {
                // SAFETY: the caller's promise.
                unsafe { ffi::line_offsets()(first, n, length, size, stride as i64, offsets) };
                length *= size;
            }
        }
        Ok(())
    }

    /// The offsets of all positions.
    fn all_offsets(&self) -> Result<Tensor> {
        let count = self.positions;
        let out = Tensor::empty(self.op, &[count], DType::Int64)?;
        let chunks = count.div_ceil(8 * BLOCK);
        let work = count as f32 * OFFSET_NS * self.integers.len() as f32;
        let parallel = chunks > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let first = chunk * 8 * BLOCK;
            // SAFETY: chunks write to disjoint parts of `out`.
            unsafe {
                let target = out.data().cast::<i64>().add(first);
                self.offsets(first, (count - first).min(8 * BLOCK), target)
            }
        })?;
        Ok(out)
    }

    /// Calls `body(address in the view, offsets, how many, place in the result)` for runs of
    /// positions: the elements at address plus offset belong to consecutive places.
    ///
    /// Offsets are computed on the way unless given.
    fn each_run(
        &self,
        all: Option<&Tensor>,
        in_order: bool,
        body: &(dyn Fn(*mut u8, *const i64, usize, usize) + Sync),
    ) -> Result<()> {
        let total = self.steps() * self.positions;
        let (bytes, _) = self.run_bytes();
        let per_chunk = (CHUNK_BYTES / bytes).clamp(1, 8 * BLOCK).min(total);
        let chunks = total.div_ceil(per_chunk);
        let work = total as f32 * (OFFSET_NS + MOVE_NS * (1.0 + bytes as f32 / 64.0));
        let parallel = !in_order && chunks > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            arena::scope(self.op, |scope| {
                let room = per_chunk.min(BLOCK);
                let buffer = match all {
                    None => scope.elements(room, size_of::<i64>())?.cast::<i64>(),
                    Some(_) => std::ptr::null_mut(),
                };
                let mut place = chunk * per_chunk;
                let end = total.min(place + per_chunk);
                while place < end {
                    let (step, first) = (place / self.positions, place % self.positions);
                    let n = (end - place).min(self.positions - first).min(room);
                    let offsets = match all {
                        Some(all) => all.data().cast::<i64>().wrapping_add(first),
                        None => {
                            // SAFETY: the buffer has room for `n`.
                            unsafe { self.offsets(first, n, buffer)? };
                            buffer
                        }
                    };
                    body(self.view.data().wrapping_offset(offset(&self.outer, step)), offsets, n, place);
                    place += n;
                }
                // The body may have streamed.
                stream_fence();
                Ok(())
            })
        })
    }

    /// Copies what is selected to a new tensor of `shape`.
    fn read(&self, shape: &[usize]) -> Result<Tensor> {
        let out = Tensor::empty(self.op, shape, self.view.dtype())?;
        if out.size() == 0 {
            // The indices are checked nevertheless.
            self.all_offsets()?;
            return Ok(out);
        }
        let (bytes, contiguous) = self.run_bytes();
        let traffic = out.size() / self.run() * size_of::<i64>() + 2 * out.size() * self.view.dtype().itemsize();
        let streams = contiguous && bytes <= STREAM_RUN && traffic >= stream_bytes();
        if let Some(kernel) = self.gather_at() {
            self.read_at(kernel, streams && out.data().addr().is_multiple_of(LINE), &out)?;
            return Ok(out);
        }
        // With several outer steps the offsets serve all of them.
        let all = if self.steps() > 1 { Some(self.all_offsets()?) } else { None };
        self.each_run(all.as_ref(), false, &|base, offsets, n, place| {
            let target = out.data().wrapping_add(place * bytes);
            if streams && target.addr().is_multiple_of(LINE) {
                // SAFETY: as below; the address is that of a cache line.
                unsafe { gather_streaming(bytes, base, offsets, n, target) };
                return;
            }
            if contiguous {
                // SAFETY: offsets are checked; places of the result are written once each.
                unsafe { ffi::gather(bytes)(base, offsets, n, target, bytes) };
                return;
            }
            for k in 0..n {
                // SAFETY: as above.
                unsafe {
                    let source = base.offset(*offsets.add(k) as isize);
                    self.copy_inner(source, target.add(k * bytes), Direction::Out);
                }
            }
        })?;
        Ok(out)
    }

    /// The kernel that checks indices and gathers in one, where it serves: for one tensor of indices and short runs.
    fn gather_at(&self) -> Option<ffi::GatherAtKernel> {
        let (bytes, contiguous) = self.run_bytes();
        match &self.integers[..] {
            [index]
                if contiguous
                    && index.size > 0
                    && self.lines.as_ref().is_none_or(|(_, line)| *line >= LINE_CALL)
                    && self.steps() == 1 =>
            {
                ffi::gather_at(index.tensor.dtype(), bytes)
            }
            _ => None,
        }
    }

    /// As [`Walk::read`], with such a kernel; past the caches if `streams`, a turn at a time (1e6 float64 in random order,
    /// one core: 1.20 ms; with ordinary stores 1.37 ms).
    fn read_at(&self, kernel: ffi::GatherAtKernel, streams: bool, out: &Tensor) -> Result<()> {
        #[repr(align(64))]
        struct Turn([MaybeUninit<u8>; STREAM_TURN * STREAM_RUN]);
        let (bytes, _) = self.run_bytes();
        let index = &self.integers[0];
        let (size, stride) = (index.size as i64, index.stride as i64);
        let line = self.lines.as_ref().map_or(self.positions, |(_, line)| *line);
        let start = |place: usize| match &self.lines {
            Some((plan, line)) => self.view.data().wrapping_offset(offset(plan, place / line)),
            None => self.view.data(),
        };
        let gather = |first: usize, n: usize, target: *mut u8| {
            let mut done = 0;
            while done < n {
                let place = first + done;
                let count = (n - done).min(line - place % line);
                let indices = index.tensor.data().wrapping_add(place * index.tensor.dtype().itemsize());
                // SAFETY: the calls below name places of the indices for which `target` has room, and the kernel reads at
                // indices within bounds only.
                let checked =
                    unsafe { kernel(indices, count, size, stride, start(place), target.wrapping_add(done * bytes)) };
                if checked < count {
                    return Err(self.out_of_range(index, place + checked));
                }
                done += count;
            }
            Ok(())
        };
        let per_chunk = CHUNK_BYTES / bytes;
        let chunks = self.positions.div_ceil(per_chunk);
        let work = self.positions as f32 * (OFFSET_NS + MOVE_NS);
        let parallel = chunks > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let (first, end) = (chunk * per_chunk, self.positions.min((chunk + 1) * per_chunk));
            if !streams {
                return gather(first, end - first, out.data().wrapping_add(first * bytes));
            }
            let mut turn = Turn([MaybeUninit::uninit(); STREAM_TURN * STREAM_RUN]);
            let buffer = turn.0.as_mut_ptr().cast::<u8>();
            for first in (first..end).step_by(STREAM_TURN) {
                let count = (end - first).min(STREAM_TURN);
                gather(first, count, buffer)?;
                // SAFETY: a turn holds `count` runs; all but the last turns are whole lines, chunks and `out` begin with one.
                unsafe { ffi::stream()(buffer, out.data().wrapping_add(first * bytes), count * bytes) };
            }
            stream_fence();
            Ok(())
        })
    }

    /// The error of an index out of bounds at `place`.
    fn out_of_range(&self, index: &Integers, place: usize) -> Error {
        Error::IndexOutOfRange {
            op: self.op,
            index: integer_at(&index.tensor, place),
            axis: index.own_axis,
            size: index.size,
        }
    }

    /// Copies `values`, one for all or as many as are selected, contiguous and of the view's dtype,
    /// to what is selected. They share no memory with the view.
    fn write(&self, values: &Tensor) -> Result<()> {
        // All indices are checked before anything is written.
        let all = self.all_offsets()?;
        if self.shape.contains(&0) {
            return Ok(());
        }
        let (bytes, contiguous) = self.run_bytes();
        let one = values.size() == 1;
        if contiguous && self.view.is_contiguous() && (!one || self.run() == 1) {
            return self.write_shared(values, &all);
        }
        // Several positions may be one place, of which the last one counts: in order.
        self.each_run(Some(&all), true, &|base, offsets, n, place| {
            let source = if one { values.data() } else { values.data().wrapping_add(place * bytes) };
            if contiguous && (!one || self.run() == 1) {
                let step = if one { 0 } else { bytes as isize };
                // SAFETY: offsets are checked, and places are written by one thread.
                unsafe { ffi::scatter(bytes)(source, step, offsets, n, base, bytes) };
                return;
            }
            for k in 0..n {
                // SAFETY: as above.
                unsafe {
                    let target = base.offset(*offsets.add(k) as isize);
                    let (source, direction) =
                        if one { (source, Direction::Fill) } else { (source.add(k * bytes), Direction::In) };
                    self.copy_inner(source, target, direction);
                }
            }
        })
    }

    /// As [`Walk::write`], to a contiguous view, shared by threads: each writes the places of its own, in order.
    fn write_shared(&self, values: &Tensor, all: &Tensor) -> Result<()> {
        let (bytes, _) = self.run_bytes();
        let step = if values.size() == 1 { 0 } else { bytes };
        let (steps, n) = (self.steps(), self.positions);
        let work = (steps * n) as f32 * WRITE_NS * (1.0 + bytes as f32 / 64.0);
        let parallel = scheduler::worth_parallel(work as u64);
        // The outer axes' places are apart; without any, each thread has a part of the places.
        let parts = if steps == 1 && parallel { scheduler::num_threads() } else { 1 };
        let size = self.view.size() * self.view.dtype().itemsize();
        let per_chunk = (CHUNK_BYTES / (n * bytes)).clamp(1, steps);
        scheduler::for_each_chunk(self.op, parts.max(steps.div_ceil(per_chunk)), parallel, &|chunk| {
            let offsets = all.data().cast::<i64>();
            if parts > 1 {
                let bound = |part: usize| (size as u128 * part as u128 / parts as u128) as i64;
                let (low, high) = (bound(chunk), bound(chunk + 1));
                let kernel = ffi::scatter_within(bytes);
                // SAFETY: offsets are checked; those within the bounds are this chunk's.
                unsafe { kernel(values.data(), step as isize, offsets, n, self.view.data(), bytes, low, high) };
                return Ok(());
            }
            for outer in chunk * per_chunk..steps.min((chunk + 1) * per_chunk) {
                let source = values.data().wrapping_add(outer * n * step);
                let base = self.view.data().wrapping_offset(offset(&self.outer, outer));
                // SAFETY: offsets are checked, and what lies at this step is this chunk's.
                unsafe { ffi::scatter(bytes)(source, step as isize, offsets, n, base, bytes) };
            }
            Ok(())
        })
    }

    /// Copies the elements behind one position: from the view to adjacent places, or back.
    ///
    /// # Safety
    /// Both addresses are those of such elements.
    unsafe fn copy_inner(&self, source: *const u8, target: *mut u8, direction: Direction) {
        let item = self.view.dtype().itemsize();
        let Plan { shape, strides } = &self.inner;
        let strides = &strides[0];
        let last = shape.len() - 1;
        let cols = shape[last];
        let (rows, row) = if last > 0 { (shape[last - 1], strides[last - 1]) } else { (1, 0) };
        let (packed_row, packed_col) = match direction {
            Direction::Fill => (0, 0),
            _ => ((cols * item) as isize, item as isize),
        };
        let kernel = ffi::copy(item);
        let squares: usize = shape[..last.saturating_sub(1)].iter().product();
        for square in 0..squares {
            let mut rest = square;
            let mut there = 0;
            for axis in (0..last.saturating_sub(1)).rev() {
                there += strides[axis] * (rest % shape[axis]) as isize;
                rest /= shape[axis];
            }
            let packed = packed_row * (square * rows) as isize;
            // SAFETY: the caller's promise; the plan is that of the view's own axes.
            unsafe {
                match direction {
                    Direction::Out => {
                        let (from, to) = (source.offset(there), target.offset(packed));
                        kernel(from, row, strides[last], to, packed_row, packed_col, rows, cols);
                    }
                    Direction::In | Direction::Fill => {
                        let (from, to) = (source.offset(packed), target.offset(there));
                        kernel(from, packed_row, packed_col, to, row, strides[last], rows, cols);
                    }
                }
            }
        }
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// Bytes of the longest runs that are streamed: those that one move copies.
const STREAM_RUN: usize = 16;

/// Gathers `n` runs of `bytes` past the caches, a turn at a time.
///
/// # Safety
/// As for the kernel; `target` is aligned to 64. The caller fences.
unsafe fn gather_streaming(bytes: usize, base: *const u8, offsets: *const i64, n: usize, target: *mut u8) {
    #[repr(align(64))]
    struct Turn([MaybeUninit<u8>; STREAM_TURN * STREAM_RUN]);
    let mut turn = Turn([MaybeUninit::uninit(); STREAM_TURN * STREAM_RUN]);
    let buffer = turn.0.as_mut_ptr().cast::<u8>();
    for first in (0..n).step_by(STREAM_TURN) {
        let count = (n - first).min(STREAM_TURN);
        // SAFETY: the caller's promise; a turn holds `count` runs, and all but the last are whole lines.
        unsafe {
            ffi::gather(bytes)(base, offsets.add(first), count, buffer, bytes);
            ffi::stream()(buffer, target.add(first * bytes), count * bytes);
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    /// From the view.
    Out,
    /// Into the view.
    In,
    /// Into the view, one element for all.
    Fill,
}

/// The axes of `view` with as few steps as their strides allow.
fn merged(view: &Tensor, axes: &[usize]) -> Plan {
    let shape: Shape = axes.iter().map(|&axis| view.shape()[axis]).collect();
    let strides: Strides = axes.iter().map(|&axis| view.strides()[axis]).collect();
    let order: SmallVec<[usize; 4]> = (0..axes.len()).collect();
    plan(&shape, &order, &[&strides])
}

/// The offset in bytes of step `index` of a plan's first operand.
fn offset(plan: &Plan, index: usize) -> isize {
    let mut rest = index;
    let mut result = 0;
    for (&size, &stride) in plan.shape.iter().zip(&plan.strides[0]).rev() {
        result += stride * (rest % size) as isize;
        rest /= size;
    }
    result
}

/// Element `place` of a contiguous integer tensor; beyond int64, its largest number.
fn integer_at(tensor: &Tensor, place: usize) -> i64 {
    let data = tensor.data();
    // SAFETY: the tensor is contiguous and has such an element.
    unsafe {
        match tensor.dtype() {
            DType::Int8 => i64::from(*data.cast::<i8>().add(place)),
            DType::Int16 => i64::from(*data.cast::<i16>().add(place)),
            DType::Int32 => i64::from(*data.cast::<i32>().add(place)),
            DType::UInt8 => i64::from(*data.cast::<u8>().add(place)),
            DType::UInt16 => i64::from(*data.cast::<u16>().add(place)),
            DType::UInt32 => i64::from(*data.cast::<u32>().add(place)),
            DType::UInt64 => i64::try_from(*data.cast::<u64>().add(place)).unwrap_or(i64::MAX),
            _ => *data.cast::<i64>().add(place),
        }
    }
}

/// As the standard has it, an axis of the mask may have size 0 whatever the tensor's: it selects nothing.
fn check_mask(op: &'static str, mask: &Tensor, sizes: &[usize], own_axis: usize) -> Result<()> {
    if mask.shape().iter().zip(sizes).all(|(&own, &size)| own == size || own == 0) {
        return Ok(());
    }
    let text = corepy_core::error::shape_text;
    Err(Error::Index {
        op,
        message: format!(
            "a mask of shape {} does not fit the axes from {own_axis} on, of shape {}",
            text(mask.shape()),
            text(sizes)
        ),
    })
}

/// The places where a mask is true, as integers for its axes: one tensor where they lie as one axis.
fn push_mask(
    op: &'static str,
    mask: &Mask,
    view: &Tensor,
    axes: std::ops::Range<usize>,
    own_axis: usize,
    integers: &mut SmallVec<[Integers; 2]>,
) -> Result<()> {
    if mask.count() == 0 {
        let (size, stride) = (view.shape()[axes.start], view.strides()[axes.start]);
        integers.push(Integers { tensor: Tensor::empty(op, &[0], DType::Int64)?, size, stride, own_axis });
        return Ok(());
    }
    let whole: SmallVec<[usize; 4]> = axes.collect();
    let plan = merged(view, &whole);
    for (tensor, (&size, &stride)) in
        mask.coordinates(op, &plan.shape)?.into_iter().zip(plan.shape.iter().zip(&plan.strides[0]))
    {
        integers.push(Integers { tensor, size, stride, own_axis });
    }
    Ok(())
}

/// The mask that covers the whole view on its own, if that is what the selection is.
fn sole_mask(selection: &Selection) -> Option<&Tensor> {
    match &selection.indices[..] {
        [Index::Mask { axis: 0, tensor, .. }] if tensor.shape() == selection.view.shape() => Some(tensor),
        _ => None,
    }
}

/// Indices up to which they are all that is looked at: below this, a walk costs more than what it does.
const FEW: usize = 256;

/// As [`get_leading`], where it is so little that a walk would cost more; None where it is not, and where an
/// index is out of bounds.
#[inline]
pub fn get_few(op: &'static str, tensor: &Tensor, indices: &Tensor) -> Option<Result<Tensor>> {
    let n = indices.size();
    if n > FEW || !indices.is_contiguous() || !tensor.is_contiguous() || tensor.size() == 0 {
        return None;
    }
    let size = tensor.shape()[0];
    let is_line = tensor.ndim() == 1;
    let bytes = if is_line { 1 } else { tensor.size() / size } * tensor.dtype().itemsize();
    if n * bytes > CHUNK_BYTES {
        return None;
    }
    if is_line && let Some(kernel) = ffi::gather_at(indices.dtype(), bytes) {
        let out = match Tensor::empty(op, indices.shape(), tensor.dtype()) {
            Ok(out) => out,
            Err(error) => return Some(Err(error)),
        };
        // SAFETY: both are contiguous, and the result has room for `n`.
        let checked = unsafe { kernel(indices.data(), n, size as i64, bytes as i64, tensor.data(), out.data()) };
        return (checked == n).then_some(Ok(out));
    }
    let mut offsets = [const { MaybeUninit::<i64>::uninit() }; FEW];
    // SAFETY: both are contiguous; `offsets` has room for `n`.
    let checked = unsafe {
        ffi::offsets(indices.dtype())(indices.data(), n, size as i64, bytes as i64, offsets.as_mut_ptr().cast(), 0)
    };
    if checked < n {
        return None;
    }
    let out = if is_line {
        Tensor::empty(op, indices.shape(), tensor.dtype())
    } else {
        let mut shape: Shape = SmallVec::from_slice(indices.shape());
        shape.extend_from_slice(&tensor.shape()[1..]);
        Tensor::empty(op, &shape, tensor.dtype())
    };
    if let Ok(out) = &out {
        // SAFETY: the offsets are checked, and the result has room for all.
        unsafe { ffi::gather(bytes)(tensor.data(), offsets.as_ptr().cast(), n, out.data(), bytes) };
    }
    Some(out)
}

/// The elements at `indices`, integers, along axis 0 of `tensor`, of at least one dimension.
pub fn get_leading(op: &'static str, tensor: &Tensor, indices: &Tensor) -> Result<Tensor> {
    if let Some(few) = get_few(op, tensor, indices) {
        return few;
    }
    let index = Index::Integers { axis: 0, own_axis: 0, tensor: indices.clone() };
    get(op, &Selection { view: tensor.clone(), indices: SmallVec::from_iter([index]), outer: 0 })
}

/// A new tensor with the elements that a key selects.
pub fn get(op: &'static str, selection: &Selection) -> Result<Tensor> {
    if let Some(mask) = sole_mask(selection) {
        let view = &selection.view;
        let mask = Mask::new(op, mask)?;
        if view.is_contiguous() {
            return mask.compress(op, view);
        }
        return mask.compress(op, &elementwise::cast_contiguous(op, view, view.dtype())?);
    }
    let walk = Walk::new(op, selection)?;
    walk.read(&walk.shape)
}

/// Writes `value`, broadcast and cast, to the elements that a key selects, as if it were copied
/// first; where an element is selected several times, the last value stays.
///
/// Nothing is written when an index is out of bounds. The caller has decided that the cast is allowed.
pub fn set(op: &'static str, selection: &Selection, value: Operand<'_>) -> Result<()> {
    let view = &selection.view;
    view.require_writable(op)?;
    if set_few(op, selection, value)? {
        return Ok(());
    }
    if let Some(flags) = sole_mask(selection)
        && view.is_contiguous()
    {
        let copy;
        // The kernels read the mask as they write.
        let flags = if overlap(view, flags) {
            copy = elementwise::cast_contiguous(op, flags, DType::Bool)?;
            &copy
        } else {
            flags
        };
        let mask = Mask::new(op, flags)?;
        let values = values(op, value, view, &[mask.count()])?;
        return if mask.count() == 0 { Ok(()) } else { mask.expand(op, &values, view) };
    }
    let walk = Walk::new(op, selection)?;
    let values = values(op, value, view, &walk.shape)?;
    walk.write(&values)
}

/// As [`set`], if it is no more than [`FEW`] elements of a contiguous tensor, of a number or of as many elements;
/// otherwise does nothing and returns false.
fn set_few(op: &'static str, selection: &Selection, value: Operand<'_>) -> Result<bool> {
    let view = &selection.view;
    let item = view.dtype().itemsize();
    let [index] = &selection.indices[..] else { return Ok(false) };
    if !view.is_contiguous() || view.size() == 0 {
        return Ok(false);
    }
    let number: [u128; 1];
    match (index, value) {
        (Index::Mask { axis: 0, tensor, .. }, Operand::Scalar(scalar))
            if tensor.size() <= FEW
                && tensor.shape() == view.shape()
                && tensor.is_contiguous()
                && !overlap(view, tensor) =>
        {
            number = as_element(scalar, view.dtype());
            let n = tensor.size();
            // SAFETY: mask and view are contiguous and of one shape, and share no memory.
            unsafe { ffi::mask_fill(item)(tensor.data(), n, number.as_ptr().cast(), view.data(), n) };
            Ok(true)
        }
        (Index::Integers { axis: 0, own_axis, tensor }, _)
            if view.ndim() == 1 && tensor.size() <= FEW && tensor.is_contiguous() =>
        {
            let (source, step) = match value {
                Operand::Scalar(scalar) => {
                    number = as_element(scalar, view.dtype());
                    (number.as_ptr().cast::<u8>(), 0)
                }
                Operand::Tensor(values)
                    if values.dtype() == view.dtype()
                        && values.shape() == tensor.shape()
                        && values.is_contiguous()
                        && !overlap(view, values) =>
                {
                    (values.data().cast_const(), item as isize)
                }
                Operand::Tensor(_) => return Ok(false),
            };
            let (n, size) = (tensor.size(), view.size());
            let mut offsets = [const { MaybeUninit::<i64>::uninit() }; FEW];
            let kernel = ffi::offsets(tensor.dtype());
            // SAFETY: the indices are contiguous; `offsets` has room for `n`.
            let checked = unsafe { kernel(tensor.data(), n, size as i64, item as i64, offsets.as_mut_ptr().cast(), 0) };
            if checked < n {
                return Err(Error::IndexOutOfRange { op, index: integer_at(tensor, checked), axis: *own_axis, size });
            }
            // SAFETY: the offsets are checked; the values share no memory with the view.
            unsafe { ffi::scatter(item)(source, step, offsets.as_ptr().cast(), n, view.data(), item) };
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A number as an element of `dtype`, in its first bytes.
fn as_element(scalar: &Scalar, dtype: DType) -> [u128; 1] {
    let mut element = [0_u128; 1];
    let args = [scalar.bytes().as_ptr()];
    // SAFETY: one element of each dtype, aligned for any.
    unsafe { ffi::cast(scalar.dtype(), dtype)(args.as_ptr(), element.as_mut_ptr().cast(), 1, 1) };
    element
}

fn overlap(a: &Tensor, b: &Tensor) -> bool {
    let ((a_low, a_high), (b_low, b_high)) = (a.byte_range(), b.byte_range());
    a_low < b_high && b_low < a_high
}

/// `value` as contiguous elements of the dtype of `view`, in memory of its own: one, or those of `shape`.
fn values(op: &'static str, value: Operand<'_>, view: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let dtype = view.dtype();
    match value {
        Operand::Scalar(_) => {
            let one = Tensor::empty(op, &[], dtype)?;
            elementwise::assign(op, &one, value)?;
            Ok(one)
        }
        Operand::Tensor(tensor) => {
            // Leading axes of size 1 fall away, as in NumPy.
            let extra = tensor.ndim().saturating_sub(shape.len());
            if extra > 0 && tensor.shape()[..extra].iter().all(|&size| size == 1) {
                let mut squeezed = tensor.clone();
                for _ in 0..extra {
                    squeezed = squeezed.selected(op, 0, 0)?;
                }
                return values(op, Operand::Tensor(&squeezed), view, shape);
            }
            if tensor.broadcast_strides(shape).is_none() {
                return Err(Error::Broadcast { op, shapes: vec![tensor.shape().to_vec(), shape.to_vec()] });
            }
            if tensor.size() == 1 {
                return elementwise::cast_contiguous(op, tensor, dtype);
            }
            let fits = tensor.dtype() == dtype && tensor.shape() == shape && tensor.is_contiguous();
            if fits && !overlap(view, tensor) {
                return Ok(tensor.clone());
            }
            elementwise::cast_contiguous(op, &tensor.broadcast_to(op, shape)?, dtype)
        }
    }
}

/// The elements of `tensor` at `indices` along `axis`.
pub fn take(tensor: &Tensor, indices: &Tensor, axis: usize) -> Result<Tensor> {
    if axis == 0 {
        return get_leading("take", tensor, indices);
    }
    let index = Index::Integers { axis, own_axis: axis, tensor: indices.clone() };
    get("take", &Selection { view: tensor.clone(), indices: SmallVec::from_iter([index]), outer: axis })
}

/// The elements of `tensor` along `axis` at the indices that each of its lines has in `indices`.
pub fn take_along_axis(tensor: &Tensor, indices: &Tensor, axis: i64) -> Result<Tensor> {
    const OP: &str = "take_along_axis";
    let ndim = tensor.ndim();
    let axis = normalize_axis(OP, axis, ndim)?;
    if indices.ndim() != ndim {
        return Err(Error::Value {
            op: OP,
            message: format!("indices of {} dimensions for a tensor of {ndim}", indices.ndim()),
        });
    }
    // Both with the axis last, the other axes broadcast.
    let order: Shape = (0..ndim).filter(|&other| other != axis).chain([axis]).collect();
    let (view, indices) = (tensor.permuted(&order), indices.permuted(&order));
    let mut lines = broadcast_shapes(OP, &[&view.shape()[..ndim - 1], &indices.shape()[..ndim - 1]])
        .map_err(|_| Error::Broadcast { op: OP, shapes: vec![tensor.shape().to_vec(), indices.shape().to_vec()] })?;
    let positions = indices.shape()[ndim - 1];
    let size = view.shape()[ndim - 1];
    let mut source = lines.clone();
    source.push(size);
    lines.push(positions);
    let view = view.broadcast_to(OP, &source)?;
    let stretched = indices.broadcast_to(OP, &lines)?;
    let indices = if stretched.is_contiguous() {
        stretched
    } else {
        elementwise::cast_contiguous(OP, &stretched, stretched.dtype())?
    };
    let outer: SmallVec<[usize; 8]> = (0..ndim - 1).collect();
    let stride = view.strides()[ndim - 1];
    let walk = Walk {
        op: OP,
        view: &view,
        integers: SmallVec::from_iter([Integers { tensor: indices, size, stride, own_axis: axis }]),
        positions: lines.iter().product(),
        lines: Some((merged(&view, &outer), positions)),
        outer: merged(&view, &[]),
        inner: merged(&view, &[]),
        shape: lines.clone(),
    };
    let out = walk.read(&lines)?;
    let mut back: Shape = (0..ndim).collect();
    for (place, &from) in order.iter().enumerate() {
        back[from] = place;
    }
    Ok(out.permuted(&back))
}
