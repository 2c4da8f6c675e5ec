//! Indexing by tensors: reading and writing elements at indices that other tensors hold.
//!
//! Whatever the key, the walk is the same: axes before the indices, the indices broadcast together,
//! axes behind. Indices become offsets in bytes, checked as they are read; what lies behind them
//! is moved as a whole where it is contiguous.

mod few;
mod read;
mod walk;
mod write;

use corepy_core::shape::{Shape, broadcast_shapes, normalize_axis};
use corepy_core::{DType, Error, Result, Tensor};
use smallvec::SmallVec;

use crate::elementwise::{self, Operand};
use crate::mask::Mask;

pub use few::get_few;
use few::set_few;
use walk::{Integers, Walk, merged};

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

/// The mask that covers the whole view on its own, if that is what the selection is.
fn sole_mask(selection: &Selection) -> Option<&Tensor> {
    match &selection.indices[..] {
        [Index::Mask { axis: 0, tensor, .. }] if tensor.shape() == selection.view.shape() => Some(tensor),
        _ => None,
    }
}

fn overlap(a: &Tensor, b: &Tensor) -> bool {
    let ((a_low, a_high), (b_low, b_high)) = (a.byte_range(), b.byte_range());
    a_low < b_high && b_low < a_high
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
