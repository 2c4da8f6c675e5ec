//! Positions of the indices, their offsets, and what lies behind them.

use corepy_core::plan::{Plan, plan};
use corepy_core::shape::{Shape, Strides, broadcast_shapes, checked_size};
use corepy_core::{DType, Error, Result, Tensor, arena, scheduler};
use smallvec::SmallVec;

use super::{Index, Selection};
use crate::exec::stream_fence;
use crate::mask::Mask;
use crate::{elementwise, ffi};

/// Offsets that are computed at a time: they stay in L1 until they are used.
const BLOCK: usize = 1024;

/// Bytes that a chunk moves, more or less.
pub const CHUNK_BYTES: usize = 65_536;

/// Nanoseconds per offset (measured, with one index: 0.3).
pub const OFFSET_NS: f32 = 0.3;

/// Nanoseconds per run of up to 64 bytes that is moved from a random place (measured: 1 to 2), and
/// of each further 64 bytes.
pub const MOVE_NS: f32 = 1.0;

/// Integers for one axis, or for some that lie in memory as one.
pub struct Integers {
    /// As many as there are positions, in C order.
    pub tensor: Tensor,
    pub size: usize,
    pub stride: isize,
    pub own_axis: usize,
}

/// A selection ready to be walked.
pub struct Walk<'a> {
    pub op: &'static str,
    pub view: &'a Tensor,
    pub integers: SmallVec<[Integers; 2]>,
    /// Positions of the indices, broadcast together.
    pub positions: usize,
    /// Where each line of so many positions begins, if the positions are lines' own.
    pub lines: Option<(Plan, usize)>,
    pub outer: Plan,
    pub inner: Plan,
    /// The shape of what is selected.
    pub shape: Shape,
}

impl<'a> Walk<'a> {
    pub fn new(op: &'static str, selection: &'a Selection) -> Result<Walk<'a>> {
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
    pub fn steps(&self) -> usize {
        self.outer.shape.iter().product()
    }

    /// Elements behind each position.
    pub fn run(&self) -> usize {
        self.inner.shape.iter().product()
    }

    /// Bytes behind each position, and whether they are contiguous.
    pub fn run_bytes(&self) -> (usize, bool) {
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
    pub fn all_offsets(&self) -> Result<Tensor> {
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
    pub fn each_run(
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

    /// The error of an index out of bounds at `place`.
    pub fn out_of_range(&self, index: &Integers, place: usize) -> Error {
        Error::IndexOutOfRange {
            op: self.op,
            index: integer_at(&index.tensor, place),
            axis: index.own_axis,
            size: index.size,
        }
    }

    /// Copies the elements behind one position: from the view to adjacent places, or back.
    ///
    /// # Safety
    /// Both addresses are those of such elements.
    pub unsafe fn copy_inner(&self, source: *const u8, target: *mut u8, direction: Direction) {
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

#[derive(Clone, Copy)]
pub enum Direction {
    /// From the view.
    Out,
    /// Into the view.
    In,
    /// Into the view, one element for all.
    Fill,
}

/// The axes of `view` with as few steps as their strides allow.
pub fn merged(view: &Tensor, axes: &[usize]) -> Plan {
    let shape: Shape = axes.iter().map(|&axis| view.shape()[axis]).collect();
    let strides: Strides = axes.iter().map(|&axis| view.strides()[axis]).collect();
    let order: SmallVec<[usize; 4]> = (0..axes.len()).collect();
    plan(&shape, &order, &[&strides])
}

/// The offset in bytes of step `index` of a plan's first operand.
pub fn offset(plan: &Plan, index: usize) -> isize {
    let mut rest = index;
    let mut result = 0;
    for (&size, &stride) in plan.shape.iter().zip(&plan.strides[0]).rev() {
        result += stride * (rest % size) as isize;
        rest /= size;
    }
    result
}

/// Element `place` of a contiguous integer tensor; beyond int64, its largest number.
pub fn integer_at(tensor: &Tensor, place: usize) -> i64 {
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
