//! Joining, repeating and rolling: the manipulation functions that move elements. Each writes blocks of
//! its operands into slices of a fresh tensor.

mod difference;
mod join;
mod repetition;

use corepy_core::{Result, Tensor, scheduler};
use smallvec::SmallVec;

use crate::{elementwise, ffi};

pub use difference::{diff, one_along};
pub use join::{concat, stack};
pub use repetition::{repeat, repeat_each, tile};

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
