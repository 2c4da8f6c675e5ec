//! Tensors one after another and side by side.

use corepy_core::shape::{Shape, normalize_axis};
use corepy_core::{DType, Error, Result, Tensor, scheduler};
use smallvec::SmallVec;

use super::{CHUNK_BYTES, COST, Moves, PIECE, RUN, interleave};
use crate::ffi;

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
